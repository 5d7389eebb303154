//! The scan of plain text: chunks between separators, each a word or a variable.

use crate::class::{CLASS, DASH, DIGIT, DOT, HEX_LETTER, HIGH, LETTER, ODD, STOP, is_alnum};
use crate::level::skip_escape;
use crate::lexicon;
use crate::scanner::MAX_TOKENS;
use crate::token::Token;

/// How far a quoted value may reach; an opening quote without a partner is then just punctuation.
const MAX_QUOTED: usize = 1024;

/// The significant separator before a chunk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// White space, or punctuation that ties nothing.
    Nothing,
    /// `=` or `:`: what comes is a value.
    Key,
}

/// What may follow a variable and belong to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tail {
    Nothing,
    /// Behind a bare number: a unit, or the time behind a date.
    Unit,
    /// Behind a time of day: a zone.
    Zone,
}

struct Text<'t, 'f, F> {
    bytes: &'t [u8],
    at: usize,
    after: After,
    /// Where the last token stands when it was a word, else nowhere.
    last: (usize, usize),
    /// Whether the last word was a noun that takes a name, with a word before it.
    naming: bool,
    /// Whether that word before it was a preposition.
    preposition: bool,
    left: usize,
    emit: &'f mut F,
}

/// Emits the tokens of the first non-empty line of `bytes`.
#[inline]
pub(crate) fn scan_text<F: FnMut(Token<'_>)>(bytes: &[u8], emit: &mut F) {
    Text {
        bytes,
        at: 0,
        after: After::Nothing,
        last: (0, 0),
        naming: false,
        preposition: false,
        left: MAX_TOKENS,
        emit,
    }
    .run();
}

