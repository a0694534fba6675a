//! Registers or looks up the schema of a record, after the files it imports.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::future::Cache;

use crate::protobuf::resolution::imports;
use crate::protobuf::{ProtoSchema, SchemaFile, builtin};
use crate::schema_registry::entities::{PROTOBUF, Reference, Schema, SchemaRequest};
use crate::schema_registry::{LookupQuery, Normalization};
use crate::serdes::error::{Error, ErrorKind, SchemaName};
use crate::serdes::options::{SchemaIdIn, SerializerOptions};
use crate::serdes::plans::validity::end_of;
use crate::serdes::registered_schema::RegisteredSchema;
use crate::serdes::schema_fetcher::{SchemaFetcher, parse};
use crate::serdes::single_flight::{cache, once};
use crate::serdes::subject_name;
use crate::wire_format::{SchemaId, SchemaRef};

/// Registers and looks up schemas, and caches the answers.
pub(super) struct Registrar {
    fetcher: SchemaFetcher,
    asked: Cache<RegistrarRequest, RegistrarAnswer>,
    ttl: Option<Duration>,
}

/// An answer, and when it expires.
#[derive(Clone)]
struct RegistrarAnswer {
    answer: Arc<Schema>,
    until: Option<Instant>,
}

/// One registration or lookup.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct RegistrarRequest {
    subject: String,
    schema: String,
    references: Vec<Reference>,
    register: bool,
}

impl RegistrarRequest {
    fn body(&self) -> SchemaRequest {
        SchemaRequest {
            schema: self.schema.clone(),
            schema_type: Some(PROTOBUF.to_owned()),
            references: self.references.clone(),
            ..SchemaRequest::default()
        }
    }
}

impl Registrar {
    /// Answers are cached for `ttl`, or permanently.
    pub(super) fn new(fetcher: SchemaFetcher, capacity: usize, ttl: Option<Duration>) -> Self {
        let asked = cache(capacity, ttl);
        Self {
            fetcher,
            asked,
            ttl,
        }
    }

    /// Registers the schema under `subject` or looks it up there, as the options
    /// say. Also returns when the answer expires.
    pub(super) async fn register_or_look_up(
        &self,
        subject: &str,
        schema: &dyn ProtoSchema,
        options: &SerializerOptions,
    ) -> Result<(Arc<RegisteredSchema>, Option<Instant>), Error> {
        let references = self.references(subject, schema, options).await?;
        let request = RegistrarRequest {
            subject: subject.to_owned(),
            schema: schema.schema_text().to_owned(),
            references,
            register: options.auto_register_schemas,
        };
        let RegistrarAnswer { answer, until } = self.ask(request.clone(), options).await?;
        let mut answer = Schema::clone(&answer);
        let name = SchemaName::Subject(subject.to_owned());
        if answer.schema.is_none() {
            // Servers before 8.0 answer a registration with the id alone, but the
            // version may have rules that must run.
            let id = answer.id.and_then(|id| u32::try_from(id).ok());
            let id = SchemaId(id.ok_or_else(|| {
                Error::from(ErrorKind::Incomplete {
                    action: format!("register the {name}"),
                    missing: "id",
                })
            })?);
            let by_id = self
                .fetcher
                .by_ref(SchemaRef::Id(id), Some(subject))
                .await?;
            if by_id.guid.is_some() || options.schema_id_in == SchemaIdIn::Prefix {
                return Ok((by_id, until));
            }
            let found = self
                .ask(
                    RegistrarRequest {
                        register: false,
                        ..request
                    },
                    options,
                )
                .await?;
            answer = Schema::clone(&found.answer);
        }
        let file = match &answer.schema {
            Some(_) => parse(schema.file_name(), &name, &answer, schema.dependencies())?,
            None => schema.file().clone(),
        };
        answer.subject.get_or_insert_with(|| subject.to_owned());
        let dependencies = schema.dependencies().to_vec();
        let name = match answer.version {
            Some(version) => SchemaName::Version(subject.to_owned(), version),
            None => name,
        };
        let registered = RegisteredSchema::new(name, answer, file, dependencies);
        Ok((Arc::new(registered), until))
    }

