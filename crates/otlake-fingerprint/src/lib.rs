//! Log message fingerprints and templates: a stable 64-bit hash of typed tokens, and learned patterns.
