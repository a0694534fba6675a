//! Random requests, close enough to valid ones to reach deep into the registry.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::fuzz::http::Request;
use crate::fuzz::schemas;

const METHODS: &[&str] = &[
    "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE", "BREW",
];

/// The kind of a body.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Schema,
    Settings,
    Key,
    Tags,
}

/// The endpoints: methods (more likely ones repeated) and the kinds of their bodies. A
/// name in braces stands for a value of its kind.
const ENDPOINTS: &[(&str, &str, Kind)] = &[
    ("GET", "/", Kind::Schema),
    ("GET", "/schemas", Kind::Schema),
    ("GET", "/schemas/types", Kind::Schema),
    ("GET", "/schemas/ids/{id}", Kind::Schema),
    ("GET", "/schemas/ids/{id}/schema", Kind::Schema),
    ("GET", "/schemas/ids/{id}/subjects", Kind::Schema),
    ("GET", "/schemas/ids/{id}/versions", Kind::Schema),
    ("GET", "/schemas/guids/{guid}", Kind::Schema),
    ("GET", "/schemas/guids/{guid}/ids", Kind::Schema),
    ("GET", "/subjects", Kind::Schema),
    ("GET POST POST DELETE", "/subjects/{name}", Kind::Schema),
    ("GET", "/subjects/{name}/metadata", Kind::Schema),
    (
        "GET POST POST POST",
        "/subjects/{name}/versions",
        Kind::Schema,
    ),
    (
        "GET DELETE",
        "/subjects/{name}/versions/{version}",
        Kind::Schema,
    ),
    (
        "GET",
        "/subjects/{name}/versions/{version}/schema",
        Kind::Schema,
    ),
    (
        "GET",
        "/subjects/{name}/versions/{version}/referencedby",
        Kind::Schema,
    ),
    (
        "POST",
        "/compatibility/subjects/{name}/versions",
        Kind::Schema,
    ),
    (
        "POST",
        "/compatibility/subjects/{name}/versions/{version}",
        Kind::Schema,
    ),
    ("GET PUT DELETE", "/config", Kind::Settings),
    ("GET PUT DELETE", "/config/{name}", Kind::Settings),
    ("GET PUT DELETE", "/mode", Kind::Settings),
    ("GET PUT DELETE", "/mode/{name}", Kind::Settings),
    ("GET", "/contexts", Kind::Schema),
    ("DELETE", "/contexts/{name}", Kind::Schema),
    (
        "GET POST",
        "/contexts/{name}/subjects/{name}/versions",
        Kind::Schema,
    ),
    ("GET", "/v1/metadata/id", Kind::Schema),
    ("GET", "/v1/metadata/version", Kind::Schema),
    ("GET POST POST POST", "/dek-registry/v1/keks", Kind::Key),
    ("GET PUT DELETE", "/dek-registry/v1/keks/{name}", Kind::Key),
    ("POST", "/dek-registry/v1/keks/{name}/test", Kind::Key),
    ("POST", "/dek-registry/v1/keks/{name}/undelete", Kind::Key),
    ("GET POST", "/dek-registry/v1/keks/{name}/deks", Kind::Key),
    (
        "GET POST POST DELETE",
        "/dek-registry/v1/keks/{name}/deks/{name}",
        Kind::Key,
    ),
    (
        "POST",
        "/dek-registry/v1/keks/{name}/deks/{name}/undelete",
        Kind::Key,
    ),
    (
        "GET",
        "/dek-registry/v1/keks/{name}/deks/{name}/versions",
        Kind::Schema,
    ),
    (
        "GET DELETE",
        "/dek-registry/v1/keks/{name}/deks/{name}/versions/{version}",
        Kind::Key,
    ),
    (
        "POST",
        "/dek-registry/v1/keks/{name}/deks/{name}/versions/{version}/undelete",
        Kind::Key,
    ),
    ("GET POST PUT", "/catalog/v1/types/tagdefs", Kind::Tags),
    ("GET DELETE", "/catalog/v1/types/tagdefs/{name}", Kind::Tags),
];

/// A small set, so that requests share subjects and keys.
const NAMES: &[&str] = &[
    "s",
    "s",
    "s",
    "s",
    "s",
    "s",
    "s",
    "s",
    "t",
    "t",
    "t",
    "k",
    "k",
    "k",
    "k",
    "k",
    "s",
    "s",
    "s",
    "t",
    "t",
    "k",
    "k",
    "PII",
    "a%2Fb.proto",
    "%3A.ctx%3As",
    "%3A.ctx%3A",
    ".ctx",
    "__GLOBAL",
    "__EMPTY",
    "%3A.__GLOBAL%3A",
    "%00",
    "%0A",
    "%FF%FE",
    "%zz",
    "%",
    "..",
    ".",
    "%2F",
    "%2e%2e",
    "latest",
    "*",
    "%20",
    "~",
    "$%7B1%7D",
    "'%20OR%201=1",
    "%F0%9F%A6%80",
];

