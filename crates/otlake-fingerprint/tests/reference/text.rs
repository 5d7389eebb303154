//! Section "Text: chunks and separators".

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use regex::bytes::Regex;

use super::Token;
use super::lines::{self, Lines};
use super::vocabulary::{
    chunk_end, is_alnum, is_digit, is_high, is_level, is_null, is_separator, is_space,
};

/// Returns a compiled expression; `.`, classes and borders are about bytes unless it names a class of Unicode.
fn compiled(pattern: &str) -> &'static Regex {
    static CACHE: LazyLock<Mutex<HashMap<String, &'static Regex>>> = LazyLock::new(Mutex::default);
    let mut cache = CACHE.lock().unwrap();
    if let Some(regex) = cache.get(pattern) {
        return regex;
    }
    let flags = if pattern.contains(r"\p") { "" } else { "(?-u)" };
    let regex = Regex::new(&format!("{flags}{pattern}")).unwrap();
    // The patterns are few, and all are literals of the reference.
    let regex: &'static Regex = Box::leak(Box::new(regex));
    cache.insert(pattern.to_owned(), regex);
    regex
}

pub(super) fn is_match(pattern: &str, text: &[u8]) -> bool {
    compiled(pattern).is_match(text)
}

pub(super) fn is_full_match(pattern: &str, text: &[u8]) -> bool {
    match_len(&format!("^(?:{pattern})$"), text).is_some()
}

/// Returns the length of the match of an expression that is anchored at the front.
pub(super) fn match_len(pattern: &str, text: &[u8]) -> Option<usize> {
    compiled(pattern).find(text).map(|found| found.len())
}

/// Returns the length of the ANSI escape at the front, as if nothing could cut it off.
pub(super) fn escape_len(text: &[u8]) -> Option<usize> {
    if text.first() != Some(&0x1b) {
        return None;
    }
    Some(match text.get(1) {
        Some(b'[') => match_len(r"^\x1b\[[\x20-\x3f]*", text)? + 1,
        Some(b']') => {
            let rest = &text[2..];
            let end = rest.iter().position(|b| matches!(b, 0x07 | 0x1b));
            2 + match end {
                Some(end) if rest[end] == 0x07 => end + 1,
                Some(end) => end + 2,
                None => rest.len(),
            }
        }
        _ => 2,
    })
}

/// The value position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    None,
    Key,
    Colon,
    Label,
}

pub(super) struct Text<'t> {
    pub(super) text: &'t [u8],
    pub(super) at: usize,
    pub(super) position: Position,
    pub(super) tokens: &'t mut Vec<Token>,
    /// The words of this text.
    pub(super) words: Vec<Vec<u8>>,
    /// The tokens of this line: whether each is a word, and its range.
    pub(super) line: Vec<(bool, usize, usize)>,
    /// The closing quote of a quoted text that is read as words.
    pub(super) closing: Option<usize>,
    pub(super) lines: Lines,
    /// Where a noun begins, behind a number.
    pub(super) noun: Option<usize>,
    /// Where the verb of such a noun begins.
    pub(super) verb: Option<usize>,
    /// The end of the objects behind which other text was found.
    objects_end: usize,
}

const MAX_TOKENS: usize = 96;

/// Reads a text. Only the exception of a traceback may be beyond its first 4,096 bytes.
pub(super) fn read(whole: &[u8], tokens: &mut Vec<Token>) {
    // The limit is one for each message, and nothing was read before.
    let mut text = Text::new(&whole[..whole.len().min(4096)], tokens, Lines::Decide);
    text.run();
    let stopped = text.at < text.text.len() && text.lines != Lines::Last;
    if stopped
        && lines::is_traceback(text.text, text.at)
        && let Some(at) = lines::exception(whole)
    {
        Text::new(&whole[at..whole.len().min(at + 4096)], tokens, Lines::Last).run();
    }
}

