//! Random requests and schemas for the embedded registry. Its answers always have the
//! documented form, and it returns what it stored.

mod agreement;
mod http;
mod requests;
mod schemas;
mod surface;
