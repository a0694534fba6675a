//! Fetches schemas from the registry with their imports, each once.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::future::Cache;

use super::error::{Error, ErrorKind, SchemaName};
use super::plans::validity::end_of;
use super::registered_schema::{RegisteredSchema, require_protobuf};
use super::single_flight::{cache, once};
use super::subject_name;
use crate::protobuf::{SchemaFile, builtin};
use crate::schema_registry::entities::{Reference, Schema};
use crate::schema_registry::{Client, Format, Version, VersionQuery};
use crate::wire_format::SchemaRef;

/// Maximum nesting depth of references. Real schemas stay below ten.
const MAX_REFERENCE_DEPTH: usize = 64;
/// Maximum number of direct and indirect imports of a schema.
const MAX_REFERENCES: usize = 1000;

/// Name of the main file. `_` is appended until no imported file has the same name.
const MAIN_FILE: &str = "default";

/// Fetches the schemas of a registry and caches them. Clones share the cache.
#[derive(Clone)]
pub(super) struct SchemaFetcher {
    client: Client,
    by_ref: Cache<(SchemaRef, String), Arc<RegisteredSchema>>,
    versions: Cache<(String, i32), Arc<Schema>>,
    latest: Cache<LatestKey, Latest>,
    ttl: Option<Duration>,
}

/// The key of a latest version: the latest of all versions of a subject, or of those
/// with these metadata properties.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct LatestKey {
    subject: String,
    properties: Option<BTreeMap<String, String>>,
}

/// The latest version, and when it has to be fetched again.
#[derive(Clone)]
pub(super) struct Latest {
    pub(super) schema: Arc<RegisteredSchema>,
    pub(super) until: Option<Instant>,
}

