//! The embedded registry against requests that nobody planned, and against
//! schemas that nobody wrote: what it answers always has the shape it promises,
//! and what it stores is what it gives back.

mod agreement;
mod http;
mod requests;
mod schemas;
mod surface;
