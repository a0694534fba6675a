//! Serialized descriptors: single files and descriptor sets.

mod check;
mod decode;
pub(in crate::protobuf) mod descriptor_set;
mod forms;
mod lost_options;
mod opaque;
