//! Checks a file before it is built.

mod enumeration;

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use super::file::ProtoFile;
use super::known_types::{Found, KnownTypes};
use super::message::{Item, ProtoMessage};
use super::problem::{Problem, ProblemKind as Kind};
use super::{FieldType, ProtoField};
use crate::protobuf::model::names::{is_identifier, join, json_name, map_entry_name};

const MAX_NUMBER: u32 = 536_870_911;
const KEPT_NUMBERS: RangeInclusive<u32> = 19_000..=19_999;

/// Words that begin statements in a message, including labels.
const STATEMENTS: [&str; 12] = [
    "enum",
    "extend",
    "extensions",
    "group",
    "map",
    "message",
    "oneof",
    "option",
    "optional",
    "repeated",
    "required",
    "reserved",
];

/// Adds all problems of the file to `problems`.
pub(super) fn check(file: &ProtoFile, types: &KnownTypes, problems: &mut Vec<Problem>) {
    let mut check = Checker {
        types,
        problems,
        names: HashMap::new(),
    };
    check.file(file);
}

struct Checker<'a> {
    types: &'a KnownTypes,
    problems: &'a mut Vec<Problem>,
    /// Full names of all elements declared so far.
    names: HashMap<String, Declared>,
}

struct Declared {
    element: String,
    enum_value: bool,
}

/// An element of the file: `field com.acme.MyRecord.f1`.
struct Element {
    full_name: String,
    what: &'static str,
}

impl Element {
    fn new(what: &'static str, scope: &str, name: &str) -> Self {
        Self {
            full_name: join(scope, name),
            what,
        }
    }

    fn describe(&self) -> String {
        format!("{} {}", self.what, self.full_name)
    }
}

