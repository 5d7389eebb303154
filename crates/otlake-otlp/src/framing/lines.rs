//! A JSON document a line.

use std::io::Read;

use memchr::{memchr, memchr_iter};

use super::detect::{BOM, is_space, skip_space};
use super::documents::Documents;
use super::error::PayloadErrorKind;
use super::input::Input;
use super::payload::Format;
use super::reader::{Found, Next};

/// White space that a line may have at its end beyond the limit.
const SLACK: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The rest of a line that was too long is still to be hopped over.
    skipping: bool,
    /// Takes what is no document a line, unless somebody has said that all are.
    documents: Option<Documents>,
    /// Up to this byte of the file it does: the end of a line, which is then looked for only once
    /// however many documents are in it.
    documents_end: u64,
}

impl Lines {
    /// For a file of which only the first line was seen to be a document.
    pub(super) fn detected() -> Lines {
        Lines {
            documents: Some(Documents::among_lines()),
            ..Lines::default()
        }
    }

    /// The next line that is not blank.
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
        let bytes = input.take(document);
        input.skip(spaces);
        Ok(Next::Found(Found {
            bytes,
            format: Format::Json,
            offset,
        }))
    }
}

/// Whether a document begins the line and seems to end elsewhere than the line does: no brace ends
/// it, or one begins behind another's end. In a text that may be, and then costs a closer look. To
/// look so closely at each line takes four times as long as to look for these braces.
fn begins_without_end(line: &[u8]) -> bool {
    let another_begins = |end| skip_space(&line[end + 1..]).starts_with(b"{");
    line.starts_with(b"{") && (!line.ends_with(b"}") || memchr_iter(b'}', line).any(another_begins))
}

/// What stands where a document may begin.
pub(super) enum Begin {
    /// A brace.
    Document,
    /// Something else, which was skipped, at this offset.
    Dirt(u64, PayloadErrorKind),
    End,
}

/// The bytes of a line that is no document that its error shows.
const SHOWN: usize = 32;

/// Goes to where the next document begins: skips white space, line ends and byte order marks, and the
/// brackets and commas of an array of documents. What else there is, is reported and skipped.
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

/// Skips white space, line ends and byte order marks; false when the file ends before anything else.
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

/// Skips what may be between documents; false when the file ends before anything else.
fn skip_between<R: Read>(input: &mut Input<R>) -> Result<bool, PayloadErrorKind> {
    loop {
        let buffered = input.buffered();
        let mut rest = skip_space(buffered);
        while let [b'[' | b',' | b']', after @ ..] = rest {
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

/// Skips what is left of a line, with its end.
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
        // Whether the end of the line was seen depends on how much the file's reader gave at a time.
        bytes: None,
        limit,
        file: false,
    };
    Next::Broken(offset, kind)
}