impl<'t> Text<'t> {
    fn new(text: &'t [u8], tokens: &'t mut Vec<Token>, lines: Lines) -> Self {
        Self {
            text,
            at: 0,
            position: Position::None,
            tokens,
            words: Vec::new(),
            line: Vec::new(),
            closing: None,
            lines,
            noun: None,
            verb: None,
            objects_end: 0,
        }
    }

    fn run(&mut self) {
        while self.at < self.text.len() && self.tokens.len() < MAX_TOKENS {
            let byte = self.text[self.at];
            if !is_separator(byte) {
                self.chunk();
            } else if matches!(byte, b'\n' | b'\r') && !self.tokens.is_empty() {
                if !self.end_of_line() {
                    return;
                }
            } else {
                self.separator(byte);
            }
        }
    }

    pub(super) fn begin_line(&mut self, at: usize) {
        self.at = at;
        self.position = Position::None;
        self.line.clear();
    }

    fn chunk(&mut self) {
        let (start, end) = (self.at, chunk_end(self.text, self.at));
        if self.text.get(end) == Some(&b':')
            && self.text.get(end + 1).is_some_and(|b| *b != b' ')
            && self.colon_rules(start, end)
        {
            return;
        }
        self.at = end;
        self.chunk_rules(start, end);
    }

    fn separator(&mut self, byte: u8) {
        let text = self.text;
        let (before, after) = (text[..self.at].last(), text.get(self.at + 1));
        match byte {
            b'=' => self.position = Position::Key,
            b':' if after == Some(&b':') && self.c3(self.at) => return,
            b':' if after == Some(&b' ') && self.arrow() => return,
            b':' if after.is_none_or(|b| is_space(*b)) => self.position = Position::Colon,
            b':' if before.is_some_and(|b| matches!(b, b'"' | b'\'')) => {
                self.position = Position::Key
            }
            b':' => self.position = Position::Label,
            b'"' if self.double_quote() => return,
            b'[' | b'{' if self.objects() => return,
            b'(' if self.tokens.is_empty() && self.job() => return,
            b'<' if self.angles() => return,
            b'[' | b'{' if before.is_none_or(|b| b" =:(,".contains(b)) && self.list() => return,
            b'(' | b'[' | b'<' | b',' if self.null_item() => return,
            b'?' if self.placeholder() => return,
            b'`' if self.backquote() => return,
            b'\t' if self.fields() => return,
            b',' | b';' | b')' | b']' | b'}' => self.position = Position::None,
            0x1b => {
                let len = escape_len(&text[self.at..]).unwrap();
                self.at = text.len().min(self.at + len);
                return;
            }
            _ => {}
        }
        self.at += 1;
    }

    /// Skips the objects behind the message.
    fn objects(&mut self) -> bool {
        let (before, rest) = self.text.split_at(self.at);
        let apart = is_match(r" [|-] $", before);
        if self.position != Position::None
            || !before.ends_with(b" ")
            || self.at < self.objects_end
            || self.words.len() < if apart { 1 } else { 2 }
        {
            return false;
        }
        let end = rest.iter().position(|b| matches!(b, b'\n' | b'\r'));
        let end = end.unwrap_or(rest.len());
        let mut line = rest[..end].trim_ascii_end();
        let text_end = self.at + line.len();
        let mut objects: Vec<&[u8]> = Vec::new();
        while !line.is_empty() {
            let len = match line {
                [b'{', b'}', ..] | [b'[', b']', ..] => 2,
                [b'{', b'"', ..] => object_len(line),
                _ => {
                    self.objects_end = text_end - line.len();
                    return false;
                }
            };
            let (object, behind) = line.split_at(len);
            objects.push(object);
            line = match behind {
                [] => behind,
                [b' ', behind @ ..] => behind,
                _ => {
                    self.objects_end = text_end - behind.len();
                    return false;
                }
            };
        }
        let fits = match objects[..] {
            [b"[]"] => false,
            [b"{}"] => apart,
            _ => match last_message_name(&rest[..end]) {
                Some(name) => {
                    self.objects_end = self.at + name;
                    false
                }
                None => true,
            },
        };
        if fits {
            self.at += end;
            self.lines = Lines::Exception;
        }
        fits
    }

