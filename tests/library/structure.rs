//! The structure of `src/`, read from the syntax trees: no circular use between files, and
//! no module uses one above it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemUse, Meta, Token, UseTree, Visibility};

const LIBRARY: &str = "cc_protobuf_examples";

/// The program's modules from top to bottom. Each may use those below it.
const PROGRAM: [&str; 15] = [
    "main",
    "commands",
    "examples",
    "cleanup",
    "backends",
    "naming",
    "console",
    "stop_signal",
    "failure",
    "hints",
    "settings",
    "terminal",
    "cli",
    "generated",
    "third_party",
];

type Module = Vec<String>;

/// A source file and its dependencies.
#[derive(Default)]
struct Source {
    path: PathBuf,
    /// Names of the items in this file.
    items: BTreeSet<String>,
    /// Name → absolute path that a `use` gives it.
    names: BTreeMap<String, Module>,
    /// Absolute paths in code, without those of re-exports.
    used: BTreeSet<Module>,
}

/// A crate: its modules by absolute path.
type Crate = BTreeMap<Module, Source>;

/// Reads the crate with root file `root`; the paths of its modules start with `name`.
fn read(root: &Path, name: &str) -> Crate {
    let mut found = Crate::new();
    let folder = root.parent().unwrap();
    let mut open = vec![(vec![name.to_owned()], root.to_owned(), folder.to_owned())];
    while let Some((module, path, folder)) = open.pop() {
        let text = fs::read_to_string(&path).unwrap();
        let file = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut reader = Reader {
            module: module.clone(),
            source: Source {
                path: path.clone(),
                ..Source::default()
            },
            children: Vec::new(),
        };
        reader.visit_file(&file);
        for child in reader.children {
            let flat = folder.join(format!("{child}.rs"));
            let nested = folder.join(&child).join("mod.rs");
            let path = if flat.is_file() { flat } else { nested };
            let mut module = module.clone();
            module.push(child.clone());
            open.push((module, path, folder.join(child)));
        }
        found.insert(module, reader.source);
    }
    found
}

struct Reader {
    module: Module,
    source: Source,
    children: Vec<String>,
}

impl Reader {
    /// Returns an absolute path; `None` if it belongs to another crate.
    fn absolute(&self, path: &[String]) -> Option<Module> {
        let mut module = self.module.clone();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => module.truncate(1),
            "self" => {}
            "super" => {
                while let Some(("super", tail)) = rest.split_first().map(|(a, b)| (a.as_str(), b)) {
                    module.pop();
                    rest = tail;
                }
                module.extend_from_slice(rest);
                return Some(module);
            }
            LIBRARY => module = vec![LIBRARY.to_owned()],
            first if self.children.iter().any(|child| child == first) => {
                module.push(first.to_owned());
            }
            _ => return None,
        }
        module.extend_from_slice(&rest[1..]);
        Some(module)
    }

    fn tree(&mut self, tree: &UseTree, prefix: &mut Module, shown: bool) {
        match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.tree(&path.tree, prefix, shown);
                prefix.pop();
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.tree(tree, prefix, shown);
                }
            }
            UseTree::Name(name) => self.brought(prefix, name.ident.to_string(), None, shown),
            UseTree::Rename(rename) => {
                let alias = Some(rename.rename.to_string());
                self.brought(prefix, rename.ident.to_string(), alias, shown);
            }
            UseTree::Glob(_) => self.brought(prefix, "*".to_owned(), None, shown),
        }
    }

    fn brought(&mut self, prefix: &[String], name: String, alias: Option<String>, shown: bool) {
        let mut path = prefix.to_vec();
        let alias = alias.unwrap_or_else(|| match name.as_str() {
            "self" => prefix.last().cloned().unwrap_or_default(),
            name => name.to_owned(),
        });
        if name != "self" {
            path.push(name);
        }
        if let Some(path) = self.absolute(&path) {
            self.source.names.insert(alias, path.clone());
            if !shown {
                self.source.used.insert(path);
            }
        }
    }
}

