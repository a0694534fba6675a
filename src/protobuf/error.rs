/// What can be wrong with a Protobuf schema or a value of one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is neither `.proto` source nor a base64 `FileDescriptorProto`.
    #[error("cannot parse schema {file:?}: {reason}")]
    Parse {
        /// Name of the file.
        file: String,
        /// Position and problem.
        reason: String,
    },
    /// The file parses, but its names do not resolve.
    #[error("cannot resolve schema {file:?}: {reason}")]
    Resolve {
        /// Name of the file.
        file: String,
        /// Which name, where.
        reason: String,
    },
}
