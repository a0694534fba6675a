//! Compares the fields of two messages.

use std::collections::{BTreeMap, BTreeSet};

use prost_types::DescriptorProto;

use super::DifferenceKind;
use super::declaration::{self, Field, Label, ScalarGroup, WrittenType};
use super::diff::{MessageInFile, Pair, Walk};
use super::types::{Declaration, Found, Origin, Types};
use crate::protobuf::model::names::join;

/// The type of a field, looked up.
enum Class<'a, 't> {
    Scalar(ScalarGroup),
    Map(&'a DescriptorProto),
    /// A message, or a name that resolves to nothing.
    Message(Option<Found<'a, 't>>),
}

fn class<'a, 't>(
    types: &'t Types<'a>,
    message: MessageInFile<'_>,
    local_name: &str,
    field_type: WrittenType<'a>,
) -> Class<'a, 't> {
    let name = match field_type {
        WrittenType::Scalar(group) => return Class::Scalar(group),
        WrittenType::Map(entry) => return Class::Map(entry),
        WrittenType::Named(name) => name,
    };
    let found = types.resolve(join(message.file.package(), local_name), name);
    match found.map(|found| found.info.declaration) {
        Some(Declaration::Enum) => Class::Scalar(ScalarGroup::GeneralNumber),
        Some(Declaration::MapEntry(entry)) => Class::Map(entry),
        Some(Declaration::Message(_)) | None => Class::Message(found),
    }
}

/// The location of a field, for the path of its differences.
struct Place<'p, 'a> {
    pair: &'p Pair<'a>,
    oneof: Option<&'p str>,
    number: i32,
}

impl Place<'_, '_> {
    fn path(&self) -> String {
        match self.oneof {
            Some(oneof) => self.pair.path(&[&oneof, &self.number]),
            None => self.pair.path(&[&self.number]),
        }
    }
}

/// The fields of both messages by number, including members of oneofs.
///
/// Fields are compared by number over the whole message, regardless of oneofs;
/// otherwise a move between oneofs would hide a change of the field.
struct Fields<'a> {
    before: BTreeMap<i32, Field<'a>>,
    after: BTreeMap<i32, Field<'a>>,
}

