//! The vocabulary of otlake: keys, values, groups, rows and the sinks they are pushed into.
