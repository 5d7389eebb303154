use std::io::Read;

use otlake_row::Bytes;

use super::compression::Inflated;
use super::detect::{Detected, detect};
use super::documents::Documents;
use super::error::{PayloadError, PayloadErrorKind};
use super::input::Input;
use super::lines::Lines;
use super::payload::{Format, Payload};
use super::shape::Framing;
use super::{prefixed, protobuf};
use crate::encoding::{ContentEncoding, InflateLimits};
use crate::foreign;

/// Takes the payloads of a file one after the other.
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
/// # What a file may be
///
/// One protobuf request, JSON documents, JSON lines, or messages behind their length: see
/// [`Framing`]. Each may be in gzip, of several members, or in zstd, of several frames. A message
/// behind a length may again be compressed. It is no fault when a file is empty, nor when a line
/// is blank or a message empty: they have no payload.
///
/// # How that is detected
///
/// By the first bytes, never by a name.
///
/// 1. `1f 8b 08` is gzip, `28 b5 2f fd` and `50..5f 2a 4d 18` are zstd. The rest is about what
///    comes out of it.
/// 2. A first byte up to `07` belongs to a length below 128 MiB; no protobuf field has such a tag.
///    The first message has to begin like JSON, like a request (`0a`) or like zstd (`28`).
/// 3. White space, byte order marks and then a brace are JSON. When that white space begins with
///    a line feed, it could be the tag of a request, and the brace the length of its first field,
///    123 bytes. So then a quote and a character or the closing brace must follow, white space
///    aside, and if not it is protobuf.
/// 4. JSON is read by documents at first. When the first one stands in a line of its own, the file
///    is JSON lines. Documents over several lines, and several in a line, are still found there.
/// 5. What else begins with `0a` is a protobuf request.
///
/// Everything else is refused. [`Self::with_framing`] and [`Self::with_encoding`] are for a file
/// of which that says something wrong.
///
/// # Errors
///
/// An item is an error when its payload is broken; it says which one and where it begins. The
/// reader goes on behind it where the framing says where that is: after a message behind a length,
/// at the next line, at a brace that begins a document where none could stand within one, or at
/// the next line that begins with a brace. Among JSON lines no document has a line that begins with
/// a brace but its first. Where there is no going on the error is
/// [final](PayloadError::is_final), and nothing follows it.
///
/// # Memory
///
/// The reader keeps one payload, of [`Self::with_limit`] at most, in a buffer of up to twice that
/// size, and a decompressor: of zstd that may be 128 MiB, if the file was written with so large a
/// window. A file that is one request or one document is one payload.
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

/// A framing with what its reading has to remember.
#[derive(Debug)]
enum Shape {
    Protobuf,
    /// Documents, or lines: the first document tells.
    Json(Documents),
    Documents(Documents),
    Lines(Lines),
    LengthPrefixed,
}

/// A payload without its number.
pub(super) struct Found {
    pub(super) bytes: Bytes,
    pub(super) format: Format,
    pub(super) offset: u64,
}

/// What a framing finds next.
pub(super) enum Next {
    Found(Found),
    /// A payload at this offset, and what is wrong with it.
    Broken(u64, PayloadErrorKind),
    End,
}

impl<R: Read> PayloadReader<R> {
    /// Over a file whose framing and compression are to be detected, with a limit of 64 MiB.
    ///
    /// Nothing is read before the first payload is asked for. The reads are large: `file` need not
    /// be buffered.
    pub fn new(file: R) -> PayloadReader<R> {
        PayloadReader {
            state: State::Unopened(file),
            framing: None,
            encoding: None,
            limits: InflateLimits::default(),
            number: 0,
        }
    }

    /// The file is in this framing, whatever it begins like.
    #[must_use]
    pub fn with_framing(mut self, framing: Framing) -> PayloadReader<R> {
        self.framing = Some(framing);
        self
    }

    /// The file is compressed like this, whatever it begins like.
    #[must_use]
    pub fn with_encoding(mut self, encoding: ContentEncoding) -> PayloadReader<R> {
        self.encoding = Some(encoding);
        self
    }

    /// Payloads of more bytes, once inflated, are errors. Default: 64 MiB, as
    /// [`Limits`](crate::Limits) has it.
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> PayloadReader<R> {
        self.limits.bytes = bytes;
        self
    }

    /// Messages that are compressed each for itself and inflate to more than so many times their
    /// size are errors, see [`InflateLimits::ratio`]. Default: 1,000. A file that is compressed as a
    /// whole is not asked for it: it is inflated bit by bit.
    #[must_use]
    pub fn with_ratio(mut self, ratio: usize) -> PayloadReader<R> {
        self.limits.ratio = ratio;
        self
    }

    /// The framing that was named or detected; `None` before the first payload, and for a file that
    /// has none. Of JSON lines it says documents until the second payload was asked for.
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
                Detected::Json => Shape::Json(Documents::default()),
                Detected::LengthPrefixed => Shape::LengthPrefixed,
                Detected::Unrecognised => {
                    if input.buffered().iter().all(|byte| *byte == 0)
                        && skip_zeros(&mut input, self.limits.bytes as u64)?
                    {
                        continue;
                    }
                    // A tar archive is known by what stands at byte 257.
                    input.fill_to(512)?;
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

/// Skips zero bytes where a file begins with many, but so many that the length of a message keeps its
/// place. Returns whether something else follows the first `most` bytes or so.
fn skip_zeros<R: Read>(input: &mut Input<R>, most: u64) -> Result<bool, PayloadErrorKind> {
    while input.offset() <= most {
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
    Ok(false)
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
                        Shape::Lines(Lines::detected())
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
            Framing::JsonDocuments => Shape::Documents(Documents::default()),
            Framing::JsonLines => Shape::Lines(Lines::default()),
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