impl SchemaFetcher {
    pub(super) fn new(client: Client, capacity: usize, ttl: Option<Duration>) -> Self {
        Self {
            client,
            by_ref: cache(capacity, None),
            versions: cache(capacity, None),
            latest: cache(capacity, ttl),
            ttl,
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the schema of an id or GUID. The subject, if known, selects the
    /// registry context and is what the caller must be authorised for.
    pub(super) async fn by_ref(
        &self,
        schema: SchemaRef,
        subject: Option<&str>,
    ) -> Result<Arc<RegisteredSchema>, Error> {
        let context = subject.map(subject_name::context).unwrap_or_default();
        let key = (schema, context.to_owned());
        once(&self.by_ref, key, async {
            let fetched = match schema {
                SchemaRef::Id(id) => {
                    self.client
                        .schema_by_id(id, subject, Format::Serialized)
                        .await
                }
                SchemaRef::Guid(guid) => {
                    self.client.schema_by_guid(&guid, Format::Serialized).await
                }
            };
            let name = SchemaName::Ref(schema);
            let mut answer = fetched
                .map_err(|e| Error::registry(format!("fetch the {name}"), name.clone(), e))?;
            match schema {
                SchemaRef::Id(id) => answer.id = i32::try_from(id.0).ok(),
                SchemaRef::Guid(guid) => answer.guid = Some(guid.to_string()),
            }
            let referrer = subject
                .map(str::to_owned)
                .or_else(|| answer.subject.clone());
            self.assemble(name, answer, &referrer.unwrap_or_default())
                .await
        })
        .await
    }

    /// Returns the latest version of a subject.
    pub(super) async fn latest(
        &self,
        subject: &str,
        properties: Option<&BTreeMap<String, String>>,
    ) -> Result<Latest, Error> {
        let key = LatestKey {
            subject: subject.to_owned(),
            properties: properties.cloned(),
        };
        once(&self.latest, key, async {
            let fetched = match properties {
                Some(properties) => {
                    self.client
                        .latest_with_metadata(subject, properties, Format::Serialized)
                        .await
                }
                None => {
                    let query = VersionQuery::default().format(Format::Serialized);
                    self.client.version(subject, Version::Latest, query).await
                }
            };
            let until = end_of(self.ttl);
            let name = SchemaName::Subject(subject.to_owned());
            let answer = fetched.map_err(|e| {
                Error::registry(format!("fetch the latest {name}"), name.clone(), e)
            })?;
            let name = match answer.version {
                Some(version) => SchemaName::Version(subject.to_owned(), version),
                None => name,
            };
            let schema = self.assemble(name, answer, subject).await?;
            Ok(Latest { schema, until })
        })
        .await
    }

    /// Parses an answer and fetches the schemas it refers to.
    async fn assemble(
        &self,
        name: SchemaName,
        answer: Schema,
        subject: &str,
    ) -> Result<Arc<RegisteredSchema>, Error> {
        require_protobuf(&name, &answer)?;
        let dependencies = self.follow(&name, &answer.references, subject).await?;
        let mut main = MAIN_FILE.to_owned();
        while dependencies.iter().any(|file| file.name() == main) {
            main.push('_');
        }
        let file = parse(&main, &name, &answer, &dependencies)?;
        Ok(Arc::new(RegisteredSchema::new(
            name,
            answer,
            file,
            dependencies,
        )))
    }

    /// Returns all directly and indirectly referenced files, each after its own
    /// imports. A file that is referenced twice is included once, in the version
    /// that is found first.
    ///
    /// Searches depth first with an explicit stack, since the registry decides how
    /// deep references nest.
    async fn follow(
        &self,
        name: &SchemaName,
        references: &[Reference],
        subject: &str,
    ) -> Result<Vec<SchemaFile>, Error> {
        let mut files = Vec::new();
        let mut seen = HashSet::new();
        let mut open = vec![Open {
            file: String::new(),
            name: name.clone(),
            subject: subject.to_owned(),
            left: references.iter().rev().cloned().collect(),
            answer: None,
        }];
        while let Some(top) = open.last_mut() {
            let Some(reference) = top.left.pop() else {
                let Some(done) = open.pop() else { break };
                if let Some(answer) = &done.answer {
                    files.push(parse(&done.file, &done.name, answer, &files)?);
                }
                continue;
            };
            if builtin::is_builtin(&reference.name) {
                continue;
            }
            let subject = subject_name::qualify(&reference.subject, &top.subject);
            check_path(&open, &reference, seen.len())?;
            if !seen.insert(reference.name.clone()) {
                continue;
            }
            let name = SchemaName::Version(subject.clone(), reference.version);
            let answer = self.version(&subject, reference.version).await?;
            require_protobuf(&name, &answer)?;
            open.push(Open {
                file: reference.name,
                name,
                subject,
                left: answer.references.iter().rev().cloned().collect(),
                answer: Some(answer),
            });
        }
        Ok(files)
    }

    /// Returns a version that another schema refers to, even if it is soft-deleted.
    async fn version(&self, subject: &str, version: i32) -> Result<Arc<Schema>, Error> {
        let fetch = async {
            let query = VersionQuery::default()
                .deleted(true)
                .format(Format::Serialized);
            let fetched = self.client.version(subject, version.into(), query).await;
            let name = SchemaName::Version(subject.to_owned(), version);
            fetched
                .map(Arc::new)
                .map_err(|e| Error::registry(format!("fetch the {name}"), name, e))
        };
        if version < 0 {
            // A negative version means the latest, which changes, so it is not
            // cached.
            return fetch.await;
        }
        once(&self.versions, (subject.to_owned(), version), fetch).await
    }
}

/// A file whose references are being followed. The outermost one is the schema
/// itself.
struct Open {
    /// Path by which the file is imported.
    file: String,
    name: SchemaName,
    /// Subject of the file. Its references are in the same registry context.
    subject: String,
    /// References still to follow; the last one is next.
    left: Vec<Reference>,
    answer: Option<Arc<Schema>>,
}

/// Refuses a reference without a name or subject, one that closes a cycle, and one
/// beyond the limits.
fn check_path(open: &[Open], reference: &Reference, seen: usize) -> Result<(), Error> {
    let reason = if reference.name.is_empty() || reference.subject.is_empty() {
        "a reference has no name or no subject".to_owned()
    } else if open.iter().any(|file| file.file == reference.name) {
        let path: Vec<_> = open.iter().skip(1).map(|file| file.file.as_str()).collect();
        let circle = path.join(" → ");
        format!("they form a circle: {circle} → {}", reference.name)
    } else if open.len() > MAX_REFERENCE_DEPTH {
        format!("they nest deeper than {MAX_REFERENCE_DEPTH} files")
    } else if seen >= MAX_REFERENCES {
        format!("they are more than {MAX_REFERENCES} files")
    } else {
        return Ok(());
    };
    let schema = open.last().map(|file| file.name.clone());
    Err(Error::from(ErrorKind::BadReference {
        schema: schema.unwrap_or(SchemaName::File(reference.name.clone())),
        reason,
    }))
}

/// Parses the schema of an answer, from text or base64, since a registry may ignore
/// the requested format. `dependencies` define the options that the schema may use.
pub(super) fn parse(
    file: &str,
    name: &SchemaName,
    answer: &Schema,
    dependencies: &[SchemaFile],
) -> Result<SchemaFile, Error> {
    let text = answer.schema.as_deref().ok_or_else(|| {
        Error::from(ErrorKind::Incomplete {
            action: format!("use the {name}"),
            missing: "schema",
        })
    })?;
    SchemaFile::parse_with(file, text, dependencies).map_err(|source| {
        Error::from(ErrorKind::BadSchema {
            schema: name.clone(),
            source: source.into(),
        })
    })
}
