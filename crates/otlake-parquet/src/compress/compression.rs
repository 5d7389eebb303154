//! The codec of a file's pages, and its text form.

use std::fmt;
use std::str::FromStr;

/// The codec that pages are compressed with.
///
/// ```
/// use otlake_parquet::{Compression, ZstdLevel};
///
/// let compression: Compression = "zstd:3".parse()?;
/// assert_eq!(compression, Compression::Zstd(ZstdLevel::new(3)?));
/// assert_eq!(compression.to_string(), "zstd:3");
/// assert_eq!("lz4".parse::<Compression>()?, Compression::Lz4);
/// assert!("zstd:40".parse::<Compression>().is_err());
/// # Ok::<(), otlake_parquet::ParseCompressionError>(())
/// ```
///
/// Every variant exists whatever features are enabled, so that any build can read a configuration.
/// [`Encoder::new`](crate::Encoder::new) rejects a codec whose feature is disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// Parquet's `ZSTD`, written `zstd` or `zstd:LEVEL`. Needs the feature `zstd`.
    Zstd(ZstdLevel),
    /// Parquet's `SNAPPY`, written `snappy`. Needs the feature `snappy`.
    Snappy,
    /// Parquet's `LZ4_RAW`, not its deprecated `LZ4`, written `lz4`. Needs the feature `lz4`.
    Lz4,
    /// Parquet's `UNCOMPRESSED`, written `none`.
    None,
}

impl Compression {
    /// Zstd at its default level, 1.
    pub const ZSTD: Self = Self::Zstd(ZstdLevel(1));

    /// Returns whether this build can write the codec.
    pub const fn is_available(self) -> bool {
        match self {
            Self::Zstd(_) => cfg!(feature = "zstd"),
            Self::Snappy => cfg!(feature = "snappy"),
            Self::Lz4 => cfg!(feature = "lz4"),
            Self::None => true,
        }
    }
}

impl Default for Compression {
    /// Returns `zstd:1`, or `none` in a build without the feature `zstd`, so that the defaults work in every
    /// build. Set the codec explicitly if files must not depend on the features of a build.
    fn default() -> Self {
        if cfg!(feature = "zstd") {
            Self::ZSTD
        } else {
            Self::None
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zstd(level) => write!(f, "zstd:{}", level.get()),
            Self::Snappy => f.write_str("snappy"),
            Self::Lz4 => f.write_str("lz4"),
            Self::None => f.write_str("none"),
        }
    }
}

impl FromStr for Compression {
    type Err = ParseCompressionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || ParseCompressionError::Unknown {
            text: text.to_owned(),
        };
        match text.split_once(':') {
            Some(("zstd", level)) => {
                let level = level.parse().map_err(|_| unknown())?;
                Ok(Self::Zstd(ZstdLevel::new(level)?))
            }
            Some(_) => Err(unknown()),
            None => match text {
                "zstd" => Ok(Self::ZSTD),
                "snappy" => Ok(Self::Snappy),
                "lz4" => Ok(Self::Lz4),
                "none" => Ok(Self::None),
                _ => Err(unknown()),
            },
        }
    }
}

/// A compression level of zstd, from 1 to 22.
///
/// ```
/// use otlake_parquet::{Compression, ParseCompressionError, ZstdLevel};
///
/// let level = ZstdLevel::new(3)?;
/// assert_eq!((level.get(), Compression::Zstd(level).to_string()), (3, "zstd:3".to_owned()));
/// assert_eq!(ZstdLevel::new(40), Err(ParseCompressionError::Level { level: 40 }));
/// # Ok::<(), ParseCompressionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZstdLevel(i32);

impl ZstdLevel {
    /// Creates a level.
    ///
    /// # Errors
    ///
    /// Returns an error when `level` is not in 1 to 22.
    pub const fn new(level: i32) -> Result<Self, ParseCompressionError> {
        if 1 <= level && level <= 22 {
            Ok(Self(level))
        } else {
            Err(ParseCompressionError::Level { level })
        }
    }

    /// Returns the level as a number.
    pub const fn get(self) -> i32 {
        self.0
    }
}

/// An error of parsing a [`Compression`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseCompressionError {
    /// The text names no codec.
    #[error("unknown compression {text:?}: write zstd, zstd:LEVEL (1 to 22), snappy, lz4 or none")]
    Unknown {
        /// The text.
        text: String,
    },
    /// Zstd has no such level.
    #[error("zstd has no level {level}: choose one from 1 (fast) to 22 (small)")]
    Level {
        /// The level.
        level: i32,
    },
}
