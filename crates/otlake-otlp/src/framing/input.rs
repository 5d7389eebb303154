use std::io::{self, Read};

use otlake_row::Bytes;

use super::compression::Inflated;
use super::error::PayloadErrorKind;

/// The room for a read at least.
const CHUNK: usize = 64 << 10;

/// The inflated bytes of a file through a buffer that grows to what one payload needs.
pub(super) struct Input<R: Read> {
    file: Inflated<R>,
    buffer: Vec<u8>,
    /// The bytes of the buffer that were read and not taken yet.
    start: usize,
    end: usize,
    /// Of the first of them in the file.
    offset: u64,
    at_end: bool,
    /// The zero bytes at the beginning of the file that were skipped and not reported yet.
    zeros: u64,
}

impl<R: Read> Input<R> {
    pub(super) fn new(file: Inflated<R>) -> Input<R> {
        Input {
            file,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            offset: 0,
            at_end: false,
            zeros: 0,
        }
    }

    /// Returns the name of the compression of the file.
    pub(super) fn encoding(&self) -> Option<&'static str> {
        self.file.encoding()
    }

    /// What was read and not taken yet.
    pub(super) fn buffered(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// The byte of the file at which [`Self::buffered`] begins.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether nothing comes after [`Self::buffered`]. Known only once [`Self::fill`] has said so.
    pub(super) fn at_end(&self) -> bool {
        self.at_end
    }

    /// Reads more, as much as one call of the reader gives; false when there is no more.
    pub(super) fn fill(&mut self) -> Result<bool, PayloadErrorKind> {
        if self.at_end {
            return Ok(false);
        }
        self.make_room();
        loop {
            match self.file.read(&mut self.buffer[self.end..]) {
                Ok(read) => {
                    self.end += read;
                    self.at_end = read == 0;
                    return Ok(read > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.at_end = true;
                    return Err(self.file.blame(error));
                }
            }
        }
    }

    /// Reads until `length` bytes are buffered; false when there are not so many.
    pub(super) fn fill_to(&mut self, length: usize) -> Result<bool, PayloadErrorKind> {
        while self.buffered().len() < length {
            if !self.fill()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes the first `length` bytes of what is buffered.
    pub(super) fn take(&mut self, length: usize) -> Bytes {
        if self.at_end && self.start == 0 && length == self.end {
            // The file in one piece: it need not be copied.
            self.buffer.truncate(length);
            self.offset += length as u64;
            self.end = 0;
            return std::mem::take(&mut self.buffer).into();
        }
        let taken = Bytes::copy_from_slice(&self.buffered()[..length]);
        self.skip(length);
        taken
    }

    /// Drops the first `length` bytes of what is buffered.
    pub(super) fn skip(&mut self, length: usize) {
        debug_assert!(length <= self.buffered().len());
        self.start += length;
        self.offset += length as u64;
    }

    /// Drops zero bytes at the beginning of the file, to be reported by whoever finds what follows them.
    pub(super) fn skip_zeros(&mut self, length: usize) {
        self.skip(length);
        self.zeros += length as u64;
    }

    /// Returns the number of bytes that [`Self::skip_zeros`] has dropped, once.
    pub(super) fn take_zeros(&mut self) -> u64 {
        std::mem::take(&mut self.zeros)
    }

    /// Makes room behind the end, by moving what is buffered to the front or, when it stands there
    /// already, by doubling the buffer: so the buffer is at most twice as long as a payload.
    fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        if self.end < self.buffer.len() {
            return;
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        } else {
            let size = (self.buffer.len() * 2).max(CHUNK);
            self.buffer.resize(size, 0);
        }
    }
}
