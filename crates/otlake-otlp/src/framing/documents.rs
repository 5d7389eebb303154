//! JSON documents one after the other.

use std::io::Read;

use memchr::memchr;

use super::error::PayloadErrorKind;
use super::input::Input;
use super::lines::{Begin, skip_line, skip_to_document};
use super::payload::Format;
use super::reader::{Found, Next};
use super::scanner::{Scanned, Scanner};

#[derive(Debug, Default)]
pub(super) struct Documents {
    /// What was no document is to be hopped over: the next one begins a line.
    lost: bool,
    /// Whether the last document that had an end stood in one line.
    one_line: Option<bool>,
    /// A brace that begins a line begins a document, wherever it stands.
    among_lines: bool,
}

impl Documents {
    /// Those among lines that are documents: one that is cut off ends before the next line that
    /// begins with a brace.
    pub(super) fn among_lines() -> Documents {
        Documents {
            among_lines: true,
            ..Documents::default()
        }
    }

    /// The next document.
    pub(super) fn next<R: Read>(&mut self, input: &mut Input<R>, limit: usize) -> Next {
        match self.document(input, limit) {
            Ok(next) => next,
            Err(kind) => Next::Broken(input.offset(), kind),
        }
    }

    /// Whether the last document that had an end stood in a line of its own; `None` when there was
    /// none yet. Reads to where that line ends.
    pub(super) fn was_a_line<R: Read>(
        &self,
        input: &mut Input<R>,
    ) -> Result<Option<bool>, PayloadErrorKind> {
        while self.one_line == Some(true) && input.fill_to(1)? {
            match input.buffered()[0] {
                b'\n' => return Ok(Some(true)),
                b' ' | b'\t' | b'\r' => input.skip(1),
                _ => return Ok(Some(false)),
            }
        }
        Ok(self.one_line)
    }

    /// Hops over what was no document.
    pub(super) fn find_again<R: Read>(
        &mut self,
        input: &mut Input<R>,
    ) -> Result<(), PayloadErrorKind> {
        while self.lost && input.fill_to(1)? && input.buffered()[0] != b'{' {
            skip_line(input)?;
        }
        self.lost = false;
        Ok(())
    }

    fn scanner(&self) -> Scanner {
        if self.among_lines {
            Scanner::among_lines()
        } else {
            Scanner::default()
        }
    }

    fn document<R: Read>(
        &mut self,
        input: &mut Input<R>,
        limit: usize,
    ) -> Result<Next, PayloadErrorKind> {
        self.find_again(input)?;
        match skip_to_document(input)? {
            Begin::Document => {}
            Begin::Dirt(offset, kind) => return Ok(Next::Broken(offset, kind)),
            Begin::End => return Ok(Next::End),
        }
        let offset = input.offset();
        let mut one_line = true;
        let mut scanner = self.scanner();
        let mut scanned = 0;
        loop {
            let piece = &input.buffered()[scanned..];
            let found = scanner.scan(piece);
            let length = match found {
                Scanned::More => piece.len(),
                Scanned::End(at) | Scanned::CutOffAt(at) | Scanned::CutOffInString(at) => at,
            };
            one_line &= memchr(b'\n', &piece[..length]).is_none();
            scanned += length;
            let seen = input.offset() - offset + scanned as u64;
            if matches!(found, Scanned::End(_)) {
                self.one_line = Some(one_line);
            }
            match found {
                Scanned::End(_) if seen <= limit as u64 => {
                    return Ok(Next::Found(Found {
                        bytes: input.take(scanned),
                        format: Format::Json,
                        offset,
                    }));
                }
                Scanned::End(_) => {
                    input.skip(scanned);
                    let kind = PayloadErrorKind::TooLarge {
                        bytes: Some(seen),
                        limit,
                        file: false,
                    };
                    return Ok(Next::Broken(offset, kind));
                }
                Scanned::CutOffAt(_) | Scanned::CutOffInString(_) => {
                    input.skip(scanned);
                    self.lost = matches!(found, Scanned::CutOffInString(_));
                    return Ok(Next::Broken(offset, PayloadErrorKind::Unfinished));
                }
                Scanned::More => {
                    if seen > limit as u64 {
                        // It only remains to be seen where it ends.
                        input.skip(scanned);
                        scanned = 0;
                    }
                    if !input.fill()? {
                        input.skip(input.buffered().len());
                        return Ok(Next::Broken(offset, PayloadErrorKind::Unfinished));
                    }
                }
            }
        }
    }
}
