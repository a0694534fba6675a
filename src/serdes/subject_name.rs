//! Subject name strategies, which name the subject of a record's schema.

use std::fmt;
use std::sync::Arc;

use crate::subject_context;
use crate::wire_format::Side;

/// The parts from which a subject name is built.
#[derive(Clone, Copy, Debug)]
pub struct RecordPlace<'a> {
    /// The topic.
    pub topic: &'a str,
    /// Key or value.
    pub side: Side,
    /// Full name of the message, with package and enclosing messages. `None` on read
    /// until the writer's schema is known.
    pub message: Option<&'a str>,
}

/// Names subjects. Closures of this signature implement it.
///
/// `None` means that there is no name. On write that is an error; on read the schema
/// is fetched without a subject.
pub trait SubjectName: Send + Sync {
    /// Returns the subject for a record at `place`.
    fn subject(&self, place: &RecordPlace<'_>) -> Option<String>;
}

impl<F> SubjectName for F
where
    F: Fn(&RecordPlace<'_>) -> Option<String> + Send + Sync,
{
    fn subject(&self, place: &RecordPlace<'_>) -> Option<String> {
        self(place)
    }
}

/// Decides under which subject a record's schema is registered.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum SubjectNameStrategy {
    /// `{topic}-key` or `{topic}-value`.
    #[default]
    TopicName,
    /// The full name of the message, package included.
    RecordName,
    /// `{topic}-{full name of the message}`.
    TopicRecordName,
    /// The subject that the registry associates with the topic, or a fallback if
    /// there is none. This is the default of current official clients.
    Associated(Association),
    /// A custom strategy.
    Custom(Arc<dyn SubjectName>),
}

impl SubjectNameStrategy {
    /// Creates a custom strategy from a closure or an implementation of the trait.
    pub fn custom(strategy: impl SubjectName + 'static) -> Self {
        Self::Custom(Arc::new(strategy))
    }

    /// Returns the subject without asking the registry. For
    /// [`SubjectNameStrategy::Associated`] that is the fallback's subject.
    pub(super) fn subject(&self, place: &RecordPlace<'_>) -> Option<String> {
        let RecordPlace {
            topic,
            side,
            message,
        } = *place;
        match self {
            Self::TopicName => Some(format!("{topic}-{side}")),
            Self::RecordName => message.map(str::to_owned),
            Self::TopicRecordName => message.map(|message| format!("{topic}-{message}")),
            Self::Associated(association) => association.fallback.strategy()?.subject(place),
            Self::Custom(strategy) => strategy.subject(place),
        }
    }

    /// Returns whether the registry context of subjects may depend on the topic.
    /// Then a schema id alone does not identify a schema.
    pub(super) fn qualifies_ids(&self) -> bool {
        matches!(self, Self::Associated(_) | Self::Custom(_))
    }
}

impl fmt::Debug for SubjectNameStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TopicName => f.write_str("TopicName"),
            Self::RecordName => f.write_str("RecordName"),
            Self::TopicRecordName => f.write_str("TopicRecordName"),
            Self::Associated(association) => association.fmt(f),
            Self::Custom(_) => f.write_str("Custom"),
        }
    }
}

/// Settings of [`SubjectNameStrategy::Associated`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Association {
    pub(super) cluster_id: Option<String>,
    pub(super) fallback: Fallback,
}

impl Association {
    /// Creates settings for any Kafka cluster with the topic name as fallback.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the id of the Kafka cluster of the topics, which is the namespace of the
    /// associations. Default: associations of any cluster count.
    #[must_use]
    pub fn kafka_cluster_id(mut self, id: impl Into<String>) -> Self {
        self.cluster_id = Some(id.into());
        self
    }

    /// Sets the fallback for a topic without an association.
    #[must_use]
    pub fn fallback(mut self, fallback: Fallback) -> Self {
        self.fallback = fallback;
        self
    }

    pub(super) fn namespace(&self) -> Option<&str> {
        self.cluster_id.as_deref()
    }
}

