//! Checks enums before they are built.

use std::collections::HashMap;

use super::super::ProtoEnum;
use super::super::problem::ProblemKind as Kind;
use super::{Checker, Element, is_reserved, loose, ranges};

impl Checker<'_> {
    pub(super) fn enumeration(&mut self, item: &ProtoEnum, scope: &str) {
        let element = Element::new("enum", scope, &item.name);
        self.identifier(&element, &item.name);
        self.declare(&element, false);
        let reserved = ranges(&item.reserved);
        let bounds = i64::from(i32::MIN)..=i64::from(i32::MAX);
        self.reserved(&element, &reserved, bounds, &item.reserved_names);
        match item.values.first() {
            None => self.problem(&element, Kind::EmptyEnum),
            Some((_, 0)) => {}
            Some((_, number)) => self.problem(&element, Kind::FirstValueNotZero(*number)),
        }

        let mut numbers: HashMap<i32, &str> = HashMap::new();
        let mut similar: HashMap<String, (&str, i32)> = HashMap::new();
        let mut aliases = false;
        for (name, number) in &item.values {
            // The values of an enum are in the scope around it.
            let value = Element::new("enum value", scope, name);
            self.identifier(&value, name);
            if matches!(name.as_str(), "option" | "reserved") {
                self.problem(&value, Kind::Keyword(name.clone()));
            }
            self.declare(&value, true);
            match numbers.get(number) {
                None => {
                    numbers.insert(*number, name);
                }
                Some(first) => {
                    aliases = true;
                    if !item.allow_alias {
                        let kind = Kind::DuplicateNumber {
                            number: (*number).into(),
                            first: (*first).to_owned(),
                        };
                        self.problem(&value, kind);
                    }
                }
            }
            if is_reserved(&reserved, (*number).into()) {
                self.problem(&value, Kind::ReservedNumber((*number).into()));
            }
            if item.reserved_names.contains(name) {
                self.problem(&value, Kind::ReservedName);
            }
            let stripped = strip_prefix(name, &item.name);
            match similar.get(&stripped) {
                // Aliases may have similar names.
                Some((first, other)) if other != number && first != name => {
                    let first = (*first).to_owned();
                    self.problem(&value, Kind::SimilarValue { first });
                }
                _ => {
                    similar.insert(stripped, (name, *number));
                }
            }
        }
        if item.allow_alias && !aliases {
            self.problem(&element, Kind::NoAliases);
        }
    }
}

/// Returns a value's name without case, underscores and the prefix that repeats the
/// enum's name.
fn strip_prefix(value: &str, enumeration: &str) -> String {
    let (value, enumeration) = (loose(value), loose(enumeration));
    match value.strip_prefix(&enumeration) {
        Some("") | None => value,
        Some(rest) => format!(" {rest}"),
    }
}
