use std::io::Read;

use otlake_row::Bytes;

use super::compression::Inflated;
use super::detect::{Detected, detect};
use super::error::{PayloadError, PayloadErrorKind};
use super::framings::Framing;
use super::input::Input;
use super::json_documents::JsonDocuments;
use super::json_lines::JsonLines;
use super::payload::{Format, Payload};
use super::{prefixed, protobuf};
use crate::encoding::{ContentEncoding, InflateLimits};
use crate::foreign;

/// Reads the payloads of a file one after another.
///
/// ```
/// use otlake_otlp::{Format, PayloadReader};
///
/// let file = b"{\"resourceLogs\":[]}\r\n\r\n{\"resourceSpans\":[]}";
/// let payloads: Vec<_> = PayloadReader::new(&file[..]).collect::<Result<_, _>>()?;
///
/// assert_eq!(payloads.len(), 2);
/// assert_eq!(payloads[1].format, Format::Json);
/// assert_eq!(payloads[1].bytes, r#"{"resourceSpans":[]}"#);
/// assert_eq!((payloads[1].number, payloads[1].offset), (2, 23));
/// # Ok::<(), otlake_otlp::PayloadError>(())
/// ```
///
/// # Framings
///
/// A file is one protobuf request, JSON documents, JSON lines or length-prefixed messages; see
/// [`Framing`]. It may be compressed with gzip, in several members, or with zstd, in several frames. A
/// length-prefixed message may be compressed again. Empty files, blank lines and empty messages are not errors:
/// they have no payload.
///
/// # Detection
///
/// Only the first bytes count, never the name of a file.
///
/// 1. `1f 8b 08` is gzip, `28 b5 2f fd` and `50..5f 2a 4d 18` are zstd. The other rules apply to the
///    inflated bytes.
/// 2. A first byte up to `07` belongs to a length below 128 MiB, because no protobuf field has such a tag.
///    The first message must begin like JSON, like a request (`0a`), like gzip (`1f`) or like zstd (`28`).
/// 3. White space, byte order marks and then a brace are JSON. If that white space begins with a line feed,
///    the line feed could be the tag of a request, and the brace the length of its first field, 123 bytes. It
///    is JSON if a quote and a character or the closing brace follow, after white space; otherwise it is protobuf.
/// 4. JSON is first read document by document. If the first document has a line of its own, the file is JSON
///    lines. Documents over several lines, and several in one line, are still found there.
/// 5. Everything else that begins with `0a` is a protobuf request.
/// 6. Text with a later line that begins like a JSON object is JSON lines after lines of something else. JSON
///    text sequences (RFC 7464) and JSON after zero bytes are JSON, too.
///
/// Other files are errors. If the detection is wrong for a file, set [`Self::with_framing`] and
/// [`Self::with_encoding`].
///
/// ```
/// use otlake_otlp::{ContentEncoding, Framing, PayloadReader};
///
/// // One document per line, uncompressed, with small limits: nothing is detected.
/// let file = b"{\"resourceLogs\":[]}\n{\"resourceSpans\":[]}\n";
/// let mut reader = PayloadReader::new(&file[..])
///     .with_framing(Framing::JsonLines)
///     .with_encoding(ContentEncoding::Identity)
///     .with_limit(1 << 20)
///     .with_ratio(100);
/// assert_eq!(reader.by_ref().count(), 2);
/// assert_eq!(reader.framing(), Some(Framing::JsonLines));
/// ```
///
/// # Errors
///
/// An item is an error if its payload is broken. The error has the number of the payload and the offset at which it
/// begins. The reader goes on if the framing shows where the next payload begins: after a length-prefixed
/// message, at the next line, at a brace that cannot be within the broken document, or at the next line that
/// begins with a brace. In JSON lines, only the first line of a document may begin with a brace. If the reader
/// cannot go on, the error is [final](PayloadError::is_final), and nothing follows it.
///
/// # Memory
///
/// The reader holds one payload of at most [`Self::with_limit`] bytes, in a buffer of up to twice that size, and a
/// decompressor. The one of zstd may take 128 MiB if the file was written with such a large window. A file that is
/// one request or one document is one payload.
#[derive(Debug)]
pub struct PayloadReader<R: Read> {
    state: State<R>,
    framing: Option<Framing>,
    encoding: Option<ContentEncoding>,
    limits: InflateLimits,
    number: u64,
}

