//! The `.proto` files that every client and registry knows without registration:
//! Protobuf's well-known types, `google/type` and Confluent's own.
//!
//! The list is the one of Confluent's Java client, plus the alias
//! `confluent/types/decimal.proto` of its Python client.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{LazyLock, Mutex, PoisonError};

use prost_reflect::DescriptorPool;

use super::SchemaFile;
use super::resolution::imports;
use super::resolution::pool::add_to_pool;

/// Files that the reflection library contains.
const WELL_KNOWN: [&str; 11] = [
    "google/protobuf/any.proto",
    "google/protobuf/source_context.proto",
    "google/protobuf/type.proto",
    "google/protobuf/api.proto",
    "google/protobuf/descriptor.proto",
    "google/protobuf/duration.proto",
    "google/protobuf/empty.proto",
    "google/protobuf/field_mask.proto",
    "google/protobuf/struct.proto",
    "google/protobuf/timestamp.proto",
    "google/protobuf/wrappers.proto",
];

macro_rules! sources {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!($path))),*]
    };
}

const SOURCES: [(&str, &str); 18] = sources![
    "google/type/calendar_period.proto",
    "google/type/color.proto",
    "google/type/date.proto",
    "google/type/datetime.proto",
    "google/type/dayofweek.proto",
    "google/type/decimal.proto",
    "google/type/expr.proto",
    "google/type/fraction.proto",
    "google/type/interval.proto",
    "google/type/latlng.proto",
    "google/type/money.proto",
    "google/type/month.proto",
    "google/type/phone_number.proto",
    "google/type/postal_address.proto",
    "google/type/quaternion.proto",
    "google/type/timeofday.proto",
    "confluent/type/decimal.proto",
    "confluent/type/variant.proto",
];

/// The file that defines Confluent's options, field tags among them.
pub(super) const META_PROTO: &str = "confluent/meta.proto";

const META: (&str, &str) = (
    META_PROTO,
    include_str!("../../../schemas/confluent/meta.proto"),
);

/// The former path of `confluent.type.Decimal`, which forwards to the new one.
const OLD_DECIMAL: (&str, &str) = (
    "confluent/types/decimal.proto",
    "syntax = \"proto3\"; import public \"confluent/type/decimal.proto\";",
);

static FILES: LazyLock<Vec<SchemaFile>> = LazyLock::new(|| {
    let global = DescriptorPool::global();
    // Parsing cannot fail: a test compares the list with the table.
    let well_known = WELL_KNOWN.iter().filter_map(|path| {
        let bytes = global.get_file_by_name(path)?.encode_to_vec();
        let decoded = SchemaFile::decode(path, &bytes, &global).ok();
        decoded.map(|(file, _)| file)
    });
    let sources = SOURCES.iter().chain([&META, &OLD_DECIMAL]);
    let sources = sources.filter_map(|(path, text)| SchemaFile::from_text(path, text).ok());
    well_known.chain(sources).collect()
});

static INDEX: LazyLock<BTreeMap<&'static str, &'static SchemaFile>> =
    LazyLock::new(|| FILES.iter().map(|file| (file.name(), file)).collect());

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let mut pool = DescriptorPool::new();
    for file in FILES.iter() {
        // Cannot fail: covered by the same test.
        let _ = add_to_pool(&mut pool, file);
    }
    pool
});

/// Returns whether the file of this path is built in, so that it needs no
/// reference. A given reference replaces the built-in file.
pub fn is_builtin(path: &str) -> bool {
    INDEX.contains_key(path)
}

/// Returns the built-in file of this path.
pub fn file(path: &str) -> Option<&'static SchemaFile> {
    INDEX.get(path).copied()
}

/// Returns the built-in file of this path after the built-in files that it
/// imports, or nothing if no built-in file has this path.
pub fn with_imports(path: &str) -> Vec<&'static SchemaFile> {
    let Some(file) = file(path) else {
        return Vec::new();
    };
    let find = |_: &SchemaFile, import: &str| -> Result<_, Infallible> { Ok(self::file(import)) };
    let Ok(order) = imports::in_order(file, find);
    order.files
}

/// Returns all built-in files, each after those it imports.
pub fn files() -> &'static [SchemaFile] {
    &FILES
}

/// Returns a pool of all built-in files. Changing a clone of it copies all of it.
pub fn pool() -> &'static DescriptorPool {
    &POOL
}

/// Returns a pool of these built-in files only. `paths` must include their imports,
/// each before the files that import it. Pools are cached, since many schemas use the
/// same files.
pub(super) fn pool_of(paths: &[&'static str]) -> DescriptorPool {
    static POOLS: Mutex<BTreeMap<Vec<&'static str>, DescriptorPool>> = Mutex::new(BTreeMap::new());
    /// Maximum number of cached pools, far more than are in use at once.
    const MAX_POOLS: usize = 64;

    if paths.is_empty() {
        return DescriptorPool::new();
    }
    if let Some(pool) = POOLS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(paths)
    {
        return pool.clone();
    }
    let mut pool = DescriptorPool::new();
    for file in paths.iter().filter_map(|path| file(path)) {
        let _ = add_to_pool(&mut pool, file);
    }
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    if pools.len() >= MAX_POOLS {
        pools.clear();
    }
    pools.insert(paths.to_vec(), pool.clone());
    pool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_file_is_there_and_resolves() {
        let listed = WELL_KNOWN.len() + SOURCES.len() + 2;
        assert_eq!(files().len(), listed);
        assert_eq!(pool().files().len(), listed);
        for file in files() {
            let resolved = file
                .resolve(&[])
                .unwrap_or_else(|e| panic!("{}: {e}", file.name()));
            assert_eq!(resolved.name(), file.name());
        }
    }
}
