//! The examples of otlake.
