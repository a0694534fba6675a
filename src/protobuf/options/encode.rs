//! Encodes uninterpreted options to the option bytes of a descriptor.

use prost::Message;
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind,
    MessageDescriptor, ReflectMessage, Value,
};
use prost_types::UninterpretedOption;
use prost_types::uninterpreted_option::NamePart;

use super::Target;
use crate::protobuf::model::names::look_up;

/// Encodes the options message of `target`; returns `None` if it would be empty.
/// Extensions are looked up in `pool`, their names relative to `scope`. Options that
/// `pool` does not define, or whose value does not fit, are omitted, because a reader
/// could not interpret them either.
pub(in crate::protobuf) fn encode(
    target: Target,
    scope: &str,
    options: &[UninterpretedOption],
    pool: &DescriptorPool,
) -> Option<Vec<u8>> {
    let descriptor = pool.get_message_by_name(target.options_message())?;
    let mut message = DynamicMessage::new(descriptor);
    for option in options {
        // An option that does not fit is omitted.
        let _ = set(&mut message, scope, option, pool);
    }
    let bytes = message.encode_to_vec();
    (!bytes.is_empty()).then_some(bytes)
}

/// Whether `pool` defines the option. A plain name always counts as defined.
pub(in crate::protobuf) fn is_defined(
    target: Target,
    scope: &str,
    option: &UninterpretedOption,
    pool: &DescriptorPool,
) -> bool {
    match (
        option.name.first(),
        pool.get_message_by_name(target.options_message()),
    ) {
        (Some(part), Some(extendee)) if part.is_extension => {
            find(&part.name_part, scope, &extendee, pool).is_some()
        }
        (Some(part), None) => !part.is_extension,
        _ => true,
    }
}

/// Whether `pool` defines the option and the value has the right type.
pub(in crate::protobuf) fn fits(
    target: Target,
    scope: &str,
    option: &UninterpretedOption,
    pool: &DescriptorPool,
) -> bool {
    let descriptor = pool.get_message_by_name(target.options_message());
    descriptor.is_some_and(|descriptor| {
        set(&mut DynamicMessage::new(descriptor), scope, option, pool).is_some()
    })
}

/// A field or an extension, by descriptor.
enum Member {
    Field(FieldDescriptor),
    Extension(ExtensionDescriptor),
}

impl Member {
    fn find(
        part: &NamePart,
        scope: &str,
        holder: &MessageDescriptor,
        pool: &DescriptorPool,
    ) -> Option<Self> {
        if part.is_extension {
            find(&part.name_part, scope, holder, pool).map(Self::Extension)
        } else {
            let field = holder.get_field_by_name(&part.name_part);
            field.map(Self::Field)
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Field(field) => field.kind(),
            Self::Extension(extension) => extension.kind(),
        }
    }

    fn is_repeated(&self) -> bool {
        let cardinality = match self {
            Self::Field(field) => field.cardinality(),
            Self::Extension(extension) => extension.cardinality(),
        };
        cardinality == Cardinality::Repeated
    }

    fn of<'m>(&self, message: &'m mut DynamicMessage) -> &'m mut Value {
        match self {
            Self::Field(field) => message.get_field_mut(field),
            Self::Extension(extension) => message.get_extension_mut(extension),
        }
    }
}

fn set(
    message: &mut DynamicMessage,
    scope: &str,
    option: &UninterpretedOption,
    pool: &DescriptorPool,
) -> Option<()> {
    // Do all look-ups before the first change.
    let (last, path) = option.name.split_last()?;
    let mut holder = message.descriptor();
    let mut members = Vec::with_capacity(path.len());
    for part in path {
        let member = Member::find(part, scope, &holder, pool)?;
        holder = match member.kind() {
            Kind::Message(inner) if !member.is_repeated() => inner,
            _ => return None,
        };
        members.push(member);
    }
    let last = Member::find(last, scope, &holder, pool)?;
    let value = to_value(option, &last.kind())?;
    let mut target = message;
    for member in members {
        target = member.of(target).as_message_mut()?;
    }
    match last.of(target) {
        Value::List(items) => items.push(value),
        Value::Map(entries) => {
            let entry = value.as_message()?;
            let kind = entry.descriptor();
            let key = entry.get_field(&kind.map_entry_key_field()).into_owned();
            let value = entry.get_field(&kind.map_entry_value_field()).into_owned();
            entries.insert(key.into_map_key()?, value);
        }
        single => *single = value,
    }
    Some(())
}

/// Returns the extension of `extendee` that `name` refers to in `scope`.
pub(in crate::protobuf) fn find(
    name: &str,
    scope: &str,
    extendee: &MessageDescriptor,
    pool: &DescriptorPool,
) -> Option<ExtensionDescriptor> {
    let fits = |extension: &ExtensionDescriptor| {
        extension.containing_message().full_name() == extendee.full_name()
    };
    look_up(scope.to_owned(), name, |full| {
        pool.get_extension_by_name(full).filter(fits)
    })
}

fn to_value(option: &UninterpretedOption, kind: &Kind) -> Option<Value> {
    let integer = || -> Option<i128> {
        let positive = option.positive_int_value.map(i128::from);
        positive.or(option.negative_int_value.map(i128::from))
    };
    let float = || -> Option<f64> {
        match option.identifier_value.as_deref() {
            Some("inf") => Some(f64::INFINITY),
            Some("nan") => Some(f64::NAN),
            Some(_) => None,
            None => option.double_value.or(integer().map(|i| i as f64)),
        }
    };
    Some(match kind {
        Kind::Bool => Value::Bool(match option.identifier_value.as_deref()? {
            "true" => true,
            "false" => false,
            _ => return None,
        }),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(integer()?.try_into().ok()?),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(integer()?.try_into().ok()?),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(integer()?.try_into().ok()?),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(integer()?.try_into().ok()?),
        Kind::Float => Value::F32(float()? as f32),
        Kind::Double => Value::F64(float()?),
        Kind::String => Value::String(String::from_utf8(option.string_value.clone()?).ok()?),
        Kind::Bytes => Value::Bytes(option.string_value.clone()?.into()),
        Kind::Enum(descriptor) => {
            let value = descriptor.get_value_by_name(option.identifier_value.as_deref()?)?;
            Value::EnumNumber(value.number())
        }
        Kind::Message(descriptor) => {
            let text = option.aggregate_value.as_deref()?;
            Value::Message(DynamicMessage::parse_text_format(descriptor.clone(), text).ok()?)
        }
    })
}
