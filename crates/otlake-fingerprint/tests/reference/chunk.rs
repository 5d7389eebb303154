//! Sections "Chunk rules", "What belongs to a variable" and "Beyond ASCII".

use super::text::{
    Position, Sort, Text, characters, has_alnum, has_high, is_full_match, is_match, match_len,
    url_end,
};
use super::vocabulary::{
    HIGH_UNITS, ends, is_alnum, is_bool, is_change, is_credential, is_data_suffix, is_digit,
    is_generic_domain, is_half_of_day, is_high_unit, is_joiner, is_level, is_method, is_month,
    is_naming_noun, is_null, is_odd, is_preposition, is_separator, is_state, is_status, is_switch,
    is_unit, is_weekday, is_zone, trim,
};

impl Text<'_> {
    /// Applies the rules to a chunk.
    pub(super) fn chunk_rules(&mut self, start: usize, end: usize) {
        let chunk = &self.text[start..end];
        if is_full_match("[A-Za-z_$]+", chunk) {
            self.letters(start, end);
        } else if is_full_match("[0-9A-Za-z_$]+", chunk) {
            self.alphanumeric(start, end);
        } else if chunk[0] == b'\'' && self.single_quote(start) {
            // J1
        } else if let Some(len) = self.numbered_hosts(start, end) {
            // J2
            self.variable(start, end + len);
            self.at = end + len;
        } else if has_high(chunk) {
            // J3
            self.beyond_ascii(start, end);
        } else if chunk.ends_with(b"/")
            && (self.follows_key(start)
                || chunk == b"/" && self.last_word_before(start).is_some_and(is_method))
        {
            self.variable(start, end);
        } else {
            self.joined(start, end);
        }
    }

    /// Returns whether a value of a key that is not itself a value is at `start`.
    fn follows_key(&self, start: usize) -> bool {
        let Some(&(word, from, to)) = self.line.last() else {
            return false;
        };
        word && to == start && self.position == Position::Key && !self.text[..from].ends_with(b"=")
    }

    fn numbered_hosts(&self, start: usize, end: usize) -> Option<usize> {
        let chunk = &self.text[start..end];
        let named =
            chunk.len() > 1 && chunk.ends_with(b"-") && is_alnum(chunk[0]) && !is_digit(chunk[0]);
        let len = match_len(r"^\[[0-9 ,\-]*\]", &self.text[end..]).filter(|len| *len <= 1026)?;
        (named && is_match("[0-9]", &self.text[end..end + len])).then_some(len)
    }

    /// Applies the rules to a part of a chunk.
    fn part(&mut self, start: usize, end: usize) {
        if has_alnum(self.text, start, end) {
            self.joined(start, end);
        }
    }

    /// Rules L.
    fn letters(&mut self, start: usize, end: usize) {
        let text = self.text;
        if self.noun == Some(start) {
            return self.noun(start, end);
        }
        if self.verb == Some(start) {
            let word = &text[start..end];
            return match word {
                // A word like others, although nothing of it is emitted.
                b"is" | b"are" => {
                    self.words.push(word.to_vec());
                    self.line.push((true, start, end));
                }
                b"was" | b"were" => self.stem(start, end, 1),
                _ => self.stem(start, end, 2),
            };
        }
        if self.transition(start, end) {
            return;
        }
        let word = &text[start..end];
        let l1 = is_full_match("[A-Fa-f]+", word)
            && (word.len() >= 8 || word.len() == 2 && self.is_pair(start));
        let whole = is_match(
            r"^\.?($|[,;)\]}|\t\n\x0c\r]| ($|[ \t\n\x0c\r]))",
            &text[end..],
        );
        let l2 = match self.position {
            Position::Key => is_null(word) || is_switch(word),
            Position::Colon => is_null(word) || is_switch(word) && whole,
            Position::Label => is_null(word),
            Position::None => is_bool(word) && whole && is_match(r"[ (\[,]$", &text[..start]),
        };
        let base64 = word.len() >= 16 && changes_case(word);
        let program = word[0] == b'$' && word.len() > 1;
        let named = word == b"localhost" || self.is_name(start, end);
        if l1 || l2 || base64 || program || named || self.is_item(start, end) {
            self.variable(start, end);
        } else if let Some(end) = self.date(start, end) {
            self.variable(start, end);
            self.at = end;
        } else {
            self.word(start, end);
        }
    }

    /// The noun behind a number, and where its verb is.
    fn noun(&mut self, start: usize, end: usize) {
        let len = stem_len(&self.text[start..end]);
        self.stem(start, end, len);
        if is_match("^ (is|are|was|were|has|have) ", &self.text[end..]) {
            self.verb = Some(end + 1);
        }
    }

    /// One of four or more hexadecimal pairs.
    fn is_pair(&self, start: usize) -> bool {
        let text = self.text;
        let pair = |at: usize| {
            text.get(at..at + 2)
                .is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit))
        };
        let front = |at: usize| at == 0 || b" [(<:=".contains(&text[at - 1]);
        let back = |at: usize| ends(text, at + 2) || text[at + 2] == b'.' && ends(text, at + 3);
        // Four in a row, of which this is one.
        (0..4).any(|before| {
            start.checked_sub(3 * before).is_some_and(|first| {
                (0..4).all(|n| pair(first + 3 * n) && (n == 0 || text[first + 3 * n - 1] == b' '))
                    && front(first)
                    && back(first + 9)
            })
        })
    }

    /// One of several items.
    fn is_item(&self, start: usize, end: usize) -> bool {
        let follows = matches!(self.line.last(), Some((true, _, to)) if *to == start);
        self.position == Position::Key
            && follows
            && is_match("[a-z]", &self.text[start..end])
            && is_match(r"^[,;)\]}|&]", &self.text[end..])
            && self.words.iter().any(|word| !word.ends_with(b"="))
    }

    /// Returns whether the last two words introduce states in any letters.
    fn is_changed(&self) -> bool {
        let Some((change, b"from", end)) = self.last_two() else {
            return false;
        };
        let before = &self.text[..end - b" from".len() - change.len()];
        let verb = before.strip_suffix(b" ").is_some_and(|before| {
            let other = |b: &u8| !b.is_ascii_alphabetic();
            let start = before.iter().rposition(other).map_or(0, |at| at + 1);
            start < before.len() && is_change(&before[start..])
        });
        is_change(change) || is_state(change) && (self.words.len() == 2 || verb)
    }

    /// The states behind `from`.
    fn transition(&mut self, start: usize, end: usize) -> bool {
        let text = self.text;
        let open = start > 0 && text[start - 1] == b'[';
        let from = start - usize::from(open);
        let state = if self.is_changed() {
            "[A-Za-z][A-Za-z_-]*[A-Za-z_]"
        } else {
            "[A-Z][A-Z_]+"
        };
        if self.last_word_before(from) != Some(b"from")
            || text[from - 1] != b' '
            || !is_full_match(state, &text[start..end])
            || self.tokens.len() + 3 > 96
        {
            return false;
        }
        let joint = if open { r"^\] to \[" } else { "^ to " };
        let Some(joint) = match_len(joint, &text[end..]) else {
            return false;
        };
        let to = end + joint;
        let Some(len) = match_len(&format!("^{state}"), &text[to..]) else {
            return false;
        };
        if !unit_ends(text, to + len) || open && text.get(to + len) != Some(&b']') {
            return false;
        }
        self.variable(start, end);
        self.word(end + joint / 2 - 1, end + joint / 2 + 1);
        self.variable(to, to + len);
        self.at = to + len;
        true
    }

    /// The states around an arrow, behind the colon and the space here.
    pub(super) fn arrow(&mut self) -> bool {
        let text = self.text;
        let start = self.at + 2;
        let state = "[A-Za-z][A-Za-z_-]*[A-Za-z_]";
        let first = match_len(&format!("^{state}"), &text[start..]);
        let both = match_len(&format!("^{state} [=-]> {state}"), &text[start..]);
        let (Some(first), Some(both)) = (first, both) else {
            return false;
        };
        if self.tokens.len() + 2 > 96 || !unit_ends(text, start + both) {
            return false;
        }
        self.variable(start, start + first);
        self.variable(start + first + 4, start + both);
        self.at = start + both;
        true
    }

    /// A name behind its noun, or the user of an access log.
    fn is_name(&self, start: usize, end: usize) -> bool {
        let text = self.text;
        if let ([_], [(false, _, to)]) = (self.tokens.as_slice(), self.line.as_slice())
            && text[*to..].starts_with(b" - ")
            && text[to + 3].is_ascii_alphabetic()
            && text[..start].ends_with(b" - ")
        {
            return is_match(r"^ \[[0-9]", &text[end..]);
        }
        if let [.., (true, word, word_end), (false, number, to)] = self.line[..]
            && word_end + 1 == number
            && is_full_match(r"[0-9.\-+]+", &text[number..to])
            && is_match("(?i)^(process|pid)$", &text[word..word_end])
            && text[to..].starts_with(b" (")
        {
            return text[..start].ends_with(b" (") && text[end..].starts_with(b")");
        }
        let Some((before, noun, noun_end)) = self.last_two() else {
            return false;
        };
        let names = is_naming_noun(noun) || noun == b"for";
        if !names
            || noun_end + 1 != start
            || text[start - 1] != b' '
            || is_preposition(&text[start..end])
        {
            return false;
        }
        let rest = &text[end..];
        if noun == b"for" && !is_credential(before) {
            return rest
                .strip_prefix(b" from ")
                .is_some_and(begins_with_address);
        }
        if is_match(r"^ [\[(]", rest) {
            return true;
        }
        if rest.starts_with(b"(") {
            return is_preposition(before) || noun == b"for";
        }
        if rest.first() == Some(&b' ') && begins_with_address(&rest[1..]) {
            return true;
        }
        if let Some(len) = match_len("^ [a-z]*", rest)
            && is_preposition(&rest[1..len])
        {
            return true;
        }
        (is_preposition(before) || noun == b"for")
            && is_match(r"^( ?($|[\n\r])|\.($|[ \t\n\x0c\r]))", rest)
    }

    /// Rule D.
    fn alphanumeric(&mut self, start: usize, end: usize) {
        let protocol =
            self.position == Position::None && is_full_match("(?i)ipv[46]", &self.text[start..end]);
        if is_full_match("[0-9]+", &self.text[start..end]) {
            self.number(start, end);
        } else if protocol || self.is_key(start, end) {
            self.word(start, end);
        } else {
            self.variable(start, end);
        }
    }

    fn is_key(&self, start: usize, end: usize) -> bool {
        let chunk = &self.text[start..end];
        chunk[0].is_ascii_alphabetic()
            && chunk.iter().filter(|b| is_digit(**b)).count() <= 3
            && is_match("^=($|[^=])", &self.text[end..])
            && !(chunk.len() >= 16 && ends(self.text, end + 1) && changes_case(chunk))
    }

    /// Rules J4 to J11.
    fn joined(&mut self, start: usize, end: usize) {
        let text = self.text;
        let whole = &text[start..end];
        let (mut from, mut to) = (start, end);
        // J4
        while to > from
            && is_joiner(text[to - 1])
            && !(text[to - 1] == b'+' && to - from > 1 && !is_match("[0-9]", whole))
        {
            to -= 1;
        }
        while from < to && is_joiner(text[from]) {
            let alnum = from + 1 < to && is_alnum(text[from + 1]);
            let root = text[from] == b'/'
                && (alnum || whole.contains(&b'.') && to - from > 2)
                && !(from > 0 && text[from - 1] == b'<');
            let sign =
                matches!(text[from], b'-' | b'+') && from + 1 < to && is_digit(text[from + 1]);
            if root || sign {
                break;
            }
            from += 1;
        }
        if from == to {
            return;
        }
        let chunk = &text[from..to];
        let odd = chunk.iter().any(|b| is_odd(*b));
        // J5
        if let Some(dots) = (from..to - 1).find(|at| &text[*at..at + 2] == b"..") {
            let behind = (dots..to).find(|at| text[*at] != b'.').unwrap_or(to);
            let whole_end = self.at;
            self.at = dots;
            self.part(from, dots);
            let next = self.at.max(behind);
            if next < to {
                self.at = to;
                self.part_with_dots(next, to);
            }
            self.at = self.at.max(whole_end);
            return;
        }
        // J6
        if is_match("[0-9]", chunk) {
            if let Some(name) = match_len(r"^[A-Za-z_][A-Za-z0-9_.$]*\+", chunk)
                && is_full_match(r"0x[0-9A-Fa-f]+(/0x[0-9A-Fa-f]+)?|[0-9]+", &chunk[name..])
            {
                self.word(from, from + name - 1);
                self.variable(from + name, to);
            } else if !odd && self.is_key(from, to) && !text[..from].ends_with(b"@")
                || text[..from].ends_with(b"%")
                    && text.get(to) == Some(&b':')
                    && is_full_match("[A-Z0-9_]+-[0-9]-[A-Z0-9_]+", chunk)
            {
                self.word(from, to);
            } else if is_full_match(r"[0-9.\-+]+", chunk) {
                self.number(from, to);
            } else {
                let to = self.path(from, to);
                self.variable(from, to);
            }
            return;
        }
        // J7
        let count = |byte: u8| chunk.iter().filter(|b| **b == byte).count();
        if odd {
            let path = chunk[0] == b'/' || count(b'/') >= 2 || count(b'/') == 1 && count(b'.') > 0;
            if path || count(b'\\') >= 2 || count(b'@') > 0 {
                let to = self.path(from, to);
                return self.variable(from, to);
            }
            if let Some(at) = chunk.iter().position(|b| *b == b'\\') {
                let domain = &chunk[..at];
                if is_full_match("[A-Z_-]{2,}", domain) && !is_level(domain) && chunk.len() > at + 2
                {
                    return self.variable(from, to);
                }
                self.part(from, from + at);
                return self.part(from + at, to);
            }
        }
        // J7 and J8
        if is_place(chunk) || !odd && is_file(chunk) {
            return self.variable(from, to);
        }
        // J9
        if is_full_match("[A-Fa-f]{8,}|[A-Fa-f]{2}(-[A-Fa-f]{2}){3,}", chunk) {
            return self.variable(from, to);
        }
        if is_full_match("[A-Za-z_$]+", chunk) {
            // J10
            self.letters(from, to);
        } else if is_full_match("n/a|N/A", chunk) && self.position != Position::None {
            // J11
            self.variable(from, to);
        } else if !odd && !has_high(chunk) && self.is_name(from, to) || self.is_item(from, to) {
            self.variable(from, to);
        } else if !(self.is_changed() && self.transition(from, to)) {
            self.word(from, to);
        }
    }

    /// The rest of a chunk that is split at dots: what is behind a run of them may begin with another part.
    fn part_with_dots(&mut self, start: usize, end: usize) {
        let text = self.text;
        let next = (start..end.saturating_sub(1))
            .find(|at| &text[*at..at + 2] == b"..")
            .unwrap_or(end);
        self.at = next;
        self.part(start, next);
        let behind = (next..end).find(|at| text[*at] != b'.').unwrap_or(end);
        let from = self.at.max(behind);
        self.at = self.at.max(end);
        if from < end {
            self.part_with_dots(from, end);
        }
    }

    /// Rule P.
    fn path(&mut self, start: usize, end: usize) -> usize {
        let text = self.text;
        let mut end = end;
        if !text[start..end].contains(&b'/') {
            return end;
        }
        let rooted = text[start] == b'/';
        if rooted && text.get(end) == Some(&b'/') {
            end += 1;
        }
        if text.get(end) == Some(&b'?') {
            end = url_end(text, end);
        } else if rooted {
            while let Some(len) = match_len(
                r"^(\[[A-Za-z0-9_.\-]*\]|\([A-Za-z0-9_.\-]*\)|\{[A-Za-z0-9_.\-]*\})/",
                &text[end..],
            ) {
                let slash = end + len - 1;
                end = trim(text, slash, url_end(text, slash));
            }
            while let Some(next) = capitalized_words(text, end) {
                end = next;
            }
        }
        self.at = self.at.max(end);
        end
    }

    /// A number, with what belongs to it by rule T1.
    fn number(&mut self, start: usize, end: usize) {
        let text = self.text;
        let rest = &text[end..];
        let mut whole = end;
        if let Some(len) = match_len("^ [A-Za-z_$\\x80-\\xff]+(/[A-Za-z]*)?", rest) {
            let word = &rest[1..len];
            let slash = word.iter().position(|b| *b == b'/');
            let (unit, per) = word.split_at(slash.unwrap_or(word.len()));
            let fits = is_unit(unit) && (per.is_empty() || is_unit(&per[1..]))
                || per.is_empty() && is_high_unit(unit);
            if fits && unit_ends(text, end + len) {
                whole = end + len;
            }
        }
        let date = end - start == 10 && text[start + 4] == b'-' && text[start + 7] == b'-';
        if date
            && let Some(len) = match_len("^ [0-9]{2}:[0-9:.,]*[0-9]|^ [0-9]{2}", rest)
                .filter(|len| rest.get(3) == Some(&b':') && *len > 0)
        {
            whole = zone_end(text, end + len);
        }
        if whole == end
            && let Some(len) = match_len("^[0-9]{3} [A-Za-z ]+", &text[start..])
            && end == start + 3
        {
            let status = (0..=len)
                .rev()
                .find(|len| is_status(&text[start..start + len]) && unit_ends(text, start + len));
            whole = status.map_or(end, |len| start + len);
        }
        if whole == end
            && let Some(len) = match_len("^ [A-Za-z][a-z]{2,14}", rest)
            && !rest.get(len).is_some_and(|b| is_alnum(*b))
            && unit_ends(text, end + len)
            && text[start..end].iter().filter(|b| !is_digit(**b)).count() <= 1
            && (stem_len(&rest[1..len]) < len - 1
                || is_match("^ (is|are|was|were|has|have) ", &rest[len..]))
        {
            self.noun = Some(end + 1);
        }
        self.at = self.at.max(whole);
        self.variable(start, whole);
    }

    /// A time, with what belongs to it by rule T2.
    pub(super) fn time(&mut self, start: usize, end: usize) {
        let text = self.text;
        let mut whole = zone_end(text, end);
        let region = r"^\[[A-Z][A-Za-z_]*/[A-Za-z/_]*\]";
        if let Some(len) = match_len(region, &text[end..]) {
            whole = end + len;
        } else if let Some(len) = match_len(r"^\[[A-Z]+\]", &text[end..])
            && is_zone(&text[end + 1..end + len - 1])
        {
            whole = end + len;
        }
        self.at = self.at.max(whole);
        self.variable(start, whole);
    }

    /// Rule T3.
    fn date(&self, start: usize, end: usize) -> Option<usize> {
        let text = self.text;
        let name = &text[start..end];
        if !is_month(name) && !is_weekday(name) {
            return None;
        }
        let mut date = None;
        let mut at = end;
        for _ in 0..6 {
            let from = at + match_len("^[ ,.]{0,2}", &text[at..])?;
            let mut to = from
                + text[from..]
                    .iter()
                    .take_while(|b| !is_separator(**b) || **b == b':')
                    .count();
            while to > from && matches!(text[to - 1], b'.' | b':' | b'-') {
                to -= 1;
            }
            let part = &text[from..to];
            let digits = part.iter().filter(|b| is_digit(**b)).count();
            let numeric = is_full_match(r"[0-9:.+\-]+", part)
                && (1..=12).contains(&digits)
                && (digits <= 4 || part.contains(&b':'));
            let follows = date.is_some() && (is_zone(part) || is_half_of_day(part));
            if numeric || follows {
                date = Some(to);
            } else if !(is_month(part) && date.is_none()) {
                break;
            }
            at = to;
        }
        date
    }

    /// Section "Beyond ASCII".
    fn beyond_ascii(&mut self, start: usize, end: usize) {
        let text = self.text;
        let whole_end = self.at;
        let characters = characters(text, start, end);
        let mut rest = start;
        while rest < end {
            if let Some(close) = self.typographic(rest) {
                self.variable(rest, close);
                self.at = close;
                rest = close;
                continue;
            }
            let separator = characters
                .iter()
                .find(|c| c.1 >= rest && c.0 == Sort::Separator);
            let (to, next) = separator.map_or((end, end), |c| (c.1, c.2));
            self.at = next;
            if rest < to {
                self.script(rest, to, next, end);
            }
            rest = self.at.max(next);
        }
        self.at = self.at.max(whole_end);
    }

    /// Reads a part without separators; `next` is behind the separator that ended it.
    fn script(&mut self, start: usize, end: usize, next: usize, chunk_end: usize) {
        let text = self.text;
        let part = &text[start..end];
        let sorts: Vec<Sort> = characters(text, start, end).iter().map(|c| c.0).collect();
        let letters = sorts.contains(&Sort::Letter);
        let digits = sorts.contains(&Sort::Digit) || part.iter().any(|b| is_digit(*b));
        if !has_high(part) {
            let rest = &text[next..chunk_end];
            let rest = rest.strip_suffix(b".").unwrap_or(rest);
            let unit = if is_unit(rest) {
                rest.len()
            } else {
                high_unit(rest)
            };
            let number = is_full_match(r"[0-9.\-+]*[0-9][0-9.\-+]*", part);
            if number && next > end && unit > 0 && dot_or_end(text, next + unit) {
                self.variable(start, next + unit);
                self.at = next + unit;
            } else {
                self.part(start, end);
            }
            return;
        }
        if !letters {
            return self.variable(start, end);
        }
        // Joiners around it do not count.
        let from = (start..end).find(|at| is_alnum(text[*at])).unwrap();
        let to = (start..end).rfind(|at| is_alnum(text[*at])).unwrap() + 1;
        if !digits {
            return self.word(from, to);
        }
        if let Some(number) = match_len(r"^[0-9.\-+]+", &text[from..to])
            && is_high_unit(&text[from + number..to])
        {
            return self.variable(from, to);
        }
        let characters = characters(text, from, to);
        let mut index = 0;
        while index < characters.len() {
            let (sort, first, _) = characters[index];
            while index < characters.len() && characters[index].0 == sort {
                index += 1;
            }
            let last = characters[index - 1].2;
            match sort {
                Sort::Letter => self.word(first, last),
                Sort::Ascii => self.part(first, last),
                Sort::Digit | Sort::Separator => self.variable(first, last),
            }
        }
    }
}