const VERSIONS: &[&str] = &[
    "1",
    "1",
    "1",
    "1",
    "1",
    "1",
    "latest",
    "latest",
    "2",
    "2",
    "1",
    "1",
    "2",
    "3",
    "latest",
    "LATEST",
    "-1",
    "0",
    "-2",
    "2147483647",
    "2147483648",
    "x",
    "1.0",
    "+1",
    "%31",
    "",
    "99999999999999999999",
];

const GUIDS: &[&str] = &[
    "00000000-0000-0000-0000-000000000000",
    "9304e9fe314a283aaa239c5953cde617",
    "no-guid",
    "%FF",
];

const QUERIES: &[&str] = &[
    "deleted",
    "permanent",
    "normalize",
    "verbose",
    "force",
    "format",
    "offset",
    "limit",
    "subject",
    "subjectPrefix",
    "latestOnly",
    "deletedOnly",
    "deletedAsNegative",
    "defaultToGlobal",
    "recursive",
    "key",
    "value",
    "fetchMaxId",
    "algorithm",
    "rewrap",
    "testSharing",
    "prefix",
    "context",
    "contextPrefix",
    "aliases",
    "ruleType",
    "findTags",
    "referenceFormat",
];

const QUERY_VALUES: &[&str] = &[
    "true",
    "true",
    "false",
    "",
    "1",
    "-1",
    "2147483648",
    "serialized",
    "ignore_extensions",
    "resolved",
    "s",
    "%3A.ctx%3A",
    "%3A*%3A",
    "%FF",
    "%",
    "AES256_SIV",
    "DES",
    "+",
];

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(NAMES).prop_map(str::to_owned),
        1 => "[a-zA-Z0-9._~:@!$&'()*+,;=-]{1,12}",
    ]
}

fn filled(template: &'static str) -> impl Strategy<Value = String> {
    let words = (
        name(),
        name(),
        select(VERSIONS),
        select(VERSIONS),
        select(GUIDS),
    );
    words.prop_map(move |(first, second, version, id, guid)| {
        template
            .replacen("{name}", &first, 1)
            .replace("{name}", &second)
            .replace("{version}", version)
            .replace("{id}", id)
            .replace("{guid}", guid)
    })
}

/// A path that is no endpoint, or similar to one.
fn odd_path() -> impl Strategy<Value = String> {
    prop_oneof![
        (name(), name()).prop_map(|(a, b)| format!("/{a}/{b}/")),
        "/[a-zA-Z0-9/%._~:@!$&'()*+,;=-]{0,40}",
        select(ENDPOINTS)
            .prop_flat_map(|(_, path, _)| filled(path))
            .prop_map(|path| path.replace("s/", "s//")),
    ]
}

fn query() -> impl Strategy<Value = String> {
    let pair = (select(QUERIES), select(QUERY_VALUES), any::<bool>());
    proptest::collection::vec(pair, 0..4).prop_map(|pairs| {
        let mut query = String::new();
        for (index, (name, value, bare)) in pairs.into_iter().enumerate() {
            query.push(if index == 0 { '?' } else { '&' });
            query += name;
            if !bare {
                query.push('=');
                query += value;
            }
        }
        query
    })
}

fn schema() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => schemas::valid(),
        4 => schemas::broken(),
        1 => proptest::collection::vec(any::<u8>(), 0..60).prop_map(|bytes| STANDARD.encode(bytes)),
        1 => Just("syntax = \"proto3\"; message M {}".to_owned()),
        1 => "\\PC{0,40}",
    ]
}

fn word() -> impl Strategy<Value = Value> {
    prop_oneof![
        select(&["s", "t", "a/b.proto", ":.ctx:s", "", "\u{0}", "p.proto"][..])
            .prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::Null),
        Just(json!(true)),
        Just(json!([])),
        Just(json!({})),
    ]
}

fn schema_body() -> impl Strategy<Value = Value> {
    let reference = (word(), word(), -2..4_i32).prop_map(
        |(name, subject, version)| json!({"name": name, "subject": subject, "version": version}),
    );
    let extras = (
        proptest::collection::vec(reference, 0..3),
        proptest::option::of(word()),
        proptest::option::of(-2..5_i32),
        proptest::option::of(-2..5_i32),
        0..6_usize,
    );
    (schema(), extras).prop_map(|(schema, (references, odd, version, id, shape))| {
        let mut body = json!({"schemaType": "PROTOBUF", "schema": schema});
        match shape {
            0 => body["references"] = json!(references),
            1 => {
                body["metadata"] = json!({
                    "properties": {"confluent:version": "2", "confluent:reserved": "f1"},
                    "tags": {"p.A.*": ["PII"]}, "sensitive": ["x"],
                });
            }
            2 => {
                body["ruleSet"] = json!({"domainRules": [
                    {"name": "r", "kind": "TRANSFORM", "mode": "WRITEREAD", "type": "ENCRYPT", "tags": ["PII"]},
                ]});
            }
            3 => {
                body["schemaType"] = odd.clone().unwrap_or_default();
                body["metadata"] = odd.unwrap_or_default();
                body["version"] = json!(version);
                body["id"] = json!(id);
            }
            _ => {}
        }
        body
    })
}