impl<F: FnMut(Token<'_>)> Text<'_, '_, F> {
    #[inline]
    fn run(&mut self) {
        let bytes = self.bytes;
        while self.at < bytes.len() && self.left > 0 {
            let byte = bytes[self.at];
            if CLASS[byte as usize] & STOP != 0 {
                if byte == b' ' {
                    self.at += 1;
                } else if !self.separator(byte) {
                    return;
                }
                continue;
            }
            let start = self.at;
            let mut flags = 0;
            let mut end = start;
            while let Some(&byte) = bytes.get(end) {
                let class = CLASS[byte as usize];
                if class & STOP != 0 {
                    break;
                }
                flags |= class;
                end += 1;
            }
            self.at = end;
            if bytes.get(end) == Some(&b':') && self.colon(start, end, flags) {
                continue;
            }
            if flags & (DIGIT | DOT | DASH | ODD | HIGH) == 0 {
                self.letters(start, end, flags);
            } else if flags & (DOT | DASH | ODD | HIGH) == 0 {
                self.variable(
                    start,
                    end,
                    if flags == DIGIT {
                        Tail::Unit
                    } else {
                        Tail::Nothing
                    },
                );
            } else {
                self.joined(start, end, flags);
            }
        }
    }

    /// Steps over a separator; false ends the scan.
    fn separator(&mut self, byte: u8) -> bool {
        match byte {
            b'=' | b':' => {
                if byte == b':'
                    && self.bytes.get(self.at + 1) == Some(&b':')
                    && self.address(self.at)
                {
                    return true;
                }
                self.after = After::Key;
            }
            b'"' if self.quote() => return true,
            b',' | b';' | b')' | b']' | b'}' => self.after = After::Nothing,
            b'\n' | b'\r' if self.left < MAX_TOKENS => return false,
            0x1b => {
                self.at = skip_escape(self.bytes, self.at);
                return true;
            }
            _ => {}
        }
        self.at += 1;
        true
    }

    /// A double quote: true when it opened a string that is a variable.
    ///
    /// As a value a string is a variable, unless its key says that it is the message. In prose it is a variable as well;
    /// then a word in capitals at its front is a command (`"GET /a HTTP/1.1"`) and stays.
    #[inline(never)]
    fn quote(&mut self) -> bool {
        let start = self.at;
        if self.after == After::Key {
            let key = &self.bytes[self.last.0..self.last.1];
            let key = key.strip_suffix(b"=").unwrap_or(key);
            return !lexicon::is_message_key(key) && self.quoted(start, b'"');
        }
        // At the front it quotes the whole message; glued to a token it closes something.
        let opens = start > 0
            && matches!(self.bytes[start - 1], b' ' | b'(' | b'[' | b'{' | b',')
            && self
                .bytes
                .get(start + 1)
                .is_some_and(|&b| is_alnum(b) || matches!(b, b'/' | b'.' | b'-' | b'<'));
        if self.left == MAX_TOKENS || !opens {
            return false;
        }
        let rest = &self.bytes[start + 1..];
        let len = rest
            .iter()
            .position(|b| !b.is_ascii_uppercase())
            .unwrap_or(rest.len());
        if len > 1 && rest.get(len) == Some(&b' ') {
            let Some(end) = self.quote_end(start, b'"') else {
                return false;
            };
            self.word(start + 1, start + 1 + len);
            if start + 2 + len < end - 1 {
                self.variable(start + 2 + len, end - 1, Tail::Nothing);
            }
            self.at = end;
            return true;
        }
        self.quoted(start, b'"')
    }

    /// The position behind the quote that closes the one at `start`, on the same line.
    fn quote_end(&self, start: usize, quote: u8) -> Option<usize> {
        let limit = self.bytes.len().min(start + MAX_QUOTED);
        let mut at = start + 1;
        while at < limit {
            match self.bytes[at] {
                b'\\' => at += 1,
                b'\n' => return None,
                byte if byte == quote => return (at > start + 1).then_some(at + 1),
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// A quoted string as one variable, from its opening quote at `start`.
    fn quoted(&mut self, start: usize, quote: u8) -> bool {
        let Some(end) = self.quote_end(start, quote) else {
            return false;
        };
        self.variable(start, end, Tail::Nothing);
        self.at = end;
        true
    }

    /// A chunk that ends at a colon, where the colon may belong to it; true when it was consumed.
    #[inline]
    fn colon(&mut self, start: usize, end: usize, flags: u8) -> bool {
        let next = self.bytes.get(end + 1).copied().unwrap_or(b' ');
        if next == b' ' {
            return false;
        }
        self.tight_colon(start, end, flags, next)
    }

    fn tight_colon(&mut self, start: usize, end: usize, flags: u8, next: u8) -> bool {
        let bytes = self.bytes;
        if next == b'/' && bytes.get(end + 2) == Some(&b'/') && flags & (ODD | HIGH) == 0 {
            let end = self.run_end(end);
            self.variable(start, end, Tail::Nothing);
            self.at = end;
            return true;
        }
        if next == b':' {
            return flags & !(DIGIT | HEX_LETTER) == 0 && self.address(start);
        }
        if flags & !(DIGIT | HEX_LETTER) == 0
            && end - start <= 4
            && let Some(end) = self.hex_groups(start)
        {
            self.at = end;
            self.variable(start, end, Tail::Zone);
            return true;
        }
        if flags & DOT != 0
            && next.is_ascii_digit()
            && bytes[start..end].iter().filter(|&&b| b == b'.').count() >= 2
        {
            // Three labels and a number are a host and its port; two are a file and its line.
            let mut end = end + 1;
            while bytes.get(end).is_some_and(u8::is_ascii_digit) {
                end += 1;
            }
            if bytes
                .get(end)
                .is_none_or(|&b| CLASS[b as usize] & STOP != 0)
            {
                self.variable(start, end, Tail::Nothing);
                self.at = end;
                return true;
            }
        }
        if flags & DIGIT != 0 && next.is_ascii_digit() {
            // A time of day, a port, a line number: the token goes on through the colons as long as digits follow.
            let mut end = end;
            while bytes.get(end) == Some(&b':')
                && bytes.get(end + 1).is_some_and(u8::is_ascii_digit)
            {
                end += 1;
                while bytes
                    .get(end)
                    .is_some_and(|&b| CLASS[b as usize] & STOP == 0)
                {
                    end += 1;
                }
            }
            self.at = end;
            let end = self.trim_end(start, end);
            self.variable(start, end, Tail::Zone);
            return true;
        }
        if end - start == 1 && flags & (HEX_LETTER | LETTER) != 0 && matches!(next, b'\\' | b'/') {
            let end = self.run_end(end);
            let end = self.trim_end(start, end);
            self.variable(start, end, Tail::Nothing);
            self.at = end;
            return true;
        }
        false
    }

    /// The end of three or more groups of hexadecimal digits joined by colons: a MAC address, an IPv6 address, a time.
    fn hex_groups(&self, start: usize) -> Option<usize> {
        let mut at = start;
        let mut groups = 0;
        loop {
            let group = at;
            while self.bytes.get(at).is_some_and(u8::is_ascii_hexdigit) {
                at += 1;
            }
            if at == group || at - group > 4 {
                return None;
            }
            groups += 1;
            if self.bytes.get(at) == Some(&b':')
                && self.bytes.get(at + 1).is_some_and(u8::is_ascii_hexdigit)
            {
                at += 1;
            } else {
                break;
            }
        }
        // A fraction or a zone may follow the last group; anything else that joins makes it no group.
        let mut end = at;
        while self
            .bytes
            .get(end)
            .is_some_and(|&b| CLASS[b as usize] & STOP == 0)
        {
            end += 1;
        }
        let tail = &self.bytes[at..end];
        let clean = tail
            .iter()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'Z' | b'/'));
        (groups >= 3 && clean).then(|| self.trim_end(start, end))
    }

    /// An IPv6 address with `::` in it, from `start`.
    fn address(&mut self, start: usize) -> bool {
        let run = self.bytes[start..]
            .iter()
            .take(46)
            .take_while(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'))
            .count();
        let end = self.trim_end(start, start + run);
        let text = &self.bytes[start..end];
        // `a::b` is a path of a programming language as well; a digit makes it an address.
        let address = text.iter().any(u8::is_ascii_digit)
            && std::str::from_utf8(text).is_ok_and(|t| t.parse::<std::net::Ipv6Addr>().is_ok());
        if address {
            self.variable(start, end, Tail::Nothing);
            self.at = end;
        }
        address
    }

    /// The end of a run without white space, quotes or brackets, from `at`: the rest of a URL or a path.
    fn run_end(&self, at: usize) -> usize {
        let rest = &self.bytes[at..];
        let run = rest
            .iter()
            .position(|b| {
                b.is_ascii_whitespace()
                    || matches!(
                        b,
                        b'"' | b'\'' | b'<' | b'>' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | 0x1b
                    )
            })
            .unwrap_or(rest.len());
        let mut end = at + run;
        while end > at && matches!(self.bytes[end - 1], b'.' | b',' | b';' | b':' | b'!' | b'?') {
            end -= 1;
        }
        end.max(at + 1)
    }

    fn trim_end(&self, start: usize, mut end: usize) -> usize {
        while end > start + 1 && CLASS[self.bytes[end - 1] as usize] & (DOT | DASH | ODD) != 0 {
            end -= 1;
        }
        end
    }

    /// A chunk of letters only.
    #[inline]
    fn letters(&mut self, start: usize, end: usize, flags: u8) {
        let bytes = self.bytes;
        let word = &bytes[start..end];
        if flags == HEX_LETTER && word.len() >= 8 {
            return self.variable(start, end, Tail::Nothing);
        }
        if self.after == After::Key && lexicon::is_null(word) {
            return self.variable(start, end, Tail::Nothing);
        }
        if self.naming && self.is_name(start, end) {
            return self.variable(start, end, Tail::Nothing);
        }
        // The initials of the months and weekdays: J F M A S O N D T W.
        const INITIALS: u32 = calendar_initials();
        let initial = word[0].wrapping_sub(b'A');
        if initial < 26
            && INITIALS >> initial & 1 != 0
            && let Some(end) = self.calendar(start, end)
        {
            self.at = end;
            return self.variable(start, end, Tail::Nothing);
        }
        self.word(start, end);
    }

    /// The end of the date that a month or weekday name begins, when digits follow the names.
    #[inline(never)]
    fn calendar(&self, start: usize, end: usize) -> Option<usize> {
        let bytes = self.bytes;
        let name = &bytes[start..end];
        if !lexicon::is_month(name) && !lexicon::is_weekday(name) {
            return None;
        }
        let mut date = None;
        let mut at = end;
        loop {
            let from = at;
            while at < from + 2 && matches!(bytes.get(at), Some(b' ' | b',' | b'.')) {
                at += 1;
            }
            let rest = &bytes[at..];
            let len = rest
                .iter()
                .position(|&b| CLASS[b as usize] & STOP != 0 && b != b':')
                .unwrap_or(rest.len());
            let mut part = &rest[..len];
            while let [head @ .., b'.' | b':' | b'-'] = part {
                part = head;
            }
            let digits = part.iter().filter(|b| b.is_ascii_digit()).count();
            let numeric = digits > 0
                && digits <= 12
                && part
                    .iter()
                    .all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b'+' | b'-'))
                && (part.contains(&b':') || digits <= 4);
            if numeric {
                at += part.len();
                date = Some(at);
            } else if lexicon::is_month(part) && date.is_none()
                || date.is_some()
                    && (lexicon::is_zone(part) || matches!(part, b"AM" | b"PM" | b"am" | b"pm"))
            {
                at += part.len();
                if date.is_some() {
                    date = Some(at);
                }
            } else {
                return date;
            }
        }
    }

    /// The end of a variable together with what belongs to it: `5.2 KB`, `08:16:53 PDT`, `2024-05-01 10:00:00`.
    #[inline]
    fn tail(&self, start: usize, end: usize, tail: Tail) -> usize {
        let bytes = self.bytes;
        if tail == Tail::Nothing || bytes.get(end) != Some(&b' ') {
            return end;
        }
        match bytes.get(end + 1) {
            Some(first) if first.is_ascii_alphabetic() => {
                let rest = &bytes[end + 1..];
                let len = rest
                    .iter()
                    .take(lexicon::LONGEST_UNIT + 1)
                    .take_while(|&&b| CLASS[b as usize] & (HEX_LETTER | LETTER) != 0)
                    .count();
                let word = &rest[..len];
                // `5 s.` ends a sentence; `5 s-expressions` is no quantity.
                let ends = match (rest.get(len), rest.get(len + 1)) {
                    (Some(b'.'), next) => next.is_none_or(|&b| CLASS[b as usize] & STOP != 0),
                    (next, _) => next.is_none_or(|&b| CLASS[b as usize] & STOP != 0 && b != b'='),
                };
                let fits = ends
                    && match tail {
                        Tail::Unit => lexicon::is_unit(word),
                        Tail::Zone => lexicon::is_zone(word),
                        Tail::Nothing => false,
                    };
                if fits { end + 1 + len } else { end }
            }
            Some(first) if first.is_ascii_digit() && tail == Tail::Unit && end - start == 10 => {
                self.time_behind(start, end)
            }
            _ => end,
        }
    }

    /// The end of the time of day behind a date of the form `2024-05-01`.
    fn time_behind(&self, start: usize, end: usize) -> usize {
        let bytes = self.bytes;
        let time = &bytes[end + 1..];
        if bytes[start + 4] != b'-' || bytes[start + 7] != b'-' || time.get(2) != Some(&b':') {
            return end;
        }
        let len = time
            .iter()
            .take_while(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b','))
            .count();
        self.trim_end(
            start,
            end + 1
                + time[..len]
                    .iter()
                    .rposition(u8::is_ascii_digit)
                    .map_or(0, |at| at + 1),
        )
    }

    /// A chunk with dots, dashes, slashes, `@`, quotes or high bytes in it.
    #[inline(never)]
    fn joined(&mut self, mut start: usize, end: usize, flags: u8) {
        let bytes = self.bytes;
        if bytes[start] == b'\'' {
            // As a value a quoted string is a variable, in prose a quoted name is.
            let name = end - start > 2 && bytes[end - 1] == b'\'' && self.left < MAX_TOKENS;
            if name {
                return self.variable(start, end, Tail::Nothing);
            }
            if self.after == After::Key && self.quoted(start, b'\'') {
                return;
            }
        }
        let mut end = end;
        // `C++` and the axis of `x+` keep their sign; other joiners at the end are punctuation.
        while end > start
            && CLASS[bytes[end - 1] as usize] & (DOT | DASH | ODD) != 0
            && !(bytes[end - 1] == b'+' && end - start > 1 && flags & DIGIT == 0)
        {
            end -= 1;
        }
        while start < end {
            let next_alnum = bytes.get(start + 1).is_some_and(|&b| is_alnum(b)) && start + 1 < end;
            match bytes[start] {
                // The slash of `</tag>` is no root.
                b'/' if start > 0 && bytes[start - 1] == b'<' => start += 1,
                b'/' if next_alnum || (flags & DOT != 0 && end - start > 2) => break,
                b'-' | b'+' if bytes.get(start + 1).is_some_and(u8::is_ascii_digit) => break,
                byte if CLASS[byte as usize] & (DOT | DASH | ODD) != 0 => start += 1,
                _ => break,
            }
        }
        if start == end {
            return;
        }
        let chunk = &bytes[start..end];
        if flags & HIGH != 0 && flags & DIGIT != 0 {
            return self.mixed_script(start, end);
        }
        if flags & DOT != 0 {
            // Two or more dots are a leader (`enabled....0`), not a joint.
            if let Some(at) = memchr::memmem::find(chunk, b"..") {
                self.part(start, start + at);
                return self.part(start + at, end);
            }
        }
        if flags & DIGIT != 0 && chunk.iter().any(u8::is_ascii_digit) {
            let tail = if flags & (HEX_LETTER | LETTER | ODD) == 0 {
                Tail::Unit
            } else {
                Tail::Nothing
            };
            let end = if flags & ODD != 0 {
                self.query(start, end)
            } else {
                end
            };
            return self.variable(start, end, tail);
        }
        if flags & ODD != 0 {
            return self.odd(start, end, flags);
        }
        if flags & DOT != 0 && is_place(chunk) {
            return self.variable(start, end, Tail::Nothing);
        }
        if flags & !DOT == HEX_LETTER && chunk.len() >= 8 && !chunk.contains(&b'.') {
            return self.variable(start, end, Tail::Nothing);
        }
        self.plain(start, end);
    }

    /// One part of a chunk that was split.
    fn part(&mut self, start: usize, end: usize) {
        let flags = self.bytes[start..end]
            .iter()
            .fold(0, |flags, &b| flags | CLASS[b as usize]);
        if flags & (DIGIT | HEX_LETTER | LETTER) != 0 {
            self.joined(start, end, flags);
        }
    }

    /// Letters of scripts without spaces next to digits: each run is a token of its own.
    fn mixed_script(&mut self, start: usize, end: usize) {
        let bytes = self.bytes;
        let mut at = start;
        while at < end {
            let from = at;
            let high = bytes[at] >= 0x80;
            while at < end && (bytes[at] >= 0x80) == high {
                at += 1;
            }
            if high {
                self.word(from, at);
            } else {
                self.part(from, at);
            }
        }
    }

    /// A chunk without digits that holds a slash, a backslash, `@` or an apostrophe.
    fn odd(&mut self, start: usize, end: usize, flags: u8) {
        let bytes = self.bytes;
        let chunk = &bytes[start..end];
        let count = |wanted: u8| chunk.iter().filter(|&&b| b == wanted).count();
        let slashes = count(b'/');
        let path = chunk[0] == b'/'
            || slashes >= 2
            || (slashes == 1 && flags & DOT != 0 && chunk.contains(&b'.'));
        if path || count(b'\\') >= 2 || chunk.contains(&b'@') {
            let end = self.query(start, end);
            return self.variable(start, end, Tail::Nothing);
        }
        if let Some(at) = memchr::memchr(b'\\', chunk) {
            self.part(start, start + at);
            return self.part(start + at, end);
        }
        if flags & DOT != 0 && is_place(chunk) {
            return self.variable(start, end, Tail::Nothing);
        }
        self.plain(start, end);
    }

    /// The end of a path with its query (`/a?x=1&y=2`).
    fn query(&mut self, start: usize, end: usize) -> usize {
        if self.bytes.get(end) != Some(&b'?') || !self.bytes[start..end].contains(&b'/') {
            return end;
        }
        self.at = self.run_end(end);
        self.at
    }

    /// A word with joiners inside; the calendar and unit rules hold for it as for letters.
    fn plain(&mut self, start: usize, end: usize) {
        let flags = self.bytes[start..end]
            .iter()
            .fold(0, |flags, &b| flags | CLASS[b as usize]);
        if flags & (DOT | DASH | ODD | HIGH) == 0 {
            self.letters(start, end, flags);
        } else if self.after == After::Key && matches!(&self.bytes[start..end], b"n/a" | b"N/A") {
            self.variable(start, end, Tail::Nothing);
        } else {
            self.word(start, end);
        }
    }

    /// A word; an equals sign right behind it makes it a key and belongs to it.
    #[inline]
    fn word(&mut self, start: usize, end: usize) {
        let key = self.bytes.get(end) == Some(&b'=');
        let end = if key { end + 1 } else { end };
        let word = &self.bytes[start..end];
        (self.emit)(Token::word(word));
        self.naming = lexicon::is_naming_noun(word) && self.last.1 + 1 == start && self.last.1 > 0;
        if self.naming {
            self.preposition = lexicon::is_preposition(&self.bytes[self.last.0..self.last.1]);
        }
        self.done();
        self.last = (start, end);
        if key {
            self.at = end;
            self.after = After::Key;
        }
    }

    /// Whether a word behind a naming noun is a name: `invalid user ann from`, `closed for user ann`.
    ///
    /// A name ends its phrase: a preposition or a bracket follows, or, when a preposition introduced the noun, the end of the line.
    #[inline(never)]
    fn is_name(&self, start: usize, end: usize) -> bool {
        let bytes = self.bytes;
        if self.last.1 + 1 != start
            || bytes[start - 1] != b' '
            || lexicon::is_preposition(&bytes[start..end])
        {
            return false;
        }
        match bytes.get(end) {
            None | Some(b'\n' | b'\r') => self.preposition,
            Some(b'.') => {
                self.preposition && bytes.get(end + 1).is_none_or(u8::is_ascii_whitespace)
            }
            Some(b' ') => match bytes.get(end + 1) {
                Some(b'[' | b'(') => true,
                None | Some(b'\n' | b'\r') => self.preposition,
                Some(_) => {
                    let rest = &bytes[end + 1..];
                    let len = rest
                        .iter()
                        .take(6)
                        .take_while(|b| b.is_ascii_lowercase())
                        .count();
                    lexicon::is_preposition(&rest[..len])
                }
            },
            Some(_) => false,
        }
    }

    #[inline]
    fn variable(&mut self, start: usize, end: usize, tail: Tail) {
        let whole = self.tail(start, end, tail);
        // The chunk may have ended behind the variable, at a full stop that was trimmed.
        self.at = self.at.max(whole);
        (self.emit)(Token::variable(&self.bytes[start..whole]));
        self.done();
        self.naming = false;
        self.last = (0, 0);
    }

    #[inline]
    fn done(&mut self) {
        self.after = After::Nothing;
        self.left -= usize::from(self.left > 0);
    }
}

