//! Section "Lines".

use super::text::{Text, is_match, match_len};
use super::vocabulary::{is_query_verb, is_space};

/// Which lines count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// The rules decide at the end of each line.
    Decide,
    All,
    /// Fields were skipped, and only an exception may follow.
    Exception,
    /// The line that is being read is the last one.
    Last,
}

const TRACEBACK: &[u8] = b"Traceback (most recent call last):";

fn starts(line: &[u8], beginning: &[u8]) -> bool {
    line.starts_with(beginning)
}

/// Returns the line that ends at `end`.
fn line_before(text: &[u8], end: usize) -> &[u8] {
    text[..end]
        .split(|b| matches!(b, b'\n' | b'\r'))
        .next_back()
        .unwrap()
}

/// Returns where the next line begins that is not white space only, from its first byte that is not white space.
fn next_line(text: &[u8], end: usize) -> Option<usize> {
    (end..text.len()).find(|at| !is_space(text[*at]))
}

/// Returns whether the line that ends at `end` is the head of a traceback, or the next is.
pub(super) fn is_traceback(text: &[u8], end: usize) -> bool {
    line_before(text, end).trim_ascii_end().ends_with(TRACEBACK)
        || next_line(text, end).is_some_and(|at| starts(&text[at..], TRACEBACK))
}

/// Returns where the line begins that a traceback ends in.
pub(super) fn exception(text: &[u8]) -> Option<usize> {
    let head = (0..text.len())
        .rev()
        .find(|at| starts(&text[*at..], TRACEBACK))?;
    (head + TRACEBACK.len()..text.len()).find(|&at| {
        text[at - 1] == b'\n' && !is_space(text[at]) && !matches!(text[at], b'|' | b'+')
    })
}

impl Text<'_> {
    /// Decides, at the end of a line that holds a token, whether the next one counts, and moves there.
    pub(super) fn end_of_line(&mut self) -> bool {
        let text = self.text;
        if self.lines == Lines::Last || is_traceback(text, self.at) {
            return false;
        }
        let Some(next) = next_line(text, self.at) else {
            return false;
        };
        let line = &text[next..];
        let uncaught = r"^[^\n]*\n[ \t\x0c\r]*[\^~]+[ \t\x0c\r]*\n[ \t\n\x0c\r]*[^ \t\n\x0c\r]";
        if matches!(self.lines, Lines::Decide | Lines::Exception) {
            let word: Vec<u8> = line
                .iter()
                .copied()
                .take_while(u8::is_ascii_alphabetic)
                .collect();
            let exception = is_match(
                r"^(panic: |Caused by: |---> |\*\* \(|[A-Za-z0-9._$\\]*(Exception|Error)(:([ \t\n\x0c\r]|$)|[\n\r]|$))",
                line,
            );
            let qualified = is_match(
                r"^([A-Za-z0-9_$\\][A-Za-z0-9._$\\]*)?[A-Za-z0-9._$\\]\.[A-Z][A-Za-z0-9_$\\]*(:([ \t\x0c\r][^\n]*)?)?\r?\n([ \t\n\x0c\r]*[ \t])at ",
                line,
            );
            if self.lines == Lines::Exception {
                self.lines = Lines::Last;
                if exception || qualified {
                    self.begin_line(next);
                }
                return exception || qualified;
            }
            if self.words.first().is_some_and(|word| is_query_verb(word))
                || is_query_verb(&word) && line.get(word.len()) != Some(&b':')
            {
                self.lines = Lines::All;
            } else if self.words.len() <= 1
                && let Some(len) = match_len(uncaught, line)
            {
                self.lines = Lines::Last;
                self.begin_line(next + len - 1);
                return true;
            } else if exception || qualified {
                self.lines = Lines::Last;
            } else {
                let announced = line_before(text, self.at).trim_ascii_end().ends_with(b":");
                let indented = !matches!(text[next - 1], b'\n' | b'\r');
                let frame = indented && is_match(r#"^(at |File "|from |in |#|\^|~|\.\.\.)"#, line);
                if frame || !announced && self.words.len() >= 3 {
                    return false;
                }
            }
        }
        self.begin_line(next);
        true
    }
}
