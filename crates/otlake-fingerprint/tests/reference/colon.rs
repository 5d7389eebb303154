//! Section "Colon rules".

use super::text::{Text, is_full_match, is_match, match_len, url_end};
use super::vocabulary::{
    chunk_end, ends, is_alnum, is_digit, is_hex_letter, is_high, is_odd, is_separator,
    is_source_suffix, trim,
};

impl Text<'_> {
    /// Applies the rules to a chunk that ends at a colon.
    pub(super) fn colon_rules(&mut self, start: usize, end: usize) -> bool {
        let text = self.text;
        let chunk = &text[start..end];
        let next = text[end + 1];
        let hexadecimal = chunk.iter().all(|b| is_digit(*b) || is_hex_letter(*b));
        // C1
        if text[end..].starts_with(b"://") && !chunk.iter().any(|b| is_odd(*b) || is_high(*b)) {
            return self.through_url(start, end);
        }
        // C2
        if next == b':' {
            return hexadecimal && self.c3(start);
        }
        // C4
        if hexadecimal && chunk.len() <= 4 && self.c4(start) {
            return true;
        }
        // C5
        if chunk == b"arn" && next == b'a' || chunk == b"urn" {
            return self.through_url(start, end);
        }
        // C6
        if let Some(len) = match_len("^:[0-9]+", &text[end..])
            && ends(text, end + len)
            && is_host(chunk)
        {
            self.variable(start, end + len);
            self.at = end + len;
            return true;
        }
        // C7
        if is_match("^[a-z-]+$", chunk)
            && let Some(len) = match_len("^:[0-9]{3,5}", &text[end..])
            && ends(text, end + len)
            && self
                .last_word_before(start)
                .is_some_and(|word| matches!(word, b"to" | b"from" | b"tcp" | b"udp"))
        {
            self.variable(start, end + len);
            self.at = end + len;
            return true;
        }
        // C8
        if chunk.iter().any(|b| is_digit(*b)) && is_digit(next) {
            let mut at = end;
            while is_match("^:[0-9]", &text[at..]) {
                at = chunk_end(text, at + 1);
            }
            self.at = at;
            self.time(start, trim(text, start, at));
            return true;
        }
        // C9
        if is_match(r"^[A-Za-z_$]$", chunk) && matches!(next, b'\\' | b'/') {
            let mut to = url_end(text, end);
            while let Some(space) = match_len(r"^( Files \(x86\)\\| [A-Za-z0-9])", &text[to..]) {
                // The run begins at the backslash, or at the letter.
                let from = to + space - 1;
                let run = url_end(text, from);
                let part = &text[from..run];
                if !part.contains(&b'\\') || part.contains(&b':') {
                    break;
                }
                to = run;
            }
            let to = trim(text, start, to);
            self.variable(start, to);
            self.at = to;
            return true;
        }
        false
    }

    fn through_url(&mut self, start: usize, end: usize) -> bool {
        let end = url_end(self.text, end);
        self.variable(start, end);
        self.at = end;
        true
    }

    /// An IPv6 address with `::` in it.
    pub(super) fn c3(&mut self, start: usize) -> bool {
        let text = self.text;
        let run = match_len(r"^[0-9A-Fa-f:.]{1,46}", &text[start..]).unwrap_or(0);
        let end = trim(text, start, start + run);
        let address = &text[start..end];
        let parses = String::from_utf8_lossy(address)
            .parse::<std::net::Ipv6Addr>()
            .is_ok();
        let telling = is_match("[0-9]", address)
            || !is_match("[A-F]", address) && is_match("(^|:)[a-f]{4}(:|$)", address)
            || address == b"::"
                && text[..start].last().is_some_and(|b| b" [(=".contains(b))
                && text.get(end).is_none_or(|b| b" ]),/\n".contains(b));
        if !parses || !telling || text.get(end).is_some_and(|b| is_alnum(*b)) {
            return false;
        }
        self.variable(start, end);
        self.at = end;
        true
    }

    fn c4(&mut self, start: usize) -> bool {
        let text = self.text;
        let Some(groups) = match_len("^[0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4}){2,}", &text[start..])
        else {
            return false;
        };
        let at = start + groups;
        // A longer group is none.
        if text.get(at).is_some_and(u8::is_ascii_hexdigit) {
            return false;
        }
        let end = chunk_end(text, at);
        if !is_full_match(r"[0-9.\-+Z/]*", &text[at..end]) {
            return false;
        }
        let end = trim(text, start, end);
        self.at = end;
        self.time(start, end);
        true
    }
}

fn is_host(chunk: &[u8]) -> bool {
    let labels: Vec<&[u8]> = chunk.split(|b| *b == b'.').collect();
    let last = labels[labels.len() - 1];
    debug_assert!(!chunk.iter().any(|b| is_separator(*b)));
    let dot = chunk.iter().rposition(|b| *b == b'.');
    dot.is_some_and(|dot| dot > 0 && dot + 1 < chunk.len())
        && !is_source_suffix(last)
        && (labels.len() > 2 || is_full_match(r"[a-z0-9.\-]*", chunk))
}