/// What [`SubjectNameStrategy::Associated`] does for a topic without an
/// association.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fallback {
    /// As [`SubjectNameStrategy::TopicName`].
    #[default]
    TopicName,
    /// As [`SubjectNameStrategy::RecordName`].
    RecordName,
    /// As [`SubjectNameStrategy::TopicRecordName`].
    TopicRecordName,
    /// An error.
    None,
}

impl Fallback {
    fn strategy(self) -> Option<SubjectNameStrategy> {
        match self {
            Self::TopicName => Some(SubjectNameStrategy::TopicName),
            Self::RecordName => Some(SubjectNameStrategy::RecordName),
            Self::TopicRecordName => Some(SubjectNameStrategy::TopicRecordName),
            Self::None => None,
        }
    }
}

/// Returns the registry context of a subject: `.ctx` of `:.ctx:name`, or an empty
/// string for an unqualified subject.
pub(super) fn context(subject: &str) -> &str {
    subject_context::split(subject).0.unwrap_or_default()
}

/// Returns a reference's subject in the context of the subject that refers to it.
pub(super) fn qualify(reference: &str, referrer: &str) -> String {
    match context(referrer) {
        "" => reference.to_owned(),
        _ if !context(reference).is_empty() || reference.starts_with(":.:") => reference.to_owned(),
        context => format!(":{context}:{reference}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: RecordPlace<'static> = RecordPlace {
        topic: "shop",
        side: Side::Value,
        message: Some("interop.wire.Second.Right"),
    };

    #[test]
    fn names_follow_topic_side_and_full_message_name() {
        let key = RecordPlace {
            side: Side::Key,
            ..PLACE
        };
        let custom = SubjectNameStrategy::custom(|place: &RecordPlace<'_>| {
            Some(format!("team.{}.{}", place.topic, place.side))
        });
        let associated =
            |fallback| SubjectNameStrategy::Associated(Association::new().fallback(fallback));
        let right = "interop.wire.Second.Right";
        let topic_right = "shop-interop.wire.Second.Right";
        for (strategy, value, key_subject) in [
            (SubjectNameStrategy::default(), "shop-value", "shop-key"),
            (SubjectNameStrategy::RecordName, right, right),
            (
                SubjectNameStrategy::TopicRecordName,
                topic_right,
                topic_right,
            ),
            (custom, "team.shop.value", "team.shop.key"),
            (associated(Fallback::TopicName), "shop-value", "shop-key"),
            (associated(Fallback::RecordName), right, right),
            (
                associated(Fallback::TopicRecordName),
                topic_right,
                topic_right,
            ),
        ] {
            assert_eq!(
                strategy.subject(&PLACE).as_deref(),
                Some(value),
                "{strategy:?}"
            );
            assert_eq!(
                strategy.subject(&key).as_deref(),
                Some(key_subject),
                "{strategy:?}"
            );
        }
        assert_eq!(associated(Fallback::None).subject(&PLACE), None);
    }

    #[test]
    fn message_names_are_not_needed_for_topic_names_and_cannot_be_guessed() {
        let unknown = RecordPlace {
            message: None,
            ..PLACE
        };
        assert_eq!(
            SubjectNameStrategy::TopicName.subject(&unknown).as_deref(),
            Some("shop-value")
        );
        assert_eq!(SubjectNameStrategy::RecordName.subject(&unknown), None);
        assert_eq!(SubjectNameStrategy::TopicRecordName.subject(&unknown), None);
    }

    #[test]
    fn contexts_are_read_from_subjects_and_handed_to_references() {
        for (subject, expected) in [
            ("shop-value", ""),
            (":.eu:shop-value", ".eu"),
            (":.eu:", ".eu"),
            (":.:shop-value", "."),
            (":shop:value", ""),
        ] {
            assert_eq!(context(subject), expected, "{subject}");
        }
        assert_eq!(qualify("a.proto", "shop-value"), "a.proto");
        assert_eq!(qualify("a.proto", ":.eu:shop-value"), ":.eu:a.proto");
        assert_eq!(qualify(":.us:a.proto", ":.eu:shop-value"), ":.us:a.proto");
    }
}
