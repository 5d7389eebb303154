//! Colons that belong to the token before them: URLs, addresses, times, ports, drives.

use super::{Tail, Text};
use crate::class::{CLASS, DASH, DIGIT, DOT, HEX_LETTER, HIGH, LETTER, ODD, STOP};
use crate::lexicon;
use crate::token::Token;

impl<F: FnMut(Token<'_>)> Text<'_, '_, F> {
    /// Reads a chunk that ends at a colon, if the colon belongs to it. Returns whether the chunk was read.
    #[inline]
    pub(super) fn colon(&mut self, start: usize, end: usize, flags: u8) -> bool {
        match self.bytes.get(end + 1) {
            None | Some(b' ') => false,
            Some(&next) => self.tight_colon(start, end, flags, next),
        }
    }

    #[inline(never)]
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
            self.variable(start, end, Tail::Time);
            return true;
        }
        if next == b'a' && &bytes[start..end] == b"arn" || &bytes[start..end] == b"urn" {
            let end = self.run_end(end);
            self.variable(start, end, Tail::Nothing);
            self.at = end;
            return true;
        }
        if flags & DOT != 0 && next.is_ascii_digit() && is_host(&bytes[start..end]) {
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
        if flags & !(HEX_LETTER | LETTER | DASH) == 0
            && next.is_ascii_digit()
            && let Some(end) = self.peer(start, end)
        {
            self.variable(start, end, Tail::Nothing);
            self.at = end;
            return true;
        }
        if flags & DIGIT != 0 && next.is_ascii_digit() {
            // The token is a time of day, or has a port or a line number. It continues across colons as long as digits follow.
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
            self.variable(start, end, Tail::Time);
            return true;
        }
        if end - start == 1
            && flags & (HEX_LETTER | LETTER) != 0
            && flags & HIGH == 0
            && matches!(next, b'\\' | b'/')
        {
            let end = self.trim_end(start, self.folders(self.run_end(end)));
            self.at = end;
            self.variable(start, end, Tail::Nothing);
            return true;
        }
        false
    }

    /// Returns the end of a host of one label and its port, after a word that a peer follows: `connect to db:5432`.
    fn peer(&self, start: usize, end: usize) -> Option<usize> {
        let bytes = self.bytes;
        let (from, to) = self.words.last;
        let led = to + 1 == start && matches!(&bytes[from..to], b"to" | b"from" | b"tcp" | b"udp");
        let small = bytes[start..end]
            .iter()
            .all(|b| b.is_ascii_lowercase() || *b == b'-');
        let port = bytes[end + 1..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
        (led && small && (3..=5).contains(&port) && self.ends_at(end + 1 + port))
            .then_some(end + 1 + port)
    }

    /// Returns the end of a Windows path that continues after a space: `C:\Program Files\a.dll`. The text after the space belongs to the path
    /// if it contains a backslash and is not a path itself.
    fn folders(&self, mut end: usize) -> usize {
        loop {
            let rest = &self.bytes[end..];
            let skip = if rest.starts_with(b" Files (x86)\\") {
                b" Files (x86)".len()
            } else {
                0
            };
            let goes_on = skip > 0
                || (rest.first() == Some(&b' ')
                    && rest.get(1).is_some_and(u8::is_ascii_alphanumeric));
            if !goes_on {
                return end;
            }
            let next = self.run_end(end + skip.max(1));
            let part = &self.bytes[end + skip.max(1)..next];
            if !part.contains(&b'\\') || part.contains(&b':') {
                return end;
            }
            end = next;
        }
    }

    /// Returns the end of three or more groups of hexadecimal digits joined by colons: a MAC address, an IPv6 address, a time.
    pub(super) fn hex_groups(&self, start: usize) -> Option<usize> {
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
        // A fraction or a zone may follow the last group. Any other joiner means that it is not a group.
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

    /// Reads an IPv6 address that contains `::`, from `start`. Returns false if there is none.
    pub(super) fn address(&mut self, start: usize) -> bool {
        let run = self.bytes[start..]
            .iter()
            .take(46)
            .take_while(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'))
            .count();
        let end = self.trim_end(start, start + run);
        let text = &self.bytes[start..end];
        // `a::b` is also a path in programming languages. It is an address if it has a digit or a group of four lower-case letters, or if
        // there is nothing around the colons.
        let apart = || {
            text == b"::"
                && start > 0
                && matches!(self.bytes[start - 1], b' ' | b'[' | b'(' | b'=')
                && matches!(
                    self.bytes.get(end),
                    None | Some(b' ' | b']' | b')' | b',' | b'\n' | b'/')
                )
        };
        let groups = || {
            text.split(|&b| b == b':').any(|group| group.len() == 4)
                && !text.iter().any(u8::is_ascii_uppercase)
        };
        let address = (text.iter().any(u8::is_ascii_digit) || groups() || apart())
            && self
                .bytes
                .get(end)
                .is_none_or(|&b| !crate::class::is_alnum(b))
            && std::str::from_utf8(text).is_ok_and(|t| t.parse::<std::net::Ipv6Addr>().is_ok());
        if address {
            self.variable(start, end, Tail::Nothing);
            self.at = end;
        }
        address
    }

    /// Returns the end of the run from `at` that has no white space, quotes or brackets: the rest of a URL or a path.
    pub(super) fn run_end(&self, at: usize) -> usize {
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
}

/// Returns whether dotted labels before a colon and a number are a host, and not a file with a line number. They are a host if the last
/// label is not the suffix of a source file, and if the labels are in lower case when there are only two.
fn is_host(name: &[u8]) -> bool {
    let Some(dot) = name.iter().rposition(|&b| b == b'.') else {
        return false;
    };
    let small = || {
        name.iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'))
    };
    !lexicon::is_source_suffix(&name[dot + 1..])
        && dot + 1 < name.len()
        && dot > 0
        && (name[..dot].contains(&b'.') || small())
}
