//! Writes `.proto` files under their import paths.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Component, Path, PathBuf};

use super::Error;

/// Writes `(import path, text)` pairs below `folder`. Checks all names and existing
/// files before it writes the first file.
pub(super) fn save(folder: &Path, files: &[(&str, String)]) -> Result<Vec<PathBuf>, Error> {
    let mut paths = Vec::with_capacity(files.len());
    for (name, text) in files {
        let path = folder.join(relative(name)?);
        is_there(&path, text)?;
        paths.push(path);
    }
    for (path, (_, text)) in paths.iter().zip(files) {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|source| failed(parent, source))?;
        }
        // Another process may have written the file since the check above.
        match fs::File::create_new(path) {
            Ok(mut file) => file
                .write_all(text.as_bytes())
                .map_err(|source| failed(path, source))?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                is_there(path, text)?;
            }
            Err(source) => return Err(failed(path, source)),
        }
    }
    Ok(paths)
}

fn failed(path: &Path, source: std::io::Error) -> Error {
    Error::Save {
        path: path.to_path_buf(),
        source,
    }
}

/// Returns the path of an import: relative, with forward slashes, below the root.
fn relative(name: &str) -> Result<&Path, Error> {
    let path = Path::new(name);
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if name.is_empty() || name.contains(['\\', ':', '\0']) || name.ends_with('/') || !plain {
        return Err(Error::UnsafePath {
            name: name.to_owned(),
        });
    }
    Ok(path)
}

/// Returns whether the file exists. Fails if it exists with other content.
fn is_there(path: &Path, text: &str) -> Result<bool, Error> {
    match fs::read(path) {
        Ok(content) if content == text.as_bytes() => Ok(true),
        Ok(_) => Err(Error::SaveConflict {
            path: path.to_path_buf(),
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(failed(path, source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_of_the_folder_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "",
            "/etc/x.proto",
            "../x.proto",
            "a/../../x.proto",
            "a/",
            "c:\\x.proto",
            "a\\..\\x.proto",
            "a\0.proto",
        ] {
            let error = save(folder.path(), &[(name, String::new())]).unwrap_err();
            assert!(matches!(error, Error::UnsafePath { .. }), "{name:?}");
        }
    }

    #[test]
    fn equal_files_stay_and_different_ones_are_reported_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let files = [("a/b/one.proto", "1".to_owned()), ("two.proto", "2".into())];
        let paths = save(folder.path(), &files).unwrap();
        assert_eq!(fs::read_to_string(&paths[0]).unwrap(), "1");
        save(folder.path(), &files).unwrap();

        let clash = [("new.proto", "0".to_owned()), ("two.proto", "3".into())];
        let error = save(folder.path(), &clash).unwrap_err();
        assert!(error.to_string().contains("two.proto"), "{error}");
        assert_eq!(fs::read_to_string(&paths[1]).unwrap(), "2");
        assert!(!folder.path().join("new.proto").exists());
    }

    #[test]
    fn a_file_in_the_way_of_a_folder_is_an_error_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "").unwrap();
        let error = save(folder.path(), &[("a/b.proto", String::new())]).unwrap_err();
        assert!(matches!(error, Error::Save { .. }), "{error}");
    }
}