impl<'a> Walk<'_, 'a> {
    pub fn fields(&mut self, pair: &Pair<'a>) -> bool {
        let fields = Fields {
            before: declaration::fields(pair.original.file, pair.original.proto),
            after: declaration::fields(pair.update.file, pair.update.proto),
        };
        self.count(fields.before.len().max(fields.after.len()));

        let old_oneofs = declaration::oneofs(pair.original.proto);
        let new_oneofs = declaration::oneofs(pair.update.proto);
        let mut incompatible = self.mutual_exclusion(pair, &fields);
        let names: BTreeSet<&str> = old_oneofs
            .keys()
            .chain(new_oneofs.keys())
            .copied()
            .collect();
        for name in names {
            let kind = match (old_oneofs.contains_key(name), new_oneofs.contains_key(name)) {
                (true, true) => continue,
                (true, false) => DifferenceKind::OneofRemoved,
                (false, _) => DifferenceKind::OneofAdded,
            };
            incompatible |= self.add(kind, pair.path(&[&name]));
        }

        let deleted = deleted_oneofs(&fields, &old_oneofs, &new_oneofs);
        let numbers: BTreeSet<i32> = fields
            .before
            .keys()
            .chain(fields.after.keys())
            .copied()
            .collect();
        for number in numbers {
            match (fields.before.get(&number), fields.after.get(&number)) {
                (Some(old), Some(new)) => {
                    if old.oneof.is_some() && new.oneof.is_none() {
                        let kind = DifferenceKind::OneofFieldMovedToTopLevel;
                        self.add(kind, pair.path(&[&number]));
                    }
                    let place = Place {
                        pair,
                        oneof: new.oneof.map(|(_, name)| name),
                        number,
                    };
                    incompatible |= self.field(&place, old, new);
                }
                (Some(old), None) if old.oneof.is_some_and(|(_, name)| deleted.contains(name)) => {}
                (Some(lone), None) | (None, Some(lone)) => {
                    let removed = fields.before.contains_key(&number);
                    let place = Place {
                        pair,
                        oneof: lone.oneof.map(|(_, name)| name),
                        number,
                    };
                    incompatible |= self.add(one_sided(lone, removed), place.path());
                }
                (None, None) => {}
            }
        }
        incompatible
    }

    /// Reports fields that could be set together and no longer can.
    ///
    /// Members of an original oneof excluded each other already, so they form one
    /// group. Each ordinary field is a group, and a new number belongs to none. A oneof
    /// with more than one group is a new exclusion.
    fn mutual_exclusion(&mut self, pair: &Pair<'a>, fields: &Fields<'_>) -> bool {
        struct Groups<'a> {
            oneofs: BTreeSet<&'a str>,
            plain: usize,
        }
        // By position: two oneofs may have one name.
        let mut groups: BTreeMap<(i32, &str), Groups<'_>> = BTreeMap::new();
        for (number, new) in &fields.after {
            let (Some(oneof), Some(old)) = (new.oneof, fields.before.get(number)) else {
                continue;
            };
            let group = groups.entry(oneof).or_insert_with(|| Groups {
                oneofs: BTreeSet::new(),
                plain: 0,
            });
            match old.oneof {
                Some((_, name)) => {
                    group.oneofs.insert(name);
                }
                None => group.plain += 1,
            }
        }
        let mut incompatible = false;
        for ((_, name), group) in &groups {
            let kind = match (group.oneofs.len() + group.plain, group.plain) {
                (0 | 1, _) => continue,
                (_, 0 | 1) => DifferenceKind::FieldMovedToExistingOneof,
                _ => DifferenceKind::MultipleFieldsMovedToOneof,
            };
            incompatible |= self.add(kind, pair.path(&[name]));
        }
        incompatible
    }

    fn field(&mut self, place: &Place<'_, 'a>, old: &Field<'a>, new: &Field<'a>) -> bool {
        if old.name != new.name {
            self.add(DifferenceKind::FieldNameChanged, place.path());
        }
        let types = (old.field_type, new.field_type);
        self.field_types(place, (old.label, new.label), types, false)
    }

    fn field_types(
        &mut self,
        place: &Place<'_, 'a>,
        labels: (Option<Label>, Option<Label>),
        (old, new): (WrittenType<'a>, WrittenType<'a>),
        inside_map: bool,
    ) -> bool {
        let pair = place.pair;
        let old_class = class(self.original, pair.original, &pair.local_name, old);
        let new_class = class(self.update, pair.update, &pair.local_name, new);
        match (old_class, new_class) {
            (Class::Scalar(before), Class::Scalar(after)) if before != after => {
                self.add(DifferenceKind::FieldScalarKindChanged, place.path())
            }
            (Class::Scalar(group), Class::Scalar(_)) => match labels {
                (Some(before), Some(after)) if before != after => {
                    self.add(label_changed(group), place.path())
                }
                _ => false,
            },
            // The grammar has no map of maps. A descriptor may contain one, even one
            // that contains itself.
            (Class::Map(_), Class::Map(_)) if inside_map => false,
            (Class::Map(before), Class::Map(after)) => {
                let (old_key, old_value) = declaration::map_types(before);
                let (new_key, new_value) = declaration::map_types(after);
                let none = (None, None);
                let keys = self.field_types(place, none, (old_key, new_key), true);
                let values = self.field_types(place, none, (old_value, new_value), true);
                keys | values
            }
            (Class::Message(Some(before)), Class::Message(Some(after))) => {
                self.named_types(place, before, after)
            }
            // Unknown types are compared by their spelling.
            (Class::Message(_), Class::Message(_)) => {
                old != new && self.add(DifferenceKind::FieldNamedTypeChanged, place.path())
            }
            _ => self.add(DifferenceKind::FieldKindChanged, place.path()),
        }
    }

    fn named_types(
        &mut self,
        place: &Place<'_, 'a>,
        old: Found<'a, '_>,
        new: Found<'a, '_>,
    ) -> bool {
        if old.local_name != new.local_name {
            return self.add(DifferenceKind::FieldNamedTypeChanged, place.path());
        }
        if same_origin(old.info.origin, new.info.origin) {
            return false;
        }
        let (Declaration::Message(old_proto), Declaration::Message(new_proto)) =
            (old.info.declaration, new.info.declaration)
        else {
            return false;
        };
        let incompatible = self.message(&Pair {
            local_name: old.local_name.to_owned(),
            original: MessageInFile {
                proto: old_proto,
                file: old.info.file,
            },
            update: MessageInFile {
                proto: new_proto,
                file: new.info.file,
            },
        });
        if incompatible {
            self.add(DifferenceKind::FieldNamedTypeChanged, place.path());
        }
        incompatible
    }
}

/// Returns whether two types need no comparison. Either both are declared in
/// the compared files, whose messages are compared by name anyway, or both come
/// from the same version of the same subject.
fn same_origin(old: Origin<'_>, new: Origin<'_>) -> bool {
    old != Origin::Unknown && old == new
}

fn label_changed(group: ScalarGroup) -> DifferenceKind {
    match group {
        ScalarGroup::StringOrBytes => DifferenceKind::FieldStringOrBytesLabelChanged,
        ScalarGroup::GeneralNumber
        | ScalarGroup::SignedNumber
        | ScalarGroup::Fixed32
        | ScalarGroup::Fixed64
        | ScalarGroup::Float
        | ScalarGroup::Double => DifferenceKind::FieldNumericLabelChanged,
    }
}

fn one_sided(field: &Field<'_>, removed: bool) -> DifferenceKind {
    let required = field.label == Some(Label::Required);
    match (removed, field.oneof.is_some(), required) {
        (true, true, _) => DifferenceKind::OneofFieldRemoved,
        (true, false, true) => DifferenceKind::RequiredFieldRemoved,
        (true, false, false) => DifferenceKind::FieldRemoved,
        (false, true, _) => DifferenceKind::OneofFieldAdded,
        (false, false, true) => DifferenceKind::RequiredFieldAdded,
        (false, false, false) => DifferenceKind::FieldAdded,
    }
}

/// Returns the oneofs that were deleted with all their members. Deleting one is
/// compatible; deleting a member and moving another is not.
fn deleted_oneofs<'a>(
    fields: &Fields<'a>,
    old_oneofs: &BTreeMap<&'a str, i32>,
    new_oneofs: &BTreeMap<&str, i32>,
) -> BTreeSet<&'a str> {
    let mut gone: BTreeSet<&str> = old_oneofs.keys().copied().collect();
    gone.retain(|name| !new_oneofs.contains_key(name));
    for (number, field) in &fields.before {
        if let Some((index, name)) = field.oneof
            && old_oneofs.get(name) == Some(&index)
            && fields.after.contains_key(number)
        {
            gone.remove(name);
        }
    }
    gone
}