    /// Reads the user and the command of a job of cron.
    fn job(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let line = rest.split(|b| matches!(b, b'\n' | b'\r')).next().unwrap();
        let line = line.trim_ascii_end();
        let Some(len) = match_len(r"^\([A-Za-z0-9_$\x80-\xff.\-]+\) CMD \(", line) else {
            return false;
        };
        if line.len() < len + 2 || !line.ends_with(b")") {
            return false;
        }
        let (start, end) = (self.at, self.at + line.len());
        self.variable(start + 1, start + len - 7);
        self.word(start + len - 5, start + len - 2);
        self.variable(start + len, end - 1);
        self.at = end;
        true
    }

    /// Reads a value in angle brackets.
    fn angles(&mut self) -> bool {
        let (before, rest) = self.text.split_at(self.at);
        let valued = matches!(self.position, Position::Key | Position::Colon);
        let form = r"^<[A-Za-z0-9_$\x80-\xff.+/@\-][A-Za-z0-9_$\x80-\xff.+/@ \-]*>";
        let Some(len) = match_len(form, &rest[..rest.len().min(1024)]) else {
            return false;
        };
        if !valued
            || !is_match("[ =]$", before)
            || !rest[..len].iter().any(|b| is_alnum(*b))
            || !rest.get(len).is_none_or(|b| is_separator(*b))
        {
            return false;
        }
        self.variable(self.at + 1, self.at + len - 1);
        self.at += len;
        true
    }

    /// Reads brackets whose content is one variable.
    fn list(&mut self) -> bool {
        let text = self.text;
        let close = if text[self.at] == b'[' { b']' } else { b'}' };
        if text.get(self.at + 1) == Some(&close) {
            self.variable(self.at, self.at + 2);
            self.at += 2;
            return true;
        }
        let inside = &text[self.at + 1..];
        let inside = &inside[..inside.len().min(1024)];
        let Some(len) = inside.iter().position(|b| *b == close) else {
            return false;
        };
        let item = r"[A-Za-z0-9_\-./$@\x80-\xff]+";
        if !is_full_match(&format!("{item}(, *{item})+"), &inside[..len]) {
            return false;
        }
        let mut items = inside[..len].split(|b| *b == b',');
        if items.all(|item| item.iter().any(|b| is_digit(*b))) {
            return false;
        }
        self.variable(self.at + 1, self.at + 1 + len);
        self.at += 1 + len;
        true
    }

    /// Reads a word for no value that is an item.
    fn null_item(&mut self) -> bool {
        let form = match self.text[self.at] {
            b'(' => r"^\([A-Za-z/]+[),]",
            b'[' => r"^\[[A-Za-z/]+[\],]",
            b'<' => "^<[A-Za-z/]+>",
            _ => r"^, ?[A-Za-z/]+[,)\]}]",
        };
        let Some(len) = match_len(form, &self.text[self.at..]) else {
            return false;
        };
        let end = self.at + len - 1;
        let spaced = self.text[self.at + 1] == b' ';
        let start = self.at + 1 + usize::from(spaced);
        if !is_null(&self.text[start..end]) {
            return false;
        }
        self.variable(start, end);
        self.at = end;
        true
    }

    /// Reads the placeholder of a prepared statement.
    fn placeholder(&mut self) -> bool {
        let (before, behind) = self.text.split_at(self.at);
        let item = is_match(r"([(,]|, )$", before)
            || is_match("[= ]$", before) && self.position == Position::Key;
        if !item || !is_match(r"^\?([,) ;\n\r]|$)", behind) {
            return false;
        }
        self.variable(self.at, self.at + 1);
        self.at += 1;
        true
    }

