//! Finds the end of a JSON document without decoding it.

use memchr::memchr3;

use super::detect::is_space;

/// Scans one document, in any number of pieces.
///
/// It does not check the document, which is the decoder's job. It counts braces and brackets outside of strings,
/// without telling them apart, and stops where the document cannot continue.
#[derive(Debug, Default)]
pub(super) struct DocumentScanner {
    depth: usize,
    position: Position,
    /// The last byte outside of strings that was not white space.
    previous: u8,
    /// Whether the previous byte is a line feed outside of strings.
    at_line_start: bool,
    /// Whether each brace at the beginning of a line begins a document.
    lines: bool,
}

#[derive(Debug, Default)]
enum Position {
    #[default]
    Outside,
    String,
    Escape,
}

/// The result of scanning a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// The document continues after the piece.
    More,
    /// The document ends before this byte.
    End(usize),
    /// The end is missing: this brace begins another document.
    CutOffAt(usize),
    /// The end is missing: a line ends within a string, before this byte.
    CutOffInString(usize),
}

impl DocumentScanner {
    /// Returns a scanner for a document in JSON lines.
    pub(super) fn among_lines() -> DocumentScanner {
        DocumentScanner {
            lines: true,
            ..DocumentScanner::default()
        }
    }

    /// Scans the next piece. The first piece begins with the brace or bracket of the document, or with the quote of
    /// a string.
    pub(super) fn scan(&mut self, piece: &[u8]) -> Scanned {
        let mut at = 0;
        while let Some(&byte) = piece.get(at) {
            match self.position {
                Position::Outside => {
                    at += 1;
                    match byte {
                        b'"' => self.position = Position::String,
                        b'{' if self.depth > 0 && self.begins_another() => {
                            return Scanned::CutOffAt(at - 1);
                        }
                        b'{' | b'[' => self.depth += 1,
                        b'}' | b']' => {
                            self.depth = self.depth.saturating_sub(1);
                            if self.depth == 0 {
                                return Scanned::End(at);
                            }
                        }
                        _ if is_space(byte) => {
                            self.at_line_start = byte == b'\n';
                            continue;
                        }
                        _ => {}
                    }
                    self.previous = byte;
                    self.at_line_start = false;
                }
                Position::String => {
                    let Some(found) = memchr3(b'"', b'\\', b'\n', &piece[at..]) else {
                        return Scanned::More;
                    };
                    at += found + 1;
                    match piece[at - 1] {
                        b'"' => {
                            self.position = Position::Outside;
                            if self.depth == 0 {
                                return Scanned::End(at);
                            }
                        }
                        b'\\' => self.position = Position::Escape,
                        _ => return Scanned::CutOffInString(at),
                    }
                }
                Position::Escape => {
                    at += 1;
                    if byte == b'\n' {
                        return Scanned::CutOffInString(at);
                    }
                    self.position = Position::String;
                }
            }
        }
        Scanned::More
    }

    /// Returns whether a brace here cannot belong to a value of the document, so that it begins another one.
    fn begins_another(&self) -> bool {
        let value = matches!(self.previous, b'[' | b',' | b':');
        !value || self.lines && self.at_line_start
    }
}

#[cfg(test)]
mod tests {
    use super::Scanned::{CutOffAt, CutOffInString, End, More};
    use super::*;

    #[test]
    fn a_document_ends_with_its_last_bracket_in_pieces_of_any_size() {
        for (document, expected) in [
            (&b"{}"[..], End(2)),
            (b"{} {}", End(2)),
            (b"{\"a\":{\"b\":[{},{}]}}}", End(19)),
            (b"[1,[2]],", End(7)),
            (br#"{"}":"\"}","\\":"{"}x"#, End(20)),
            (b"{\n  \"a\" : {\n  }\n}\n", End(17)),
            (b"{\"a\":[\n{}]}", End(11)),
            (b"{\"a\":[1,2", More),
            (br#"{"a\"#, More),
            (b"{\"a\":[\n{\"b\":1}\n{\"c\":", CutOffAt(15)),
            (b"{\"a\":1\n{", CutOffAt(7)),
            (b"{\"a\":\"b\n{}", CutOffInString(8)),
            (b"{\"a\":\"b\\\n{}", CutOffInString(9)),
        ] {
            assert_found(DocumentScanner::default, document, expected);
        }
    }

    #[test]
    fn in_json_lines_a_brace_at_the_beginning_of_a_line_begins_a_document() {
        for (document, expected) in [
            (&b"{\"a\":[\n{}]}"[..], CutOffAt(7)),
            (b"{\"a\":\r\n\n{}}", CutOffAt(8)),
            (b"{\"a\":\n \t{\n},\n\"b\":[\n {}]}", End(24)),
            (b"{\"a\":\"b\n{}", CutOffInString(8)),
        ] {
            assert_found(DocumentScanner::among_lines, document, expected);
        }
    }

    fn assert_found(scanner: fn() -> DocumentScanner, document: &[u8], expected: Scanned) {
        for size in 1..=document.len() {
            let mut scanner = scanner();
            let mut before = 0;
            let mut found = More;
            for piece in document.chunks(size) {
                found = match scanner.scan(piece) {
                    More => More,
                    End(at) => End(before + at),
                    CutOffAt(at) => CutOffAt(before + at),
                    CutOffInString(at) => CutOffInString(before + at),
                };
                if found != More {
                    break;
                }
                before += piece.len();
            }
            assert_eq!(found, expected, "{} by {size}", document.escape_ascii());
        }
    }
}
