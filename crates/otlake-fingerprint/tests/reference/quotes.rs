//! Section "Quotes".

use super::text::{Position, Text, match_len};
use super::vocabulary::{introduces_table, is_alnum, is_message_key, is_space};

impl Text<'_> {
    /// Returns the position behind the quote that closes the one at `start`.
    fn string_end(&self, start: usize) -> Option<usize> {
        let text = self.text;
        let mut at = start + 1;
        while at < text.len() && at < start + 1024 {
            if text[at] == b'\\' {
                at += 2;
                continue;
            }
            if text[at] == b'\n' {
                return None;
            }
            if text[at] == text[start] && !text.get(at + 1).is_some_and(|b| is_alnum(*b)) {
                return Some(at + 1);
            }
            at += 1;
        }
        None
    }

    fn is_key_of_object(&self, start: usize, end: usize) -> bool {
        let before = &self.text[..start];
        let before = match before {
            [.., b' '] if before.len() > 1 => &before[..before.len() - 1],
            _ => before,
        };
        matches!(before.last(), Some(b'{' | b','))
            && matches!(self.text.get(end), Some(b':' | b'='))
    }

    /// Reads `"`; false when it is a separator.
    pub(super) fn double_quote(&mut self) -> bool {
        let text = self.text;
        let start = self.at;
        if start > 0 && text[start - 1] == b'\\' {
            return self.escaped_quote();
        }
        if self.closing.is_some_and(|closing| start <= closing) {
            self.position = Position::None;
            return false;
        }
        let Some(end) = self.string_end(start) else {
            return false;
        };
        if self.is_key_of_object(start, end) {
            return false;
        }
        if self.names_table(start) {
            self.closing = Some(end - 1);
            self.position = Position::None;
            return false;
        }
        if self.words.is_empty() && !self.tokens.is_empty() && self.command(start, end) {
            return true;
        }
        let empty = end - start == 2;
        let value = self.position != Position::None;
        let front = self.at_front();
        if !empty && (front || value && self.last_word().is_some_and(is_message_key)) {
            self.closing = Some(end - 1);
            self.position = Position::None;
            return false;
        }
        if value {
            self.string(start, end);
            return true;
        }
        let opens = start > 0
            && b" \t([]{,<>".contains(&text[start - 1])
            && !is_space(text[start + 1])
            && !b",;)".contains(&text[start + 1]);
        if front || !opens {
            return false;
        }
        if !self.command(start, end) {
            self.variable(start, end);
            self.at = end;
        }
        true
    }

    fn names_table(&self, start: usize) -> bool {
        self.last_word_before(start).is_some_and(introduces_table)
    }

    /// Reads a backquote; false when it is a separator.
    pub(super) fn backquote(&mut self) -> bool {
        let text = self.text;
        let start = self.at;
        let front = self.at_front() && self.position == Position::None;
        if start == 0 || !b" ([,=:".contains(&text[start - 1]) || front || self.names_table(start) {
            return false;
        }
        let window = &text[start..text.len().min(start + 1024)];
        for (at, byte) in window.iter().enumerate().skip(1) {
            if *byte == b'\n' {
                return false;
            }
            let closes = matches!(byte, b'`' | b'\'')
                && !text.get(start + at + 1).is_some_and(|b| is_alnum(*b));
            if closes {
                if at == 1 || window[1] == b' ' {
                    return false;
                }
                self.string(start, start + at + 1);
                return true;
            }
        }
        false
    }

    /// Returns the end of the string in typographic quotes at `start`.
    pub(super) fn typographic(&self, start: usize) -> Option<usize> {
        let text = self.text;
        if self.at_front() && self.position == Position::None {
            return None;
        }
        let window = &text[start..text.len().min(start + 1024)];
        let window = window.split(|b| *b == b'\n').next()?;
        for pair in ["“”", "‘’", "„“", "„”", "«»", "「」"] {
            let (open, close) = pair.split_at(pair.len() / 2);
            if !window.starts_with(open.as_bytes()) {
                continue;
            }
            let end = (open.len()..=window.len()).find(|at| {
                window[..*at].ends_with(close.as_bytes())
                    && *at >= open.len() + close.len()
                    && !text.get(start + at).is_some_and(|b| is_alnum(*b))
            });
            if let Some(end) = end.filter(|end| *end > open.len() + close.len()) {
                return Some(start + end);
            }
        }
        None
    }

    /// Reads a string that begins with two or more capitals and a space.
    fn command(&mut self, start: usize, end: usize) -> bool {
        let Some(len) = match_len("^[A-Z]{2,} ", &self.text[start + 1..end]) else {
            return false;
        };
        self.word(start + 1, start + len);
        if start + 1 + len < end - 1 {
            self.variable(start + 1 + len, end - 1);
        }
        self.at = end;
        true
    }

    /// Reads `\"`.
    fn escaped_quote(&mut self) -> bool {
        let text = self.text;
        let start = self.at;
        let opens = start < 2 || b" ([{,=:".contains(&text[start - 2]);
        if !opens || self.at_front() {
            return false;
        }
        let inside = &text[start + 1..text.len().min(start + 1024)];
        let Some(len) = match_len(r#"^[^"\n]+\\""#, inside) else {
            return false;
        };
        self.variable(start + 1, start + len - 1);
        self.at = start + 1 + len;
        true
    }

    /// Reads `'` at the beginning of a chunk; false when it opens nothing.
    pub(super) fn single_quote(&mut self, start: usize) -> bool {
        let text = self.text;
        let value = self.position != Position::None;
        if self.at_front() && !value {
            return false;
        }
        if text[..start].ends_with(b" panicked at ") {
            self.at = start + 1;
            return true;
        }
        let Some(end) = self.string_end(start) else {
            return false;
        };
        if self.is_key_of_object(start, end) {
            self.at = start + 1;
            return true;
        }
        let empty = end - start == 2;
        if value && !empty && self.last_word().is_some_and(is_message_key) {
            self.at = start + 1;
            self.position = Position::None;
            return true;
        }
        let apart = text[..start].last().is_some_and(|b| b" ([,=".contains(b));
        if empty && !value && !apart || !empty && b" ,)".contains(&text[start + 1]) {
            return false;
        }
        self.string(start, end);
        true
    }

    /// Emits a string, with the remarks about a value.
    fn string(&mut self, start: usize, end: usize) {
        let mut end = end;
        while self.position == Position::Key
            && let Some(len) = match_len(
                r"^ \([A-Za-z]+ = [A-Za-z0-9_$\x80-\xff]+\)",
                &self.text[end..],
            )
        {
            end += len;
        }
        self.variable(start, end);
        self.at = end;
    }
}
