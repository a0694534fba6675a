//! Precompiled and dynamic schemas: same text, same bytes, same JSON.

use std::sync::Arc;

use cc_protobuf_examples::protobuf::generated::{
    SensitiveRecord, com::acme::MyRecord, evolution, io::confluent::examples::proto::AllTypes,
};
use cc_protobuf_examples::protobuf::{CompiledMessage, ProtoSchema};
use serde_json::json;

#[test]
fn a_schema_is_made_with_nothing_but_the_type() {
    let schema = MyRecord::schema().unwrap();
    assert_eq!(schema.name(), "MyRecord");
    assert_eq!(schema.full_name(), "com.acme.MyRecord");
    assert_eq!(schema.file_name(), "MyRecord.proto");
    assert_eq!(schema.message_indexes().as_slice(), [0]);
    assert_eq!(schema.reference_names(), ["other.proto"]);
    assert_eq!(schema.dependencies().len(), 1);
    assert!(Arc::ptr_eq(&schema, &MyRecord::schema().unwrap()));
}

#[test]
fn two_versions_of_one_name_live_side_by_side() {
    let v1: Arc<dyn ProtoSchema> = evolution::v1::MyRecord::schema().unwrap();
    let v2: Arc<dyn ProtoSchema> = evolution::v2::MyRecord::schema().unwrap();
    assert_eq!(v1.full_name(), v2.full_name());
    let new = json!({"id": "a", "amount": 1.5, "customer_id": "c"});
    let bytes = v2.serialize(&new).unwrap();
    assert_eq!(v2.deserialize(&bytes).unwrap(), new);
    assert_eq!(
        v1.deserialize(&bytes).unwrap(),
        json!({"id": "a", "amount": 1.5})
    );
    let error = v1.serialize(&new).unwrap_err().to_string();
    assert!(error.contains("customer_id"), "{error}");
}

#[test]
fn field_tags_are_there_at_run_time() {
    let schema = SensitiveRecord::schema().unwrap();
    let pool = schema.descriptor().parent_pool();
    let field_meta = pool.get_extension_by_name("confluent.field_meta").unwrap();
    assert_eq!(field_meta.number(), 1088);
    let tagged: Vec<_> = schema
        .descriptor()
        .fields()
        .filter(|field| {
            let options = field.options();
            let meta = options.get_extension(&field_meta);
            let tags = meta.as_message().unwrap().get_field_by_name("tags");
            tags.unwrap().as_list().unwrap() == [prost_reflect::Value::String("PII".into())]
        })
        .map(|field| field.name().to_owned())
        .collect();
    assert_eq!(tagged, ["ssn", "email"]);
}

#[test]
fn json_goes_in_and_comes_out() {
    let schema = AllTypes::schema().unwrap();
    let json = json!({"customer": {"customer_id": "9007199254740993", "customer_name": "Ada"}});
    let bytes = schema.serialize(&json).unwrap();
    assert_eq!(schema.deserialize(&bytes).unwrap(), json);
}
