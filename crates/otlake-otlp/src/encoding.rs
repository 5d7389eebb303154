use std::io::{self, Read};

use otlake_row::Bytes;

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

/// Why a body cannot be inflated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InflateError {
    /// The compressed data is damaged or cut off.
    #[error("the {encoding} data is damaged: {source}")]
    Damaged {
        /// Its encoding.
        encoding: &'static str,
        /// What the decompressor says.
        source: io::Error,
    },
    /// It is larger than the limit, once inflated.
    #[error("the {encoding} data is more than the limit of {limit} bytes once inflated")]
    TooLarge {
        /// Its encoding.
        encoding: &'static str,
        /// The limit.
        limit: usize,
    },
}

impl ContentEncoding {
    /// The encoding that HTTP's `Content-Encoding` header names; `None` for one that is unknown or
    /// whose feature is off.
    pub fn from_header(value: &str) -> Option<ContentEncoding> {
        match value.trim() {
            "" => Some(ContentEncoding::Identity),
            name if name.eq_ignore_ascii_case("identity") => Some(ContentEncoding::Identity),
            #[cfg(feature = "gzip")]
            name if name.eq_ignore_ascii_case("gzip") => Some(ContentEncoding::Gzip),
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

    /// Inflates a whole body, to `limit` bytes at most.
    ///
    /// # Errors
    ///
    /// When the data is damaged, or larger than the limit once inflated.
    pub fn inflate(self, body: &Bytes, limit: usize) -> Result<Bytes, InflateError> {
        match self {
            ContentEncoding::Identity if body.len() > limit => Err(InflateError::TooLarge {
                encoding: "identity",
                limit,
            }),
            ContentEncoding::Identity => Ok(body.clone()),
            #[cfg(feature = "gzip")]
            ContentEncoding::Gzip => {
                read_to_limit("gzip", flate2::read::MultiGzDecoder::new(&body[..]), limit)
            }
            #[cfg(feature = "zstd")]
            ContentEncoding::Zstd => {
                let damaged = |source| InflateError::Damaged {
                    encoding: "zstd",
                    source,
                };
                let decoder = zstd::stream::read::Decoder::with_buffer(&body[..]);
                read_to_limit("zstd", decoder.map_err(damaged)?, limit)
            }
        }
    }
}

#[cfg_attr(
    not(any(feature = "gzip", feature = "zstd")),
    allow(dead_code, reason = "nothing to inflate")
)]
fn read_to_limit(
    encoding: &'static str,
    reader: impl Read,
    limit: usize,
) -> Result<Bytes, InflateError> {
    let mut inflated = Vec::new();
    reader
        .take((limit as u64).saturating_add(1))
        .read_to_end(&mut inflated)
        .map_err(|source| InflateError::Damaged { encoding, source })?;
    if inflated.len() > limit {
        return Err(InflateError::TooLarge { encoding, limit });
    }
    Ok(inflated.into())
}

#[cfg(test)]
#[cfg(all(feature = "gzip", feature = "zstd"))]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn members_and_frames_that_follow_one_another_are_one_body() {
        let twice = |one: Vec<u8>| Bytes::from([one.clone(), one].concat());
        let inflate = |encoding: ContentEncoding, body| encoding.inflate(&body, 100).unwrap();
        assert_eq!(
            inflate(ContentEncoding::Gzip, twice(gzip(b"ab"))),
            &b"abab"[..]
        );
        let frame = zstd::bulk::compress(b"ab", 1).unwrap();
        assert_eq!(inflate(ContentEncoding::Zstd, twice(frame)), &b"abab"[..]);
    }

    #[test]
    fn a_bomb_costs_the_limit_and_no_more() {
        let zeros = vec![0; 10 << 20];
        let frame = zstd::bulk::compress(&zeros, 1).unwrap();
        let error = ContentEncoding::Identity
            .inflate(&zeros.clone().into(), 1000)
            .unwrap_err();
        assert!(
            matches!(error, InflateError::TooLarge { limit: 1000, .. }),
            "{error}"
        );
        for (encoding, body) in [
            (ContentEncoding::Gzip, gzip(&zeros)),
            (ContentEncoding::Zstd, frame),
        ] {
            let error = encoding.inflate(&body.into(), 1000).unwrap_err();
            assert!(
                matches!(error, InflateError::TooLarge { limit: 1000, .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn damage_is_an_error() {
        let mut body = gzip(b"a body that is long enough to be cut");
        body.truncate(20);
        let error = ContentEncoding::Gzip
            .inflate(&body.into(), 1000)
            .unwrap_err();
        assert!(matches!(error, InflateError::Damaged { .. }), "{error}");
    }

    #[test]
    fn headers_and_extensions_name_encodings() {
        assert_eq!(
            ContentEncoding::from_header(" GZIP"),
            Some(ContentEncoding::Gzip)
        );
        assert_eq!(ContentEncoding::from_header("br"), None);
        assert_eq!(
            ContentEncoding::from_extension("zst"),
            ContentEncoding::Zstd
        );
        assert_eq!(
            ContentEncoding::from_extension("binpb"),
            ContentEncoding::Identity
        );
    }
}