/// Returns whether a condition only holds in tests: `test`, or `all` of it and others.
fn wants_test(condition: &Meta) -> bool {
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => list
            .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
            .is_ok_and(|conditions| conditions.iter().any(wants_test)),
        _ => false,
    }
}

/// Returns whether an item is compiled for tests only.
fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let of_cfg = attribute.path().is_ident("cfg");
        let condition = || attribute.parse_args::<Meta>();
        attribute.path().is_ident("test") || of_cfg && condition().is_ok_and(|it| wants_test(&it))
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Mod(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        _ => &[],
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_file(&mut self, file: &'ast syn::File) {
        for item in &file.items {
            let name = match item {
                Item::Mod(item) if item.content.is_none() && !for_tests(&item.attrs) => {
                    self.children.push(item.ident.to_string());
                    continue;
                }
                Item::Struct(item) => &item.ident,
                Item::Enum(item) => &item.ident,
                Item::Trait(item) => &item.ident,
                Item::Type(item) => &item.ident,
                Item::Fn(item) => &item.sig.ident,
                Item::Const(item) => &item.ident,
                Item::Static(item) => &item.ident,
                _ => continue,
            };
            self.source.items.insert(name.to_string());
        }
        visit::visit_file(self, file);
    }

    fn visit_item(&mut self, item: &'ast Item) {
        if !for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let shown = !matches!(item.vis, Visibility::Inherited);
        self.tree(&item.tree, &mut Vec::new(), shown);
    }

    /// Ignores `pub(super)` and `pub(in …)`, which name a module without using it.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    /// Macros are tokens, in which only paths from the crate's root can be recognised.
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let text = mac.tokens.to_string().replace(' ', "");
        for start in ["crate::", "cc_protobuf_examples::"] {
            for (at, _) in text.match_indices(start) {
                let part = |c: char| !(c.is_alphanumeric() || c == '_' || c == ':');
                let path = text[at..].split(part).next().unwrap();
                let names: Module = path.split("::").map(str::to_owned).collect();
                if let Some(absolute) = self.absolute(&names) {
                    self.source.used.insert(absolute);
                }
            }
        }
        visit::visit_macro(self, mac);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|part| part.ident.to_string());
        let mut names: Module = names.collect();
        // Replace a name that a `use` defines by its path.
        if let Some(brought) = self.source.names.get(&names[0]) {
            let mut absolute = brought.clone();
            absolute.extend(names.drain(1..));
            self.source.used.insert(absolute);
        } else if let Some(absolute) = self.absolute(&names) {
            self.source.used.insert(absolute);
        }
        visit::visit_path(self, path);
    }
}

/// Returns the module that defines what a path names, following re-exports.
fn definition(krate: &Crate, path: &[String]) -> Option<Module> {
    let mut at: Module = path.first().cloned().into_iter().collect();
    let mut rest: Module = path.get(1..)?.to_vec();
    for _ in 0..100 {
        let source = krate.get(&at)?;
        let Some(next) = rest.first().cloned() else {
            return Some(at);
        };
        let mut child = at.clone();
        child.push(next.clone());
        if krate.contains_key(&child) {
            at = child;
            rest.remove(0);
        } else if source.items.contains(&next) {
            return Some(at);
        } else if let Some(target) = source.names.get(&next) {
            let mut target = target.clone();
            target.extend(rest.drain(1..));
            at = target.drain(..1).collect();
            rest = target;
        } else {
            return Some(at);
        }
    }
    panic!("{path:?} never ends");
}

type Uses = BTreeMap<Module, BTreeSet<Module>>;

fn uses(krate: &Crate) -> Uses {
    let of = |(module, source): (&Module, &Source)| {
        let used = source
            .used
            .iter()
            .filter_map(|path| definition(krate, path));
        let others = used.filter(|other| other != module);
        (module.clone(), others.collect())
    };
    krate.iter().map(of).collect()
}

/// Returns every module that can be reached from `start`.
fn reached(uses: &Uses, start: &Module) -> BTreeSet<Module> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&Module> = uses[start].iter().collect();
    while let Some(module) = open.pop() {
        if found.insert(module.clone()) {
            open.extend(&uses[module]);
        }
    }
    found
}