enum State<R: Read> {
    Unopened(R),
    Open(Box<Input<R>>, Shape),
    Ended,
}

/// A framing, with the state of reading it.
#[derive(Debug)]
enum Shape {
    Protobuf,
    /// Documents or lines. The first document decides.
    Json(JsonDocuments),
    Documents(JsonDocuments),
    Lines(JsonLines),
    LengthPrefixed,
}

/// A payload without its number.
pub(super) struct Found {
    pub(super) bytes: Bytes,
    pub(super) format: Format,
    pub(super) offset: u64,
}

/// The next item of a framing.
pub(super) enum Next {
    Found(Found),
    /// A broken payload at this offset, and the error.
    Broken(u64, PayloadErrorKind),
    End,
}

impl<R: Read> PayloadReader<R> {
    /// Returns a reader that detects the framing and the compression of `file`, with a limit of 64 MiB.
    ///
    /// Nothing is read before the first call of `next`. Reads are large, so `file` need not be buffered.
    pub fn new(file: R) -> PayloadReader<R> {
        PayloadReader {
            state: State::Unopened(file),
            framing: None,
            encoding: None,
            limits: InflateLimits::default(),
            number: 0,
        }
    }

    /// Sets the framing, which is then not detected.
    #[must_use]
    pub fn with_framing(mut self, framing: Framing) -> PayloadReader<R> {
        self.framing = Some(framing);
        self
    }

    /// Sets the compression of the file, which is then not detected.
    #[must_use]
    pub fn with_encoding(mut self, encoding: ContentEncoding) -> PayloadReader<R> {
        self.encoding = Some(encoding);
        self
    }

    /// Sets the maximum size of a payload after decompression, in bytes. Larger payloads are errors. Default: 64 MiB,
    /// the same as [`Limits::payload_bytes`](crate::Limits::payload_bytes).
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> PayloadReader<R> {
        self.limits.bytes = bytes;
        self
    }

    /// Sets the maximum compression ratio of messages that are compressed one by one; see [`InflateLimits::ratio`].
    /// Messages with a higher ratio are errors. Default: 1,000. A file that is compressed as a whole has no such
    /// limit, because it is inflated piece by piece.
    #[must_use]
    pub fn with_ratio(mut self, ratio: usize) -> PayloadReader<R> {
        self.limits.ratio = ratio;
        self
    }

    /// Returns the framing that was set or detected, or `None` before the first payload and for a file without
    /// payloads. For JSON lines, it returns [`Framing::JsonDocuments`] until the second payload is read.
    pub fn framing(&self) -> Option<Framing> {
        match &self.state {
            State::Open(_, shape) => Some(shape.framing()),
            _ => self.framing,
        }
    }

    fn open(&self, file: R) -> Result<Option<(Input<R>, Shape)>, PayloadErrorKind> {
        let mut input = Input::new(Inflated::open(file, self.encoding)?);
        if let Some(framing) = self.framing {
            return Ok(Some((input, Shape::from(framing))));
        }
        loop {
            let shape = match detect(input.buffered(), input.at_end()) {
                Detected::Nothing => return Ok(None),
                Detected::Protobuf => Shape::Protobuf,
                Detected::Json => Shape::Json(JsonDocuments::default()),
                Detected::LengthPrefixed => Shape::LengthPrefixed,
                Detected::Unrecognised => {
                    if input.buffered().iter().all(|byte| *byte == 0) && skip_zeros(&mut input)? {
                        continue;
                    }
                    input.fill_to(foreign::ENOUGH)?;
                    let head = input.buffered();
                    return Err(PayloadErrorKind::Unrecognised {
                        start: head.iter().take(8).copied().collect(),
                        found: foreign::describe(head, None),
                        inside: input.encoding(),
                    });
                }
                Detected::Undecided => {
                    input.fill()?;
                    continue;
                }
            };
            return Ok(Some((input, shape)));
        }
    }
}

