//! Resolves the references of a schema: the files that it imports from other
//! subjects.

use std::collections::HashSet;
use std::sync::Arc;

use crate::schema_registry::entities::Reference;

use crate::embedded::registry::store::subject::Subject;
use crate::embedded::registry::store::{Content, Data, SchemaVersion};

/// Limits on the references followed for one schema: their number, and the total
/// bytes of text. References multiply: a few schemas could lead to millions of
/// files.
const MAX_FOLLOWED: usize = 10_000;
const MAX_TEXT: usize = 16 << 20;

/// A referenced file, under its import path.
#[derive(Clone, Debug)]
pub(crate) struct Referenced {
    pub(crate) name: String,
    pub(crate) content: Arc<Content>,
}

/// Resolved references: the direct ones with real version numbers, and all
/// files behind them, each after those it imports.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolved {
    pub(crate) references: Vec<Reference>,
    pub(crate) files: Vec<Referenced>,
    followed: usize,
    text: usize,
}

/// Follows references recursively. The first of several files with the same
/// name wins. Soft-deleted versions are followed only `with_deleted`.
///
/// # Errors
///
/// Returns Confluent's message for a reference that does not resolve.
pub(crate) fn resolve(
    data: &Data,
    subject: &Subject,
    references: &[Reference],
    with_deleted: bool,
) -> Result<Resolved, String> {
    let mut resolved = Resolved::default();
    let mut visited = HashSet::new();
    // An explicit stack, because clients decide how long a chain of references
    // is.
    let mut open = Vec::new();
    for reference in references {
        resolved.follow()?;
        let (place, version) = find(data, subject, reference, with_deleted)?;
        resolved.references.push(Reference {
            version: version.number,
            ..reference.clone()
        });
        if visited.insert(reference.name.clone()) {
            resolved.add_text(version.content.text.len())?;
            open.push(Visit::new(reference, place, version));
            finish(data, &mut open, &mut visited, &mut resolved, with_deleted)?;
        }
    }
    Ok(resolved)
}

impl Resolved {
    fn follow(&mut self) -> Result<(), String> {
        self.followed = self.followed.saturating_add(1);
        if self.followed > MAX_FOLLOWED {
            return Err(format!(
                "The references lead to more than {MAX_FOLLOWED} further ones"
            ));
        }
        Ok(())
    }

    fn add_text(&mut self, bytes: usize) -> Result<(), String> {
        self.text = self.text.saturating_add(bytes);
        if self.text > MAX_TEXT {
            return Err(format!(
                "The references lead to more than {MAX_TEXT} bytes of schemas"
            ));
        }
        Ok(())
    }
}

/// A file whose references are being followed.
struct Visit {
    name: String,
    subject: Subject,
    content: Arc<Content>,
    next: usize,
}

impl Visit {
    fn new(reference: &Reference, subject: Subject, version: &SchemaVersion) -> Self {
        Self {
            name: reference.name.clone(),
            subject,
            content: Arc::clone(&version.content),
            next: 0,
        }
    }
}

fn finish(
    data: &Data,
    open: &mut Vec<Visit>,
    visited: &mut HashSet<String>,
    resolved: &mut Resolved,
    with_deleted: bool,
) -> Result<(), String> {
    while let Some(mut visit) = open.pop() {
        let Some(reference) = visit.content.references.get(visit.next).cloned() else {
            resolved.files.push(Referenced {
                name: visit.name,
                content: visit.content,
            });
            continue;
        };
        visit.next = visit.next.saturating_add(1);
        resolved.follow()?;
        let (place, version) = find(data, &visit.subject, &reference, with_deleted)?;
        open.push(visit);
        if visited.insert(reference.name.clone()) {
            resolved.add_text(version.content.text.len())?;
            open.push(Visit::new(&reference, place, version));
        }
    }
    Ok(())
}

fn find<'a>(
    data: &'a Data,
    parent: &Subject,
    reference: &Reference,
    with_deleted: bool,
) -> Result<(Subject, &'a SchemaVersion), String> {
    let place = parent.sibling(&reference.subject);
    let versions = data.versions(&place);
    let found = versions.and_then(|versions| versions.find(reference.version, with_deleted));
    match found {
        Some(version) => Ok((place, version)),
        None => Err(format!(
            "No schema reference found for subject \"{place}\" and version {}",
            reference.version
        )),
    }
}
