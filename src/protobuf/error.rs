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
    /// The file declares no such message.
    #[error("{file} declares no message {message}")]
    NoMessage {
        /// Name of the file.
        file: String,
        /// Full name of the message.
        message: String,
    },
    /// A JSON value does not fit the message.
    #[error("JSON does not fit message {message} at {path:?}: {reason}")]
    Json {
        /// Full name of the message.
        message: String,
        /// Where in the value: `items[2].price`, `.` for the whole.
        path: String,
        /// What is wrong there.
        reason: String,
    },
    /// Bytes are not the message they are taken for.
    #[error("not a message {message}")]
    Decode {
        /// Full name of the message.
        message: String,
        /// What is wrong with the bytes.
        source: prost::DecodeError,
    },
    /// A message holds a value that has no JSON form.
    #[error("message {message} cannot be printed as JSON: {reason}")]
    Print {
        /// Full name of the message.
        message: String,
        /// Which value.
        reason: String,
    },
}
