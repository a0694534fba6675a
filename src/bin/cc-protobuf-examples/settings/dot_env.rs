//! Finds the `.env` file, checks who can write it, and parses it.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Error;

/// Finds the nearest `.env` file, in `directory` or above it.
pub(super) fn find(directory: &Path) -> Option<PathBuf> {
    directory
        .ancestors()
        .map(|directory| directory.join(".env"))
        .find(|path| path.is_file())
}

/// Parses a `.env` file. Errors contain the line number but not its text, which
/// may be a secret.
///
/// The file determines where credentials are sent. If others can write it and it
/// is above `directory`, where the user may not know of it, it is refused;
/// ignoring it could silently select other backends. In `directory` itself it
/// is read with a warning, because containers and WSL often show the user's own
/// files with such permissions.
pub(super) fn read(path: &Path, directory: &Path) -> Result<HashMap<String, String>, Error> {
    let unreadable = |source| Error::DotEnvUnreadable {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(unreadable)?;
    if let Some(reason) = distrust(path, &file).map_err(unreadable)? {
        if path.parent() != Some(directory) {
            return Err(Error::DotEnvUntrusted {
                path: path.to_owned(),
                reason,
            });
        }
        tracing::warn!(
            "{}: {reason}, and the file determines where credentials are sent",
            path.display()
        );
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(unreadable)?;
    let mut values = HashMap::new();
    for entry in dotenvy::Iter::new(text.as_bytes()) {
        match entry {
            Ok((key, value)) => values.insert(key, value),
            Err(dotenvy::Error::LineParse(content, _)) => {
                let line = text
                    .lines()
                    .position(|line| content.lines().next().is_some_and(|first| line == first))
                    .map_or(0, |index| index + 1);
                return Err(Error::DotEnvSyntax {
                    path: path.to_owned(),
                    line,
                });
            }
            Err(_) => {
                return Err(Error::DotEnvSyntax {
                    path: path.to_owned(),
                    line: 0,
                });
            }
        };
    }
    Ok(values)
}

/// Returns why somebody else could have written the file or placed its link.
#[cfg(unix)]
fn distrust(path: &Path, file: &File) -> std::io::Result<Option<&'static str>> {
    use std::os::unix::fs::MetadataExt;
    let me = rustix::process::geteuid().as_raw();
    let (place, target) = (std::fs::symlink_metadata(path)?, file.metadata()?);
    // The permissions of a symbolic link have no meaning.
    let mode = target.mode();
    Ok(strange(place.uid(), place.gid(), 0, me)
        .or_else(|| strange(target.uid(), target.gid(), mode, me)))
}

#[cfg(not(unix))]
fn distrust(_: &Path, _: &File) -> std::io::Result<Option<&'static str>> {
    Ok(None)
}

/// Returns why a file with this owner and mode is not safe for the user `me`.
///
/// Root may write anywhere. A group with the same number as the owner is the
/// owner's private group on most Linux distributions, where editors leave files
/// writable for it.
#[cfg(unix)]
fn strange(owner: u32, group: u32, mode: u32, me: u32) -> Option<&'static str> {
    if owner != me && owner != 0 {
        Some("it belongs to another user")
    } else if mode & 0o002 != 0 {
        Some("anyone can write to it")
    } else if mode & 0o020 != 0 && group != owner {
        Some("its group can write to it")
    } else {
        None
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::strange;

    #[test]
    fn whom_a_file_is_trusted_from() {
        let trusted = [
            (1000, 1000, 0o600, 1000),
            (1000, 100, 0o644, 1000),
            // The owner's private group.
            (1000, 1000, 0o664, 1000),
            (0, 0, 0o664, 1000),
        ];
        for (owner, group, mode, me) in trusted {
            let reason = strange(owner, group, mode, me);
            assert_eq!(reason, None, "{owner}:{group} {mode:o}");
        }
        let untrusted = [
            (1001, 1001, 0o600, 1000, "another user"),
            (1001, 1001, 0o600, 0, "another user"),
            (1000, 1000, 0o602, 1000, "anyone"),
            (0, 0, 0o666, 1000, "anyone"),
            (1000, 100, 0o660, 1000, "its group"),
            (0, 1000, 0o660, 1000, "its group"),
        ];
        for (owner, group, mode, me, why) in untrusted {
            let reason = strange(owner, group, mode, me).unwrap();
            assert!(reason.contains(why), "{owner}:{group} {mode:o}: {reason}");
        }
    }
}
