//! Reads chunks that contain dots, dashes, slashes, `@`, quotes or high bytes.

use super::{After, Lead, Tail, Text};
use crate::class::{CLASS, DASH, DIGIT, DOT, HEX_LETTER, HIGH, LETTER, ODD, classes, is_alnum};
use crate::lexicon;
use crate::token::Token;

impl<F: FnMut(Token<'_>)> Text<'_, '_, F> {
    /// Reads a chunk that contains dots, dashes, slashes, `@`, quotes or high bytes.
    #[inline(never)]
    pub(super) fn joined(&mut self, start: usize, end: usize, flags: u8) {
        let bytes = self.bytes;
        if bytes[start] == b'\'' && self.single_quote(start) {
            return;
        }
        if let Some(end) = self.hosts(start, end) {
            self.at = end;
            return self.variable(start, end, Tail::Nothing);
        }
        if flags & HIGH != 0 {
            return self.unicode(start, end);
        }
        if flags & ODD != 0 && bytes[end - 1] == b'/' && self.is_directory(start, end) {
            return self.variable(start, end, Tail::Nothing);
        }
        self.trimmed(start, end, flags);
    }

    /// Returns whether a chunk that ends in a slash is a path: a value, or the root after the method of a request.
    fn is_directory(&self, start: usize, end: usize) -> bool {
        let (from, to) = self.words.last;
        let nested = from > 0 && self.bytes[from - 1] == b'=';
        self.after == After::Key && to == start && !nested
            || end - start == 1 && to + 1 == start && lexicon::is_method(&self.bytes[from..to])
    }

    /// Reads an ASCII chunk, or a part of one, without the joiners around it.
    fn trimmed(&mut self, mut start: usize, end: usize, flags: u8) {
        let bytes = self.bytes;
        let whole = end - start;
        let mut end = end;
        // `C++` and the axis in `x+` keep their sign. Other joiners at the end are punctuation.
        while end > start
            && CLASS[bytes[end - 1] as usize] & (DOT | DASH | ODD) != 0
            && !(bytes[end - 1] == b'+' && end - start > 1 && flags & DIGIT == 0)
        {
            end -= 1;
        }
        while start < end {
            let next_alnum = bytes.get(start + 1).is_some_and(|&b| is_alnum(b)) && start + 1 < end;
            match bytes[start] {
                // The slash of `</tag>` is not a root directory.
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
        // Joiners that were cut off are ignored from here on.
        let flags = if flags & ODD == 0 || chunk.len() == whole {
            flags
        } else {
            classes(chunk)
        };
        if flags & DOT != 0 && chunk.windows(2).any(|pair| pair == b"..") {
            return self.leader(start, end);
        }
        if flags & DIGIT != 0 {
            if flags & DASH != 0
                && let Some(plus) = symbol(chunk)
            {
                self.word(start, start + plus);
                if self.left > 0 {
                    self.variable(start + plus + 1, end, Tail::Nothing);
                }
                return;
            }
            let tail = if flags & (HEX_LETTER | LETTER | ODD) == 0 {
                Tail::Unit
            } else {
                Tail::Nothing
            };
            let before = if start > 0 { bytes[start - 1] } else { 0 };
            let named = flags & ODD == 0
                && (before != b'@' && self.is_key(start, end)
                    || before == b'%' && bytes.get(end) == Some(&b':') && is_mnemonic(chunk));
            if named {
                return self.word(start, end);
            }
            let end = if flags & ODD != 0 {
                self.path_end(start, end)
            } else {
                end
            };
            return self.variable(start, end, tail);
        }
        if flags & ODD != 0 {
            return self.odd(start, end, flags);
        }
        if flags & DOT != 0 && (is_place(chunk) || is_file(chunk)) {
            return self.variable(start, end, Tail::Nothing);
        }
        if flags & !DOT == HEX_LETTER && chunk.len() >= 8 && !chunk.contains(&b'.')
            || flags & DASH != 0 && is_hex_pairs(chunk)
        {
            return self.variable(start, end, Tail::Nothing);
        }
        self.plain(start, end);
    }

    /// Reads a chunk with two or more dots in a row. They are a leader (`enabled....0`) and join nothing.
    fn leader(&mut self, start: usize, end: usize) {
        let bytes = self.bytes;
        let whole = self.at;
        let mut from = start;
        while from < end && self.left > 0 {
            let len = memchr::memmem::find(&bytes[from..end], b"..").unwrap_or(end - from);
            // A date may include the parts that follow it.
            self.at = from + len;
            self.part(from, from + len);
            from = self.at;
            while from < end && bytes[from] == b'.' {
                from += 1;
            }
        }
        self.at = self.at.max(whole);
    }

    /// Reads one part of a chunk that was split.
    pub(super) fn part(&mut self, start: usize, end: usize) {
        let flags = classes(&self.bytes[start..end]);
        if self.left > 0 && flags & (DIGIT | HEX_LETTER | LETTER) != 0 {
            self.trimmed(start, end, flags);
        }
    }

    /// Reads a chunk without digits that contains a slash, a backslash, `@` or an apostrophe.
    pub(super) fn odd(&mut self, start: usize, end: usize, flags: u8) {
        let bytes = self.bytes;
        let chunk = &bytes[start..end];
        let count = |wanted: u8| chunk.iter().filter(|&&b| b == wanted).count();
        let slashes = count(b'/');
        let path = chunk[0] == b'/'
            || slashes >= 2
            || (slashes == 1 && flags & DOT != 0 && chunk.contains(&b'.'));
        if path || count(b'\\') >= 2 || chunk.contains(&b'@') {
            let end = self.path_end(start, end);
            return self.variable(start, end, Tail::Nothing);
        }
        if let Some(at) = memchr::memchr(b'\\', chunk) {
            if is_account(&chunk[..at], &chunk[at + 1..]) {
                return self.variable(start, end, Tail::Nothing);
            }
            self.part(start, start + at);
            return self.part(start + at, end);
        }
        if flags & DOT != 0 && is_place(chunk) {
            return self.variable(start, end, Tail::Nothing);
        }
        self.plain(start, end);
    }

    /// Reads a word with joiners inside. The rules for letters apply if it has none.
    pub(super) fn plain(&mut self, start: usize, end: usize) {
        let flags = classes(&self.bytes[start..end]);
        if flags & (DOT | DASH | ODD | HIGH) == 0 {
            self.letters(start, end);
        } else if self.is_joined_variable(start, end, flags) {
            self.variable(start, end, Tail::Nothing);
        } else if !(self.words.naming
            && self.words.lead == Lead::Change
            && self.transition(start, end))
        {
            self.word(start, end);
        }
    }

    /// Returns whether a word with joiners is a variable because of the text around it: no value, an item, a name after its noun.
    fn is_joined_variable(&self, start: usize, end: usize, flags: u8) -> bool {
        let no_value = || matches!(&self.bytes[start..end], b"n/a" | b"N/A");
        self.after != After::Nothing && no_value()
            || self.after == After::Key && self.is_item(start, end)
            || self.words.naming && flags & (ODD | HIGH) == 0 && self.is_name(start, end)
    }
}

/// Returns whether dotted letters name a host or a package. These have a generic top-level domain at either end (`ns.example.com`,
/// `org.example.Service`), unlike `Class.method` and `file.c`. A last label in capitals is an enumerator (`org.example.State.READY`),
/// which identifies the message.
fn is_place(chunk: &[u8]) -> bool {
    let Some(last_dot) = chunk.iter().rposition(|&b| b == b'.') else {
        return false;
    };
    let last = &chunk[last_dot + 1..];
    if last.len() > 1 && last.iter().all(|b| b.is_ascii_uppercase() || *b == b'_') {
        return false;
    }
    let first = chunk.split(|&b| b == b'.').next().unwrap_or(chunk);
    // Three labels that end in a country: `www.example.de`. `id` is not treated as a country, because too many names of settings
    // end in it.
    let country = last.len() == 2
        && last.iter().all(u8::is_ascii_lowercase)
        && last != b"id"
        && chunk[..last_dot].contains(&b'.');
    country || lexicon::is_generic_domain(last) || lexicon::is_generic_domain(first)
}

/// Returns whether dotted letters name a file with data or a unit of systemd.
fn is_file(chunk: &[u8]) -> bool {
    let dot = chunk.iter().rposition(|&b| b == b'.');
    dot.is_some_and(|dot| dot > 0 && lexicon::is_data_suffix(&chunk[dot + 1..]))
}

/// Returns whether two names with a backslash between them are a domain in capitals and an account: `ACME\ann`.
fn is_account(domain: &[u8], name: &[u8]) -> bool {
    domain.len() > 1
        && domain
            .iter()
            .all(|b| b.is_ascii_uppercase() || matches!(b, b'_' | b'-'))
        && crate::level::level_of_word(domain).is_none()
        && name.len() > 1
}

/// Returns whether a chunk is the identifier of a message, with its severity in the middle: `LINK-3-UPDOWN`.
fn is_mnemonic(chunk: &[u8]) -> bool {
    let mut parts = chunk.split(|b| *b == b'-');
    let is_name = |part: Option<&[u8]>| {
        part.is_some_and(|part| {
            !part.is_empty()
                && part
                    .iter()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_')
        })
    };
    is_name(parts.next())
        && matches!(parts.next(), Some([b'0'..=b'9']))
        && is_name(parts.next())
        && parts.next().is_none()
}

/// Returns the length of the symbol in a code address: `do_exit+0x1a/0x30`, `do_exit+173`.
fn symbol(chunk: &[u8]) -> Option<usize> {
    let offset = chunk
        .iter()
        .rposition(|&b| !b.is_ascii_hexdigit() && !matches!(b, b'x' | b'/'))?;
    let (name, offset) = match chunk.split_at(offset) {
        (name, [b'+', offset @ ..]) => (name, offset),
        _ => return None,
    };
    let named = name
        .first()
        .is_some_and(|&b| b.is_ascii_alphabetic() || b == b'_')
        && name
            .iter()
            .all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'$'));
    let hex = |text: &[u8]| {
        text.strip_prefix(b"0x")
            .is_some_and(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit))
    };
    let parts = offset.split(|&b| b == b'/');
    let address = parts.clone().count() <= 2 && parts.clone().all(hex)
        || !offset.is_empty() && offset.iter().all(u8::is_ascii_digit);
    (named && address).then_some(name.len())
}

/// Returns whether a chunk is four or more pairs of hexadecimal letters with dashes between them.
fn is_hex_pairs(chunk: &[u8]) -> bool {
    chunk.len() >= 11
        && chunk
            .split(|&b| b == b'-')
            .all(|pair| pair.len() == 2 && pair.iter().all(u8::is_ascii_hexdigit))
}
