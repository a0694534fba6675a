//! Fields that neither the record's own schema nor the registered one defines, and changes
//! after the first record.

use std::time::Duration;

use cc_protobuf_examples::protobuf::ProtoSchema;
use cc_protobuf_examples::serdes::{Destination, SerializerOptions};
use prost::Message;
use prost_reflect::DynamicMessage;
use serde_json::json;

use crate::serdes::encryption::{csfle, field_rules, hides};
use crate::serdes::plaintext::{Registered, SECRET, own, records};
use crate::serdes::registry::Registry;
use crate::support::chain;

#[tokio::test]
async fn unknown_fields_are_refused_where_fields_are_encrypted() {
    let v1 = "message M { string id = 1; string email = 2 PII; C c = 3; repeated L l = 4; \
              map<string, L> m = 5; } \
              message C { string phone = 1 PII; } message L { string plain = 1; }";
    let registered = Registered::new(v1, field_rules(), &[]).await;
    // Fields that neither the record's own schema nor the registered one defines.
    let newer = own(
        "message M { string id = 1; string email = 2; C c = 3; repeated L l = 4; \
         map<string, L> m = 5; string ssn = 9; } \
         message C { string phone = 1; string ssn = 9; } \
         message L { string plain = 1; string ssn = 9; }",
    );
    for (value, place) in [
        (json!({"ssn": SECRET}), "the payload"),
        (json!({"c": {"ssn": SECRET}}), "field \"c\""),
        (json!({"l": [{}, {"ssn": SECRET}]}), "field \"l[1]\""),
        (json!({"m": {"k": {"ssn": SECRET}}}), "field \"m[0].value\""),
    ] {
        let payload = newer.serialize(&value).unwrap();
        let own = own(v1);
        let dynamic = DynamicMessage::decode(own.descriptor().clone(), &*payload).unwrap();
        assert_eq!(
            dynamic.encode_to_vec(),
            payload,
            "unknown fields are carried"
        );
        for (serializer, _) in registered.serializers(true) {
            let to = || Destination::value("shop");
            for record in [
                serializer.serialize_encoded(&own, to(), &payload).await,
                serializer.serialize_dynamic(&own, to(), &dynamic).await,
            ] {
                let message = chain(&record.unwrap_err());
                for part in [place, "field number 9", "\"protect\""] {
                    assert!(message.contains(part), "{value}: {part}: {message}");
                }
                assert!(!message.contains(SECRET));
            }
            // In the record's own schema and not tagged there, so it is written.
            for record in [
                serializer.serialize_json(&newer, to(), &value).await,
                serializer.serialize_encoded(&newer, to(), &payload).await,
            ] {
                assert!(!hides(&record.unwrap(), SECRET));
            }
        }
    }
    // Encoded with another type than in both schemas: unknown to a parser.
    for (serializer, _) in registered.serializers(true) {
        let to = Destination::value("shop");
        let payload = b"\x22\x02\x08\x01";
        let record = serializer.serialize_encoded(&own(v1), to, payload).await;
        let message = chain(&record.unwrap_err());
        assert!(message.contains("\"l[0].plain\""), "{message}");
    }
}

#[tokio::test]
async fn a_dynamic_message_that_brings_tags_of_its_own_is_held_to_them() {
    let v1 = "message M { string id = 1; string email = 2 PII; }";
    let registered = Registered::new(v1, field_rules(), &[]).await;
    let own_schema = own(v1);
    let tagged = own("message M { string id = 1 PII; string email = 2 PII; }");
    let same = own(v1);
    for (serializer, _) in registered.serializers(true) {
        for _ in 0..2 {
            let to = Destination::value("shop");
            let message = DynamicMessage::decode(
                tagged.descriptor().clone(),
                &*tagged.serialize(&json!({"id": SECRET})).unwrap(),
            )
            .unwrap();
            let record = serializer
                .serialize_dynamic(&own_schema, to, &message)
                .await;
            let message = chain(&record.unwrap_err());
            assert!(message.contains("field \"id\""), "{message}");

            let to = Destination::value("shop");
            let payload = same.serialize(&json!({"email": SECRET})).unwrap();
            let message = DynamicMessage::decode(same.descriptor().clone(), &*payload).unwrap();
            let record = serializer
                .serialize_dynamic(&own_schema, to, &message)
                .await;
            assert!(hides(&record.unwrap(), SECRET));
        }
    }
}

#[tokio::test]
async fn a_rule_added_later_is_seen_by_a_serializer_that_registers_or_looks_up() {
    for register in [true, false] {
        let registry = Registry::start().await;
        let v1 = "message M { string id = 1; string email = 2 PII; }";
        let own = own(v1);
        registry.register("shop-value", own.schema_text()).await;
        let serializer = |ttl| {
            let options = SerializerOptions::new()
                .auto_register_schemas(register)
                .latest_cache_ttl(Some(ttl));
            registry.serializer(options.csfle(csfle(&registry)))
        };
        let soon = serializer(Duration::from_millis(1));
        let later = serializer(Duration::from_secs(3600));
        let value = json!({"email": SECRET});
        for record in records(&soon, &own, &value).await {
            assert!(
                !hides(&record.unwrap(), SECRET),
                "nothing asks for encryption yet"
            );
        }
        let _ = records(&later, &own, &value).await;
        registry
            .register_with(
                "shop-value",
                own.schema_text(),
                &[],
                None,
                Some(field_rules()),
            )
            .await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        for record in records(&soon, &own, &value).await {
            assert!(hides(&record.unwrap(), SECRET), "register: {register}");
        }
        // A new serializer does so, too. Until its TTL ends, the cached answer is used without
        // a request.
        let now = serializer(Duration::from_secs(3600));
        for record in records(&now, &own, &value).await {
            assert!(hides(&record.unwrap(), SECRET), "register: {register}");
        }
        registry.requests();
        let _ = records(&later, &own, &value).await;
        assert_eq!(registry.requests(), [""; 0]);
    }
}
