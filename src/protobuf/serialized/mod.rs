//! Serialized descriptors: single files and descriptor sets.

pub(in crate::protobuf) mod decode;
pub(in crate::protobuf) mod descriptor_set;
mod lost_options;
pub(in crate::protobuf) mod opaque;