impl Checker<'_> {
    fn problem(&mut self, element: &Element, kind: Kind) {
        self.problems.push(Problem {
            element: element.describe(),
            kind,
        });
    }

    fn identifier(&mut self, element: &Element, name: &str) {
        if !is_identifier(name) {
            self.problem(element, Kind::BadIdentifier(name.to_owned()));
        }
    }

    /// Declares a name in its scope.
    fn declare(&mut self, element: &Element, enum_value: bool) {
        let declared = Declared {
            element: element.describe(),
            enum_value,
        };
        match self.names.get(&element.full_name) {
            None => {
                self.names.insert(element.full_name.clone(), declared);
            }
            Some(first) => {
                let kind = Kind::DuplicateName {
                    first: first.element.clone(),
                    enum_value: enum_value || first.enum_value,
                };
                self.problem(element, kind);
            }
        }
    }

    fn file(&mut self, file: &ProtoFile) {
        let element = Element {
            what: "file",
            full_name: format!("{:?}", file.head.name),
        };
        if !is_import_path(&file.head.name) {
            self.problem(&element, Kind::BadFileName(file.head.name.clone()));
        }
        if !file.head.package.is_empty() {
            let package = Element::new("package", "", &file.head.package);
            for part in file.head.package.split('.') {
                self.identifier(&package, part);
            }
        }
        let mut seen = HashSet::new();
        for import in &file.head.imports {
            if import.path == file.head.name {
                self.problem(&element, Kind::SelfImport);
            } else if !seen.insert(&import.path) {
                self.problem(&element, Kind::DuplicateImport(import.path.clone()));
            }
        }
        for message in &file.messages {
            self.message(message, &file.head.package);
        }
        for item in &file.enums {
            self.enumeration(item, &file.head.package);
        }
    }

    fn message(&mut self, message: &ProtoMessage, scope: &str) {
        let element = Element::new("message", scope, &message.name);
        self.identifier(&element, &message.name);
        self.declare(&element, false);
        if message.file.is_some() {
            self.problem(&element, Kind::FileSettings);
        }

        let scope = element.full_name.clone();
        let reserved = ranges(&message.reserved);
        self.reserved(
            &element,
            &reserved,
            1..=i64::from(MAX_NUMBER),
            &message.reserved_names,
        );

        let mut fields = Fields {
            scope: &scope,
            reserved: &reserved,
            reserved_names: &message.reserved_names,
            numbers: HashMap::new(),
            json: HashMap::new(),
        };
        for item in &message.items {
            match item {
                Item::Field(field) => self.field(field, &mut fields, false),
                Item::Oneof(oneof) => {
                    let element = Element::new("oneof", &scope, &oneof.name);
                    self.identifier(&element, &oneof.name);
                    self.declare(&element, false);
                    if oneof.fields.is_empty() {
                        self.problem(&element, Kind::EmptyOneof);
                    }
                    for field in &oneof.fields {
                        self.field(field, &mut fields, true);
                    }
                }
            }
        }
        for nested in &message.messages {
            self.message(nested, &scope);
        }
        for item in &message.enums {
            self.enumeration(item, &scope);
        }
    }

    fn field(&mut self, field: &ProtoField, fields: &mut Fields<'_>, in_oneof: bool) {
        let element = Element::new("field", fields.scope, &field.name);
        self.identifier(&element, &field.name);
        self.declare(&element, false);
        self.number(field, fields, &element);
        self.json_name(field, fields, &element);
        self.label(field, &element, in_oneof);
        self.packed(field, &element);
        self.field_type(&field.ty, fields.scope, &element);
        if let Some(key) = &field.map_key {
            if !key.is_map_key() {
                self.problem(&element, Kind::MapKey(key.written().to_owned()));
            }
            let name = map_entry_name(&field.name);
            self.declare(&Element::new("map entry", fields.scope, &name), false);
        }
    }

    fn number(&mut self, field: &ProtoField, fields: &mut Fields<'_>, element: &Element) {
        let number = field.number;
        if !(1..=MAX_NUMBER).contains(&number) {
            self.problem(element, Kind::NumberOutOfRange(number));
        } else if KEPT_NUMBERS.contains(&number) {
            self.problem(element, Kind::NumberKept(number));
        } else if let Some(first) = fields.numbers.get(&number) {
            let kind = Kind::DuplicateNumber {
                number: number.into(),
                first: first.clone(),
            };
            self.problem(element, kind);
        } else {
            fields.numbers.insert(number, field.name.clone());
        }
        if is_reserved(fields.reserved, number.into()) {
            self.problem(element, Kind::ReservedNumber(number.into()));
        }
        if fields.reserved_names.contains(&field.name) {
            self.problem(element, Kind::ReservedName);
        }
    }

    fn json_name(&mut self, field: &ProtoField, fields: &mut Fields<'_>, element: &Element) {
        if let Some(name) = &field.json_name
            && (name.is_empty()
                || name.contains('\0')
                || (name.starts_with('[') && name.ends_with(']')))
        {
            self.problem(element, Kind::BadJsonName(name.clone()));
        }
        // Readers accept both the name in the file and the name in JSON.
        let json_name = field
            .json_name
            .clone()
            .unwrap_or_else(|| json_name(&field.name));
        let taken = fields.json.get(&json_name).or_else(|| {
            // Older tools compare less strictly: a_b and aB are the same to them.
            fields.json.get(&loose(&field.name))
        });
        if let Some(first) = taken.filter(|first| **first != field.name) {
            let first = first.clone();
            self.problem(element, Kind::JsonName { json_name, first });
            return;
        }
        for name in [json_name, field.name.clone(), loose(&field.name)] {
            fields
                .json
                .entry(name)
                .or_insert_with(|| field.name.clone());
        }
    }

    fn label(&mut self, field: &ProtoField, element: &Element, in_oneof: bool) {
        if field.map_key.is_some() {
            if in_oneof {
                self.problem(element, Kind::MapInOneof);
            }
            if field.optional || field.repeated {
                self.problem(element, Kind::LabelOnMap);
            }
        } else if in_oneof && (field.optional || field.repeated) {
            self.problem(element, Kind::LabelInOneof);
        } else if field.optional && field.repeated {
            self.problem(element, Kind::OptionalAndRepeated);
        }
    }

    fn packed(&mut self, field: &ProtoField, element: &Element) {
        let packable = match &field.ty {
            FieldType::String | FieldType::Bytes => false,
            ty => match ty.type_name() {
                Some(name) => matches!(
                    self.types.find(&element.full_name, name),
                    Found::Type(found) if found.is_enum
                ),
                None => true,
            },
        };
        if field.packed.is_some() && (!field.repeated || field.map_key.is_some() || !packable) {
            self.problem(element, Kind::NotPackable);
        }
    }

    fn field_type(&mut self, ty: &FieldType, scope: &str, element: &Element) {
        let Some(name) = ty.type_name() else { return };
        let parts = name.strip_prefix('.').unwrap_or(name);
        if let Some(part) = parts.split('.').find(|part| !is_identifier(part)) {
            self.problem(element, Kind::BadIdentifier(part.to_owned()));
            return;
        }
        let first = name.split('.').next().unwrap_or(name);
        if STATEMENTS.contains(&first) || FieldType::keywords().any(|word| word == name) {
            self.problem(element, Kind::KeywordType(name.to_owned()));
            return;
        }
        let name = name.to_owned();
        match self.types.find(scope, &name) {
            Found::Nothing { suggestion } => {
                self.problem(element, Kind::UnknownType { name, suggestion });
            }
            Found::Type(found) if !found.visible => {
                let file = found.file.clone();
                self.problem(element, Kind::NotImported { name, file });
            }
            Found::Type(found) => {
                let expected = match ty {
                    FieldType::Message(_) if found.is_enum => "message",
                    FieldType::Enum(_) if !found.is_enum => "enum",
                    _ => return,
                };
                self.problem(element, Kind::WrongKind { name, expected });
            }
        }
    }

    fn reserved(
        &mut self,
        element: &Element,
        ranges: &[RangeInclusive<i64>],
        bounds: RangeInclusive<i64>,
        names: &[String],
    ) {
        let mut before: Vec<&RangeInclusive<i64>> = Vec::new();
        for range in ranges {
            let (start, end) = (*range.start(), *range.end());
            if start > end || !bounds.contains(&start) || !bounds.contains(&end) {
                self.problem(element, Kind::BadReservedRange { start, end });
                continue;
            }
            for other in &before {
                let common = start.max(*other.start());
                if common <= end.min(*other.end()) {
                    self.problem(element, Kind::ReservedTwice(common));
                }
            }
            before.push(range);
        }
        let mut seen = HashSet::new();
        for name in names {
            self.identifier(element, name);
            if !seen.insert(name) {
                self.problem(element, Kind::NameReservedTwice(name.clone()));
            }
        }
    }
}

/// The properties that must be unique among the fields of a message.
struct Fields<'a> {
    scope: &'a str,
    reserved: &'a [RangeInclusive<i64>],
    reserved_names: &'a [String],
    /// Number → field.
    numbers: HashMap<u32, String>,
    /// Name in JSON → field.
    json: HashMap<String, String>,
}

fn ranges<T: Into<i64> + Copy>(ranges: &[RangeInclusive<T>]) -> Vec<RangeInclusive<i64>> {
    let wide = |range: &RangeInclusive<T>| (*range.start()).into()..=(*range.end()).into();
    ranges.iter().map(wide).collect()
}

fn is_reserved(ranges: &[RangeInclusive<i64>], number: i64) -> bool {
    ranges.iter().any(|range| range.contains(&number))
}

fn is_import_path(name: &str) -> bool {
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    name.split('/').all(plain) && !name.contains(['\\', ':', '"', '\0', '\n', '\r'])
}

/// Returns the name without case and underscores. A space in front keeps it apart from
/// real names.
fn loose(name: &str) -> String {
    let letters = name.chars().filter(|c| *c != '_');
    let lower = letters.map(|c| c.to_ascii_lowercase());
    [' '].into_iter().chain(lower).collect()
}
