//! All names that a run creates, derived from its run id. Two runs never share a
//! name, and `clean` can compute what a run left.
//!
//! A name is a base, `-` and the id, and both may contain `-`. Therefore no base
//! may be another base followed by `-` and more.

#[cfg(test)]
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::settings::Error;

/// The id of a run: 1 to 64 characters of `[A-Za-z0-9_-]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunId(String);

impl RunId {
    /// Checks an id from the user.
    pub fn new(text: &str) -> Result<Self, Error> {
        let sound = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if sound {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::RunId(text.to_owned()))
        }
    }

    /// Returns eight random hex digits.
    pub fn random() -> Self {
        let random = getrandom::u32().unwrap_or_else(|_| std::process::id());
        Self(format!("{random:08x}"))
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the id as part of a Protobuf package: `r_`, then the id with `_` as
    /// `__` and `-` as `_d`, so that different ids stay different.
    pub fn protobuf(&self) -> String {
        format!("r_{}", self.0.replace('_', "__").replace('-', "_d"))
    }
}

/// The names that a run may have created, in the order of their first use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Created {
    /// Subjects.
    pub subjects: Vec<String>,
    /// Topics.
    pub topics: Vec<String>,
    /// KEKs.
    pub keks: Vec<String>,
}

/// Derives names from a run id and remembers those that were asked for.
#[derive(Clone, Debug)]
pub struct Names {
    id: RunId,
    // Names are added to all lists: this example's and the run's.
    lists: Vec<Arc<Mutex<Created>>>,
}

/// Topics of the examples that produce records.
pub mod topic {
    /// Example 1.
    pub const BASIC: &str = "testproto";
    /// Example 3.
    pub const EVOLUTION: &str = "transactions-proto";
    /// Example 4.
    pub const ONEOF: &str = "all-events";
    /// Example 5.
    pub const NULL: &str = "nullables";
    /// Example 8.
    pub const STRATEGIES: &str = "payments";
    /// Example 9.
    pub const CSFLE: &str = "csfle";
    /// Example 10.
    pub const NO_AUTO_REGISTER: &str = "invoices";
    /// All of them.
    pub const ALL: [&str; 7] = [
        BASIC,
        EVOLUTION,
        ONEOF,
        NULL,
        STRATEGIES,
        CSFLE,
        NO_AUTO_REGISTER,
    ];
}

/// Topics without records, which only determine a subject's name.
pub mod subject_only {
    /// Example 2.
    pub const DELETE: &str = "delete-proto";
    /// Example 5: the record with wrapper types.
    pub const WRAPPERS: &str = "wrapped-nullables";
    /// Example 6.
    pub const COMPAT: &str = "compat-proto";
    /// Example 7.
    pub const TYPES: &str = "types-proto";
    /// Example 8: the record with a reference.
    pub const REFERENCES: &str = "referencing-payments";
    /// Example 10: the topic without a registered schema.
    pub const UNKNOWN: &str = "unknown";
    /// All of them.
    pub const ALL: [&str; 6] = [DELETE, WRAPPERS, COMPAT, TYPES, REFERENCES, UNKNOWN];
}

/// Imported files, and the message of example 8.
pub mod import {
    /// Examples 1 and 8.
    pub const OTHER: &str = "other.proto";
    /// Example 2.
    pub const DELETE: &str = "delete-other.proto";
    /// Example 4.
    pub const CUSTOMER: &str = "Customer.proto";
    /// Example 4.
    pub const PRODUCT: &str = "Product.proto";
    /// Example 4.
    pub const ORDER: &str = "Order.proto";
    /// Example 9, on registries that do not have it built in.
    pub const META: &str = "confluent-meta.proto";
    /// Files whose schema an example registers explicitly.
    pub const ALL: [&str; 6] = [OTHER, DELETE, CUSTOMER, PRODUCT, ORDER, META];
    /// The message whose name is used as a subject.
    pub const PAYMENT_MESSAGE: &str = "Payment";
}

impl Names {
    /// Creates the names of a run.
    pub fn new(id: RunId) -> Self {
        let lists = vec![Arc::default()];
        Self { id, lists }
    }

    /// Creates names of the same run for one example. Its list holds what the
    /// example used; the run's list still gets all names.
    pub fn of_example(&self) -> Self {
        let mut lists = vec![Arc::default()];
        lists.extend(self.lists.iter().cloned());
        let id = self.id.clone();
        Self { id, lists }
    }

    /// Returns the run id.
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// Returns the topic `base` of this run.
    pub fn topic(&self, base: &str) -> String {
        let topic = self.plain(base);
        self.note(|created| &mut created.topics, &topic);
        topic
    }

    /// Returns the topic `base` of this run, for an example that only uses it for
    /// a subject's name.
    pub fn unused_topic(&self, base: &str) -> String {
        self.plain(base)
    }

