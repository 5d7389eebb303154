//! Reads JSON lines.

use std::io::Read;

use memchr::{memchr, memchr_iter, memmem};

use super::detect::{BOM, is_space, skip_space};
use super::document_scanner::{DocumentScanner, Scanned};
use super::error::PayloadErrorKind;
use super::input::Input;
use super::json_documents::JsonDocuments;
use super::payload::Format;
use super::reader::{Found, Next};

/// The white space at the end of a line that does not count towards the limit.
const SLACK: usize = 64;

/// The state of reading JSON lines.
#[derive(Debug, Default)]
pub(super) struct JsonLines {
    /// Whether the rest of a line that was too long has to be skipped.
    skipping: bool,
    /// Reads documents that are not exactly one line, unless the caller has said that every line is one document.
    documents: Option<JsonDocuments>,
    /// The end of the line up to which `documents` reads, so that it is searched only once for all documents in
    /// the line.
    documents_end: u64,
}

impl JsonLines {
    /// Returns a reader for a file of which only the first line is known to be a document.
    pub(super) fn detected() -> JsonLines {
        JsonLines {
            documents: Some(JsonDocuments::among_lines()),
            ..JsonLines::default()
        }
    }

    /// Reads the next line that is not blank.
    pub(super) fn next<R: Read>(&mut self, input: &mut Input<R>, limit: usize) -> Next {
        match self.line(input, limit) {
            Ok(next) => next,
            Err(kind) => Next::Broken(input.offset(), kind),
        }
    }

    fn line<R: Read>(
        &mut self,
        input: &mut Input<R>,
        limit: usize,
    ) -> Result<Next, PayloadErrorKind> {
        if self.skipping {
            skip_line(input)?;
            self.skipping = false;
        }
        if let Some(documents) = &mut self.documents {
            documents.find_again(input)?;
        }
        if self.documents.is_some() {
            match skip_to_document(input)? {
                Begin::Document => {}
                Begin::Dirt(offset, kind) => return Ok(Next::Broken(offset, kind)),
                Begin::End => return Ok(Next::End),
            }
        } else if !skip_blank(input)? {
            return Ok(Next::End);
        }
        let offset = input.offset();
        if let Some(documents) = &mut self.documents
            && offset < self.documents_end
        {
            return Ok(documents.next(input, limit));
        }
        let mut searched = 0;
        let length = loop {
            let buffered = input.buffered();
            if let Some(found) = memchr(b'\n', &buffered[searched..]) {
                break searched + found;
            }
            searched = buffered.len();
            if searched > limit.saturating_add(SLACK) {
                self.skipping = true;
                return Ok(too_large(offset, limit));
            }
            if !input.fill()? {
                break searched;
            }
        };
        let line = &input.buffered()[..length];
        let spaces = line
            .iter()
            .rev()
            .take_while(|byte| is_space(**byte))
            .count();
        let document = length - spaces;
        if document > limit || length > limit.saturating_add(SLACK) {
            input.skip(length);
            return Ok(too_large(offset, limit));
        }
        if let Some(documents) = &mut self.documents
            && begins_without_end(&line[..document])
        {
            self.documents_end = offset + length as u64;
            return Ok(documents.next(input, limit));
        }
        if let Some(end) = torn_at(&line[..document]) {
            return Ok(Next::Found(Found {
                bytes: input.take(end),
                format: Format::Json,
                offset,
            }));
        }
        let bytes = input.take(document);
        input.skip(spaces);
        Ok(Next::Found(Found {
            bytes,
            format: Format::Json,
            offset,
        }))
    }
}

/// Returns whether a document begins at the beginning of the line, but may not end at its end: the line does not
/// end with a brace, or a brace closes and another one opens. The braces may be in a string, so such a line is
/// scanned. To scan every line would take four times as long as to search for these braces.
fn begins_without_end(line: &[u8]) -> bool {
    let another_begins = |end| skip_space(&line[end + 1..]).starts_with(b"{");
    line.starts_with(b"{") && (!line.ends_with(b"}") || memchr_iter(b'}', line).any(another_begins))
}