/// Returns the pairs of modules that use each other, directly or not.
fn circles(krate: &Crate) -> Vec<String> {
    let uses = uses(krate);
    let mut found = Vec::new();
    for (module, direct) in &uses {
        for other in direct {
            if reached(&uses, other).contains(module) {
                let path = |module| krate[module].path.display().to_string();
                found.push(format!("{} -> {}", path(module), path(other)));
            }
        }
    }
    found
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn library() -> Crate {
    read(&sources().join("lib.rs"), LIBRARY)
}

fn program() -> Crate {
    read(&sources().join("bin/cc-protobuf-examples/main.rs"), "main")
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let mut found = Vec::new();
    for krate in [library(), program()] {
        assert!(krate.len() > 30, "{:?}", krate.keys());
        found.extend(circles(&krate));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// Module → modules that it may use, from the table in `src/lib.rs`.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let front = fs::read_to_string(sources().join("lib.rs")).unwrap();
    let (_, table) = front.split_once("| May import |\n").unwrap();
    let rows = table
        .lines()
        .skip(1)
        .map_while(|line| line.strip_prefix("//! | "));
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        let names = |cell: &str| -> BTreeSet<String> {
            let words = cell.split('`').skip(1).step_by(2);
            words.map(str::to_owned).collect()
        };
        (names(cells[0]).pop_first().unwrap(), names(cells[2]))
    })
    .collect()
}

#[test]
fn modules_of_the_library_use_what_their_row_names() {
    let krate = library();
    let allowed = allowed();
    let mut pairs = 0;
    for (module, used) in uses(&krate) {
        let Some(from) = module.get(1) else { continue };
        let row = allowed
            .get(from)
            .unwrap_or_else(|| panic!("{from} has no row"));
        for other in used {
            let to = other.get(1).unwrap_or(&other[0]);
            pairs += 1;
            let path = krate[&module].path.display();
            assert!(from == to || row.contains(to), "{path} uses {other:?}");
            let bodies = other.get(2).is_some_and(|name| name == "entities");
            let server = from == "embedded" && to == "schema_registry";
            assert!(
                !server || bodies,
                "{path} uses {other:?}, the client's code"
            );
        }
    }
    assert!(pairs > 200, "{pairs}");
}

#[test]
fn modules_of_the_program_use_only_those_below_them() {
    let krate = program();
    let height = |name: &str| {
        let position = PROGRAM.iter().position(|module| *module == name);
        position.unwrap_or_else(|| panic!("{name} has no place in PROGRAM"))
    };
    for (module, used) in uses(&krate) {
        let from = height(module.get(1).unwrap_or(&module[0]));
        for other in used {
            let to = height(other.get(1).unwrap_or(&other[0]));
            let path = krate[&module].path.display();
            assert!(from <= to, "{path} uses {other:?}, which stands above it");
        }
    }
}

#[test]
fn circles_and_re_exports_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("lib.rs", "mod a; mod b; mod c; pub use b::Shown;");
    write(
        "a.rs",
        "use crate::Shown; #[cfg(test)] mod tests { use crate::c::C; }",
    );
    write("b.rs", "pub struct Shown; fn f() { super::c::g() }");
    write(
        "c.rs",
        "pub struct C; pub fn g() {} fn h(_: crate::a::A) {}",
    );
    let krate = read(&folder.path().join("lib.rs"), LIBRARY);
    let found = circles(&krate);
    let names = |line: &String| -> Vec<String> {
        let paths = line.split(" -> ").map(Path::new);
        paths
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .collect()
    };
    let found: Vec<_> = found.iter().map(names).collect();
    assert_eq!(found, [["a", "b"], ["b", "c"], ["c", "a"]]);
    write("c.rs", "pub struct C; pub fn g() {}");
    let krate = read(&folder.path().join("lib.rs"), LIBRARY);
    assert_eq!(circles(&krate), Vec::<String>::new());
}
