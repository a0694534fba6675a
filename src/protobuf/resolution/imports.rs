//! Walks over the imports of a file.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::vec::IntoIter;

use crate::protobuf::SchemaFile;

/// A file and those it imports, directly or not.
#[derive(Debug)]
pub(crate) struct ImportOrder<F> {
    /// The files, each after those it imports. The file that the walk started with
    /// is the last.
    pub(crate) files: Vec<F>,
    /// The first cycle found: names of files, the first one again at the end. The
    /// walk omits imports that close a cycle.
    pub(crate) circle: Option<Vec<String>>,
}

/// Walks over the imports of `root`, depth first, and takes each file once.
///
/// `find` returns the file for an import, given the importing file and the import path.
/// `None` omits the import; an error ends the walk.
pub(crate) fn in_order<F: Borrow<SchemaFile>, E>(
    root: F,
    mut find: impl FnMut(&SchemaFile, &str) -> Result<Option<F>, E>,
) -> Result<ImportOrder<F>, E> {
    struct Open<F> {
        name: String,
        file: F,
        /// Imports that are not visited yet.
        imports: IntoIter<String>,
    }
    fn open<F: Borrow<SchemaFile>>(name: String, file: F) -> Open<F> {
        let imports: Vec<String> = file.borrow().imports().map(str::to_owned).collect();
        Open {
            name,
            file,
            imports: imports.into_iter(),
        }
    }
    let mut order = ImportOrder {
        files: Vec::new(),
        circle: None,
    };
    let name = root.borrow().name().to_owned();
    // Path → whether all that the file imports is in order.
    let mut done = HashMap::from([(name.clone(), false)]);
    // A stack instead of recursion, because input decides how long a chain of imports is.
    let mut stack = vec![open(name, root)];
    while let Some(top) = stack.last_mut() {
        let Some(import) = top.imports.next() else {
            if let Some(Open { name, file, .. }) = stack.pop() {
                order.files.push(file);
                done.insert(name, true);
            }
            continue;
        };
        match done.get(&import) {
            Some(true) => {}
            Some(false) => {
                order.circle.get_or_insert_with(|| {
                    let names = stack.iter().map(|open| open.name.clone());
                    let circle = names.skip_while(|name| *name != import);
                    circle.chain([import.clone()]).collect()
                });
            }
            None => {
                if let Some(file) = find(top.file.borrow(), &import)? {
                    done.insert(import.clone(), false);
                    stack.push(open(import, file));
                }
            }
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn file(name: &str, imports: &[&str]) -> SchemaFile {
        let imports = imports.iter().map(|path| format!("import \"{path}\";"));
        SchemaFile::from_text(name, &imports.collect::<String>()).unwrap()
    }

    /// Names in order, and the circle.
    fn walk(files: &[SchemaFile]) -> (Vec<&str>, Option<Vec<String>>) {
        let find = |_: &SchemaFile, import: &str| -> Result<_, Infallible> {
            Ok(files.iter().find(|file| file.name() == import))
        };
        let Ok(order) = in_order(&files[0], find);
        let names = order.files.iter().map(|file| file.name());
        (names.collect(), order.circle)
    }

    #[test]
    fn files_come_once_and_after_those_they_import() {
        let files = [
            file("main", &["a", "b", "missing"]),
            file("b", &["c", "a"]),
            file("a", &["c"]),
            file("c", &[]),
            file("unused", &[]),
        ];
        assert_eq!(walk(&files), (vec!["c", "a", "b", "main"], None));
    }

    #[test]
    fn the_first_circle_is_returned_without_what_leads_to_it() {
        let files = [
            file("main", &["a"]),
            file("a", &["b"]),
            file("b", &["a", "main"]),
        ];
        let circle = ["a", "b", "a"].map(str::to_owned).to_vec();
        assert_eq!(walk(&files), (vec!["b", "a", "main"], Some(circle)));
        let itself = [file("m", &["m"])];
        let circle = vec!["m".to_owned(), "m".to_owned()];
        assert_eq!(walk(&itself), (vec!["m"], Some(circle)));
    }

    #[test]
    fn an_error_ends_the_walk() {
        let main = file("main", &["a", "b"]);
        let found = in_order(&main, |importer, import| {
            assert_eq!(importer.name(), "main");
            Err(import.to_owned())
        });
        assert_eq!(found.unwrap_err(), "a");
    }

    #[test]
    fn a_long_chain_of_imports_does_not_overflow_the_stack() {
        let last = 50_000;
        let next = |n: u32| file(&n.to_string(), &[&(n + 1).to_string()]);
        let order = in_order(next(0), |_, import| -> Result<_, Infallible> {
            let n: u32 = import.parse().unwrap();
            Ok((n <= last).then(|| next(n)))
        });
        let Ok(order) = order;
        assert_eq!(order.files.len(), last as usize + 1);
    }
}
