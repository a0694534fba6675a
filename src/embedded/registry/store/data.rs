//! All contexts, with the references between schemas and the settings.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Deref;
use std::sync::Arc;

use super::budget::{Budget, Charged, weight};
use super::config::StoredConfig;
use super::content::{SchemaVersion, Versions};
use super::context::Context;
use super::scope::Scope;
use super::subject::{DEFAULT_CONTEXT, Subject};
use crate::csfle::{Clock as _, SystemClock};
use crate::embedded::registry::api_error::ApiError;
use crate::registry_settings::Mode;
use crate::schema_registry::entities::Reference;

/// A version of a subject.
type Place = (Subject, i32);

/// The data behind the store's lock.
#[derive(Debug)]
pub(crate) struct Data {
    budget: Arc<Budget>,
    contexts: BTreeMap<String, Context>,
    /// Referenced version → referring versions.
    referrers: HashMap<Place, BTreeSet<Place>>,
    configs: HashMap<Scope, Charged<StoredConfig>>,
    /// How many configurations have an alias; usually none.
    aliases: usize,
    modes: HashMap<Scope, Charged<Mode>>,
}

#[cfg(test)]
impl Default for Data {
    fn default() -> Self {
        Self::new(Arc::default())
    }
}

impl Data {
    /// Returns an empty store that has only the default context.
    pub(super) fn new(budget: Arc<Budget>) -> Self {
        Self {
            budget,
            contexts: [(DEFAULT_CONTEXT.to_owned(), Context::default())].into(),
            referrers: HashMap::new(),
            configs: HashMap::new(),
            aliases: 0,
            modes: HashMap::new(),
        }
    }

    /// Returns the configuration set for exactly this scope.
    pub(crate) fn config(&self, scope: &Scope) -> Option<&StoredConfig> {
        self.configs.get(scope).map(Deref::deref)
    }

    pub(crate) fn configs(&self) -> impl Iterator<Item = (&Scope, &StoredConfig)> {
        let configs = self.configs.iter();
        configs.map(|(scope, config)| (scope, &**config))
    }

    pub(crate) fn set_config(
        &mut self,
        scope: Scope,
        config: StoredConfig,
    ) -> Result<(), ApiError> {
        let names_alias = config.names_alias();
        let bytes = scope.weight().saturating_add(weight(&config));
        let replaced = match self.configs.get_mut(&scope) {
            Some(set) => Some(set.replace(config, bytes)?),
            None => {
                let config = Charged::new(&self.budget, config, bytes)?;
                self.configs.insert(scope, config);
                None
            }
        };
        let named_alias = replaced.is_some_and(|config| config.names_alias());
        self.count_aliases(names_alias, named_alias);
        Ok(())
    }

    pub(crate) fn remove_config(&mut self, scope: &Scope) {
        if let Some(removed) = self.configs.remove(scope) {
            self.count_aliases(false, removed.names_alias());
        }
    }

    /// Updates the number of aliases after a configuration changed.
    fn count_aliases(&mut self, came: bool, went: bool) {
        let with = self.aliases.saturating_add(usize::from(came));
        self.aliases = with.saturating_sub(usize::from(went));
    }

    /// Returns the mode set for exactly this scope.
    pub(crate) fn mode(&self, scope: &Scope) -> Option<Mode> {
        self.modes.get(scope).map(|mode| **mode)
    }

    pub(crate) fn set_mode(&mut self, scope: Scope, mode: Mode) -> Result<(), ApiError> {
        let bytes = scope.weight();
        match self.modes.get_mut(&scope) {
            Some(set) => set.replace(mode, bytes).map(drop),
            None => {
                let mode = Charged::new(&self.budget, mode, bytes)?;
                self.modes.insert(scope, mode);
                Ok(())
            }
        }
    }

    pub(crate) fn remove_mode(&mut self, scope: &Scope) {
        self.modes.remove(scope);
    }

    /// Removes the modes of all scopes except those to keep.
    pub(crate) fn retain_modes(&mut self, keep: impl Fn(&Scope) -> bool) {
        self.modes.retain(|scope, _| keep(scope));
    }

    /// Returns whether any subject is an alias.
    pub(crate) fn has_aliases(&self) -> bool {
        self.aliases > 0
    }

    /// Returns the versions of a subject; `None` if it has none.
    pub(crate) fn versions(&self, subject: &Subject) -> Option<&Versions> {
        self.contexts.get(&subject.context)?.versions(&subject.name)
    }

    pub(crate) fn context(&self, context: &str) -> Option<&Context> {
        self.contexts.get(context)
    }

    /// Returns the contexts by name, the default one first.
    pub(crate) fn contexts(&self) -> impl Iterator<Item = (&str, &Context)> {
        self.contexts
            .iter()
            .map(|(name, context)| (name.as_str(), context))
    }