    /// Skips the fields behind the message.
    fn fields(&mut self) -> bool {
        let form = r#"^\t\{"([^\n\r]*\})?[ \t\x0c]*($|[\n\r])"#;
        let rest = &self.text[self.at..];
        if self.words.len() < 2 || !is_match(form, rest) {
            return false;
        }
        let line = rest.split(|b| matches!(b, b'\n' | b'\r')).next().unwrap();
        if !line.trim_ascii_end().ends_with(b"}") {
            return false;
        }
        self.at += line.len();
        self.lines = Lines::Exception;
        true
    }

    /// Returns the last token if it is a word and ends one byte before `start`.
    pub(super) fn last_word_before(&self, start: usize) -> Option<&[u8]> {
        let &(word, from, to) = self.line.last()?;
        (word && to + 1 == start).then(|| &self.text[from..to])
    }

    /// Returns whether no word came yet, or one that is the name of a level.
    pub(super) fn at_front(&self) -> bool {
        match self.words.as_slice() {
            [] => true,
            [word] => is_level(word),
            _ => false,
        }
    }

    /// Returns the last token if it is a word, without the `=` behind it.
    pub(super) fn last_word(&self) -> Option<&[u8]> {
        let &(word, start, end) = self.line.last()?;
        let text = &self.text[start..end];
        word.then(|| text.strip_suffix(b"=").unwrap_or(text))
    }

    pub(super) fn push(&mut self, token: Token) {
        if self.tokens.len() < MAX_TOKENS {
            self.tokens.push(token);
        }
        self.position = Position::None;
    }

    pub(super) fn variable(&mut self, start: usize, end: usize) {
        self.push(Token::Variable);
        self.line.push((false, start, end));
    }

    /// Emits the first `len` letters of a noun or its verb.
    pub(super) fn stem(&mut self, start: usize, end: usize, len: usize) {
        self.push(Token::Word(self.text[start..start + len].to_vec()));
        self.words.push(self.text[start..end].to_vec());
        self.line.push((true, start, end));
    }

    /// Emits a word, with the `=` behind it, and the empty variable behind that.
    pub(super) fn word(&mut self, start: usize, end: usize) {
        if let Some(len) = self.name_len(start, end) {
            self.variable(start, end + len);
            self.at = self.at.max(end + len);
            return;
        }
        let key = self.text.get(end) == Some(&b'=');
        if key && self.padded_pairs(start) {
            return;
        }
        let end = end + usize::from(key);
        let word = self.text[start..end].to_vec();
        self.push(Token::Word(word.clone()));
        self.words.push(word);
        self.line.push((true, start, end));
        if !key {
            return;
        }
        self.at = end;
        self.position = Position::Key;
        let empty = is_match(
            r"^($|<>|[,;)\]}|&\t\n\r]| +($|[\n\r]|[A-Za-z][A-Za-z0-9_.\-]*=))",
            &self.text[end..],
        );
        if empty {
            self.variable(end, end);
        }
    }

    /// Returns whether a word is a name by what is right behind it, of which so many bytes belong to it.
    fn name_len(&self, start: usize, end: usize) -> Option<usize> {
        let rest = &self.text[end..];
        if let Some(len) = match_len(r"^\[[0-9A-Fa-f.:]*\]", rest) {
            let address = &rest[1..len - 1];
            let count = |byte: u8| address.iter().filter(|b| **b == byte).count();
            if count(b':') >= 2 || count(b'.') == 3 && address[0].is_ascii_digit() {
                return Some(0);
            }
        }
        if let Some(len) = match_len(r"^\[[0-9]+[,-][0-9,-]*\]", rest)
            && len <= 1026
        {
            return Some(len);
        }
        (self.text[start].is_ascii_lowercase() && rest.starts_with(b"(uid=")).then_some(0)
    }

