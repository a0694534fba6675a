//! Connections: how many may be open, and how long a client may keep the server
//! waiting.

mod limits;
mod listener;
mod stream;

pub(crate) use limits::ConnectionLimits;
pub(crate) use listener::Listener;
pub(crate) use stream::{Connection, track};
