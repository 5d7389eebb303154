#[cfg(any(feature = "gzip", feature = "zstd"))]
mod bounded;
mod error;
#[cfg(feature = "gzip")]
mod gzip;
mod limits;
#[cfg(any(feature = "gzip", feature = "zstd"))]
pub(crate) mod members;
#[cfg(test)]
mod tests;
#[cfg(feature = "zstd")]
pub(crate) mod zstd;

use std::io;

use otlake_row::Bytes;

pub use self::error::InflateError;
pub use self::limits::InflateLimits;

/// How the bytes of a body or a file are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ContentEncoding {
    /// Not at all.
    #[default]
    Identity,
    /// gzip (RFC 1952), of one member or several.
    #[cfg(feature = "gzip")]
    Gzip,
    /// Zstandard (RFC 8878), of one frame or several.
    #[cfg(feature = "zstd")]
    Zstd,
}

impl ContentEncoding {
    /// The encoding that HTTP's `Content-Encoding` header names; `None` for one that is unknown or
    /// whose feature is off.
    pub fn from_header(value: &str) -> Option<ContentEncoding> {
        match value.trim() {
            "" => Some(ContentEncoding::Identity),
            name if name.eq_ignore_ascii_case("identity") => Some(ContentEncoding::Identity),
            #[cfg(feature = "gzip")]
            name if is_gzip(name) => Some(ContentEncoding::Gzip),
            #[cfg(feature = "zstd")]
            name if name.eq_ignore_ascii_case("zstd") => Some(ContentEncoding::Zstd),
            _ => None,
        }
    }

    /// The encoding that the ending of a file's name stands for, which is `gz`, `zst` or another.
    pub fn from_extension(extension: &str) -> ContentEncoding {
        match extension {
            #[cfg(feature = "gzip")]
            "gz" => ContentEncoding::Gzip,
            #[cfg(feature = "zstd")]
            "zst" => ContentEncoding::Zstd,
            _ => ContentEncoding::Identity,
        }
    }

    /// The encoding's name, as HTTP's `Content-Encoding` has it.
    pub fn name(self) -> &'static str {
        match self {
            ContentEncoding::Identity => "identity",
            #[cfg(feature = "gzip")]
            ContentEncoding::Gzip => "gzip",
            #[cfg(feature = "zstd")]
            ContentEncoding::Zstd => "zstd",
        }
    }

    /// Inflates a whole body, to `limit` bytes at most, and within the default
    /// [`InflateLimits::ratio`].
    ///
    /// # Errors
    ///
    /// When the data is damaged, or beyond a limit once inflated.
    pub fn inflate(self, body: &Bytes, limit: usize) -> Result<Bytes, InflateError> {
        self.inflate_within(body, InflateLimits::default().with_bytes(limit))
    }

    /// Inflates a whole body within `limits`. Without compression only the size is looked at, and
    /// the bytes are those of `body`.
    ///
    /// # Errors
    ///
    /// When the data is damaged, or beyond a limit once inflated.
    pub fn inflate_within(
        self,
        body: &Bytes,
        limits: InflateLimits,
    ) -> Result<Bytes, InflateError> {
        let limits = match self {
            ContentEncoding::Identity => limits.with_ratio(usize::MAX),
            #[cfg(any(feature = "gzip", feature = "zstd"))]
            _ => limits,
        };
        let bound = limits.bound(body.len());
        let inflated: io::Result<Option<Bytes>> = match self {
            ContentEncoding::Identity => Ok((body.len() <= bound).then(|| body.clone())),
            #[cfg(feature = "gzip")]
            ContentEncoding::Gzip => {
                gzip::inflate(body, bound).map(|inflated| inflated.map(Bytes::from))
            }
            #[cfg(feature = "zstd")]
            ContentEncoding::Zstd => {
                zstd::inflate(body, bound).map(|inflated| inflated.map(Bytes::from))
            }
        };
        match inflated {
            Ok(Some(inflated)) => Ok(inflated),
            Ok(None) => Err(limits.exceeded(self.name(), body.len())),
            #[cfg(feature = "zstd")]
            Err(error) if zstd::is_of_window(&error) => Err(InflateError::WindowTooLarge {
                limit: zstd::window_limit(bound),
            }),
            Err(source) => Err(InflateError::Damaged {
                encoding: self.name(),
                source,
            }),
        }
    }
}

/// By its name, or the one that is to be taken for it (RFC 9110, section 8.4.1.3).
#[cfg(feature = "gzip")]
fn is_gzip(name: &str) -> bool {
    ["gzip", "x-gzip"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}
