//! Which codec a file's pages are compressed with, and how a person writes it.

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
/// Every variant exists whatever features are on, so that a configuration can be read everywhere;
/// a codec whose feature is off is refused by [`Encoder::new`](crate::Encoder::new).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// Parquet's `ZSTD`. Written `zstd` or `zstd:LEVEL`; feature `zstd`.
    Zstd(ZstdLevel),
    /// Parquet's `SNAPPY`. Written `snappy`; feature `snappy`.
    Snappy,
    /// Parquet's `LZ4_RAW`, not its deprecated `LZ4`. Written `lz4`; feature `lz4`.
    Lz4,
    /// Parquet's `UNCOMPRESSED`. Written `none`.
    None,
}

impl Compression {
    /// Zstd at its default level, 1.
    pub const ZSTD: Self = Self::Zstd(ZstdLevel(1));

    /// Whether this build can write it.
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
    /// `zstd:1`, or `none` in a build without the feature `zstd`.
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

/// A level of zstd, 1 to 22.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZstdLevel(i32);

impl ZstdLevel {
    /// The level `level`.
    ///
    /// # Errors
    ///
    /// When it is not in 1 to 22.
    pub const fn new(level: i32) -> Result<Self, ParseCompressionError> {
        if 1 <= level && level <= 22 {
            Ok(Self(level))
        } else {
            Err(ParseCompressionError::Level { level })
        }
    }

    /// The level as a number.
    pub const fn get(self) -> i32 {
        self.0
    }
}

/// A text that names no codec.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseCompressionError {
    /// The text is none of the known ones.
    #[error("unknown compression {text:?}: write zstd, zstd:LEVEL (1 to 22), snappy, lz4 or none")]
    Unknown {
        /// The text as given.
        text: String,
    },
    /// Zstd has no such level.
    #[error("zstd has no level {level}: choose one from 1 (fast) to 22 (small)")]
    Level {
        /// The level as given.
        level: i32,
    },
}
