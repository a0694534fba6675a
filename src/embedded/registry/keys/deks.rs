//! Operations on data encryption keys.

use std::collections::BTreeSet;

use crate::csfle::Algorithm;
use crate::embedded::registry::api_error::ApiError;
use crate::schema_registry::entities::Dek;

use super::keks::{MAX_KEYS, check_name};
use super::records::{DekId, DekRecord, KekRecord};
use super::store::Keys;
use super::wrapping::{MATERIAL, key_material};
use super::{DekRegistry, errors};

/// The version of a request that names none.
const FIRST_VERSION: i32 = 1;

/// The DEKs of a request: all versions of one algorithm.
pub(crate) struct DekPath {
    pub(crate) kek_name: String,
    pub(crate) subject: String,
    pub(crate) algorithm: Algorithm,
}

impl DekPath {
    fn at(&self, version: i32) -> DekId {
        DekId::new(&self.kek_name, &self.subject, self.algorithm, version)
    }

    fn check(&self) -> Result<(), ApiError> {
        check_name(&self.kek_name)?;
        check_subject(&self.subject)
    }

    fn kek<'a>(&self, keys: &'a Keys, deleted: bool) -> Result<&'a KekRecord, ApiError> {
        keys.kek(&self.kek_name, deleted)
            .ok_or_else(|| errors::not_found(&self.kek_name))
    }

    fn not_found(&self) -> ApiError {
        errors::not_found(&self.subject)
    }

    /// Finds a version by number, or the highest one.
    fn find(
        &self,
        keys: &Keys,
        version: DekVersion,
        deleted: bool,
    ) -> Result<(DekId, DekRecord), ApiError> {
        let found = match version {
            DekVersion::Number(number) => {
                let id = self.at(number);
                keys.dek(&id, deleted).cloned().map(|dek| (id, dek))
            }
            DekVersion::Latest => keys
                .versions(&self.at(FIRST_VERSION))
                .filter(|(_, dek)| deleted || !dek.deleted)
                .last()
                .map(|(id, dek)| (id.clone(), dek.clone())),
        };
        found.ok_or_else(|| self.not_found())
    }

    /// Returns the ids of the selected versions, including soft-deleted ones.
    fn select(&self, keys: &Keys, which: DekSelection) -> Result<Vec<DekId>, ApiError> {
        match which {
            DekSelection::One(version) => Ok(vec![self.find(keys, version, true)?.0]),
            DekSelection::All => {
                let any = self.at(FIRST_VERSION);
                let ids: Vec<DekId> = keys.versions(&any).map(|(id, _)| id.clone()).collect();
                if ids.is_empty() {
                    return Err(self.not_found());
                }
                Ok(ids)
            }
        }
    }
}

/// A version in a path.
#[derive(Clone, Copy)]
pub(crate) enum DekVersion {
    Number(i32),
    /// The highest version.
    Latest,
}

impl DekVersion {
    /// The version of a request that names none: the first, not the latest.
    pub(crate) const FIRST: Self = Self::Number(FIRST_VERSION);
}

/// The versions to delete or undelete.
#[derive(Clone, Copy)]
pub(crate) enum DekSelection {
    All,
    One(DekVersion),
}

fn check_subject(subject: &str) -> Result<(), ApiError> {
    if subject.is_empty() || subject.chars().any(char::is_control) {
        return Err(errors::invalid("subject"));
    }
    Ok(())
}

impl DekRegistry {
    /// Returns the subjects, sorted and without duplicates.
    pub(crate) fn dek_subjects(
        &self,
        kek_name: &str,
        deleted: bool,
    ) -> Result<Vec<String>, ApiError> {
        self.kek(kek_name, deleted)?;
        Ok(self.store.read(|keys| {
            let subjects: BTreeSet<&str> = keys
                .deks_of_kek(kek_name)
                .filter(|(_, dek)| deleted || !dek.deleted)
                .map(|(id, _)| id.subject.as_str())
                .collect();
            subjects.into_iter().map(str::to_owned).collect()
        }))
    }

    /// Returns the version numbers, ascending.
    pub(crate) fn dek_versions(&self, path: &DekPath, deleted: bool) -> Result<Vec<i32>, ApiError> {
        path.check()?;
        self.store.read(|keys| {
            path.kek(keys, deleted)?;
            Ok(keys
                .versions(&path.at(FIRST_VERSION))
                .filter(|(_, dek)| deleted || !dek.deleted)
                .map(|(id, _)| id.version)
                .collect())
        })
    }

