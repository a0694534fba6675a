//! Encryption rules of a rule set: whether they run, and with which parameters.

pub(crate) mod conditions;
pub(crate) mod encrypt_rule;
pub(crate) mod parameters;
pub(crate) mod problem;
pub(crate) mod stored;