/// Returns where the last request of a line begins, if it ends with the line and the line begins with something else. A writer that
/// stopped within a document and was started again leaves such lines. Only the last one is scanned, so that a line with many
/// beginnings takes linear time.
fn torn_at(line: &[u8]) -> Option<usize> {
    let starts = memmem::find_iter(line, b"{\"resource");
    let is_request = |start: &usize| matches!(line.get(start + 10), Some(b'L' | b'S' | b'M'));
    let start = starts
        .filter(is_request)
        .last()
        .filter(|start| *start > 0)?;
    let request = &line[start..];
    (DocumentScanner::default().scan(request) == Scanned::End(request.len())).then_some(start)
}

/// The byte before each document in JSON text sequences (RFC 7464).
pub(super) const RECORD_SEPARATOR: u8 = 0x1e;

/// The next thing in a file where a document may begin.
pub(super) enum Begin {
    /// The brace of a document.
    Document,
    /// Something else at this offset, which was skipped.
    Dirt(u64, PayloadErrorKind),
    End,
}

/// The number of bytes of a line that an error shows.
const SHOWN: usize = 32;

/// Finds the beginning of the next document. Skips white space, line ends, byte order marks, and the brackets and
/// commas of an array of documents, and the separators of JSON text sequences. Skips and reports everything else.
pub(super) fn skip_to_document<R: Read>(input: &mut Input<R>) -> Result<Begin, PayloadErrorKind> {
    if !skip_between(input)? {
        return Ok(Begin::End);
    }
    let offset = input.offset();
    match input.buffered()[0] {
        b'{' => Ok(Begin::Document),
        0 => {
            let mut count = input.take_zeros();
            let offset = offset - count;
            while input.fill_to(1)? && input.buffered()[0] == 0 {
                let zeros = input.buffered().iter().take_while(|byte| **byte == 0);
                let zeros = zeros.count();
                input.skip(zeros);
                count += zeros as u64;
            }
            Ok(Begin::Dirt(offset, PayloadErrorKind::ZeroBytes { count }))
        }
        _ => {
            input.fill_to(SHOWN)?;
            let shown = input.buffered().iter().take(SHOWN);
            let start = shown.copied().take_while(|byte| *byte != b'\n').collect();
            let mut lines = 0;
            loop {
                skip_line(input)?;
                lines += 1;
                if !skip_between(input)? || matches!(input.buffered()[0], b'{' | 0) {
                    let kind = PayloadErrorKind::NotADocument { lines, start };
                    return Ok(Begin::Dirt(offset, kind));
                }
            }
        }
    }
}

/// Skips white space, line ends and byte order marks. Returns false if the file ends there.
fn skip_blank<R: Read>(input: &mut Input<R>) -> Result<bool, PayloadErrorKind> {
    loop {
        let buffered = input.buffered();
        let rest = skip_space(buffered).len();
        input.skip(buffered.len() - rest);
        let may_be_bom = rest < BOM.len() && BOM.starts_with(input.buffered());
        if !may_be_bom || !input.fill()? {
            return Ok(!input.buffered().is_empty());
        }
    }
}

/// Skips everything that may be between documents. Returns false if the file ends there.
fn skip_between<R: Read>(input: &mut Input<R>) -> Result<bool, PayloadErrorKind> {
    loop {
        let buffered = input.buffered();
        let mut rest = skip_space(buffered);
        while let [b'[' | b',' | b']' | RECORD_SEPARATOR, after @ ..] = rest {
            rest = skip_space(after);
        }
        let rest = rest.len();
        input.skip(buffered.len() - rest);
        let may_be_bom = rest < BOM.len() && BOM.starts_with(input.buffered());
        if !may_be_bom || !input.fill()? {
            return Ok(!input.buffered().is_empty());
        }
    }
}

/// Skips the rest of a line, including its end.
pub(super) fn skip_line<R: Read>(input: &mut Input<R>) -> Result<(), PayloadErrorKind> {
    loop {
        let buffered = input.buffered();
        if let Some(found) = memchr(b'\n', buffered) {
            input.skip(found + 1);
            return Ok(());
        }
        input.skip(buffered.len());
        if !input.fill()? {
            return Ok(());
        }
    }
}

fn too_large(offset: u64, limit: usize) -> Next {
    let kind = PayloadErrorKind::TooLarge {
        // Whether the end of the line is known depends on how much was read at a time.
        bytes: None,
        limit,
        file: false,
    };
    Next::Broken(offset, kind)
}
