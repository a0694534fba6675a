//! From the model to descriptors: imports, names and options resolved.

pub(in crate::protobuf) mod descriptors;
mod normalize;
