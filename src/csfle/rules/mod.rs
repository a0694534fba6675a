//! The encryption rules of a rule set: whether they run, with which parameters, and
//! whether the registry stored them.

pub(crate) mod conditions;
pub(crate) mod encrypt_rule;
pub(crate) mod parameters;
pub(crate) mod problem;
pub(crate) mod stored;
