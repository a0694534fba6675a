//! Topics, produce and consume, over librdkafka.
