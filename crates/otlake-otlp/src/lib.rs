//! OTLP bytes to rows: a zero-copy walk over protobuf payloads, with limits and errors that say where.