/// Returns the length of the stem of a noun.
fn stem_len(noun: &[u8]) -> usize {
    let mut small = noun.to_vec();
    small[..1].make_ascii_lowercase();
    for (len, nouns) in [
        (5, "child children"),
        (2, "person persons people"),
        (3, "index indexes indices half halves leaf leaves"),
        (4, "vertex vertexes vertices matrix matrixes matrices"),
        (noun.len(), "alias atlas bias canvas was has does"),
    ] {
        if nouns.split(' ').any(|known| known.as_bytes() == small) {
            return len;
        }
    }
    // The first that fits, and the letters that are cut off.
    for (form, cut) in [
        ("^..+ies$", 3),
        ("^..+ie$", 2),
        ("[^aeiou]y$", 1),
        ("[sxzho]es$|[sx]is$", 2),
        ("[sxzho]e$", 1),
        ("[si]s$", 0),
        ("^.u.s$|^..us$", 1),
        ("us$", 0),
        ("s$", 1),
    ] {
        if is_match(form, noun) {
            return noun.len() - cut;
        }
    }
    noun.len()
}

/// Returns whether letters change case as often as base64 does.
fn changes_case(word: &[u8]) -> bool {
    let third = word.len() / 3;
    let capitals = word.iter().filter(|b| b.is_ascii_uppercase()).count();
    let changes = word
        .windows(2)
        .filter(|p| p[0].is_ascii_uppercase() != p[1].is_ascii_uppercase())
        .count();
    !word.contains(&b'_') && capitals >= third && word.len() - capitals >= third && changes >= third
}