    /// Returns the subject of a topic's values under TopicNameStrategy.
    pub fn value_subject(&self, topic_base: &str) -> String {
        self.subject(format!("{}-value", self.plain(topic_base)))
    }

    /// Returns the subject of an imported file: `Customer-ID.proto` for
    /// `Customer.proto`.
    pub fn reference_subject(&self, import: &str) -> String {
        let stem = import.strip_suffix(".proto").unwrap_or(import);
        self.subject(format!("{}.proto", self.plain(stem)))
    }

    /// Remembers a subject that a strategy named after names of this run.
    pub fn subject(&self, subject: String) -> String {
        self.note(|created| &mut created.subjects, &subject);
        subject
    }

    /// Returns the Protobuf package of this run.
    pub fn package(&self) -> String {
        self.id.protobuf()
    }

    /// Returns the import path of `file` in this run.
    pub fn import_path(&self, file: &str) -> String {
        format!("{}/{file}", self.id.protobuf())
    }

    /// Returns the KEK name of this run.
    pub fn kek(&self) -> String {
        let kek = self.plain("csfle-kek");
        self.note(|created| &mut created.keks, &kek);
        kek
    }

    /// Returns the consumer group of this run.
    pub fn group(&self) -> String {
        self.plain("cc-protobuf-examples")
    }

    /// Returns the names that were asked for so far.
    pub fn created(&self) -> Created {
        match self.lists.first() {
            Some(list) => list.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            None => Created::default(),
        }
    }

    /// Returns every name that a run of all examples can create.
    pub fn everything(&self) -> Created {
        let names = Self::new(self.id.clone());
        for base in topic::ALL {
            names.topic(base);
            names.value_subject(base);
        }
        for base in subject_only::ALL {
            names.value_subject(base);
        }
        for import in import::ALL {
            names.reference_subject(import);
        }
        let record = format!("{}.{}", self.package(), import::PAYMENT_MESSAGE);
        let topic_record = format!("{}-{record}", self.plain(topic::STRATEGIES));
        let default = self.import_path(import::OTHER);
        let qualified = default.trim_end_matches(".proto").replace('/', ".");
        for subject in [record, topic_record, default, qualified] {
            names.subject(subject);
        }
        names.kek();
        names.created()
    }

    fn plain(&self, base: &str) -> String {
        format!("{base}-{}", self.id.as_str())
    }

    fn note(&self, list: fn(&mut Created) -> &mut Vec<String>, name: &str) {
        for created in &self.lists {
            let mut created = created.lock().unwrap_or_else(PoisonError::into_inner);
            let names = list(&mut created);
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids() {
        for good in ["a", "A-b_9", &"x".repeat(64)] {
            assert!(RunId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "a.b", "ü", "a/b", "a\n", &"x".repeat(65)] {
            assert!(RunId::new(bad).is_err(), "{bad}");
        }
        assert_eq!(RunId::random().as_str().len(), 8);
    }

    #[test]
    fn protobuf_form_keeps_different_ids_different() {
        let form = |id| RunId::new(id).unwrap().protobuf();
        assert_eq!(form("a-b_c"), "r_a_db__c");
        let all = ["a-", "a_d", "a_-", "a-_", "a__d"].map(form);
        let distinct: BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn names_are_remembered_by_example_and_by_run() {
        let run = Names::new(RunId::new("t1").unwrap());
        let example = run.of_example();
        assert_eq!(example.topic(topic::BASIC), "testproto-t1");
        assert_eq!(example.value_subject(topic::BASIC), "testproto-t1-value");
        assert_eq!(example.reference_subject("other.proto"), "other-t1.proto");
        assert_eq!(example.kek(), example.kek());
        assert_eq!(example.created(), run.created());
        assert_eq!(run.created().subjects.len(), 2);
        assert_eq!(run.created().keks.len(), 1);
        assert_eq!(run.of_example().created(), Created::default());
    }

    #[test]
    fn no_two_runs_share_a_name() {
        let bases: Vec<&str> = topic::ALL
            .into_iter()
            .chain(subject_only::ALL)
            .chain(import::ALL.map(|import| import.trim_end_matches(".proto")))
            .collect();
        for base in &bases {
            for other in &bases {
                let rest = other.strip_prefix(base);
                assert!(
                    rest.is_none_or(|rest| !rest.starts_with('-')),
                    "{other} of one run is {base} of another"
                );
            }
        }
        let distinct: BTreeSet<_> = bases.iter().collect();
        assert_eq!(distinct.len(), bases.len());
    }

    #[test]
    fn every_name_carries_the_run_id() {
        let all = Names::new(RunId::new("t-1").unwrap()).everything();
        let names = all.subjects.iter().chain(&all.topics).chain(&all.keks);
        for name in names {
            assert!(name.contains("t-1") || name.contains("r_t_d1"), "{name}");
        }
        assert_eq!(all.topics.len(), topic::ALL.len());
    }
}