    /// Skips the pairs behind the message.
    fn padded_pairs(&mut self, start: usize) -> bool {
        let (before, rest) = self.text.split_at(start);
        let line = |text: &'t [u8]| text.split(|b| matches!(b, b'\n' | b'\r'));
        let rest = line(rest).next().unwrap();
        let quoted = self.closing.is_some_and(|closing| closing + 2 == start);
        let apart = before.ends_with(b"  ") || before.ends_with(b"\" ") && quoted;
        let follows_words = is_match(r"[0-9A-Za-z_$\x80-\xff] $", before) && self.words.len() > 1;
        if !apart && !follows_words || before.contains(&b'=') || self.tokens.is_empty() {
            return false;
        }
        let Some(pairs) = super::pairs::pairs(rest.trim_ascii_end()) else {
            return false;
        };
        let listed = pairs
            .iter()
            .any(|pair| pair.ends_with(b",") || pair.ends_with(b";"));
        let message = pairs.iter().any(|pair| is_match("^(msg|message)=", pair));
        let colon = before.windows(2).rposition(|pair| pair == b": ");
        let value = colon.is_some_and(|at| !before[at + 2..].trim_ascii().contains(&b' '));
        if message || !apart && (pairs.len() < 2 || listed || value) {
            return false;
        }
        self.at = start + rest.len();
        self.lines = Lines::Exception;
        true
    }

    /// Returns the last word of the line but one, if it is right before the last, and the last.
    pub(super) fn last_two(&self) -> Option<(&[u8], &[u8], usize)> {
        let [.., (true, from, to), (true, start, end)] = self.line[..] else {
            return None;
        };
        (to + 1 == start).then(|| (&self.text[from..to], &self.text[start..end], end))
    }
}

/// Returns where the last name of a message in objects begins.
fn last_message_name(line: &[u8]) -> Option<usize> {
    (0..line.len()).rfind(|at| is_match(r#"^"(msg|message)":"#, &line[*at..]))
}

/// Returns the length of the object at the front of a line, all of it if there is no end.
fn object_len(line: &[u8]) -> usize {
    let mut open: Vec<u8> = Vec::new();
    let mut quoted = false;
    let mut at = 0;
    while at < line.len() {
        match line[at] {
            b'"' => quoted = !quoted,
            b'\\' if quoted => at += 1,
            b'{' | b'[' if !quoted => open.push(line[at]),
            b'}' | b']' if !quoted => {
                open.pop();
                if open.is_empty() {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    line.len()
}

/// Returns where a URL that is read from `at` ends.
pub(super) fn url_end(text: &[u8], at: usize) -> usize {
    let run = text[at..]
        .iter()
        .take_while(|b| !is_space(**b) && !b"\"'<>()[]{}\x1b".contains(b))
        .count();
    let mut end = at + run;
    while end > at + 1 && b".,;:!?".contains(&text[end - 1]) {
        end -= 1;
    }
    end.max(at + 1)
}

/// What a character of a chunk is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Ascii,
    Separator,
    Digit,
    Letter,
}

/// Returns the characters of a chunk with their positions; a byte that is not UTF-8 is a letter.
pub(super) fn characters(text: &[u8], start: usize, end: usize) -> Vec<(Sort, usize, usize)> {
    let mut all = Vec::new();
    let mut at = start;
    while at < end {
        let decoded = (1..=4).find_map(|len| {
            let bytes = text[..end].get(at..at + len)?;
            std::str::from_utf8(bytes)
                .ok()?
                .chars()
                .next()
                .map(|character| (character, len))
        });
        let (sort, len) = match decoded {
            Some((_, 1)) => (Sort::Ascii, 1),
            Some((character, len)) if super::vocabulary::is_high_separator(character) => {
                (Sort::Separator, len)
            }
            Some((character, len)) if super::vocabulary::is_high_digit(character) => {
                (Sort::Digit, len)
            }
            Some((_, len)) => (Sort::Letter, len),
            None => (Sort::Letter, 1),
        };
        all.push((sort, at, at + len));
        at += len;
    }
    all
}

/// Returns whether a range has a letter or digit.
pub(super) fn has_alnum(text: &[u8], start: usize, end: usize) -> bool {
    text[start..end].iter().any(|b| is_alnum(*b))
}

pub(super) fn has_high(text: &[u8]) -> bool {
    text.iter().any(|b| is_high(*b))
}
