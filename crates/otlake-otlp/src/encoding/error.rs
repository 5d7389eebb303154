use std::io;

/// Why a body cannot be inflated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InflateError {
    /// The compressed data is damaged or cut off.
    #[error("the {encoding} data is damaged or cut off: {source}")]
    Damaged {
        /// Its encoding.
        encoding: &'static str,
        /// What the decompressor says.
        source: io::Error,
    },
    /// It is larger than [`InflateLimits::bytes`](crate::InflateLimits::bytes), once inflated.
    #[error(
        "the {encoding} data is more than the limit of {limit} bytes once inflated: send smaller \
         batches, or raise the limit"
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
        "the {compressed} bytes of {encoding} data inflate to more than {ratio} times as many: \
         when they are no attack, send smaller batches, or raise the limit of the ratio"
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
