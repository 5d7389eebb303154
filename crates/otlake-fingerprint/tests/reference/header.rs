//! Section "The header of a raw line".

use super::text::{escape_len, is_match, match_len};
use super::vocabulary::{
    is_alnum, is_half_of_day, is_level, is_month, is_separator, is_weekday, is_zone,
};

/// Returns where the message begins behind its header.
pub(super) fn end(message: &[u8]) -> Option<usize> {
    // Escapes are taken out, with the position of every byte that is left.
    let window = &message[..message.len().min(512)];
    let (mut plain, mut origins) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < window.len() {
        match escape_len(&window[at..]) {
            Some(len) => at += len,
            None => {
                plain.push(window[at]);
                origins.push(at);
                at += 1;
            }
        }
    }
    origins.push(window.len());
    let blank = plain.len() - super::skip_blank(&plain).len();
    let blank = if plain == window { 0 } else { blank };
    let end = origins[blank + fields_end(&plain[blank..])?];
    // Text must follow on the line.
    let mut at = end;
    while at < message.len() && !matches!(message[at], b'\n' | b'\r') {
        match escape_len(&message[at..]) {
            Some(len) => at += len,
            None if is_alnum(message[at]) => return Some(end),
            None => at += 1,
        }
    }
    None
}

/// Returns where the fields of a header end, in the first bytes of a message.
fn fields_end(message: &[u8]) -> Option<usize> {
    let first = *message.first()?;
    if !is_alnum(first) && !b"[<-".contains(&first) {
        return None;
    }
    let mut behind = 0;
    let chunk = message.split(|b| is_separator(*b)).find(|chunk| {
        behind += chunk.len() + 1;
        chunk.iter().any(|b| is_alnum(*b))
    })?;
    let behind = &message[behind - 1..];
    let named = is_month(chunk)
        || is_weekday(chunk)
        || is_level(chunk) && chunk.iter().all(u8::is_ascii_uppercase)
        || is_match("^[A-Z_]{2,}$", chunk) && is_match("^ [0-9]", behind)
        || is_match("^[A-Z]$", chunk) && behind.starts_with(b", [");
    if !named && !chunk.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let line = message.split(|b| matches!(b, b'\n' | b'\r')).next()?;
    let mut header = Header {
        line,
        end: 0,
        level: false,
        host: Host::Never,
        structured: false,
        ruby: false,
    };
    header.before_timestamp()?;
    match structured_end(line, header.end).filter(|_| header.structured) {
        Some(end) => header.end = end,
        None => header.after_timestamp(),
    }
    Some(delimiters(line, header.end))
}

/// Whether a host and a process may come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Host {
    Never,
    WithPid,
    Always,
}

struct Header<'l> {
    line: &'l [u8],
    /// The end of what is known to be the header.
    end: usize,
    level: bool,
    /// Whether syslog writes a timestamp of this form.
    host: Host,
    /// RFC 5424.
    structured: bool,
    /// Ruby's logger.
    ruby: bool,
}

/// Skips what may be between fields.
fn delimiters(line: &[u8], at: usize) -> usize {
    at + match_len(r"^([|,:;\] \t]|-{1,3} )*", &line[at..]).unwrap_or(0)
}

fn spaces(line: &[u8], at: usize) -> usize {
    at + match_len(r"^[ \t]*", &line[at..]).unwrap_or(0)
}

/// Returns the field at `at`.
fn field(line: &[u8], at: usize) -> &[u8] {
    line[at..]
        .split(|b| matches!(b, b' ' | b'\t' | b'|'))
        .next()
        .unwrap()
}

