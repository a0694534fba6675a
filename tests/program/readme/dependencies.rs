//! The README's table of dependencies has exactly those of Cargo.toml.

use std::collections::BTreeSet;

use super::files::{file, readme};

#[test]
fn every_direct_dependency_is_listed_with_its_reason() {
    let readme = readme();
    let (_, rest) = readme.split_once("<!-- dependencies -->\n").unwrap();
    let listed: BTreeSet<&str> = rest
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .flat_map(|row| row.split('|').nth(1).unwrap().split(','))
        .map(str::trim)
        .collect();
    let manifest = std::fs::read_to_string(file("Cargo.toml")).unwrap();
    let mut section = "";
    let mut direct = BTreeSet::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if matches!(section, "[dependencies]" | "[build-dependencies]")
            && !line.starts_with('#')
            && let Some((name, _)) = line.split_once(" = ")
        {
            direct.insert(name);
        }
    }
    assert_eq!(listed, direct);
}
