use std::fmt;
use std::str::FromStr;

/// The way in which the payloads of an inflated file are separated.
///
/// ```
/// use otlake_otlp::{Framing, UnknownFraming};
///
/// let framing: Framing = "json-lines".parse()?;
/// assert_eq!(framing, Framing::JsonLines);
/// assert_eq!(framing.name(), "json-lines");
/// let error: Result<Framing, UnknownFraming> = "xml".parse();
/// assert!(error.is_err());
/// # Ok::<(), UnknownFraming>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framing {
    /// The file is one protobuf request.
    Protobuf,
    /// JSON documents that follow one another, with or without white space between them. Usually it is one document,
    /// pretty-printed or not.
    JsonDocuments,
    /// One JSON document per line, as the Collector's file exporter writes them. If this framing is set instead of
    /// detected, each line is one payload, as it is.
    JsonLines,
    /// Messages, each after its length in four bytes, big-endian. The Collector's file exporter writes them with
    /// `format: proto` or `compression: zstd`. They are protobuf or JSON, and each may be compressed.
    LengthPrefixed,
}

impl Framing {
    /// Every framing.
    pub const ALL: [Framing; 4] = [
        Framing::Protobuf,
        Framing::JsonDocuments,
        Framing::JsonLines,
        Framing::LengthPrefixed,
    ];

    /// Returns the name on a command line: `protobuf`, `json`, `json-lines` or `length-prefixed`.
    pub fn name(self) -> &'static str {
        match self {
            Framing::Protobuf => "protobuf",
            Framing::JsonDocuments => "json",
            Framing::JsonLines => "json-lines",
            Framing::LengthPrefixed => "length-prefixed",
        }
    }
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Framing {
    type Err = UnknownFraming;

    fn from_str(name: &str) -> Result<Framing, UnknownFraming> {
        let named = |framing: &Framing| framing.name() == name;
        let found = Framing::ALL.into_iter().find(named);
        found.ok_or_else(|| UnknownFraming {
            name: name.to_owned(),
        })
    }
}

/// The error for a name that no [`Framing`] has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no framing is called {name:?}: choose protobuf, json, json-lines or length-prefixed, or none \
     to have it detected"
)]
pub struct UnknownFraming {
    name: String,
}
