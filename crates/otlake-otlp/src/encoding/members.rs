//! Compressed data in several pieces: the members of gzip, the frames of zstd.
//!
//! Files are concatenated, padded to the size of a block, and written by tools that end each piece with a line
//! feed. So zero bytes and line ends between the pieces and after the last one are skipped.

use std::io::{self, BufRead, Read};

/// A decompressor of one piece.
pub(crate) trait Piece<R: BufRead>: Read + Sized {
    fn open(compressed: R) -> io::Result<Self>;

    fn into_inner(self) -> R;
}

/// Reads the pieces one after another.
pub(crate) struct Members<R: BufRead, P: Piece<R>> {
    state: State<R, P>,
}

enum State<R, P> {
    Between(R),
    Inside(P),
    Ended,
}

impl<R: BufRead, P: Piece<R>> Members<R, P> {
    pub(crate) fn new(compressed: R) -> Members<R, P> {
        Members {
            state: State::Between(compressed),
        }
    }
}

impl<R: BufRead, P: Piece<R>> Read for Members<R, P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Ok(0),
                State::Between(mut compressed) => match skip_padding(&mut compressed) {
                    Ok(true) => self.state = State::Inside(P::open(compressed)?),
                    Ok(false) => return Ok(0),
                    Err(error) => {
                        self.state = State::Between(compressed);
                        return Err(error);
                    }
                },
                State::Inside(mut piece) => match piece.read(buffer) {
                    Ok(0) => self.state = State::Between(piece.into_inner()),
                    read => {
                        self.state = State::Inside(piece);
                        return read;
                    }
                },
            }
        }
    }
}

/// Skips the padding between pieces. Returns false at the end of the data.
fn skip_padding(compressed: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let buffered = compressed.fill_buf()?;
        if buffered.is_empty() {
            return Ok(false);
        }
        let padding = |byte: &&u8| matches!(**byte, 0 | b'\n' | b'\r');
        let skipped = buffered.iter().take_while(padding).count();
        let more = skipped < buffered.len();
        compressed.consume(skipped);
        if more {
            return Ok(true);
        }
    }
}

#[cfg(feature = "gzip")]
impl<R: BufRead> Piece<R> for flate2::bufread::GzDecoder<R> {
    fn open(compressed: R) -> io::Result<Self> {
        Ok(flate2::bufread::GzDecoder::new(compressed))
    }

    fn into_inner(self) -> R {
        flate2::bufread::GzDecoder::into_inner(self)
    }
}