fn settings_body() -> impl Strategy<Value = Value> {
    let level = select(
        &[
            "NONE",
            "backward",
            "FULL_TRANSITIVE",
            "FORWARD",
            "SIDEWAYS",
            "",
        ][..],
    );
    let mode = select(
        &[
            "READWRITE",
            "READWRITE",
            "READONLY",
            "import",
            "FORWARD",
            "x",
        ][..],
    );
    (level, mode, word(), any::<bool>()).prop_map(|(level, mode, odd, flag)| {
        json!({
            "compatibility": level, "mode": mode, "normalize": flag, "validateFields": flag,
            "compatibilityGroup": odd, "alias": odd,
        })
    })
}

fn key_body() -> impl Strategy<Value = Value> {
    let kms = select(&["local-kms", "local-kms", "gcp-kms", "other"][..]);
    let algorithm = select(&["AES128_GCM", "AES256_GCM", "AES256_SIV", "DES"][..]);
    let material = proptest::option::of(select(&["AAAA", "", "%%"][..]));
    let numbers = (any::<bool>(), any::<bool>(), -1..4_i32);
    let name = select(&["k", "k", "k", "s", "t", "1", ""][..]);
    (name, kms, algorithm, material, numbers).prop_map(
        |(name, kms, algorithm, material, (shared, deleted, version))| {
            json!({
                "name": name, "kmsType": kms, "kmsKeyId": "projects/x", "shared": shared,
                "deleted": deleted, "subject": name, "version": version, "algorithm": algorithm,
                "encryptedKeyMaterial": material,
            })
        },
    )
}

fn tag_body() -> impl Strategy<Value = Value> {
    proptest::collection::vec(word(), 0..3).prop_map(|names| {
        let tags: Vec<Value> = names
            .into_iter()
            .map(|name| json!({"name": name, "entityTypes": ["cf_entity"]}))
            .collect();
        json!(tags)
    })
}

fn body(kind: Kind) -> BoxedStrategy<Vec<u8>> {
    let meant = match kind {
        Kind::Schema => schema_body().boxed(),
        Kind::Settings => settings_body().boxed(),
        Kind::Key => key_body().boxed(),
        Kind::Tags => tag_body().boxed(),
    };
    let json = prop_oneof![
        20 => meant,
        1 => schema_body(),
        1 => key_body(),
        1 => tag_body(),
        1 => word(),
    ];
    prop_oneof![
        20 => json.prop_map(|value| value.to_string().into_bytes()),
        2 => Just(Vec::new()),
        1 => proptest::collection::vec(any::<u8>(), 1..50),
        1 => (1..200_usize).prop_map(|depth| "[".repeat(depth).into_bytes()),
        1 => (1..300_usize).prop_map(|depth| {
            format!("{}{}", "{\"schema\":".repeat(depth), "1").into_bytes()
        }),
    ]
    .boxed()
}

fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let content_type = select(
        &[
            "application/vnd.schemaregistry.v1+json",
            "application/vnd.schemaregistry.v1+json",
            "application/json",
            "application/octet-stream",
            "application/vnd.schemaregistry.v1+json",
            "application/vnd.schemaregistry.v1+json",
            "application/vnd.schemaregistry.v1+json",
            "text/plain",
            ";;",
        ][..],
    );
    let accept = select(
        &[
            "*/*",
            "application/json",
            "application/vnd.schemaregistry.v1+json;q=0.9, */*;q=0.1",
            "text/html",
            "application/json;q=x",
        ][..],
    );
    let header = |name: &'static str| move |value: &str| (name.to_owned(), value.to_owned());
    (
        proptest::option::weighted(0.95, content_type.prop_map(header("Content-Type"))),
        proptest::option::weighted(0.15, accept.prop_map(header("Accept"))),
    )
        .prop_map(|(content_type, accept)| content_type.into_iter().chain(accept).collect())
}

/// A request to an endpoint, usually well-formed.
fn planned() -> impl Strategy<Value = Request> {
    select(ENDPOINTS).prop_flat_map(|(methods, path, kind)| {
        let methods: Vec<&str> = methods.split(' ').collect();
        let method = prop_oneof![12 => select(methods), 1 => select(METHODS)];
        let target = (
            filled(path),
            prop_oneof![15 => Just(""), 1 => Just("/")],
            query(),
        );
        (method, target, headers(), body(kind)).prop_map(
            |(method, (path, slash, query), headers, body)| Request {
                method: method.to_owned(),
                target: path + slash + &query,
                headers,
                body,
            },
        )
    })
}

fn odd() -> impl Strategy<Value = Request> {
    (
        select(METHODS),
        odd_path(),
        query(),
        headers(),
        body(Kind::Schema),
    )
        .prop_map(|(method, path, query, headers, body)| Request {
            method: method.to_owned(),
            target: path + &query,
            headers,
            body,
        })
}

pub fn request() -> impl Strategy<Value = Request> {
    prop_oneof![12 => planned(), 1 => odd()]
}
