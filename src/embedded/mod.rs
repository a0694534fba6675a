//! Stand-ins for backends that are not configured.