fn begins_with_address(text: &[u8]) -> bool {
    let run = match_len("^[0-9A-Fa-f.:]*", text).unwrap();
    let count = |byte: u8| text[..run].iter().filter(|b| **b == byte).count();
    ends(text, run) && (count(b':') >= 2 || count(b'.') == 3 && is_match("^[0-9]", text))
}

/// Returns the length of the unit with a character beyond ASCII at the front of `text`.
fn high_unit(text: &[u8]) -> usize {
    HIGH_UNITS
        .iter()
        .find(|unit| text.starts_with(unit.as_bytes()))
        .map_or(0, |unit| unit.len())
}

/// Returns whether a separator or the end is at `at`, a dot before it allowed.
fn dot_or_end(text: &[u8], at: usize) -> bool {
    ends(text, at) || text[at] == b'.' && ends(text, at + 1)
}

/// Returns the end of the half of the day and the zone behind a time.
fn zone_end(text: &[u8], end: usize) -> usize {
    let word = |at: usize| {
        let len = match_len(
            "^ [A-Za-z_$\\x80-\\xff]+",
            text.get(at..).unwrap_or_default(),
        )?;
        unit_ends(text, at + len).then(|| (&text[at + 1..at + len], at + len))
    };
    match word(end) {
        Some((half, to)) if is_half_of_day(half) => match word(to) {
            Some((zone, to)) if is_zone(zone) => to,
            _ => to,
        },
        Some((zone, to)) if is_zone(zone) => to,
        _ => end,
    }
}

