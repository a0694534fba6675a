//! Tag definitions of the Stream Catalog, in memory.
//!
//! Only Confluent Cloud has a catalog, and its source is not public. Answers
//! follow its documentation. Error codes are those of Apache Atlas, on which it
//! is built, without the dashes.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::budget::{Budget, Charged, OVERHEAD, weight};
use crate::csfle::{Clock as _, SystemClock};
use crate::embedded::registry::api_error::ApiError;

/// Maximum number of definitions in one catalog.
const MAX_DEFINITIONS: usize = 1000;

const MAX_NAME_CHARS: usize = 8192;

/// The user that answers name as creator and editor.
const USER: &str = "embedded";

/// The tag definitions, by name.
pub(crate) struct TagDefinitions {
    by_name: RwLock<BTreeMap<String, Charged<Stored>>>,
    budget: Arc<Budget>,
}

/// A definition as a client sends it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Definition {
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    attribute_defs: Option<Vec<Value>>,
    super_types: Option<Vec<String>>,
    entity_types: Option<Vec<String>>,
}

#[derive(Clone)]
struct Stored {
    definition: Definition,
    guid: String,
    version: u64,
    created: i64,
    updated: i64,
}

/// One element of an answer. A failed element has an error and only what the
/// client sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Element {
    category: &'static str,
    #[serde(flatten)]
    facts: Option<Facts>,
    #[serde(flatten)]
    definition: Definition,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ElementError>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    guid: String,
    created_by: &'static str,
    updated_by: &'static str,
    create_time: i64,
    update_time: i64,
    version: u64,
    type_version: &'static str,
    sub_types: [&'static str; 0],
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct ElementError {
    error_code: u32,
    message: String,
}

impl ElementError {
    fn already_exists(name: &str) -> Self {
        Self {
            error_code: 4_090_001,
            message: format!("Given type {name} already exists"),
        }
    }

    fn unknown(name: &str) -> Self {
        Self {
            error_code: 4_040_001,
            message: format!("Given typename {name} was invalid"),
        }
    }

    fn invalid_name() -> Self {
        Self {
            error_code: 4_000_020,
            message: format!("a tag name has 1 to {MAX_NAME_CHARS} characters"),
        }
    }

    fn full(error: ApiError) -> Self {
        Self {
            error_code: error.code,
            message: error.message,
        }
    }

    fn too_many() -> Self {
        Self {
            error_code: 4_290_001,
            message: format!("a maximum of {MAX_DEFINITIONS} tag definitions already exist"),
        }
    }
}

impl Element {
    fn of(stored: &Stored) -> Self {
        Self {
            category: CATEGORY,
            facts: Some(Facts {
                guid: stored.guid.clone(),
                created_by: USER,
                updated_by: USER,
                create_time: stored.created,
                update_time: stored.updated,
                version: stored.version,
                type_version: "1.0",
                sub_types: [],
            }),
            definition: Definition {
                attribute_defs: Some(stored.definition.attribute_defs.clone().unwrap_or_default()),
                super_types: Some(stored.definition.super_types.clone().unwrap_or_default()),
                entity_types: Some(stored.definition.entity_types.clone().unwrap_or_default()),
                ..stored.definition.clone()
            },
            error: None,
        }
    }

    fn failed(definition: Definition, error: ElementError) -> Self {
        Self {
            category: CATEGORY,
            facts: None,
            definition,
            error: Some(error),
        }
    }
}

const CATEGORY: &str = "CLASSIFICATION";

impl TagDefinitions {
    /// Returns an empty set of definitions.
    pub(crate) fn new(budget: Arc<Budget>) -> Self {
        Self {
            by_name: RwLock::default(),
            budget,
        }
    }

    /// Creates the definitions. Each gets an element with its outcome.
    pub(crate) fn create(&self, definitions: Vec<Definition>) -> Vec<Element> {
        self.each(definitions, |tags, name, definition| {
            if tags.contains_key(name) {
                return Err(ElementError::already_exists(name));
            }
            if tags.len() >= MAX_DEFINITIONS {
                return Err(ElementError::too_many());
            }
            let now = SystemClock.now_ms();
            Ok(Stored {
                definition,
                guid: random_guid().to_string(),
                version: 1,
                created: now,
                updated: now,
            })
        })
    }

    /// Replaces existing definitions.
    pub(crate) fn update(&self, definitions: Vec<Definition>) -> Vec<Element> {
        self.each(definitions, |tags, name, definition| {
            let old = tags.get(name).ok_or_else(|| ElementError::unknown(name))?;
            Ok(Stored {
                definition,
                guid: old.guid.clone(),
                version: old.version.saturating_add(1),
                created: old.created,
                updated: SystemClock.now_ms(),
            })
        })
    }

    /// Stores what `decide` makes of each definition.
    fn each(
        &self,
        definitions: Vec<Definition>,
        decide: impl Fn(
            &BTreeMap<String, Charged<Stored>>,
            &str,
            Definition,
        ) -> Result<Stored, ElementError>,
    ) -> Vec<Element> {
        let mut tags = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        let mut elements = Vec::with_capacity(definitions.len());
        for definition in definitions {
            let name = definition.name.clone().unwrap_or_default();
            let outcome = if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
                Err(ElementError::invalid_name())
            } else {
                decide(&tags, &name, definition.clone())
            };
            let outcome = outcome.and_then(|stored| {
                let element = Element::of(&stored);
                self.put(&mut tags, name, stored)?;
                Ok(element)
            });
            elements.push(match outcome {
                Ok(element) => element,
                Err(error) => Element::failed(definition, error),
            });
        }
        elements
    }

    fn put(
        &self,
        tags: &mut BTreeMap<String, Charged<Stored>>,
        name: String,
        stored: Stored,
    ) -> Result<(), ElementError> {
        let bytes = OVERHEAD.saturating_add(weight(&stored.definition));
        match tags.get_mut(&name) {
            Some(old) => drop(old.replace(stored, bytes).map_err(ElementError::full)?),
            None => {
                let stored =
                    Charged::new(&self.budget, stored, bytes).map_err(ElementError::full)?;
                tags.insert(name, stored);
            }
        }
        Ok(())
    }

    pub(crate) fn list(&self, prefix: &str) -> Vec<Element> {
        let tags = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        tags.iter()
            .filter(|(name, _)| name.starts_with(prefix))
            .map(|(_, stored)| Element::of(stored))
            .collect()
    }

    pub(crate) fn get(&self, name: &str) -> Result<Element, ApiError> {
        let tags = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        tags.get(name)
            .map(|stored| Element::of(stored))
            .ok_or_else(|| unknown_tag(name))
    }

    pub(crate) fn delete(&self, name: &str) -> Result<(), ApiError> {
        let mut tags = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        match tags.remove(name) {
            Some(_) => Ok(()),
            None => Err(unknown_tag(name)),
        }
    }
}

fn unknown_tag(name: &str) -> ApiError {
    let error = ElementError::unknown(name);
    ApiError::new(error.error_code, error.message)
}

/// Returns a random UUID, or the nil UUID without randomness: nothing depends on it.
fn random_guid() -> Uuid {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => uuid::Builder::from_random_bytes(bytes).into_uuid(),
        Err(_) => Uuid::nil(),
    }
}
