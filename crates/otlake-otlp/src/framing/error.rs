use std::{fmt, io};

use crate::encoding::InflateError;

/// The error because of which a payload cannot be read from its file, and the payload's position.
///
/// ```
/// use otlake_otlp::{PayloadErrorKind, PayloadReader};
///
/// // The beginning of the second document is lost, and the third one is whole.
/// let file = b"{\"resourceLogs\":[]}\n\"x\"]}\n{\"resourceLogs\":[]}\n";
/// let mut payloads = 0;
/// for payload in PayloadReader::new(&file[..]) {
///     match payload {
///         Ok(_) => payloads += 1,
///         Err(error) => {
///             assert!(matches!(error.kind(), PayloadErrorKind::NotADocument { lines: 1, .. }));
///             assert_eq!((error.number(), error.offset()), (2, 20));
///             assert!(!error.is_final(), "the reader goes on");
///         }
///     }
/// }
/// assert_eq!(payloads, 2);
/// ```
#[derive(Debug)]
pub struct PayloadError {
    pub(super) kind: PayloadErrorKind,
    pub(super) number: u64,
    pub(super) offset: u64,
}

impl PayloadError {
    /// Returns the kind of the error.
    pub fn kind(&self) -> &PayloadErrorKind {
        &self.kind
    }

    /// Returns the number of the payload in its file, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns the offset of the payload in the inflated file, in bytes.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns whether no later payload can be found. If it is false, the reader goes on with the next payload.
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

/// The kinds of errors in files of payloads.
#[derive(Debug)]
#[non_exhaustive]
pub enum PayloadErrorKind {
    /// The file cannot be read. This is the last error of its reader.
    Read(io::Error),
    /// The file's compressed data is damaged or cut off. It is cut off while the file is still being written. This
    /// is the last error of its reader.
    Damaged {
        /// The compression.
        encoding: &'static str,
        /// The error of the decompressor.
        source: io::Error,
    },
    /// The file or a message is compressed, and the feature that inflates it is off. For a file, this is the last
    /// error of its reader.
    FeatureOff {
        /// The compression, which has the name of the feature.
        encoding: &'static str,
        /// Whether a single message is compressed, and not the file.
        message: bool,
    },
    /// The file begins like none of the framings. This is the only error of its reader.
    Unrecognised {
        /// Its first inflated bytes, at most eight.
        start: Vec<u8>,
        /// A description of what it seems to be, and what to do.
        found: Option<&'static str>,
        /// The compression of the file itself.
        inside: Option<&'static str>,
    },
    /// The window of the file's zstd data is larger than the decompressor may allocate. This is the last error of
    /// its reader.
    WindowTooLarge {
        /// The limit.
        limit: u64,
    },
    /// The payload is larger than the limit; see
    /// [`PayloadReader::with_limit`](crate::PayloadReader::with_limit). This is the last error for a file that is
    /// one request. In other files, the payload is skipped.
    TooLarge {
        /// The size, if it is known.
        bytes: Option<u64>,
        /// The limit.
        limit: usize,
        /// Whether the payload is the whole file.
        file: bool,
    },
    /// The file ends within a message. This is the last error of its reader.
    CutOff {
        /// The size of the message.
        expected: u64,
        /// The bytes that are left.
        remaining: u64,
    },
    /// The end of a JSON document is missing: the file ends within it, or the beginning of another document follows.
    /// The reader goes on with the next document.
    Unfinished,
    /// Lines before, between or after JSON documents are not documents. They are skipped.
    NotADocument {
        /// The number of lines.
        lines: u64,
        /// The beginning of the first line.
        start: Vec<u8>,
    },
    /// There are zero bytes before, between or after JSON documents, which a crash or a truncated log leaves
    /// behind. They are skipped.
    ZeroBytes {
        /// The number of zero bytes.
        count: u64,
    },
    /// The compressed data of a single message is damaged, or exceeds a limit. The next message is not affected.
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
                        "in no known format (protobuf, JSON or length-prefixed messages): it begins \
                         with \"{}\"",
                        start.escape_ascii()
                    ),
                }
            }
            PayloadErrorKind::WindowTooLarge { limit } => write!(
                f,
                "the file's zstd data needs a window of more than {limit} bytes, the limit: compress it \
                 without `--long`"
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
                 does not contain length-prefixed messages"
            ),
            PayloadErrorKind::Unfinished => write!(
                f,
                "the JSON document does not end: it was cut off when it was written or copied"
            ),
            PayloadErrorKind::NotADocument { lines, start } => {
                let start = start.escape_ascii();
                match lines {
                    1 => write!(
                        f,
                        "skipped a line that is not a JSON document: it begins with \"{start}\""
                    ),
                    _ => write!(
                        f,
                        "skipped {lines} lines that are not JSON documents: the first begins with \
                         \"{start}\""
                    ),
                }
            }
            PayloadErrorKind::ZeroBytes { count } => {
                write!(f, "skipped {count} zero bytes, which are not JSON")
            }
            PayloadErrorKind::Inflate(error) => error.fmt(f),
        }
    }
}
