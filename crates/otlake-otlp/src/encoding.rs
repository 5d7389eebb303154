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

/// The compression of a body or a file.
///
/// ```
/// use otlake_otlp::{ContentEncoding, InflateError, InflateLimits};
/// use otlake_row::Bytes;
///
/// // A request without the header, and a file without an extension of a compression.
/// let encoding = ContentEncoding::from_header("identity").ok_or("an unknown encoding")?;
/// assert_eq!(ContentEncoding::from_extension("binpb"), encoding);
/// assert_eq!(encoding.name(), "identity");
///
/// let body = Bytes::from_static(b"a body");
/// assert_eq!(encoding.inflate(&body, 1 << 20)?, body);
/// let error = encoding.inflate_within(&body, InflateLimits::default().with_bytes(3));
/// assert!(matches!(error, Err(InflateError::TooLarge { limit: 3, .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ContentEncoding {
    /// No compression.
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
    /// Returns the encoding with the name in HTTP's `Content-Encoding` header, or `None` if it is unknown or its feature
    /// is off.
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

    /// Returns the encoding for the extension of a file name, such as `gz` or `zst`.
    pub fn from_extension(extension: &str) -> ContentEncoding {
        match extension {
            #[cfg(feature = "gzip")]
            "gz" => ContentEncoding::Gzip,
            #[cfg(feature = "zstd")]
            "zst" => ContentEncoding::Zstd,
            _ => ContentEncoding::Identity,
        }
    }

    /// Returns the name of the encoding in HTTP's `Content-Encoding` header.
    pub fn name(self) -> &'static str {
        match self {
            ContentEncoding::Identity => "identity",
            #[cfg(feature = "gzip")]
            ContentEncoding::Gzip => "gzip",
            #[cfg(feature = "zstd")]
            ContentEncoding::Zstd => "zstd",
        }
    }

    /// Inflates a whole body to at most `limit` bytes, within the default [`InflateLimits::ratio`].
    ///
    /// # Errors
    ///
    /// Returns an error if the data is damaged or exceeds a limit.
    pub fn inflate(self, body: &Bytes, limit: usize) -> Result<Bytes, InflateError> {
        self.inflate_within(body, InflateLimits::default().with_bytes(limit))
    }

    /// Inflates a whole body within `limits`. Without compression, only the size is checked, and the result shares
    /// the bytes of `body`.
    ///
    /// # Errors
    ///
    /// Returns an error if the data is damaged or exceeds a limit.
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

/// Returns whether this is the name of gzip, or the equivalent name of RFC 9110, section 8.4.1.3.
#[cfg(feature = "gzip")]
fn is_gzip(name: &str) -> bool {
    ["gzip", "x-gzip"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}
