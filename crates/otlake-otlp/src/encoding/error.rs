use std::io;

/// The error because of which a body cannot be inflated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InflateError {
    /// The compressed data is damaged or cut off.
    #[error("the {encoding} data is damaged or cut off")]
    Damaged {
        /// The encoding.
        encoding: &'static str,
        /// The error of the decompressor.
        source: io::Error,
    },
    /// The window of the zstd data is larger than the decompressor may allocate.
    #[error(
        "the zstd data needs a window of more than {limit} bytes, the limit: compress it without `--long`"
    )]
    WindowTooLarge {
        /// The limit.
        limit: u64,
    },
    /// The inflated body is larger than [`InflateLimits::bytes`](crate::InflateLimits::bytes).
    #[error(
        "the {encoding} data is more than the limit of {limit} bytes once inflated: send smaller \
         batches"
    )]
    TooLarge {
        /// The encoding.
        encoding: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The compression ratio is higher than [`InflateLimits::ratio`](crate::InflateLimits::ratio).
    #[error(
        "the {compressed} bytes of {encoding} data inflate to more than {ratio} times as many, the limit: \
         send smaller batches"
    )]
    RatioTooHigh {
        /// The encoding.
        encoding: &'static str,
        /// The compressed size.
        compressed: usize,
        /// The limit.
        ratio: usize,
    },
}
