//! A DEK Registry that records requests, fails on demand, and has its own clock.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cc_protobuf_examples::csfle::kms::{KmsDrivers, LocalKms};
use cc_protobuf_examples::csfle::{Clock, RawDek};
use cc_protobuf_examples::schema_registry::Client;
use cc_protobuf_examples::schema_registry::entities::{Dek, DekRequest, Kek, KekRequest};
use percent_encoding::percent_decode_str;
use tokio::runtime::Runtime;

use crate::support::stub::{self, Answer, Request};
pub const NOW: i64 = 1_700_000_000_000;
pub const DAY: i64 = 24 * 60 * 60 * 1000;

#[derive(Default)]
pub struct Inner {
    pub keks: Vec<Kek>,
    pub deks: Vec<Dek>,
    pub log: Vec<String>,
    /// Prefix of `METHOD /path`, status, and how often to fail.
    pub failures: Vec<(String, u16, usize)>,
    /// Stored just before the next POST of a DEK, as if by another client.
    pub faster: Option<Dek>,
    /// Changes the answer to a POST of a DEK.
    pub lie: Option<fn(&mut Dek)>,
    /// Whether a POST of a KEK is answered as if the KEK were shared.
    pub shares: bool,
    /// Time of new records.
    pub ts: i64,
    pub delay: Duration,
}

pub struct Stub {
    server: stub::Stub,
    inner: Arc<Mutex<Inner>>,
}

impl Stub {
    pub async fn start() -> Self {
        let inner = Arc::new(Mutex::new(Inner {
            ts: NOW,
            ..Inner::default()
        }));
        let state = Arc::clone(&inner);
        let server = stub::Stub::new(move |request| answer(&state, request));
        Self { server, inner }
    }

    pub fn client(&self) -> Client {
        self.server.client()
    }

    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.inner().log)
    }
}

fn ok(body: &impl serde::Serialize) -> Answer {
    Answer::ok(serde_json::to_value(body).unwrap())
}

fn answer(state: &Mutex<Inner>, request: &Request) -> Answer {
    let delay = state.lock().unwrap().delay;
    std::thread::sleep(delay);
    let target = request.target.trim_start_matches("/dek-registry/v1");
    let line = format!("{} {target}", request.method);
    let mut inner = state.lock().unwrap();
    inner.log.push(line.clone());
    if let Some(failure) = inner
        .failures
        .iter_mut()
        .find(|(prefix, _, left)| *left > 0 && line.starts_with(prefix))
    {
        failure.2 -= 1;
        let status = failure.1;
        return Answer::refusal(status, i32::from(status) * 100, "as asked");
    }
    let path: Vec<String> = request
        .path
        .trim_start_matches("/dek-registry/v1/")
        .split('/')
        .map(|part| percent_decode_str(part).decode_utf8().unwrap().into_owned())
        .collect();
    let query = request.query.to_lowercase();
    let with_deleted = query.contains("deleted=true");
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("GET", ["keks", name]) => {
            match inner
                .keks
                .iter()
                .find(|kek| kek.name == *name && (with_deleted || kek.deleted != Some(true)))
            {
                Some(kek) => ok(kek),
                None => Answer::refusal(404, 40470, "Key not found"),
            }
        }
        ("POST", ["keks"]) => {
            let request: KekRequest = serde_json::from_str(&request.text).unwrap();
            if inner.keks.iter().any(|kek| kek.name == request.name) {
                return Answer::refusal(409, 40971, "Key already exists");
            }
            let kek = Kek {
                name: request.name,
                kms_type: request.kms_type,
                kms_key_id: request.kms_key_id,
                shared: request.shared || inner.shares,
                ts: Some(inner.ts),
                ..Kek::default()
            };
            inner.keks.push(kek.clone());
            ok(&kek)
        }
        ("GET", ["keks", kek, "deks", subject, "versions", version]) => {
            let mut matching: Vec<_> = inner
                .deks
                .iter()
                .filter(|dek| {
                    dek.kek_name == *kek
                        && dek.subject == *subject
                        && (with_deleted || dek.deleted != Some(true))
                        && query.contains(&format!(
                            "algorithm={}",
                            dek.algorithm.as_deref().unwrap().to_lowercase()
                        ))
                })
                .collect();
            matching.sort_by_key(|dek| dek.version);
            let found = match *version {
                "-1" | "latest" => matching.last().copied(),
                number => {
                    let number: i32 = number.parse().unwrap();
                    matching.into_iter().find(|dek| dek.version == Some(number))
                }
            };
            match found {
                Some(dek) => ok(dek),
                None => Answer::refusal(404, 40470, "Key not found"),
            }
        }
        ("POST", ["keks", kek, "deks", subject]) => {
            let request: DekRequest = serde_json::from_str(&request.text).unwrap();
            let faster = inner.faster.take();
            inner.deks.extend(faster);
            let exists = inner.deks.iter().any(|dek| {
                dek.kek_name == *kek
                    && dek.subject == *subject
                    && dek.algorithm == request.algorithm
                    && dek.version == request.version
            });
            if exists {
                return Answer::refusal(409, 40971, "Key already exists");
            }
            let stored = inner.keks.iter().find(|k| k.name == *kek).unwrap();
            let mut dek = Dek {
                kek_name: (*kek).to_owned(),
                subject: (*subject).to_owned(),
                version: request.version,
                algorithm: request.algorithm,
                encrypted_key_material: request.encrypted_key_material,
                ..Dek::default()
            };
            if stored.shared {
                assert_eq!(dek.encrypted_key_material, None);
                let algorithm = dek.algorithm.as_deref().unwrap().parse().unwrap();
                let raw = RawDek::generate(algorithm).unwrap();
                let own = KmsDrivers::new().with(LocalKms::new("the registry's own"));
                let wrapped = own.wrap(stored, &raw);
                let wrapped = Runtime::new().unwrap().block_on(wrapped).unwrap();
                dek.encrypted_key_material = Some(STANDARD.encode(wrapped));
                dek.key_material = Some(STANDARD.encode(raw.as_bytes()));
            } else if dek.encrypted_key_material.is_none() {
                return Answer::refusal(422, 42271, "Missing encryptedKeyMaterial");
            }
            dek.ts = Some(inner.ts);
            inner.deks.push(dek.clone());
            if let Some(lie) = inner.lie {
                lie(&mut dek);
            }
            ok(&dek)
        }
        _ => Answer::refusal(404, 404, "HTTP 404 Not Found"),
    }
}

/// A clock that the test sets.
#[derive(Clone)]
pub struct Hands(Arc<Mutex<i64>>);

impl Hands {
    pub fn at(now: i64) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    pub fn advance(&self, ms: i64) {
        *self.0.lock().unwrap() += ms;
    }
}

impl Clock for Hands {
    fn now_ms(&self) -> i64 {
        *self.0.lock().unwrap()
    }
}
