//! Section "JSON".

use super::Token;
use super::vocabulary::{is_alnum, is_space};

const CLASSES: [&str; 4] = [
    "{OriginalFormat} @mt MessageTemplate message_template",
    "message msg @message @m short_message RenderedMessage rendered_message textPayload m logMessage log_message eventMessage
     event_message messageText stringValue",
    "log event event_name eventName event_type text body title summary description error methodName operation action operationName
     err exception reason detail content",
    "event_name eventName event_type eventType methodName operationName operation action",
];
const WRAPPERS: &str = "fields jsonPayload payload data record log state properties attributes event body entry protoPayload";

/// Why the walk ended before the end of the object.
enum Stop {
    /// The body was cut short, or is nested too deep.
    Cut,
    /// It is no JSON.
    Broken,
}

/// What an object or an array is inside of: keys of objects, none for an array.
struct Walk<'b> {
    body: &'b [u8],
    at: usize,
    depth: usize,
    /// The keys of the open objects.
    keys: Vec<&'b [u8]>,
    /// The number of arrays that are open.
    arrays: usize,
    paths: Vec<Vec<u8>>,
    /// Message fields: class, number of objects, place of the name, text. The first of equal ones counts.
    messages: Vec<(usize, usize, usize, &'b [u8])>,
}

/// Reads a body; false when it is text.
pub(super) fn read(body: &[u8], tokens: &mut Vec<Token>) -> bool {
    let mut walk = Walk {
        body,
        at: 0,
        depth: 0,
        keys: Vec::new(),
        arrays: 0,
        paths: Vec::new(),
        messages: Vec::new(),
    };
    match walk.value() {
        Ok(()) if !body[walk.at..].iter().all(|b| is_space(*b)) => return false,
        Err(Stop::Broken) => return false,
        Ok(()) | Err(Stop::Cut) => {}
    }
    let message = walk
        .messages
        .iter()
        .min_by_key(|(class, depth, place, _)| (*class, *depth, *place));
    match message
        .map(|message| message.3)
        .filter(|text| text.iter().any(|b| is_alnum(*b)))
    {
        Some(text) if text.contains(&b'\\') => super::read_message(&unescape(text), tokens),
        Some(text) => super::read_message(text, tokens),
        None => {
            let mut kept: Vec<Vec<u8>> = Vec::new();
            for path in walk.paths {
                let used: usize = kept.iter().map(Vec::len).sum();
                if kept.len() < 96 && !kept.contains(&path) && used + path.len() <= 4096 {
                    kept.push(path);
                }
            }
            kept.sort();
            tokens.extend(kept.into_iter().map(Token::Word));
        }
    }
    true
}

impl<'b> Walk<'b> {
    /// Returns the next byte behind white space.
    fn peek(&mut self) -> Result<u8, Stop> {
        while self.body.get(self.at).is_some_and(|b| is_space(*b)) {
            self.at += 1;
        }
        self.body.get(self.at).copied().ok_or(Stop::Cut)
    }

