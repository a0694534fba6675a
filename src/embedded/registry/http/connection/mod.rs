//! Connections: how many there may be, and how long each may keep the server
//! waiting.

mod limits;
mod listener;
mod stream;

pub(crate) use limits::Limits;
pub(crate) use listener::Listener;
pub(crate) use stream::{Connection, track};