    /// Registers or looks up the imports of a schema, and returns its references to
    /// them.
    async fn references(
        &self,
        subject: &str,
        schema: &dyn ProtoSchema,
        options: &SerializerOptions,
    ) -> Result<Vec<Reference>, Error> {
        let builtins = builtin::files();
        let mut files = HashMap::new();
        for file in schema.dependencies() {
            files.insert(file.name(), file);
        }
        if !options.skip_known_types {
            for file in builtins {
                files.entry(file.name()).or_insert(file);
            }
        }
        let imported = Imports {
            files,
            options,
            name: SchemaName::File(schema.file_name().to_owned()),
        };

        let mut known: HashMap<&str, Reference> = HashMap::new();
        for file in imported.in_order(schema.file())? {
            let direct = imported.references(file, &known)?;
            let under = options.reference_subject_name_strategy.subject(file.name());
            let under = subject_name::qualify(&under, subject);
            let version = self
                .reference_version(under.clone(), file, direct, options)
                .await?;
            let name = file.name().to_owned();
            known.insert(
                file.name(),
                Reference {
                    name,
                    subject: under,
                    version,
                },
            );
        }
        imported.references(schema.file(), &known)
    }

    /// Returns the version under which an imported file is registered.
    async fn reference_version(
        &self,
        subject: String,
        file: &SchemaFile,
        references: Vec<Reference>,
        options: &SerializerOptions,
    ) -> Result<i32, Error> {
        let register = options.auto_register_schemas && !options.reference_lookup_only;
        let request = RegistrarRequest {
            subject,
            schema: file.to_text(),
            references,
            register,
        };
        let mut answer = self.ask(request.clone(), options).await?.answer;
        if answer.version.is_none() && register {
            // The registry answered the registration with the id alone.
            answer = self
                .ask(
                    RegistrarRequest {
                        register: false,
                        ..request.clone()
                    },
                    options,
                )
                .await?
                .answer;
        }
        answer.version.ok_or_else(|| {
            Error::from(ErrorKind::Incomplete {
                action: format!("refer to subject {:?}", request.subject),
                missing: "version",
            })
        })
    }

    async fn ask(
        &self,
        request: RegistrarRequest,
        options: &SerializerOptions,
    ) -> Result<RegistrarAnswer, Error> {
        let body = request.body();
        let subject = request.subject.clone();
        let register = request.register;
        once(&self.asked, request, async {
            let client = self.fetcher.client();
            let (action, answered) = if register {
                let normalization = match options.normalize_schemas {
                    true => Normalization::Normalize,
                    false => Normalization::AsSent,
                };
                let answered = client.register(&subject, &body, normalization).await;
                (
                    format!("register a schema under subject {subject:?}"),
                    answered,
                )
            } else {
                let query = LookupQuery::default().normalize(options.normalize_schemas);
                let answered = client.lookup(&subject, &body, query).await;
                (
                    format!("find the schema under subject {subject:?}"),
                    answered,
                )
            };
            let name = SchemaName::Subject(subject.clone());
            let until = end_of(self.ttl);
            let answer = answered.map_err(|e| Error::registry(action, name, e))?;
            Ok(RegistrarAnswer {
                answer: Arc::new(answer),
                until,
            })
        })
        .await
    }
}

/// The files that a schema imports, and which of them become references.
struct Imports<'a> {
    files: HashMap<&'a str, &'a SchemaFile>,
    options: &'a SerializerOptions,
    name: SchemaName,
}

impl<'a> Imports<'a> {
    /// Returns the imports of `file` that become references.
    fn of(&self, file: &'a SchemaFile) -> impl Iterator<Item = &'a str> {
        let skip = self.options.skip_known_types;
        let by_hand = |name: &str| self.options.references.contains_key(name);
        file.imports()
            .filter(move |name| !(skip && builtin::is_builtin(name)) || by_hand(name))
    }

    /// Returns the files to register for `main`, each after its own imports. Omits
    /// files whose reference the options give, and the imports of those files.
    fn in_order(&self, main: &'a SchemaFile) -> Result<Vec<&'a SchemaFile>, Error> {
        let skip = self.options.skip_known_types;
        let mut order = imports::in_order(main, |_, import| {
            let is_known = skip && builtin::is_builtin(import);
            if is_known || self.options.references.contains_key(import) {
                return Ok(None);
            }
            let file = self.files.get(import).copied();
            file.map(Some).ok_or_else(|| {
                Error::from(ErrorKind::BadReference {
                    schema: self.name.clone(),
                    reason: format!("the imported file {import:?} is not among its dependencies"),
                })
            })
        })?;
        // The last one is `main`.
        order.files.pop();
        Ok(order.files)
    }

    fn references(
        &self,
        file: &'a SchemaFile,
        known: &HashMap<&str, Reference>,
    ) -> Result<Vec<Reference>, Error> {
        let mut references = Vec::new();
        for name in self.of(file) {
            let by_hand = self.options.references.get(name);
            let reference = by_hand.or_else(|| known.get(name));
            let reference = reference.ok_or_else(|| {
                Error::from(ErrorKind::BadReference {
                    schema: self.name.clone(),
                    reason: format!("the imports of {name:?} form a circle"),
                })
            })?;
            references.push(reference.clone());
        }
        Ok(references)
    }
}
