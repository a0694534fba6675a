//! Access to the README and other files of the package.

use std::path::PathBuf;

pub fn readme_path() -> PathBuf {
    file("README.md")
}

pub fn readme() -> String {
    std::fs::read_to_string(readme_path()).unwrap()
}

/// Returns the path of a file of the package.
pub fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}
