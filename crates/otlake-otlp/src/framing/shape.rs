use std::fmt;
use std::str::FromStr;

/// How the payloads of a file stand in it, once it is inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framing {
    /// The file is one protobuf request.
    Protobuf,
    /// JSON documents one after the other, with white space between them or nothing: a file of one
    /// document, pretty-printed or not, is the usual case.
    JsonDocuments,
    /// A JSON document a line, as the collector's file exporter writes it. Where this is named and
    /// not detected, each line is a payload as it stands.
    JsonLines,
    /// Messages behind their length of four bytes, big-endian, as the collector's file exporter
    /// writes them for `format: proto` and for `compression: zstd`. They may be protobuf or JSON,
    /// and may each be compressed.
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

    /// The name on a command line: `protobuf`, `json`, `json-lines`, `length-prefixed`.
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

/// A name that is none of a [`Framing`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no framing is called {name:?}: choose protobuf, json, json-lines or length-prefixed, or none \
     to have it detected"
)]
pub struct UnknownFraming {
    name: String,
}