/// The same for a unit, behind which no `=` may be.
fn unit_ends(text: &[u8], at: usize) -> bool {
    text.get(at) != Some(&b'=') && dot_or_end(text, at)
}

/// Returns the end of a path that goes on with capitalized words, a slash in the last.
fn capitalized_words(text: &[u8], end: usize) -> Option<usize> {
    let mut at = end;
    for _ in 0..4 {
        if !is_match("^ [A-Z]", &text[at..]) {
            return None;
        }
        let next = url_end(text, at + 1);
        let word = &text[at + 1..next];
        if word.iter().any(|b| matches!(b, b':' | b'=')) {
            return None;
        }
        if word.contains(&b'/') {
            return Some(trim(text, at + 1, next));
        }
        at = next;
    }
    None
}

fn is_file(chunk: &[u8]) -> bool {
    let dot = chunk.iter().rposition(|b| *b == b'.');
    dot.is_some_and(|dot| dot > 0 && is_data_suffix(&chunk[dot + 1..]))
}

fn is_place(chunk: &[u8]) -> bool {
    let labels: Vec<&[u8]> = chunk.split(|b| *b == b'.').collect();
    let (first, last) = (labels[0], labels[labels.len() - 1]);
    if labels.len() < 2 || is_full_match("[A-Z_]{2,}", last) {
        return false;
    }
    is_generic_domain(first)
        || is_generic_domain(last)
        || labels.len() >= 3 && is_full_match("[a-z]{2}", last) && last != b"id"
}
