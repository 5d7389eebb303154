use std::io::{self, Read};

use otlake_row::Bytes;

use super::compression::Inflated;
use super::error::PayloadErrorKind;

/// The minimum size of a read.
const CHUNK: usize = 64 << 10;

/// The inflated bytes of a file, in a buffer that grows to the size of one payload.
pub(super) struct Input<R: Read> {
    file: Inflated<R>,
    buffer: Vec<u8>,
    /// The range of the buffer that has been read but not taken yet.
    start: usize,
    end: usize,
    /// The position of `start` in the file.
    offset: u64,
    at_end: bool,
    /// The number of zero bytes at the beginning of the file that were skipped but not reported yet.
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

    /// Returns the bytes that have been read but not taken yet.
    pub(super) fn buffered(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Returns the position of [`Self::buffered`] in the file.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns whether the file ends after [`Self::buffered`], as far as [`Self::fill`] has found out.
    pub(super) fn at_end(&self) -> bool {
        self.at_end
    }

    /// Reads more, as much as one call of the reader returns. Returns false at the end of the file.
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

    /// Reads until `length` bytes are buffered. Returns false if the file has fewer.
    pub(super) fn fill_to(&mut self, length: usize) -> Result<bool, PayloadErrorKind> {
        while self.buffered().len() < length {
            if !self.fill()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes the first `length` buffered bytes.
    pub(super) fn take(&mut self, length: usize) -> Bytes {
        if self.at_end && self.start == 0 && length == self.end {
            // This is the whole file, which need not be copied.
            self.buffer.truncate(length);
            self.offset += length as u64;
            self.end = 0;
            return std::mem::take(&mut self.buffer).into();
        }
        let taken = Bytes::copy_from_slice(&self.buffered()[..length]);
        self.skip(length);
        taken
    }

    /// Drops the first `length` buffered bytes.
    pub(super) fn skip(&mut self, length: usize) {
        debug_assert!(length <= self.buffered().len());
        self.start += length;
        self.offset += length as u64;
    }

    /// Drops zero bytes at the beginning of the file. They are reported later, together with those that follow.
    pub(super) fn skip_zeros(&mut self, length: usize) {
        self.skip(length);
        self.zeros += length as u64;
    }

    /// Returns the number of bytes that [`Self::skip_zeros`] has dropped, once.
    pub(super) fn take_zeros(&mut self) -> u64 {
        std::mem::take(&mut self.zeros)
    }

    /// Makes room after the buffered bytes. They are moved to the front, or if they are there already, the buffer is
    /// doubled. So the buffer is at most twice as long as a payload.
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