fn is_weak(field: &[u8]) -> bool {
    field == b"-"
        || field == b"{}"
        || is_match(r"^[A-Za-z_.\-]+@[A-Za-z_.\-]+$", field)
        || is_match(r#"^[^="]*[0-9][^="]*$"#, field)
        || is_match(r"^[A-Z_]{2,}$", field)
}

/// Returns the end of the bracketed field at `at`.
fn group(line: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0;
    for (index, byte) in line.iter().enumerate().skip(at).take(192) {
        match byte {
            b'[' => depth += 1,
            b']' if depth == 1 => return Some(index + 1),
            b']' => depth -= 1,
            _ => {}
        }
    }
    None
}

impl Header<'_> {
    fn before_timestamp(&mut self) -> Option<()> {
        let mut at = 0;
        if self.line[0] == b'<' {
            at = match_len(r"^<[0-9]{1,3}>(1 )?", self.line)?;
            self.structured = self.line[..at].ends_with(b" ");
            self.host = Host::Always;
        } else if is_match(r"^[A-Z], \[", self.line) {
            at = 3;
            self.ruby = true;
        }
        let mut weak = false;
        for _ in 0..6 {
            at += match_len(r"^[|,:; \t]*", &self.line[at..]).unwrap_or(0);
            if weak && self.line.get(at) == Some(&b'[') {
                return None;
            }
            if let Some(end) = self.timestamp(at) {
                self.end = end;
                return Some(());
            }
            let digit = self.line.get(at).is_some_and(u8::is_ascii_digit);
            if let Some(end) = self.level(at).filter(|_| !digit) {
                self.level = true;
                at = end;
                continue;
            }
            if self.level
                && self.line.get(at) == Some(&b'[')
                && let Some(end) = group(self.line, at)
            {
                at = end;
                continue;
            }
            let field = field(self.line, at);
            if !is_weak(field) {
                return None;
            }
            weak = true;
            at += field.len();
        }
        None
    }

    /// Returns the end of the timestamp at `at`, with the brackets around it.
    fn timestamp(&mut self, at: usize) -> Option<usize> {
        let line = self.line;
        if line.get(at) != Some(&b'[') {
            let (end, host) = timestamp(line, at, false)?;
            self.host = self.host.max(host);
            return Some(end);
        }
        let (end, host) = timestamp(line, spaces(line, at + 1), true)?;
        let close = match line.get(end)? {
            b']' => end + 1,
            b' ' | b':' | b',' => {
                let close = group(line, at)?;
                let mut inside = delimiters(line, end);
                while inside < close {
                    self.level |= self.level(inside).is_some();
                    inside = delimiters(line, inside + field(line, inside).len().max(1));
                }
                close
            }
            _ => return None,
        };
        self.host = self.host.max(host);
        Some(close)
    }

    fn after_timestamp(&mut self) {
        let line = self.line;
        let mut at = self.end;
        let (mut group_seen, mut logger_seen, mut process) = (false, false, false);
        let mut weak = 0;
        // Where a category in brackets ended.
        let mut category = 0;
        while at < line.len() {
            let piped = line[at] == b'|';
            let before = at;
            at = delimiters(line, at);
            if at == line.len() {
                return;
            }
            // Another timestamp.
            if !self.level
                && let Some(end) = self.timestamp(at)
            {
                (self.end, at, weak, process) = (end, end, 0, false);
                continue;
            }
            if process && !matches!(line[at], b'[' | b'<') {
                return;
            }
            if let Some(len) = match_len("^(stdout|stderr) [FP] ", &line[at..]) {
                self.end = at + len;
                return;
            }
            // A level.
            if !self.level
                && let Some(end) = self.level(at)
            {
                self.level = true;
                (self.end, at, weak) = (end, end, 0);
                (group_seen, logger_seen) = (false, false);
                if line[end - 1] == b':' {
                    return;
                }
                continue;
            }
            // Host and process.
            if self.host > Host::Never
                && !self.level
                && let Some(end) = host_and_process(line, at, self.host == Host::WithPid)
            {
                self.host = Host::Never;
                (process, logger_seen) = (true, true);
                (self.end, at, weak) = (end, end, 0);
                continue;
            }
            // A field in brackets.
            if line[at] == b'['
                && !group_seen
                && let Some(end) = group(line, at)
            {
                if !self.level && is_thread_level(&line[at..end]) {
                    self.level = true;
                    (self.end, at, weak) = (end, end, 0);
                    logger_seen = false;
                    continue;
                }
                group_seen = true;
                category = if self.level && line[at..end].contains(&b'.') {
                    end
                } else {
                    0
                };
                at = end;
                if self.level || weak > 0 || self.level(delimiters(line, end)).is_some() {
                    self.end = end;
                }
                continue;
            }
            if self.level && !logger_seen {
                // A thread, or a process and a colon.
                let thread = category == before && is_match(r"^\([^)]{0,190}\) ", &line[at..]);
                let behind = match_len(r"^\([^)]{0,190}\) \[", &line[at..])
                    .and_then(|len| Some(&line[at + len..group(line, at + len - 1)?]));
                let thread = thread || behind.is_some_and(|group| group.contains(&b'.'));
                let process = r"^\([^)]{0,190}\): ";
                let process = match_len(process, &line[at..])
                    .filter(|len| line[at..at + len].iter().any(u8::is_ascii_digit));
                if thread || process.is_some() {
                    let len = line[at..].iter().position(|b| *b == b')').unwrap() + 1;
                    at += process.map_or(len, |len| len - 1);
                    (self.end, weak, category) = (at, 0, 0);
                    continue;
                }
                // Fields in brackets before a logger, or spans before a module.
                if let Some(end) = self.groups(at).or_else(|| spans_end(line, at)) {
                    (self.end, at, weak, category) = (end, end, 0, 0);
                    logger_seen = true;
                    continue;
                }
            }
            // A logger.
            if !logger_seen && let Some(end) = self.logger(at, &line[before..at]) {
                logger_seen = true;
                (self.end, at, weak) = (end, end, 0);
                continue;
            }
            // A weak field.
            let field = field(line, at);
            let rest = &line[at + field.len()..];
            let fits = if self.level {
                !logger_seen && field.iter().all(u8::is_ascii_digit)
            } else {
                is_weak(field) || piped || rest.starts_with(b" - ")
            };
            weak += 1;
            if field.is_empty() || !fits || weak > 5 {
                return;
            }
            at += field.len();
            if rest.first() == Some(&b'|') {
                self.end = at;
            }
        }
    }

    /// Returns the end of the level at `at`.
    fn level(&self, at: usize) -> Option<usize> {
        let rest = self.line.get(at..)?;
        // A single letter, a tag, a colon.
        let tag = r"^[VTDIWEF](/| [ \t]*)[^: \t\n\x0c\r]+[ \t]*:";
        if is_match(r"^[VTDIWEF]($|[^A-Za-z.:_])", rest) {
            let component = match_len(r"^[VTDIWEF](/| [ \t]*)[A-Z_\-]+[ \t]+\[", rest).map(|_| {
                let name = match_len(r"^[VTDIWEF](/| [ \t]*)[A-Z_\-]+", rest);
                name.unwrap()
            });
            let len = match_len(tag, rest).or(component);
            return len.filter(|_| at > 0).map(|len| at + len);
        }
        for (open, close) in [("[", "]"), ("(", ")"), ("<", ">")] {
            if rest.starts_with(open.as_bytes()) {
                let inside = spaces(self.line, at + 1);
                let name = name_of_level(&self.line[inside..])?;
                let end = spaces(self.line, inside + name);
                return (self.line.get(end) == Some(&close.as_bytes()[0])).then_some(end + 1);
            }
        }
        let name = name_of_level(rest)?;
        let after = &rest[name..];
        let simple = !rest[..name].iter().any(|b| matches!(b, b'.' | b':'));
        let word = rest[..name]
            .split(|b| matches!(b, b'.' | b':'))
            .next_back()?;
        let capitals = word.iter().all(u8::is_ascii_uppercase);
        if after.first() == Some(&b'/') && simple {
            return Some(at + name + field(after, 0).len());
        }
        let fits = match after.first() {
            Some(b':') => true,
            None | Some(b'|' | b'\t' | b',' | b']') => simple,
            Some(b' ') => capitals || is_match(r"^( [ \[]| - )", after),
            Some(_) => false,
        };
        fits.then_some(at + name)
    }

    /// Returns the end of one to three fields in brackets and the logger behind them.
    fn groups(&self, at: usize) -> Option<usize> {
        let mut at = at;
        if self.line[at] != b'[' {
            return None;
        }
        for _ in 0..3 {
            if self.line.get(at) == Some(&b'[') {
                at = delimiters(self.line, group(self.line, at)?);
            }
        }
        self.logger(at, b"").or_else(|| spans_end(self.line, at))
    }

    /// Returns the end of the logger at `at`, with what was skipped before it.
    fn logger(&self, at: usize, skipped: &[u8]) -> Option<usize> {
        let line = self.line;
        let mut end = at;
        while let Some(byte) = line.get(end) {
            let (before, after) = (line[..end].last(), line.get(end + 1));
            let fits = match byte {
                b':' => after.is_some_and(|b| !matches!(b, b' ' | b'\t')),
                b'[' => after.is_some_and(u8::is_ascii_digit),
                b']' => end > at && before.is_some_and(u8::is_ascii_digit),
                byte => byte.is_ascii_alphanumeric() || b"_.$-/@#~()<>".contains(byte),
            };
            if !fits {
                break;
            }
            end += 1;
        }
        let name = &line[at..end];
        if is_match(r"^[^\[]*\]$", name) {
            return is_match(r"^[^:]*\.[^:]*:", name).then_some(end);
        }
        if !is_match(r"^[_<]|[A-Za-z#]", name) {
            return None;
        }
        // A process with a thread.
        let process = r"^[^\[\]]+\[[0-9A-Fa-f]*:[0-9A-Fa-f:]*\] ";
        if let Some(len) = match_len(process, &line[at..])
            && len - 2 <= name.len()
        {
            return Some(at + len - 1);
        }
        let identifier = is_match(r"[0-9.$_/@#]|::|^.+[A-Z]", name);
        let named = self.ruby && self.level && !skipped.contains(&b':');
        let rest = &line[end..];
        let take = |pattern: &str| match_len(pattern, rest).map(|len| end + len);
        if (identifier || named) && is_match(r"^:[ \t]", rest) {
            return Some(end + 1);
        }
        if self.level && skipped.contains(&b'|') && rest.starts_with(b" | ") {
            return Some(end + 2);
        }
        if let Some(end) = take("^ : ") {
            return Some(end);
        }
        if self.level && identifier && rest.starts_with(b" ") {
            if let Some(end) = take(r"^[ \t]+(:|-|--) ") {
                return Some(end);
            }
            if name.contains(&b'.') && is_match(r"^[ \t]+\[", rest) {
                return Some(spaces(line, end));
            }
            return take(r"^[ \t]{2,}");
        }
        if self.level
            && let Some(end) = take("^(  |\t)")
        {
            return Some(end);
        }
        take(r"^\|")
    }
}

