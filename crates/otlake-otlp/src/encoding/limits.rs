use super::InflateError;

/// The input limits for inflating a body.
///
/// Memory for the body is never allocated beyond the lower of the two limits, whatever its headers
/// claim. The window of zstd, for a body that does not state its size, is 8 MiB, or the limit up to 128 MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InflateLimits {
    /// The maximum size of the inflated body, in bytes. Default: 64 MiB, the same as
    /// [`Limits::payload_bytes`](crate::Limits::payload_bytes).
    pub bytes: usize,
    /// The maximum compression ratio. Default: 1,000. It is not checked for bodies that inflate to less than 1 MiB.
    ///
    /// Deflate cannot exceed 1,032, so the default limits zstd, which has no such bound, to what gzip can do. Requests
    /// that were recorded from SDKs have ratios of two to five. The densest request that we could construct, 2,000
    /// histograms of 160 empty buckets each, has a ratio of 195 in gzip and 720 in zstd at its default level.
    pub ratio: usize,
}

impl Default for InflateLimits {
    fn default() -> Self {
        InflateLimits {
            bytes: 64 << 20,
            ratio: 1000,
        }
    }
}

impl InflateLimits {
    /// The size up to which the ratio is not checked: a short body of one repeated record is cheap and not
    /// suspicious.
    const FREE: usize = 1 << 20;

    /// Sets [`InflateLimits::bytes`].
    #[must_use]
    pub fn with_bytes(mut self, bytes: usize) -> InflateLimits {
        self.bytes = bytes;
        self
    }

    /// Sets [`InflateLimits::ratio`]. `usize::MAX` means no limit.
    #[must_use]
    pub fn with_ratio(mut self, ratio: usize) -> InflateLimits {
        self.ratio = ratio;
        self
    }

    /// Returns the inflated size that the ratio allows for a compressed size.
    fn by_ratio(self, compressed: usize) -> usize {
        compressed.saturating_mul(self.ratio).max(Self::FREE)
    }

    /// Returns the inflated size that both limits allow for a compressed size.
    pub(super) fn bound(self, compressed: usize) -> usize {
        self.bytes.min(self.by_ratio(compressed))
    }

    /// Returns the error for a body that inflates beyond [`Self::bound`].
    pub(super) fn exceeded(self, encoding: &'static str, compressed: usize) -> InflateError {
        if self.bytes <= self.by_ratio(compressed) {
            InflateError::TooLarge {
                encoding,
                limit: self.bytes,
            }
        } else {
            InflateError::RatioTooHigh {
                encoding,
                compressed,
                ratio: self.ratio,
            }
        }
    }
}
