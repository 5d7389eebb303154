//! Reads JSON documents that follow one another.

use std::io::Read;

use memchr::memchr;

use super::document_scanner::{DocumentScanner, Scanned};
use super::error::PayloadErrorKind;
use super::input::Input;
use super::json_lines::{Begin, skip_line, skip_to_document};
use super::payload::Format;
use super::reader::{Found, Next};

/// The state of reading JSON documents.
#[derive(Debug, Default)]
pub(super) struct JsonDocuments {
    /// Whether the rest of a broken document has to be skipped, to the next line that begins with a brace.
    lost: bool,
    /// Whether the last complete document was within one line.
    one_line: Option<bool>,
    /// Whether each brace at the beginning of a line begins a document.
    among_lines: bool,
}

impl JsonDocuments {
    /// Returns a reader for documents in JSON lines. A document that is cut off ends before the next line that
    /// begins with a brace.
    pub(super) fn among_lines() -> JsonDocuments {
        JsonDocuments {
            among_lines: true,
            ..JsonDocuments::default()
        }
    }

    /// Reads the next document.
    pub(super) fn next<R: Read>(&mut self, input: &mut Input<R>, limit: usize) -> Next {
        match self.document(input, limit) {
            Ok(next) => next,
            Err(kind) => Next::Broken(input.offset(), kind),
        }
    }

    /// Returns whether the last complete document had a line of its own, or `None` if there has been none yet. Reads
    /// to the end of that line.
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

    /// Skips the rest of a broken document.
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

    fn scanner(&self) -> DocumentScanner {
        if self.among_lines {
            DocumentScanner::among_lines()
        } else {
            DocumentScanner::default()
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
                        // Only its end has to be found.
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