/// Whether dotted letters name a place or a package: a generic top-level domain at either end (`ns.example.com`,
/// `org.example.Service`), which `Class.method` and `file.c` have not. A last label in capitals is an enumerator
/// (`org.example.State.READY`): it says which message this is.
fn is_place(chunk: &[u8]) -> bool {
    let Some(last_dot) = chunk.iter().rposition(|&b| b == b'.') else {
        return false;
    };
    let last = &chunk[last_dot + 1..];
    if last.len() > 1 && last.iter().all(|b| b.is_ascii_uppercase() || *b == b'_') {
        return false;
    }
    let first = chunk.split(|&b| b == b'.').next().unwrap_or(chunk);
    // Three labels and a country: `www.example.de`. `id` ends too many names of settings to count as one.
    let country = last.len() == 2
        && last.iter().all(u8::is_ascii_lowercase)
        && last != b"id"
        && chunk[..last_dot].contains(&b'.');
    country || lexicon::is_generic_domain(last) || lexicon::is_generic_domain(first)
}

const fn calendar_initials() -> u32 {
    let initials = b"JFMASONDTW";
    let mut mask = 0;
    let mut at = 0;
    while at < initials.len() {
        mask |= 1 << (initials[at] - b'A');
        at += 1;
    }
    mask
}
