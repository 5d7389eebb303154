//! The compression of a file or of one message in it, by its first bytes.

use std::io::{self, Chain, Cursor, Read};

use super::error::PayloadErrorKind;
use crate::encoding::ContentEncoding;

/// The bytes that [`detect`] looks at.
pub(super) const MAGIC: usize = 4;

/// The first byte of a message that the collector compressed.
pub(super) const ZSTD: u8 = 0x28;

/// The compression that begins like `head`, or the name of one whose feature is off.
///
/// None of them begins like a request of OTLP in protobuf, like JSON, or like the length of a
/// message below 480 MiB.
pub(super) fn detect(head: &[u8]) -> Result<ContentEncoding, &'static str> {
    match head {
        // RFC 1952; deflate is the only method there is.
        [0x1f, 0x8b, 8, ..] => {
            #[cfg(feature = "gzip")]
            return Ok(ContentEncoding::Gzip);
            #[cfg(not(feature = "gzip"))]
            return Err("gzip");
        }
        // RFC 8878: a frame, or one that is to be skipped.
        [ZSTD, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            #[cfg(feature = "zstd")]
            return Ok(ContentEncoding::Zstd);
            #[cfg(not(feature = "zstd"))]
            return Err("zstd");
        }
        _ => Ok(ContentEncoding::Identity),
    }
}

/// The inflated bytes of a file.
pub(super) enum Inflated<R: Read> {
    Plain(Whole<R>),
    #[cfg(feature = "gzip")]
    Gzip(Box<flate2::bufread::MultiGzDecoder<io::BufReader<Whole<R>>>>),
    #[cfg(feature = "zstd")]
    Zstd(Box<zstd::stream::read::Decoder<'static, io::BufReader<Whole<R>>>>),
}

/// The head that was looked at, and what follows it.
type Whole<R> = Chain<Cursor<Vec<u8>>, Watched<R>>;

/// What a decompressor is given at a time: its own default of 8 KiB asks the system too often.
#[cfg(any(feature = "gzip", feature = "zstd"))]
const BUFFER: usize = 64 << 10;

impl<R: Read> Inflated<R> {
    /// Over `file`, in `encoding`, or in the one that its first bytes tell.
    pub(super) fn open(
        file: R,
        encoding: Option<ContentEncoding>,
    ) -> Result<Inflated<R>, PayloadErrorKind> {
        let mut file = Watched {
            inner: file,
            failed: false,
        };
        let mut head = Vec::new();
        let encoding = match encoding {
            Some(encoding) => encoding,
            None => {
                let magic = &mut file.by_ref().take(MAGIC as u64);
                magic
                    .read_to_end(&mut head)
                    .map_err(PayloadErrorKind::Read)?;
                detect(&head).map_err(|encoding| PayloadErrorKind::FeatureOff {
                    encoding,
                    message: false,
                })?
            }
        };
        let whole = Cursor::new(head).chain(file);
        Ok(match encoding {
            ContentEncoding::Identity => Inflated::Plain(whole),
            #[cfg(feature = "gzip")]
            ContentEncoding::Gzip => {
                let compressed = io::BufReader::with_capacity(BUFFER, whole);
                Inflated::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(compressed)))
            }
            #[cfg(feature = "zstd")]
            ContentEncoding::Zstd => {
                let compressed = io::BufReader::with_capacity(BUFFER, whole);
                let decoder = zstd::stream::read::Decoder::with_buffer(compressed)
                    .map_err(PayloadErrorKind::Read)?;
                Inflated::Zstd(Box::new(decoder))
            }
        })
    }

    /// What an error of [`Read::read`] says of the file.
    pub(super) fn blame(&self, error: io::Error) -> PayloadErrorKind {
        let damaged = match self {
            Inflated::Plain(_) => None,
            #[cfg(feature = "gzip")]
            Inflated::Gzip(decoder) => {
                let file = decoder.get_ref().get_ref().get_ref().1;
                (!file.failed).then_some("gzip")
            }
            #[cfg(feature = "zstd")]
            Inflated::Zstd(decoder) => {
                let file = decoder.get_ref().get_ref().get_ref().1;
                (!file.failed).then_some("zstd")
            }
        };
        match damaged {
            Some(encoding) => PayloadErrorKind::Damaged {
                encoding,
                source: error,
            },
            None => PayloadErrorKind::Read(error),
        }
    }
}

impl<R: Read> Read for Inflated<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Inflated::Plain(file) => file.read(buffer),
            #[cfg(feature = "gzip")]
            Inflated::Gzip(decoder) => decoder.read(buffer),
            #[cfg(feature = "zstd")]
            Inflated::Zstd(decoder) => decoder.read(buffer),
        }
    }
}

/// Knows whether an error comes from the file and not from what stands in it.
pub(super) struct Watched<R> {
    inner: R,
    #[cfg_attr(
        not(any(feature = "gzip", feature = "zstd")),
        allow(dead_code, reason = "nothing else can fail")
    )]
    failed: bool,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer);
        let failed = |error: &io::Error| error.kind() != io::ErrorKind::Interrupted;
        self.failed |= read.as_ref().is_err_and(failed);
        read
    }
}
