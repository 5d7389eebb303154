use std::{fmt, io};

use crate::encoding::InflateError;

/// Why a payload cannot be taken from its file, and which one it is.
#[derive(Debug)]
pub struct PayloadError {
    pub(super) kind: PayloadErrorKind,
    pub(super) number: u64,
    pub(super) offset: u64,
}

impl PayloadError {
    /// What is wrong.
    pub fn kind(&self) -> &PayloadErrorKind {
        &self.kind
    }

    /// Which one of the file's payloads it is, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The byte of the file, inflated, at which the payload begins, from 0.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the payloads behind this one cannot be found any more. When it is false, the reader
    /// goes on with the next.
    pub fn is_final(&self) -> bool {
        self.kind.is_final()
    }
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PayloadError {
            kind,
            number,
            offset,
        } = self;
        write!(f, "payload {number}, at byte {offset}: {kind}")
    }
}

impl std::error::Error for PayloadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            PayloadErrorKind::Read(error) | PayloadErrorKind::Damaged { source: error, .. } => {
                Some(error)
            }
            PayloadErrorKind::Inflate(error) => error.source(),
            _ => None,
        }
    }
}

/// What can be wrong with a file of payloads.
#[derive(Debug)]
#[non_exhaustive]
pub enum PayloadErrorKind {
    /// The file cannot be read. The last error of its reader.
    Read(io::Error),
    /// The file's compression is damaged or cut off, as it is while the file is still written.
    /// The last error of its reader.
    Damaged {
        /// The compression.
        encoding: &'static str,
        /// What the decompressor says.
        source: io::Error,
    },
    /// The file or the message is compressed, and the feature that would inflate it is off. The
    /// last error of its reader when it is the file.
    FeatureOff {
        /// The compression, and the feature.
        encoding: &'static str,
        /// Whether it is a single message.
        message: bool,
    },
    /// The file begins like none of the forms. The only error of its reader.
    Unrecognised {
        /// Its first bytes, once inflated: eight, or as many as there are.
        start: Vec<u8>,
        /// What it seems to be, and what can be done.
        found: Option<&'static str>,
        /// The compression that the file itself has.
        inside: Option<&'static str>,
    },
    /// The window of the file's zstd data is larger than the decompressor may allocate. The last error of
    /// its reader.
    WindowTooLarge {
        /// The limit.
        limit: u64,
    },
    /// The payload is larger than the limit, see
    /// [`PayloadReader::with_limit`](crate::PayloadReader::with_limit). The last error for a file
    /// that is one request; otherwise the payload is hopped over.
    TooLarge {
        /// Its size, when that was seen.
        bytes: Option<u64>,
        /// The limit.
        limit: usize,
        /// Whether it was the whole file.
        file: bool,
    },
    /// The file ends within a message. The last error of its reader.
    CutOff {
        /// The bytes that the message has.
        expected: u64,
        /// The bytes that are there.
        remaining: u64,
    },
    /// The file ends within a JSON document, or a line or a brace follows that no document can
    /// have there: its end is missing. The next document is looked for behind.
    Unfinished,
    /// Lines between two JSON documents, or before the first, are no documents. They are skipped.
    NotADocument {
        /// The number of lines.
        lines: u64,
        /// The beginning of the first of them.
        start: Vec<u8>,
    },
    /// Zero bytes between two JSON documents, or before the first, as a crash or a truncated log leaves
    /// them. They are skipped.
    ZeroBytes {
        /// How many there are.
        count: u64,
    },
    /// The compression of a single message is damaged, or the message beyond the limit once
    /// inflated. The next message is not concerned.
    Inflate(InflateError),
}

impl PayloadErrorKind {
    pub(super) fn is_final(&self) -> bool {
        match self {
            PayloadErrorKind::Read(_)
            | PayloadErrorKind::Damaged { .. }
            | PayloadErrorKind::Unrecognised { .. }
            | PayloadErrorKind::WindowTooLarge { .. }
            | PayloadErrorKind::CutOff { .. } => true,
            PayloadErrorKind::FeatureOff { message, .. } => !message,
            PayloadErrorKind::TooLarge { file, .. } => *file,
            PayloadErrorKind::Unfinished
            | PayloadErrorKind::NotADocument { .. }
            | PayloadErrorKind::ZeroBytes { .. }
            | PayloadErrorKind::Inflate(_) => false,
        }
    }
}

impl fmt::Display for PayloadErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PayloadErrorKind::Read(_) => write!(f, "the file cannot be read"),
            PayloadErrorKind::Damaged { encoding, .. } => {
                write!(f, "the file's {encoding} data is damaged or cut off")
            }
            PayloadErrorKind::FeatureOff { encoding, .. } => write!(
                f,
                "it is compressed with {encoding}: build with the feature `{encoding}`, or inflate \
                 it first"
            ),
            PayloadErrorKind::Unrecognised {
                start,
                found,
                inside,
            } => {
                match inside {
                    Some(encoding) => write!(f, "the file is {encoding} data, and inside is ")?,
                    None => write!(f, "the file is ")?,
                }
                match found {
                    Some(found) => f.write_str(found),
                    None => write!(
                        f,
                        "neither a protobuf request, nor JSON, nor messages behind their lengths: it \
                         begins with \"{}\"",
                        start.escape_ascii()
                    ),
                }
            }
            PayloadErrorKind::WindowTooLarge { limit } => write!(
                f,
                "the file's zstd data needs a window of more than {limit} bytes, which is the limit"
            ),
            PayloadErrorKind::TooLarge { bytes, limit, .. } => {
                match bytes {
                    Some(bytes) => write!(f, "it is {bytes} bytes long, over")?,
                    None => write!(f, "it is longer than")?,
                }
                write!(f, " the limit of {limit}: write smaller batches")
            }
            PayloadErrorKind::CutOff {
                expected,
                remaining,
            } => write!(
                f,
                "{expected} bytes are expected, but {remaining} remain: the file is cut off, or \
                 does not hold messages behind their lengths"
            ),
            PayloadErrorKind::Unfinished => write!(
                f,
                "the JSON document does not end: it was cut off when it was written or copied"
            ),
            PayloadErrorKind::NotADocument { lines, start } => {
                let start = start.escape_ascii();
                match lines {
                    1 => write!(f, "a line is no JSON document: it begins with \"{start}\""),
                    _ => write!(
                        f,
                        "{lines} lines are no JSON documents: the first begins with \"{start}\""
                    ),
                }
            }
            PayloadErrorKind::ZeroBytes { count } => {
                write!(f, "{count} zero bytes are no JSON document")
            }
            PayloadErrorKind::Inflate(error) => error.fmt(f),
        }
    }
}