/// Returns whether a field in brackets ends with a slash and a level in capitals.
fn is_thread_level(field: &[u8]) -> bool {
    let inside = &field[1..field.len() - 1];
    let name = inside.rsplit(|b| *b == b'/').next().unwrap();
    inside.len() > name.len() + 1 && is_level(name) && is_match("^[A-Z]+$", name)
}

/// Returns the end of the spans and the module at `at`.
fn spans_end(line: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    while let Some(name) = match_len(r"^[A-Za-z0-9_\-.]+\{", &line[at..]) {
        let mut depth = 0;
        let len = line[at + name - 1..].iter().position(|b| {
            depth += i32::from(*b == b'{') - i32::from(*b == b'}');
            depth == 0
        })?;
        at += name + len;
        if line.get(at) != Some(&b':') {
            return None;
        }
        at += 1;
    }
    if line[..at].last() != Some(&b':') {
        return None;
    }
    let module = match_len(r"^ [a-z0-9_:]*[a-z0-9_]: ", &line[at..])
        .or_else(|| match_len(r"^ :*[a-z0-9_:]*[a-z0-9_:]: ", &line[at..]))?;
    Some(at + module - 1)
}

/// Returns the end of the fields of RFC 5424 behind the timestamp.
fn structured_end(line: &[u8], at: usize) -> Option<usize> {
    let element = r#"\[([^"\]]|"([^"\\]|\\.)*")*\]"#;
    let form = format!(r#"(?s)^( [^ ]+){{4}} (-|({element})+)"#);
    let end = at + match_len(&form, &line[at..])?;
    matches!(line.get(end), None | Some(b' ')).then_some(end)
}

/// Returns the length of the name whose last label is a level.
fn name_of_level(text: &[u8]) -> Option<usize> {
    let run = match_len(r"^[A-Za-z.:_]*", text)?;
    let name = text[..run].strip_suffix(b":").unwrap_or(&text[..run]);
    let word = name.split(|b| matches!(b, b'.' | b':')).next_back()?;
    is_level(word).then_some(name.len())
}

/// Returns the end of the host and the process at `at`.
fn host_and_process(line: &[u8], at: usize, with_pid: bool) -> Option<usize> {
    let host = field(line, at);
    if host.is_empty() || host.ends_with(b":") {
        return None;
    }
    let mut at = delimiters(line, at + host.len());
    if with_pid && !is_match(r"^kernel:$|\[[0-9]+\]:?$", field(line, at)) {
        return None;
    }
    for number in 0..3 {
        let field = field(line, at);
        if field.is_empty() {
            return None;
        }
        let end = at + field.len();
        if field.ends_with(b":") {
            let fits = number == 0 || is_match(r"[\])]:$|^[0-9.]*:$", field);
            return fits.then_some(end);
        }
        if is_match(r"\[.*\]$", field) {
            let next = spaces(line, end);
            return Some(match line.get(next) {
                Some(b':') => next + 1,
                Some(b'(') => {
                    match_len(r"(?s)^.*?\):", &line[next..]).map_or(end, |len| next + len)
                }
                _ => end,
            });
        }
        at = spaces(line, end);
    }
    None
}

/// Returns the end of the timestamp at `at` without brackets around it, and whether syslog writes it so.
fn timestamp(line: &[u8], at: usize, bracket: bool) -> Option<(usize, Host)> {
    let text = line.get(at..)?;
    if text.first()?.is_ascii_digit() {
        return in_digits(line, at, bracket);
    }
    if let Some(len) = match_len(r"^[IWEFD][0-9]{4} [ \t]*", text) {
        return time(line, at + len, 2).map(|end| (end, Host::Never));
    }
    let mut at = at;
    let mut month = false;
    for _ in 0..2 {
        let name =
            match_len("^[A-Za-z]*", &line[at..]).map_or(&line[..0], |len| &line[at..at + len]);
        if is_month(name) && !month {
            month = true;
        } else if !is_weekday(name) {
            break;
        }
        at += name.len();
        at += match_len(r"^,?[ \t]*", &line[at..])?;
    }
    if !month {
        return in_digits(line, at, false).map(|(end, _)| (end, Host::Never));
    }
    // The day, then perhaps a year.
    let day = match_len(r"^[0-9]{1,2}(,?)[ \t]*", &line[at..])?;
    if is_match(r"^[0-9]{3}", &line[at..]) {
        return None;
    }
    at += day;
    let mut year = false;
    if let Some(len) = match_len(r"^[0-9]{4}[ ,][ \t]*", &line[at..]) {
        at += len;
        year = true;
    }
    let mut end = time(line, at, 2)?;
    let behind = spaces(line, end);
    if is_match(r"^[12][0-9]{3}([ \]:]|$)", &line[behind..]) {
        end = behind + 4;
        year = true;
    }
    Some((end, if year { Host::Never } else { Host::Always }))
}

/// The forms that begin with a digit.
fn in_digits(line: &[u8], at: usize, bracket: bool) -> Option<(usize, Host)> {
    if let Some(end) = time(line, at, 2) {
        return Some((end, Host::Never));
    }
    let text = &line[at..];
    if bracket && let Some(len) = match_len(r"^[0-9]+\.[0-9]{3,9}s?\]", text) {
        return Some((at + len - 1, Host::Never));
    }
    for separator in [" ", "/", "-"] {
        let form = format!("^[0-9]{{1,2}}{separator}[A-Za-z]+{separator}[0-9]{{4}}[ :]");
        if let Some(len) = match_len(&form, text) {
            let month = text[..len]
                .split(|b| *b == separator.as_bytes()[0])
                .nth(1)?;
            if is_month(month) {
                return time(line, at + len, 2).map(|end| (end, Host::Never));
            }
        }
    }
    // A date in digits.
    let run = match_len("^[0-9]*", text)?;
    let mut end = at + run;
    let compact = matches!(run, 6 | 8);
    if matches!(run, 1 | 2 | 4) {
        let separator = *line.get(end).filter(|b| b"-/.".contains(b))?;
        let second = match_len("^[0-9]*", &line[end + 1..])?;
        if !(1..=2).contains(&second) {
            return None;
        }
        end += 1 + second;
        if line.get(end) == Some(&separator) {
            let third = match_len("^[0-9]*", &line[end + 1..])?;
            if matches!(third, 1 | 2 | 4) {
                end += 1 + third;
            }
        }
    } else if !compact {
        return None;
    }
    let joint = match_len(r"^(, |[Tt _:\-][ \t]*)", &line[end..])?;
    let from = end + joint;
    if compact && is_match("^[0-9]{6} ", &line[from..]) {
        return Some((from + 6, Host::Never));
    }
    if line[end] == b'-'
        && is_match(r"^[0-9]{2}\.[0-9]{2}\.", &line[from..])
        && let Some(len) = match_len(r"^[0-9.]+", &line[from..])
    {
        return Some((from + len, Host::Never));
    }
    let host = if run == 4 && line[end] == b'T' {
        Host::WithPid
    } else {
        Host::Never
    };
    Some((time(line, from, 1)?, host))
}

/// Returns the end of the time at `at`. Minutes and seconds have at least `least` digits.
fn time(line: &[u8], at: usize, least: usize) -> Option<usize> {
    let form = format!("^[0-9]{{1,2}}:[0-9]{{{least},2}}:[0-9]{{{least},2}}");
    let mut end = at + match_len(&form, &line[at..])?;
    if line.get(end).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    end += match_len(r"^[.,:][0-9]+", &line[end..]).unwrap_or(0);
    end += zone_offset(&line[end..]);
    for _ in 0..2 {
        let Some(rest) = line[end..].strip_prefix(b" ") else {
            break;
        };
        let field = field(rest, 0);
        let word = &field[..field.len().min(8)];
        let word = word.strip_suffix(b"]").unwrap_or(word);
        if !is_zone(word) && !is_half_of_day(word) && !is_match("^[+-][0-9]{4}$", word) {
            break;
        }
        end += 1 + word.len();
    }
    is_match(r"^([ \t\]|,:;]|$)", &line[end..]).then_some(end)
}

fn zone_offset(text: &[u8]) -> usize {
    if text.first() == Some(&b'Z') {
        return 1;
    }
    for form in [
        r"^[+-][0-9]{4}",
        r"^[+-][0-9]{2}:[0-9]{2}",
        r"^[+-][0-9]{2}",
    ] {
        if let Some(len) = match_len(form, text)
            && !text.get(len).is_some_and(u8::is_ascii_digit)
        {
            return len;
        }
    }
    0
}
