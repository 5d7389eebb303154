//! Where a JSON document ends, without a look at what stands in it.

use memchr::memchr3;

use super::detect::is_space;

/// Goes through one document, in as many pieces as it comes in.
///
/// It is no check of the document, that's the decoder's: it counts braces and brackets outside of
/// strings, whichever, and gives up where no document can go on.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    depth: usize,
    place: Place,
    /// The last byte outside of strings that was no white space.
    previous: u8,
    /// The byte before is a line feed outside of strings.
    at_line_start: bool,
    /// A brace that begins a line begins a document, wherever it stands.
    lines: bool,
}

#[derive(Debug, Default)]
enum Place {
    #[default]
    Outside,
    String,
    Escape,
}

/// Where in the piece the document ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// Behind it.
    More,
    /// Before this byte.
    End(usize),
    /// Its end is missing: this brace begins another document.
    CutOffAt(usize),
    /// Its end is missing: a line ended in a string, before this byte.
    CutOffInString(usize),
}

impl Scanner {
    /// For a document among lines that are documents.
    pub(super) fn among_lines() -> Scanner {
        Scanner {
            lines: true,
            ..Scanner::default()
        }
    }

    /// Goes through the next piece. The first one begins with the document's brace or bracket, or with the
    /// quote of a string.
    pub(super) fn scan(&mut self, piece: &[u8]) -> Scanned {
        let mut at = 0;
        while let Some(&byte) = piece.get(at) {
            match self.place {
                Place::Outside => {
                    at += 1;
                    match byte {
                        b'"' => self.place = Place::String,
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
                Place::String => {
                    let Some(found) = memchr3(b'"', b'\\', b'\n', &piece[at..]) else {
                        return Scanned::More;
                    };
                    at += found + 1;
                    match piece[at - 1] {
                        b'"' => {
                            self.place = Place::Outside;
                            if self.depth == 0 {
                                return Scanned::End(at);
                            }
                        }
                        b'\\' => self.place = Place::Escape,
                        _ => return Scanned::CutOffInString(at),
                    }
                }
                Place::Escape => {
                    at += 1;
                    if byte == b'\n' {
                        return Scanned::CutOffInString(at);
                    }
                    self.place = Place::String;
                }
            }
        }
        Scanned::More
    }

    /// Whether a brace here can be of no value within the document.
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
    fn documents_end_where_their_brackets_do_whatever_the_pieces() {
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
            assert_found(Scanner::default, document, expected);
        }
    }

    #[test]
    fn among_lines_a_brace_that_begins_one_begins_a_document() {
        for (document, expected) in [
            (&b"{\"a\":[\n{}]}"[..], CutOffAt(7)),
            (b"{\"a\":\r\n\n{}}", CutOffAt(8)),
            (b"{\"a\":\n \t{\n},\n\"b\":[\n {}]}", End(24)),
            (b"{\"a\":\"b\n{}", CutOffInString(8)),
        ] {
            assert_found(Scanner::among_lines, document, expected);
        }
    }

    fn assert_found(scanner: fn() -> Scanner, document: &[u8], expected: Scanned) {
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
