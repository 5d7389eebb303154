use std::io;

/// Why a body cannot be inflated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InflateError {
    /// The compressed data is damaged or cut off.
    #[error("the {encoding} data is damaged or cut off")]
    Damaged {
        /// Its encoding.
        encoding: &'static str,
        /// What the decompressor says.
        source: io::Error,
    },
    /// The window of the zstd data is larger than the decompressor may allocate.
    #[error("the zstd data needs a window of more than {limit} bytes, which is the limit")]
    WindowTooLarge {
        /// The limit.
        limit: u64,
    },
    /// It is larger than [`InflateLimits::bytes`](crate::InflateLimits::bytes), once inflated.
    #[error(
        "the {encoding} data is more than the limit of {limit} bytes once inflated: send smaller \
         batches"
    )]
    TooLarge {
        /// Its encoding.
        encoding: &'static str,
        /// The limit.
        limit: usize,
    },
    /// It inflates to more than [`InflateLimits::ratio`](crate::InflateLimits::ratio) times its
    /// size.
    #[error(
        "the {compressed} bytes of {encoding} data inflate to more than {ratio} times as many, the limit: \
         send smaller batches"
    )]
    RatioTooHigh {
        /// Its encoding.
        encoding: &'static str,
        /// Its size before it is inflated.
        compressed: usize,
        /// The limit.
        ratio: usize,
    },
}
