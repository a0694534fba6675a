//! Names the synthetic oneofs of proto3 `optional` fields.

use std::collections::HashSet;

use prost_types::DescriptorProto;

/// Names the synthetic oneofs of a message as protoc does: `_field`, or `field` if
/// that begins with an underscore, with as many X in front as the name needs to
/// differ from fields and other oneofs.
pub(in crate::protobuf) fn name(message: &mut DescriptorProto) {
    let optional: Vec<(usize, String)> = message
        .field
        .iter()
        .filter(|field| field.proto3_optional())
        .filter_map(|field| {
            let oneof = usize::try_from(field.oneof_index?).ok()?;
            Some((oneof, field.name().to_owned()))
        })
        .collect();
    let synthetic: HashSet<usize> = optional.iter().map(|(oneof, _)| *oneof).collect();
    let declared = message.oneof_decl.iter().enumerate();
    let declared = declared.filter(|(i, _)| !synthetic.contains(i));
    let fields = message.field.iter().map(|field| field.name());
    let mut names: HashSet<String> = declared
        .map(|(_, oneof)| oneof.name())
        .chain(fields)
        .map(str::to_owned)
        .collect();
    for (oneof, field) in optional {
        let mut name = if field.starts_with('_') {
            field
        } else {
            format!("_{field}")
        };
        while !names.insert(name.clone()) {
            name.insert(0, 'X');
        }
        if let Some(oneof) = message.oneof_decl.get_mut(oneof) {
            oneof.name = Some(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::protobuf::SchemaFile;

    #[test]
    fn names_are_those_of_protoc() {
        let cases = [
            ("optional int32 a = 1;", vec!["_a"]),
            ("optional int32 _a = 1;", vec!["X_a"]),
            ("optional int32 a = 1; int32 _a = 2;", vec!["X_a"]),
            (
                "optional int32 a = 1; optional int32 _a = 2;",
                vec!["X_a", "XX_a"],
            ),
            (
                "optional int32 a = 1; oneof _a { int32 b = 2; }",
                vec!["_a", "X_a"],
            ),
        ];
        for (body, expected) in cases {
            let text = format!("syntax = \"proto3\"; message M {{ {body} }}");
            let file = SchemaFile::from_text("m.proto", &text).unwrap();
            let oneofs = &file.proto().message_type[0].oneof_decl;
            let names: Vec<_> = oneofs.iter().map(|oneof| oneof.name()).collect();
            assert_eq!(names, expected, "{body}");
        }
    }
}
