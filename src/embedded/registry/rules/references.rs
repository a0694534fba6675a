//! The files that a schema imports from other subjects.

use std::collections::HashSet;
use std::sync::Arc;

use crate::schema_registry::entities::Reference;

use crate::embedded::registry::store::subject::Subject;
use crate::embedded::registry::store::{Content, Data, Version};

/// References followed for one schema, and bytes of text that they lead to, at
/// most. References multiply: a few schemas could lead to millions of files.
const MAX_FOLLOWED: usize = 10_000;
const MAX_TEXT: usize = 16 << 20;

/// A referenced file, under the path by which it is imported.
#[derive(Clone, Debug)]
pub(crate) struct Referenced {
    pub(crate) name: String,
    pub(crate) content: Arc<Content>,
}

/// References found: direct ones with real version numbers, and all files that
/// they lead to, each behind those it needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolved {
    pub(crate) references: Vec<Reference>,
    pub(crate) files: Vec<Referenced>,
    followed: usize,
    text: usize,
}

/// Follows references recursively. Of several files with one name the first
/// met wins. Soft-deleted versions are followed only `with_deleted`.
///
/// # Errors
///
/// The text of the registry's complaint about a reference that leads nowhere.
pub(crate) fn resolve(
    data: &Data,
    subject: &Subject,
    references: &[Reference],
    with_deleted: bool,
) -> Result<Resolved, String> {
    let mut resolved = Resolved::default();
    let mut visited = HashSet::new();
    // A stack of our own: how long chains get is up to whoever registers them.
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
    fn new(reference: &Reference, subject: Subject, version: &Version) -> Self {
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
) -> Result<(Subject, &'a Version), String> {
    let place = parent.sibling(&reference.subject);
    let versions = data.versions(&place);
    let found = versions.and_then(|versions| match reference.version {
        -1 => versions.latest(),
        number => versions
            .get(number)
            .filter(|version| with_deleted || !version.deleted),
    });
    match found {
        Some(version) => Ok((place, version)),
        None => Err(format!(
            "No schema reference found for subject \"{place}\" and version {}",
            reference.version
        )),
    }
}
