//! Client-side field-level encryption, interchangeable with Confluent's clients.
