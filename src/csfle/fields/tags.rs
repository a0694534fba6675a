//! The tags of fields. They come from the schema, `(confluent.field_meta).tags`, and
//! from the registry's metadata, which assigns tags to field names by pattern.

use std::collections::BTreeSet;

use prost::encoding::WireType;
use prost_reflect::FieldDescriptor;
use prost_reflect::prost::Message;

use crate::csfle::wire::{Fields, Malformed};
use crate::schema_registry::entities::Metadata;

/// Number of the extension `confluent.field_meta` of `google.protobuf.FieldOptions`.
const FIELD_META: u32 = 1088;
/// Number of `tags` in `confluent.Meta`.
const TAGS: u32 = 3;

/// The tags of a field in its schema are malformed.
#[derive(Debug)]
pub(crate) struct BadTags {
    /// Full name of the field.
    pub(crate) field: String,
    pub(crate) malformed: Malformed,
}

/// The fields that a rule selects: those with one of its tags, or all fields if the
/// rule has no tags.
pub(crate) struct Selection<'a> {
    tags: BTreeSet<&'a str>,
    metadata: Option<&'a Metadata>,
}

impl<'a> Selection<'a> {
    pub(crate) fn new(tags: &'a [String], metadata: Option<&'a Metadata>) -> Self {
        let tags = tags.iter().map(String::as_str).collect();
        Self { tags, metadata }
    }

    /// Returns whether the rule has no tags and so selects every field.
    pub(crate) fn takes_all(&self) -> bool {
        self.tags.is_empty()
    }

    pub(crate) fn selects(&self, field: &FieldDescriptor) -> Result<bool, BadTags> {
        Ok(self.takes_all() || self.tag(field)?.is_some())
    }

    /// Returns the tag by which the rule selects the field.
    pub(crate) fn tag(&self, field: &FieldDescriptor) -> Result<Option<String>, BadTags> {
        let tags = of_field(field, self.metadata)?;
        Ok(tags
            .into_iter()
            .find(|tag| self.tags.contains(tag.as_str())))
    }
}

/// Returns all tags of a field.
fn of_field(
    field: &FieldDescriptor,
    metadata: Option<&Metadata>,
) -> Result<BTreeSet<String>, BadTags> {
    let mut tags = inline(&field.options().encode_to_vec()).map_err(|malformed| BadTags {
        field: field.full_name().to_owned(),
        malformed,
    })?;
    if let Some(metadata) = metadata {
        for (pattern, more) in &metadata.tags {
            if matches(pattern, field.full_name()) {
                tags.extend(more.iter().cloned());
            }
        }
    }
    Ok(tags)
}

/// Reads the tags from the encoded options, so that it does not matter whether the
/// descriptor pool knows the extension or keeps it as unknown bytes.
fn inline(options: &[u8]) -> Result<BTreeSet<String>, Malformed> {
    let mut tags = BTreeSet::new();
    for meta in Fields::new(options) {
        let meta = meta?;
        if meta.number != FIELD_META || meta.wire_type != WireType::LengthDelimited {
            continue;
        }
        for tag in Fields::new(meta.value) {
            let tag = tag?;
            if tag.number == TAGS && tag.wire_type == WireType::LengthDelimited {
                tags.insert(String::from_utf8_lossy(tag.value).into_owned());
            }
        }
    }
    Ok(tags)
}

/// Returns whether a pattern matches a full name. `**` matches anything, `*` any
/// characters but dots, `?` one character that is not a dot. `**.*` means `**`.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern = pattern.replace("**.*", "**");
    let mut tokens = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        tokens.push(match c {
            '*' if chars.next_if_eq(&'*').is_some() => Token::Anything,
            '*' => Token::Segment,
            '?' => Token::One,
            c => Token::Literal(c),
        });
    }
    // For each token, the positions in the name at which a match can end.
    let name: Vec<char> = name.chars().collect();
    let mut ends = vec![false; name.len().saturating_add(1)];
    if let Some(first) = ends.first_mut() {
        *first = true;
    }
    for token in tokens {
        let mut next = vec![false; ends.len()];
        let mut running = false;
        for (at, reachable) in ends.iter().copied().enumerate() {
            let before = at.checked_sub(1).and_then(|i| name.get(i)).copied();
            // Position 0 has no predecessor.
            let came = at.checked_sub(1).and_then(|i| ends.get(i)) == Some(&true);
            running = match token {
                Token::Anything => running || reachable,
                Token::Segment => reachable || running && before != Some('.'),
                Token::One => came && before.is_some_and(|c| c != '.'),
                Token::Literal(c) => came && before == Some(c),
            };
            if let Some(end) = next.get_mut(at) {
                *end = running;
            }
        }
        ends = next;
    }
    ends.last() == Some(&true)
}

#[derive(Clone, Copy)]
enum Token {
    Anything,
    Segment,
    One,
    Literal(char),
}

#[cfg(test)]
mod tests {
    use super::{inline, matches};

    #[test]
    fn tags_that_cannot_be_read_are_no_reason_to_find_none() {
        assert_eq!(
            inline(b"\x82\x44\x05\x1a\x03PII").unwrap(),
            ["PII".to_owned()].into()
        );
        for options in [&b"\x82\x44\x05\x1a\x09PII"[..], b"\x82\x44\x09\x1a\x03PII"] {
            assert!(inline(options).is_err());
        }
    }

    #[test]
    fn patterns_cover_names() {
        for (pattern, name, expected) in [
            ("a.B.c", "a.B.c", true),
            ("a.B.c", "a.B.cd", false),
            ("a.B.*", "a.B.c", true),
            ("a.B.*", "a.B.c.d", false),
            ("a.B.c*", "a.B.c", true),
            ("*.c", "a.c", true),
            ("*.c", "a.B.c", false),
            ("**.c", "a.B.c", true),
            ("**", "a.B.c", true),
            ("**.*", "a.B.c", true),
            ("**.*", "c", true),
            ("a**", "a.B.c", true),
            ("a.**.c", "a.c", false),
            ("a.**.c", "a.x.y.c", true),
            ("a.?.c", "a.B.c", true),
            ("a?B.c", "a.B.c", false),
            ("a.B.?", "a.B.", false),
            ("", "", true),
            ("", "a", false),
            ("a.[B].c", "a.B.c", false),
            (
                "*a*a*a*a*a*a*a*a*b",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                false,
            ),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
