//! The rooms import each other as the table in src/lib.rs allows, no more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type Imports = BTreeMap<String, BTreeSet<String>>;

/// Room → rooms that its row names.
fn allowed() -> Imports {
    let front = include_str!("../src/lib.rs");
    let (_, rest) = front.split_once("//! | Room |").unwrap();
    let rows = rest
        .lines()
        .skip(2)
        .map_while(|line| line.strip_prefix("//! | "));
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        let names = |cell: &str| -> BTreeSet<String> {
            let words = cell.split('`').skip(1).step_by(2);
            words.map(str::to_owned).collect()
        };
        let room = names(cells[0]).pop_first().unwrap();
        (room, names(cells[2]))
    })
    .collect()
}

/// Adds what the sources under `path` import from the crate's root.
fn collect(path: &Path, room: &str, found: &mut Imports) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), room, found);
        }
        return;
    }
    let source = std::fs::read_to_string(path).unwrap();
    // Unit tests may use what they like.
    let code = source.split("#[cfg(test)]\nmod ").next().unwrap();
    for line in code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
    {
        for rest in line.split("crate::").skip(1) {
            // `use crate::{a, b};` names several.
            let several = rest
                .strip_prefix('{')
                .and_then(|rest| rest.split('}').next());
            for name in several.unwrap_or(rest).split(several.map_or("\n", |_| ",")) {
                let name = name.trim_start();
                let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let imported = &name[..end.unwrap_or(name.len())];
                if imported != room {
                    let imports = found.entry(room.to_owned()).or_default();
                    imports.insert(imported.to_owned());
                }
            }
            if room == "embedded" && rest.starts_with("schema_registry") {
                let bodies = rest.starts_with("schema_registry::entities");
                assert!(bodies, "{}: {line}", path.display());
            }
        }
    }
}

#[test]
fn no_room_imports_what_its_row_does_not_name() {
    let allowed = allowed();
    assert_eq!(allowed.len(), 8, "{allowed:?}");
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Imports::new();
    for room in allowed.keys() {
        for path in [sources.join(room), sources.join(format!("{room}.rs"))] {
            if path.exists() {
                collect(&path, room, &mut found);
            }
        }
    }
    assert!(!found.is_empty());
    for (room, imports) in &found {
        let beyond: Vec<_> = imports.difference(&allowed[room]).collect();
        assert!(beyond.is_empty(), "{room} imports {beyond:?}");
    }
}
