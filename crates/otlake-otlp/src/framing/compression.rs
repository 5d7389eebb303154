//! Detects the compression of a file, or of one message in it, and inflates files.

use std::io::{self, Chain, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::PayloadErrorKind;
use crate::encoding::ContentEncoding;
#[cfg(any(feature = "gzip", feature = "zstd"))]
use crate::encoding::members::Members;
#[cfg(feature = "zstd")]
use crate::encoding::zstd::{self, Frame, Limited};

/// The number of bytes that [`detect`] needs.
pub(super) const MAGIC: usize = 4;

/// The first byte of a message that is compressed with gzip.
pub(super) const GZIP: u8 = 0x1f;

/// The first byte of a message that the Collector compressed with zstd.
pub(super) const ZSTD: u8 = 0x28;

/// Returns the compression of data that begins with `head`.
///
/// No compression begins like an OTLP request in protobuf, like JSON, or like the length of a
/// message below 480 MiB.
///
/// # Errors
///
/// Returns the name of the compression if its feature is off.
pub(super) fn detect(head: &[u8]) -> Result<ContentEncoding, &'static str> {
    match head {
        // RFC 1952. Deflate is the only method that exists.
        [GZIP, 0x8b, 8, ..] => {
            #[cfg(feature = "gzip")]
            return Ok(ContentEncoding::Gzip);
            #[cfg(not(feature = "gzip"))]
            return Err("gzip");
        }
        // RFC 8878: a frame, or a skippable frame.
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
pub(super) struct Inflated<R: Read> {
    bytes: Compressed<R>,
    /// Whether the file itself could not be read.
    failed: Arc<AtomicBool>,
}

enum Compressed<R: Read> {
    Plain(Whole<R>),
    #[cfg(feature = "gzip")]
    Gzip(Box<Members<Buffered<R>, flate2::bufread::GzDecoder<Buffered<R>>>>),
    #[cfg(feature = "zstd")]
    Zstd(Box<Frames<R>>),
}

/// The file, including the bytes from which the compression was detected.
type Whole<R> = Chain<Cursor<Vec<u8>>, Watched<R>>;

#[cfg(feature = "zstd")]
type Frames<R> = Members<Limited<Buffered<R>>, Frame<Buffered<R>>>;

#[cfg(any(feature = "gzip", feature = "zstd"))]
type Buffered<R> = io::BufReader<Whole<R>>;

/// The buffer size of a decompressor. Its own default of 8 KiB causes too many system calls.
#[cfg(any(feature = "gzip", feature = "zstd"))]
const BUFFER: usize = 64 << 10;

impl<R: Read> Inflated<R> {
    /// Opens `file` with `encoding`, or with the encoding that its first bytes show.
    pub(super) fn open(
        file: R,
        encoding: Option<ContentEncoding>,
    ) -> Result<Inflated<R>, PayloadErrorKind> {
        let failed = Arc::new(AtomicBool::new(false));
        let mut file = Watched {
            inner: file,
            failed: Arc::clone(&failed),
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
        let bytes = match encoding {
            ContentEncoding::Identity => Compressed::Plain(whole),
            #[cfg(feature = "gzip")]
            ContentEncoding::Gzip => {
                let compressed = io::BufReader::with_capacity(BUFFER, whole);
                Compressed::Gzip(Box::new(Members::new(compressed)))
            }
            #[cfg(feature = "zstd")]
            ContentEncoding::Zstd => {
                let compressed = io::BufReader::with_capacity(BUFFER, whole);
                Compressed::Zstd(Box::new(Members::new(Limited::new(compressed))))
            }
        };
        Ok(Inflated { bytes, failed })
    }

    /// Returns the name of the compression of the file.
    pub(super) fn encoding(&self) -> Option<&'static str> {
        match self.bytes {
            Compressed::Plain(_) => None,
            #[cfg(feature = "gzip")]
            Compressed::Gzip(_) => Some("gzip"),
            #[cfg(feature = "zstd")]
            Compressed::Zstd(_) => Some("zstd"),
        }
    }

    /// Returns the kind of an error that [`Read::read`] has returned.
    pub(super) fn blame(&self, error: io::Error) -> PayloadErrorKind {
        match self.encoding() {
            None => PayloadErrorKind::Read(error),
            Some(_) if self.failed.load(Ordering::Relaxed) => PayloadErrorKind::Read(error),
            #[cfg(feature = "zstd")]
            Some("zstd") if zstd::is_of_window(&error) => PayloadErrorKind::WindowTooLarge {
                limit: zstd::window_limit(usize::MAX),
            },
            Some(encoding) => PayloadErrorKind::Damaged {
                encoding,
                source: error,
            },
        }
    }
}

impl<R: Read> Read for Inflated<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.bytes {
            Compressed::Plain(file) => file.read(buffer),
            #[cfg(feature = "gzip")]
            Compressed::Gzip(members) => members.read(buffer),
            #[cfg(feature = "zstd")]
            Compressed::Zstd(members) => members.read(buffer),
        }
    }
}

/// A file that remembers whether reading it failed, because a decompressor does not distinguish that from
/// damaged data.
pub(super) struct Watched<R> {
    inner: R,
    failed: Arc<AtomicBool>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer);
        let failed = |error: &io::Error| error.kind() != io::ErrorKind::Interrupted;
        if read.as_ref().is_err_and(failed) {
            self.failed.store(true, Ordering::Relaxed);
        }
        read
    }
}
