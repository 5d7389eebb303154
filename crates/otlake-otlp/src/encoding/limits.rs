use super::InflateError;

/// How far a body may inflate.
///
/// Memory for the body is never allocated beyond the lower of the two limits, whatever its headers
/// say; zstd's window, for a body that does not state its size, is 8 MiB or the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InflateLimits {
    /// Bytes of the body, once inflated. Default: 64 MiB, as [`Limits`](crate::Limits) has it for
    /// a payload.
    pub bytes: usize,
    /// How many times its size a body may inflate to. Default: 1,000. Bodies that stay under 1 MiB
    /// are not asked for it.
    ///
    /// Deflate cannot go beyond 1,032, so by default this holds zstd, which has no such bound, to
    /// what gzip may do. The requests recorded from SDKs inflate to two to five times their size;
    /// the densest that we could think of, 2,000 histograms of 160 empty buckets each, comes to 195
    /// in gzip and to 720 in zstd at its default level.
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
    /// The size up to which the ratio is not asked for: a short body of nothing but one repeated
    /// record costs little and proves nothing.
    const FREE: usize = 1 << 20;

    /// Sets [`InflateLimits::bytes`].
    #[must_use]
    pub fn with_bytes(mut self, bytes: usize) -> InflateLimits {
        self.bytes = bytes;
        self
    }

    /// Sets [`InflateLimits::ratio`]. `usize::MAX` is none.
    #[must_use]
    pub fn with_ratio(mut self, ratio: usize) -> InflateLimits {
        self.ratio = ratio;
        self
    }

    /// What the ratio allows to a body of so many compressed bytes.
    fn by_ratio(self, compressed: usize) -> usize {
        compressed.saturating_mul(self.ratio).max(Self::FREE)
    }

    /// The bytes to which a body of so many compressed bytes may inflate.
    pub(super) fn bound(self, compressed: usize) -> usize {
        self.bytes.min(self.by_ratio(compressed))
    }

    /// The limit that a body which inflates beyond [`Self::bound`] is over.
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
