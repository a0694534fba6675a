//! Resolves the model to descriptors: imports, names and options.

pub(in crate::protobuf) mod descriptors;
pub(crate) mod imports;
mod normalize;
mod option_pool;
pub(in crate::protobuf) mod pool;
