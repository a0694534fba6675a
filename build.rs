//! Compiles all files under `schemas/`, without protoc and without a running
//! registry:
//!
//! * protox turns a set of files into a descriptor set;
//! * prost-build turns it into types;
//! * a function beside the types returns the sources.
//!
//! Files that define the same names cannot share a descriptor set: the versions of a
//! schema, `schemas/evolution/NAME_vN.proto`. Each N is a separate set and module,
//! `generated::evolution::vN`. All other files are in one set, in modules named after
//! their packages.
//!
//! Only the program needs them; without feature `cli` the script does nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]

use std::process::ExitCode;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "cli")]
    if let Err(error) = schemas::compile() {
        for line in error.to_string().lines() {
            println!("cargo::error={line}");
        }
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

#[cfg(feature = "cli")]
mod schemas {
    use std::collections::{BTreeMap, BTreeSet};
    use std::error::Error;
    use std::fmt::Write as _;
    use std::fs;
    use std::path::{Path, PathBuf};

    use heck::ToSnakeCase;
    use miette::Diagnostic;
    use prost_types::FileDescriptorProto;
    use protox::Compiler;

    const SCHEMAS: &str = "schemas";
    const VERSIONS: &str = "evolution";

    pub fn compile() -> Result<(), Box<dyn Error>> {
        // Cargo watches the directory and everything in it.
        println!("cargo::rerun-if-changed={SCHEMAS}");
        let out = PathBuf::from(std::env::var("OUT_DIR")?);

        let mut main = BTreeSet::new();
        let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for name in proto_files(Path::new(SCHEMAS))? {
            match version_of(&name) {
                Some(version) => versions.entry(version).or_default().insert(name),
                None => main.insert(name),
            };
        }

        let mut code = String::new();
        Set::compile("main", &main)?.write(&out, &mut code)?;
        writeln!(
            code,
            "/// Versions of one schema; each is a module of its own, because they define the same names.\n\
             pub mod {VERSIONS} {{"
        )?;
        for (version, files) in &versions {
            let set = Set::compile(version, files)?;
            writeln!(code, "/// Version {}.\npub mod {version} {{", &version[1..])?;
            set.write(&out, &mut code)?;
            code.push_str("}\n");
        }
        code.push_str("}\n");
        fs::write(out.join("schemas.rs"), code)?;
        Ok(())
    }

    /// Returns the names of all `.proto` files below `root`, as other files import them.
    fn proto_files(root: &Path) -> Result<Vec<String>, Box<dyn Error>> {
        let mut names = Vec::new();
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "proto") {
                    let relative = path.strip_prefix(root)?;
                    let parts: Option<Vec<_>> = relative.iter().map(|part| part.to_str()).collect();
                    let parts = parts.ok_or_else(|| format!("{}: not UTF-8", path.display()))?;
                    names.push(parts.join("/"));
                }
            }
        }
        names.sort();
        Ok(names)
    }

    /// Returns `v2` for `evolution/MyRecord_v2.proto`.
    fn version_of(name: &str) -> Option<String> {
        let file = name.strip_prefix(VERSIONS)?.strip_prefix('/')?;
        let (_, version) = file.strip_suffix(".proto")?.rsplit_once('_')?;
        let digits = version.strip_prefix('v')?;
        digits.parse::<u32>().ok()?;
        Some(version.to_owned())
    }

    /// Files that share a descriptor pool.
    struct Set {
        name: String,
        /// All files including imports, in dependency order.
        files: Vec<FileDescriptorProto>,
        /// The files that are in `schemas/`.
        own: BTreeSet<String>,
    }

    impl Set {
        fn compile(name: &str, files: &BTreeSet<String>) -> Result<Self, Box<dyn Error>> {
            let mut compiler = Compiler::new([SCHEMAS]).map_err(explain)?;
            compiler.include_imports(true);
            for file in files {
                compiler
                    .open_file(Path::new(SCHEMAS).join(file))
                    .map_err(explain)?;
            }
            // With source info, the comments of a file become the types' documentation.
            compiler.include_source_info(true);
            let files = compiler.file_descriptor_set().file;
            let own = files
                .iter()
                .map(|file| file.name().to_owned())
                .filter(|name| Path::new(SCHEMAS).join(name).is_file())
                .collect();
            Ok(Self {
                name: name.to_owned(),
                files,
                own,
            })
        }

        fn own_files(&self) -> impl Iterator<Item = &FileDescriptorProto> {
            self.files
                .iter()
                .filter(|file| self.own.contains(file.name()))
        }

        /// Writes the types, and to `code` what includes them.
        fn write(&self, out: &Path, code: &mut String) -> Result<(), Box<dyn Error>> {
            let folder = out.join(&self.name);
            fs::create_dir_all(&folder)?;

            // All files, because prost-build also reads messages that it does not generate.
            let mut modules = types(&self.files, |config| {
                // Makes the encoding of a message unique.
                config.btree_map(["."]);
            })?;
            modules.retain(|package, _| self.own_files().any(|file| file.package() == package));
            let mut tree = ModuleTree::default();
            for (package, code) in modules {
                let file = format!("{}.rs", if package.is_empty() { "_" } else { &package });
                fs::write(folder.join(&file), code)?;
                tree.insert(&package, &format!("{}/{file}", self.name));
            }
            tree.write(code)?;
            // As text, which both paths then register alike.
            code.push_str(
                "/// Returns the files of this set.\n\
                 pub fn schemas() -> Result<cc_protobuf_examples::protobuf::Schemas, cc_protobuf_examples::protobuf::Error> {\n\
                 cc_protobuf_examples::protobuf::Schemas::from_texts([\n",
            );
            for name in self.own_files().map(FileDescriptorProto::name) {
                writeln!(
                    code,
                    "({name:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{SCHEMAS}/{name}\"))),"
                )?;
            }
            code.push_str("])\n}\n");
            Ok(())
        }
    }

    /// Modules nested like packages, because generated code refers to other packages
    /// with `super::`.
    #[derive(Default)]
    struct ModuleTree {
        file: Option<String>,
        children: BTreeMap<String, ModuleTree>,
    }

    impl ModuleTree {
        fn insert(&mut self, package: &str, file: &str) {
            let mut node = self;
            for part in package.split('.').filter(|part| !part.is_empty()) {
                node = node.children.entry(part.to_snake_case()).or_default();
            }
            node.file = Some(file.to_owned());
        }

        fn write(&self, code: &mut String) -> std::fmt::Result {
            if let Some(file) = &self.file {
                writeln!(code, "include!(concat!(env!(\"OUT_DIR\"), \"/{file}\"));")?;
            }
            for (name, child) in &self.children {
                writeln!(code, "pub mod {name} {{")?;
                child.write(code)?;
                code.push_str("}\n");
            }
            Ok(())
        }
    }

    /// Returns the Rust types by package.
    fn types(
        files: &[FileDescriptorProto],
        configure: impl FnOnce(&mut prost_build::Config),
    ) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
        let mut config = prost_build::Config::new();
        config.enable_type_names();
        configure(&mut config);
        let mut packages = BTreeMap::new();
        let mut requests = Vec::new();
        for file in files {
            let module = prost_build::Module::from_protobuf_package_name(file.package());
            packages.insert(module.to_file_name_or(""), file.package().to_owned());
            requests.push((module, file.clone()));
        }
        let mut modules = BTreeMap::new();
        for (module, code) in config.generate(requests)? {
            if let Some(package) = packages.get(&module.to_file_name_or("")) {
                modules.insert(package.clone(), code);
            }
        }
        Ok(modules)
    }

    /// Formats file, line and column before the message, which protox's own `Display`
    /// omits.
    fn explain(error: protox::Error) -> String {
        let position = error.labels().and_then(|mut labels| {
            let label = labels.next()?;
            let contents = error.source_code()?.read_span(label.inner(), 0, 0).ok()?;
            Some(format!("{}:{}", contents.line() + 1, contents.column() + 1))
        });
        match (error.file(), position) {
            (Some(file), Some(position)) => format!("{SCHEMAS}/{file}:{position}: {error}"),
            (Some(file), None) => format!("{SCHEMAS}/{file}: {error}"),
            (None, _) => error.to_string(),
        }
    }
}