    fn value(&mut self) -> Result<(), Stop> {
        match self.peek()? {
            b'{' | b'[' if self.depth == 64 => Err(Stop::Cut),
            b'{' => self.object(),
            b'[' => self.array(),
            b'"' => self.string().map(|_| ()),
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                while self
                    .body
                    .get(self.at)
                    .is_some_and(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b))
                {
                    self.at += 1;
                }
                Ok(())
            }
            _ => Err(Stop::Broken),
        }
    }

    /// Reads a string and returns what is between its quotes.
    fn string(&mut self) -> Result<&'b [u8], Stop> {
        let start = self.at + 1;
        self.at = start;
        loop {
            match self.body.get(self.at) {
                None => return Err(Stop::Cut),
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok(&self.body[start..self.at - 1])
    }

    fn array(&mut self) -> Result<(), Stop> {
        self.at += 1;
        self.depth += 1;
        self.arrays += 1;
        loop {
            // A comma before the bracket is accepted.
            if self.peek()? == b']' {
                break;
            }
            self.value()?;
            match self.peek()? {
                b',' => self.at += 1,
                b']' => break,
                _ => return Err(Stop::Broken),
            }
        }
        self.at += 1;
        self.depth -= 1;
        self.arrays -= 1;
        Ok(())
    }

    fn object(&mut self) -> Result<(), Stop> {
        self.at += 1;
        self.depth += 1;
        loop {
            match self.peek()? {
                b'}' => break,
                b'"' => {}
                _ => return Err(Stop::Broken),
            }
            let key = self.string()?;
            if self.peek()? != b':' {
                return Err(Stop::Broken);
            }
            self.at += 1;
            self.keys.push(key);
            self.member();
            // A missing value is accepted.
            if self.peek()? != b'}' {
                self.value()?;
            }
            self.keys.pop();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => break,
                _ => return Err(Stop::Broken),
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    /// Records the key whose value is next.
    fn member(&mut self) {
        if self.keys.len() <= 16 {
            self.paths.push(path(&self.keys));
        }
        let value = self.peek();
        if self.arrays > 0 || self.keys.len() > 3 || !matches!(value, Ok(b'"')) {
            return;
        }
        let start = self.at;
        // A string that is cut short counts as far as it goes.
        let text = self.string().unwrap_or(&self.body[start + 1..]);
        self.at = start;
        if text.is_empty() {
            return;
        }
        let (outer, key) = self.keys.split_at(self.keys.len() - 1);
        let place = |list: &str| {
            let mut names = list.split_whitespace();
            names.position(|name| name.as_bytes().eq_ignore_ascii_case(key[0]))
        };
        let wrapped = outer.iter().all(|key| {
            let mut names = WRAPPERS.split_whitespace();
            names.any(|name| name.as_bytes().eq_ignore_ascii_case(key))
        });
        let class = if place(CLASSES[0]).is_some() {
            // The text outside of the holes.
            let mut depth = 0;
            let mut outside = Vec::new();
            for byte in text {
                match byte {
                    b'{' => depth += 1,
                    b'}' => depth = (depth - 1).max(0),
                    _ if depth == 0 => outside.push(*byte),
                    _ => {}
                }
            }
            outside
                .iter()
                .any(|b| is_alnum(*b))
                .then_some((1, place(CLASSES[0])))
        } else if place(CLASSES[1]).is_some() {
            Some((if wrapped { 2 } else { 4 }, place(CLASSES[1])))
        } else if outer.is_empty() {
            Some((3, place(CLASSES[2])))
        } else if wrapped {
            Some((5, place(CLASSES[3])))
        } else {
            None
        };
        if let Some((class, Some(place))) = class {
            self.messages.push((class, self.keys.len(), place, text));
        }
    }
}

fn path(keys: &[&[u8]]) -> Vec<u8> {
    let mut path = Vec::new();
    for key in keys {
        path.push(b'.');
        if key.first().is_some_and(u8::is_ascii_digit) {
            path.push(b'#');
        } else {
            path.extend(key.iter().map(|b| if *b <= b' ' { b'_' } else { *b }));
        }
    }
    path
}

pub(super) fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let [byte, tail @ ..] = rest
        && out.len() < 4096
    {
        rest = tail;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let escape = rest.first().copied().unwrap_or(b' ');
        rest = rest.get(1..).unwrap_or_default();
        out.push(match escape {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => match rest
                .get(..4)
                .filter(|hex| hex.iter().all(u8::is_ascii_hexdigit))
            {
                Some(hex) => {
                    let code = u32::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap();
                    rest = &rest[4..];
                    if code < 0x80 {
                        code as u8
                    } else {
                        0x80 | code as u8
                    }
                }
                None => b' ',
            },
            other => other,
        });
    }
    out
}