    /// Returns a DEK, with the unwrapped key if the KEK is shared.
    pub(crate) async fn dek(
        &self,
        path: &DekPath,
        version: DekVersion,
        deleted: bool,
    ) -> Result<Dek, ApiError> {
        path.check()?;
        let (kek, (id, dek)) = self.store.read(|keys| {
            let kek = path.kek(keys, deleted)?.clone();
            Ok::<_, ApiError>((kek, path.find(keys, version, deleted)?))
        })?;
        let mut entity = dek.to_entity(&id);
        if kek.shared {
            let wrapped = &dek.encrypted_key_material;
            let raw = self
                .unwrap(&kek, path.algorithm, wrapped, &path.subject)
                .await?;
            entity.key_material = Some(key_material(&raw));
        }
        Ok(entity)
    }

    /// Creates a DEK. If it exists, the same content with the opposite of
    /// `deleted` undeletes or deletes it, and `rewrap` replaces it.
    ///
    /// For a shared KEK the registry generates and wraps the key unless the
    /// request has one. It holds no lock meanwhile; a change in between counts
    /// as an earlier request.
    pub(crate) async fn create_dek(
        &self,
        path: &DekPath,
        body: Dek,
        rewrap: bool,
    ) -> Result<Dek, ApiError> {
        path.check()?;
        let deleted = body.deleted.unwrap_or_default();
        let given = body
            .encrypted_key_material
            .filter(|material| !material.is_empty());
        let id = path.at(body.version.unwrap_or(FIRST_VERSION));
        let (kek, old) = self.store.read(|keys| {
            let kek = path.kek(keys, deleted)?.clone();
            Ok::<_, ApiError>((kek, keys.dek(&id, true).cloned()))
        })?;
        if let Some(old) = &old {
            let undeletes = old.deleted != deleted
                && given.as_deref() == Some(old.encrypted_key_material.as_str());
            if (!rewrap && !undeletes) || (kek.shared && given.is_some()) {
                return Err(errors::already_exists(&path.subject));
            }
        }

        let (algorithm, subject) = (path.algorithm, path.subject.as_str());
        let mut raw = None;
        let wrapped = match given {
            Some(material) => material,
            None if !kek.shared => return Err(errors::invalid(MATERIAL)),
            None => {
                let key = match &old {
                    Some(old) => {
                        let wrapped = &old.encrypted_key_material;
                        self.unwrap(&kek, algorithm, wrapped, subject).await?
                    }
                    None => Self::generate(&kek, algorithm, subject)?,
                };
                let wrapped = self.wrap(&kek, &key, subject).await?;
                raw = Some(key);
                wrapped
            }
        };
        // A key that cannot be unwrapped must not be stored.
        if kek.shared && raw.is_none() {
            let given = self.unwrap_given(&kek, algorithm, &wrapped, subject);
            raw = Some(given.await?);
        }

        let dek = DekRecord {
            encrypted_key_material: wrapped,
            deleted,
            ts: 0,
        };
        let stored = self.store.write(|keys| {
            path.kek(keys, deleted)?;
            if keys.dek(&id, true) != old.as_ref() {
                return Err(errors::already_exists(subject));
            }
            if old.is_none() && keys.dek_count() >= MAX_KEYS {
                return Err(errors::too_many(MAX_KEYS));
            }
            keys.put_dek(id.clone(), dek)
        })?;
        let mut entity = stored.to_entity(&id);
        entity.key_material = raw.as_ref().map(key_material);
        Ok(entity)
    }

    /// Soft-deletes DEKs, or permanently deletes soft-deleted ones.
    pub(crate) fn delete_deks(
        &self,
        path: &DekPath,
        which: DekSelection,
        permanent: bool,
    ) -> Result<(), ApiError> {
        path.check()?;
        self.store.write(|keys| {
            path.kek(keys, true)?;
            let ids = path.select(keys, which)?;
            if !permanent {
                return set_deleted(keys, ids, true);
            }
            if ids.iter().any(|id| keys.dek(id, false).is_some()) {
                return Err(errors::not_soft_deleted(&path.subject));
            }
            for id in &ids {
                keys.remove_dek(id);
            }
            Ok(())
        })
    }

    /// Undoes soft deletions.
    pub(crate) fn undelete_deks(
        &self,
        path: &DekPath,
        which: DekSelection,
    ) -> Result<(), ApiError> {
        path.check()?;
        self.store.write(|keys| {
            let kek_is_deleted = path.kek(keys, true)?.deleted;
            let ids = path.select(keys, which)?;
            if kek_is_deleted {
                return Err(errors::soft_deleted(&path.kek_name));
            }
            set_deleted(keys, ids, false)
        })
    }
}

fn set_deleted(keys: &mut Keys, ids: Vec<DekId>, deleted: bool) -> Result<(), ApiError> {
    for id in ids {
        let changed = keys.dek(&id, true).filter(|dek| dek.deleted != deleted);
        if let Some(dek) = changed.cloned() {
            keys.put_dek(id, DekRecord { deleted, ..dek })?;
        }
    }
    Ok(())
}
