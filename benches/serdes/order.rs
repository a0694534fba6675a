//! The measured message: about 80 bytes with two strings, an integer, a double and three
//! nested items.

use cc_protobuf_examples::protobuf::{CompiledSchema, Schemas};
use prost::Name;

pub const TEXT: &str = r#"syntax = "proto3";
package shop.bench;

message Order {
  string id = 1;
  string customer = 2;
  int64 placed_at = 3;
  double total = 4;
  repeated Item items = 5;
}

message Item {
  string sku = 1;
  int32 quantity = 2;
}
"#;

#[derive(Clone, PartialEq, prost::Message)]
pub struct Order {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub customer: String,
    #[prost(int64, tag = "3")]
    pub placed_at: i64,
    #[prost(double, tag = "4")]
    pub total: f64,
    #[prost(message, repeated, tag = "5")]
    pub items: Vec<Item>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Item {
    #[prost(string, tag = "1")]
    pub sku: String,
    #[prost(int32, tag = "2")]
    pub quantity: i32,
}

impl Name for Order {
    const NAME: &'static str = "Order";
    const PACKAGE: &'static str = "shop.bench";
}

pub fn order() -> Order {
    let item = |sku: &str, quantity| Item {
        sku: sku.to_owned(),
        quantity,
    };
    Order {
        id: "order-0004711".to_owned(),
        customer: "Ada Lovelace".to_owned(),
        placed_at: 1_790_000_000_000,
        total: 129.95,
        items: vec![item("book-17", 1), item("lamp-3", 2), item("desk-42", 300)],
    }
}

pub fn json() -> serde_json::Value {
    serde_json::json!({
        "id": "order-0004711",
        "customer": "Ada Lovelace",
        "placed_at": "1790000000000",
        "total": 129.95,
        "items": [
            {"sku": "book-17", "quantity": 1},
            {"sku": "lamp-3", "quantity": 2},
            {"sku": "desk-42", "quantity": 300},
        ],
    })
}

pub fn schemas() -> Schemas {
    Schemas::from_texts([("order.proto", TEXT)]).expect("the schema above is valid")
}

pub fn schema() -> CompiledSchema<Order> {
    schemas().compiled().expect("the schema above has it")
}
