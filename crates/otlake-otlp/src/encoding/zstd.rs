use std::io::{self, BufRead, Read};

use zstd::stream::read::Decoder;
use zstd::zstd_safe::{find_frame_compressed_size, get_frame_content_size};

use super::bounded::read_to_bound;
use super::members::{Members, Piece};

/// The window that every sender over HTTP may use (RFC 9659), and the largest one that zstd accepts by
/// default, as powers of two.
const WINDOW_LOGS: std::ops::RangeInclusive<u32> = 23..=27;

/// Inflates a body, or returns `None` if it is larger than `bound`.
pub(super) fn inflate(body: &[u8], bound: usize) -> io::Result<Option<Vec<u8>>> {
    match stated_size(body) {
        Some(size) if size > bound => Ok(None),
        Some(size) => zstd::bulk::decompress(body, size).map(Some),
        // It was written by a streaming encoder, is padded, or is damaged.
        None => {
            let compressed = Limited {
                inner: body,
                window_log: window_log(bound),
            };
            read_to_bound(Members::<_, Frame<_>>::new(compressed), bound)
        }
    }
}

/// Returns the largest window, as a power of two, for data that may inflate to `bound` bytes. A larger window would
/// waste memory.
fn window_log(bound: usize) -> u32 {
    let log = bound.checked_ilog2().unwrap_or(0) + 1;
    log.clamp(*WINDOW_LOGS.start(), *WINDOW_LOGS.end())
}

/// Returns the size of the largest window for data that may inflate to `bound` bytes.
pub(crate) fn window_limit(bound: usize) -> u64 {
    1 << window_log(bound)
}

/// Returns whether an error of the decompressor is about the window.
pub(crate) fn is_of_window(error: &io::Error) -> bool {
    // The crate returns the text of zstd's error code instead of the code.
    error.to_string().contains("too much memory")
}

/// Compressed data with a limit for the window of its frames.
pub(crate) struct Limited<R> {
    pub(crate) inner: R,
    window_log: u32,
}

impl<R> Limited<R> {
    /// Sets the largest window that zstd accepts by default.
    pub(crate) fn new(inner: R) -> Limited<R> {
        Limited {
            inner,
            window_log: *WINDOW_LOGS.end(),
        }
    }
}

impl<R: BufRead> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

impl<R: BufRead> BufRead for Limited<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
    }
}

/// A decompressor of one frame.
pub(crate) struct Frame<R: BufRead>(Decoder<'static, Limited<R>>);

impl<R: BufRead> Piece<Limited<R>> for Frame<R> {
    fn open(compressed: Limited<R>) -> io::Result<Self> {
        let window_log = compressed.window_log;
        let mut decoder = Decoder::with_buffer(compressed)?.single_frame();
        decoder.window_log_max(window_log)?;
        Ok(Frame(decoder))
    }

    fn into_inner(self) -> Limited<R> {
        self.0.finish()
    }
}

impl<R: BufRead> Read for Frame<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

/// Returns the sum of the sizes that the headers of all frames state.
fn stated_size(mut body: &[u8]) -> Option<usize> {
    let mut size = 0_usize;
    while !body.is_empty() {
        let frame = find_frame_compressed_size(body).ok()?;
        let content = get_frame_content_size(body).ok()??;
        size = size.checked_add(usize::try_from(content).ok()?)?;
        body = body.get(frame..)?;
    }
    Some(size)
}
