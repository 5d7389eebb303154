//! Tests of the documents. Here are the documents whose Rust code is compiled and run as doc tests; those of single crates
//! are in their crates. `tests/` checks that no document with Rust code is missing, and checks links, commands and
//! error messages.

/// The documents with Rust code.
macro_rules! documents {
    ($($name:ident $path:literal,)+) => {
        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("../../../docs/", $path))]
            pub struct $name;
        )+

        /// The paths of the documents whose code is compiled here, relative to `docs/`.
        pub const COMPILED: &[&str] = &[$($path),+];
    };
}

/// Documents that a crate compiles which is too heavy to be built here: their paths, relative to `docs/`, and the crates.
pub const COMPILED_BY_CRATES: &[(&str, &str)] = &[
    ("guide/delta.md", "otlake-delta"),
    ("guide/iceberg.md", "otlake-iceberg"),
];

documents! {
    Arrow "guide/arrow.md",
    Dataset "guide/dataset.md",
    Fingerprint "guide/fingerprint.md",
    Inputs "inputs.md",
    Operations "guide/operations.md",
    Otlp "guide/otlp.md",
    Parquet "guide/parquet.md",
    Pipeline "guide/pipeline.md",
    QueueConsumer "guide/queue-consumer.md",
    QuickStart "guide/quick-start.md",
    Receiver "guide/receiver.md",
    Row "guide/row.md",
    Schema "guide/schema.md",
    Service "guide/service.md",
    Storage "guide/storage.md",
    Tables "tables.md",
}