/// Skips the zero bytes at the beginning of a file, in multiples of four, because they may be empty messages and
/// the length of another one. Returns whether something else follows.
fn skip_zeros<R: Read>(input: &mut Input<R>) -> Result<bool, PayloadErrorKind> {
    loop {
        let buffered = input.buffered();
        if buffered.iter().any(|byte| *byte != 0) {
            return Ok(true);
        }
        let kept = 4.min(buffered.len());
        let skipped = (buffered.len() - kept) / 4 * 4;
        input.skip_zeros(skipped);
        if !input.fill()? {
            return Ok(false);
        }
    }
}

impl<R: Read> Iterator for PayloadReader<R> {
    type Item = Result<Payload, PayloadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = match std::mem::replace(&mut self.state, State::Ended) {
            State::Ended => return None,
            State::Unopened(file) => match self.open(file) {
                Ok(None) => return None,
                Ok(Some((input, shape))) => {
                    self.state = State::Open(Box::new(input), shape);
                    return self.next();
                }
                Err(kind) => Next::Broken(0, kind),
            },
            State::Open(mut input, mut shape) => {
                let next = shape.next(&mut input, self.limits);
                self.framing = Some(shape.framing());
                self.state = State::Open(input, shape);
                next
            }
        };
        let item = match next {
            Next::Found(found) => {
                self.number += 1;
                Ok(Payload {
                    bytes: found.bytes,
                    format: found.format,
                    number: self.number,
                    offset: found.offset,
                })
            }
            Next::Broken(offset, kind) => {
                self.number += 1;
                Err(PayloadError {
                    kind,
                    number: self.number,
                    offset,
                })
            }
            Next::End => {
                self.state = State::Ended;
                return None;
            }
        };
        if item.as_ref().is_err_and(PayloadError::is_final) {
            self.state = State::Ended;
        }
        Some(item)
    }
}

impl<R: Read> std::iter::FusedIterator for PayloadReader<R> {}

impl Shape {
    fn framing(&self) -> Framing {
        match self {
            Shape::Protobuf => Framing::Protobuf,
            Shape::Json(_) | Shape::Documents(_) => Framing::JsonDocuments,
            Shape::Lines(_) => Framing::JsonLines,
            Shape::LengthPrefixed => Framing::LengthPrefixed,
        }
    }

    fn next<R: Read>(&mut self, input: &mut Input<R>, limits: InflateLimits) -> Next {
        match self {
            Shape::Protobuf => protobuf::next(input, limits.bytes),
            Shape::LengthPrefixed => prefixed::next(input, limits),
            Shape::Lines(lines) => lines.next(input, limits.bytes),
            Shape::Documents(documents) => documents.next(input, limits.bytes),
            Shape::Json(documents) => match documents.was_a_line(input) {
                Ok(None) => documents.next(input, limits.bytes),
                Ok(Some(line)) => {
                    *self = if line {
                        Shape::Lines(JsonLines::detected())
                    } else {
                        Shape::Documents(std::mem::take(documents))
                    };
                    self.next(input, limits)
                }
                Err(kind) => Next::Broken(input.offset(), kind),
            },
        }
    }
}

impl From<Framing> for Shape {
    fn from(framing: Framing) -> Shape {
        match framing {
            Framing::Protobuf => Shape::Protobuf,
            Framing::JsonDocuments => Shape::Documents(JsonDocuments::default()),
            Framing::JsonLines => Shape::Lines(JsonLines::default()),
            Framing::LengthPrefixed => Shape::LengthPrefixed,
        }
    }
}

impl<R: Read> std::fmt::Debug for State<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            State::Unopened(_) => "Unopened",
            State::Open(..) => "Open",
            State::Ended => "Ended",
        })
    }
}