    /// Returns every subject with its versions, in no particular order.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = (Subject, &Versions)> {
        self.contexts().flat_map(|(name, context)| {
            context
                .subjects()
                .map(move |(subject, versions)| (Subject::new(name, subject), versions))
        })
    }

    /// Returns whether the subject has versions; for a context, whether any
    /// subject in it has. Soft-deleted versions count only `with_deleted`.
    pub(crate) fn has_versions(&self, subject: &Subject, with_deleted: bool) -> bool {
        let counts = |versions: &Versions| with_deleted || versions.latest().is_some();
        self.versions(subject).is_some_and(counts)
            || subject.is_context()
                && self
                    .context(&subject.context)
                    .is_some_and(|context| context.subjects().any(|(_, v)| counts(v)))
    }

    /// Returns the versions that reference a version; soft-deleted ones only
    /// `with_deleted`.
    pub(crate) fn referrers(
        &self,
        subject: &Subject,
        number: i32,
        with_deleted: bool,
    ) -> impl Iterator<Item = (&Subject, &SchemaVersion)> {
        let places = self.referrers.get(&(subject.clone(), number));
        places.into_iter().flatten().filter_map(move |place| {
            let version = self.versions(&place.0)?.get(place.1)?;
            (with_deleted || !version.deleted).then_some((&place.0, version))
        })
    }

    /// Returns the id of the next new schema in a context.
    pub(crate) fn next_id(&self, context: &str) -> i32 {
        self.contexts.get(context).map_or(1, Context::next_id)
    }

    /// Stores a version. Replaces one with the same number.
    ///
    /// # Errors
    ///
    /// Fails without any change if there is no space.
    pub(crate) fn insert(
        &mut self,
        subject: &Subject,
        version: SchemaVersion,
    ) -> Result<(), ApiError> {
        let content = Arc::clone(&version.content);
        let number = version.number;
        let replaced = match self.contexts.entry(subject.context.clone()) {
            Entry::Occupied(mut known) => {
                known
                    .get_mut()
                    .insert(&subject.name, version, &self.budget)?
            }
            Entry::Vacant(new) => {
                let mut context = Context::new(&subject.context, &self.budget)?;
                let replaced = context.insert(&subject.name, version, &self.budget)?;
                new.insert(context);
                replaced
            }
        };
        for reference in &content.references {
            let referenced = (subject.sibling(&reference.subject), reference.version);
            let referring = (subject.clone(), number);
            self.referrers
                .entry(referenced)
                .or_default()
                .insert(referring);
        }
        if let Some(replaced) = replaced.filter(|replaced| replaced.content != content) {
            self.forget_references(subject, number, &replaced, &content.references);
        }
        Ok(())
    }

    /// Marks a version as soft-deleted.
    pub(crate) fn soft_delete(&mut self, subject: &Subject, number: i32) {
        let context = self.contexts.get_mut(&subject.context);
        if let Some(version) = context.and_then(|context| context.get_mut(&subject.name, number)) {
            version.deleted = true;
            version.ts = SystemClock.now_ms();
        }
    }

    /// Permanently removes a version, and with the last one the configuration
    /// and mode of the subject.
    pub(crate) fn remove(&mut self, subject: &Subject, number: i32) {
        self.forget(subject, number);
        if self.versions(subject).is_none() {
            let scope = Scope::Subject(subject.clone());
            self.remove_config(&scope);
            self.remove_mode(&scope);
        }
    }

    /// Permanently removes a version and nothing else.
    pub(crate) fn forget(&mut self, subject: &Subject, number: i32) {
        let context = self.contexts.get_mut(&subject.context);
        if let Some(removed) = context.and_then(|context| context.remove(&subject.name, number)) {
            self.forget_references(subject, number, &removed, &[]);
        }
    }

    /// Removes a context without subjects; returns false if it has any. The
    /// default context always stays.
    pub(crate) fn remove_context(&mut self, context: &str) -> bool {
        if self.contexts.get(context).is_some_and(|c| !c.is_empty()) {
            return false;
        }
        if context != DEFAULT_CONTEXT {
            self.contexts.remove(context);
        }
        true
    }

    /// Removes a version from the referrers, except for references that are
    /// also in `kept`.
    fn forget_references(
        &mut self,
        subject: &Subject,
        number: i32,
        removed: &SchemaVersion,
        kept: &[Reference],
    ) {
        let place_of =
            |reference: &Reference| (subject.sibling(&reference.subject), reference.version);
        let kept: Vec<Place> = kept.iter().map(place_of).collect();
        let referring = (subject.clone(), number);
        for reference in &removed.content.references {
            let referenced = place_of(reference);
            if kept.contains(&referenced) {
                continue;
            }
            if let Some(places) = self.referrers.get_mut(&referenced) {
                places.remove(&referring);
                if places.is_empty() {
                    self.referrers.remove(&referenced);
                }
            }
        }
    }
}
