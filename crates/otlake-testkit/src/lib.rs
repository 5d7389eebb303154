//! Payload generator, oracles and a counting allocator for the tests and benches of otlake.
