//! Recognizes the header of a raw line: the timestamp, level, thread, logger, host and process in front of the message.

mod common;
mod fields;
mod process;
mod spans;
mod stamp;
mod structured_data;

use crate::class::{CLASS, DIGIT, STOP, is_alnum, leading_letters};
use crate::level::{Level, level_of_word, skip_escape};
use crate::lexicon;
use crate::scanner::skip_front;
use common::Common;
use stamp::Host;

/// The maximum number of bytes of a header.
const MAX_HEADER: usize = 512;
/// The byte that begins an ANSI escape.
const ESCAPE: u8 = 0x1b;

/// The header of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The position of the first byte of the message.
    pub(crate) end: usize,
    /// The level, if the header names one.
    pub(crate) level: Option<Level>,
}

/// Returns the header of a message, if the message begins with one.
///
/// A header has a timestamp. A few identifiers may come before the timestamp, and a level, a thread, a logger, or a host and a process
/// may follow it. If no text comes after these fields, they are the message itself and not a header.
#[inline]
pub(crate) fn header(message: &[u8]) -> Option<Header> {
    let header = fields_of(message)?;
    let text = &message[header.end..];
    (text.first().is_some_and(|&b| is_alnum(b)) || has_text(text)).then_some(header)
}

/// Returns the fields of a header at the front of a message. They may take up the whole line.
#[inline]
fn fields_of(message: &[u8]) -> Option<Header> {
    match message.first()? {
        b'0'..=b'9' => {
            return match common::read(message) {
                Common::Header(header) => Some(header),
                Common::Stamp(end, host) => find_after(message, end, host),
                Common::Other => find(message, 0),
            };
        }
        &first if is_alnum(first) => {}
        b'[' | b'<' | b'-' | &ESCAPE => return bracketed(message),
        _ => return None,
    }
    let letters = match message.first_chunk() {
        Some(block) => leading_letters(block),
        None => message
            .iter()
            .take_while(|b| b.is_ascii_alphabetic())
            .count(),
    };
    // Most messages begin with a word and a space.
    let (name, behind) = message.split_at(letters);
    if behind.first() == Some(&b' ') {
        if !is_name(name, behind) {
            return None;
        }
        let header = common::read_syslog(message);
        if header.is_some() {
            return header;
        }
    }
    find(message, 0)
}

/// Returns the fields of a message that begins with a bracket, a dash or an escape.
#[inline(never)]
fn bracketed(message: &[u8]) -> Option<Header> {
    let window = &message[..message.len().min(MAX_HEADER)];
    let alnum = window.iter().position(|&b| is_alnum(b) || b == ESCAPE)?;
    if window[alnum] == ESCAPE {
        return find_coloured(message);
    }
    let separator = window[..alnum]
        .iter()
        .rposition(|b| CLASS[*b as usize] & STOP != 0);
    find(message, separator.map_or(0, |at| at + 1))
}

/// Returns whether a chunk without digits can begin a header, given the text behind it.
fn is_name(name: &[u8], behind: &[u8]) -> bool {
    match name {
        [b'A'..=b'Z' | b'_', b'A'..=b'Z' | b'_', ..] => {
            // A category, in front of a date or an epoch. Text after an escape is checked once the escapes are removed.
            let labels = matches!(behind, [b' ', b'0'..=b'9' | ESCAPE, ..]);
            (labels || level_of_word(name).is_some())
                && name.iter().all(|b| b.is_ascii_uppercase() || *b == b'_')
        }
        // Ruby's logger: `I, [2024-05-01T10:00:00 #17]  INFO -- : …`
        [b'A'..=b'Z'] => matches!(behind, [b',', ESCAPE, ..] | [b',', b' ', b'[' | ESCAPE, ..]),
        [first @ b'A'..=b'Z', second, ..] => {
            lexicon::may_begin_calendar_name(*first, *second)
                && (lexicon::is_month(name) || lexicon::is_weekday(name))
        }
        _ => false,
    }
}

/// Returns the fields of a message whose first chunk with a letter or a digit begins at `start`.
#[inline(never)]
fn find(message: &[u8], start: usize) -> Option<Header> {
    let window = &message[..message.len().min(MAX_HEADER)];
    let stop = window[start..]
        .iter()
        .position(|&b| CLASS[b as usize] & (STOP | DIGIT) != 0)
        .map_or(window.len(), |stop| start + stop);
    match window.get(stop) {
        Some(&ESCAPE) => return find_coloured(message),
        Some(byte) if byte.is_ascii_digit() => {}
        _ if is_name(&window[start..stop], &window[stop..]) => {}
        _ => return None,
    }
    let line = line_of(message);
    if message.get(line.len()) == Some(&ESCAPE) && line.len() < window.len() {
        return find_coloured(message);
    }
    fields::read(line)
}

/// Returns the fields of a message that begins with a timestamp, given its end.
#[inline(never)]
fn find_after(message: &[u8], stamp: usize, host: Host) -> Option<Header> {
    let line = line_of(message);
    if message.get(line.len()) == Some(&ESCAPE) && line.len() < MAX_HEADER {
        return find_coloured(message);
    }
    Some(fields::read_after(line, stamp, host))
}

/// Returns the part of a message's first line that a header may be in, up to the first escape.
fn line_of(message: &[u8]) -> &[u8] {
    let window = &message[..message.len().min(MAX_HEADER)];
    let end = memchr::memchr3(b'\n', b'\r', ESCAPE, window);
    &window[..end.unwrap_or(window.len())]
}

/// Returns the fields of a message with ANSI escapes near its front, which are ignored.
#[cold]
fn find_coloured(message: &[u8]) -> Option<Header> {
    let window = &message[..message.len().min(MAX_HEADER)];
    let mut plain = [0; MAX_HEADER];
    // The position of each byte of the plain text, and of its end.
    let mut origins = [window.len(); MAX_HEADER + 1];
    let (mut at, mut len) = (0, 0);
    while at < window.len() {
        if window[at] == ESCAPE {
            at = skip_escape(window, at);
            continue;
        }
        (plain[len], origins[len]) = (window[at], at);
        len += 1;
        at += 1;
    }
    let front = skip_front(&plain[..len]);
    let fields = fields_of(&plain[front..len])?;
    let end = origins[front + fields.end];
    Some(Header { end, ..fields })
}

/// Returns whether the rest of the line has a letter or a digit. If there is none after the header, the header is the message.
#[inline(never)]
fn has_text(text: &[u8]) -> bool {
    let mut at = 0;
    loop {
        match text.get(at) {
            Some(&ESCAPE) => at = skip_escape(text, at),
            None | Some(b'\n' | b'\r') => return false,
            Some(&byte) if is_alnum(byte) => return true,
            Some(_) => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line has a `§` where its message begins.
    #[test]
    fn headers_of_common_formats_end_where_the_message_begins() {
        let lines = [
            "2024-05-01T10:00:00.123Z §started",
            "2024-05-01 10:00:00,123 - INFO  [main:Server@17] - §started",
            "2024-05-01 10:00:00,123 INFO [main] com.acme.app.Server: §started",
            "2024-05-01 10:00:00.123  INFO 17 --- [           main] c.acme.Server   : §started",
            "24/05/01 10:00:00 INFO storage.Blocks: §started",
            "240501 100000 17 INFO dfs.Node$Part: §started",
            "05-01 10:00:00.123  1702  2395 D WindowManager: §started",
            "20240501-10:00:00:606|Step_Counter|30002312|§started",
            "May  1 10:00:00 web sshd[17]: §started",
            "May  1 10:00:00 web kernel: §started",
            "May  1 10:00:00 web syslogd 1.4.1: §started",
            "May  1 10:00:00 web sshd[17]: §error: no answer",
            "<34>1 2024-05-01T10:00:00Z web app[17]: §started",
            "[Wed May 01 10:00:00 2024] [notice] §started",
            "[Wed May 01 10:00:00.123 2024] [core:error] [pid 17:tid 4] §[client 10.0.0.1] started",
            "2024/05/01 10:00:00 [error] 17#17: §*1 started",
            "2024/05/01 10:00:00 main.go:17: §started",
            "05-01 10:00:00.123  1702  2395 D Worker  : §setState: done",
            "I0501 10:00:00.123456    17 server.go:24] §\"Started\" pod=\"a\"",
            "[2024-05-01T10:00:00Z INFO  app::net] §started",
            "[2024-05-01 10:00:00,123: INFO/Main] §started",
            "[2024-05-01 10:00:00,123] INFO §started",
            "[10:00:00 INF] §started",
            "[10:00:00 ] §started",
            "[10:00:00 , ]] §started",
            "2024-05-01 10:00:00.123 UTC [17] LOG:  §started",
            "2024-05-01 10:00:00,123 - app.jobs - WARNING - §started",
            "2024-05-01 10:00:00, Info                  CBS    §started",
            "2024-05-01T10:00:00.000Z stdout F §{\"msg\":\"started\"}",
            "[   12.345678] §started",
            "- 1714557600 2024.05.01 R02-M1 2024-05-01-10.00.00.675872 R02-M1 RAS KERNEL INFO §started",
            "17:M 01 May 2024 10:00:00.123 §started",
            "2024-05-01T10:00:00.000Z\tINFO\tnet/server.go:17\t§started\t{\"a\": 1}",
            "INFO 2024-05-01 10:00:00 §started",
            "2024-05-01T10:00:00.1234567Z web app[17]: [warn] §started",
            "KERNREC 1714557600 2024.05.01 R02-M1 2024-05-01-10.00.00.675872 R02-M1 RAS KERNEL FATAL §started",
            "DISK_ALERT 2024-05-01 10:00:00 §started",
            "I, [2024-05-01T10:00:00.123456 #17]  INFO -- : §started",
            "W, [2024-05-01T10:00:00.123456 #17]  WARN -- app: §started",
            "5/1/2024 10:00:00 AM §started",
            "05/01/2024, 10:00:00 pm [INFO] §started",
            "10:00:00,123 INFO  [org.acme.as] (Controller Boot Thread) §started",
            "2024-05-01T10:00:00.123Z  INFO 17 --- [shop] [           main] c.a.Orders : §started",
            "2024-05-01 10:00:00.123  INFO [shop,65f1a2b3,65f1] 17 --- [exec-1] c.a.Orders : §started",
            "2024-05-01T10:00:00.123Z  INFO conn{id=7}:request{method=GET uri=/a}: app::net: §started",
            "<165>1 2024-05-01T10:00:00.123Z db api 99 ID47 - §started",
            "<165>1 2024-05-01T10:00:00.123Z db api - - [a@1 b=\"]\\\"\"][c] §started",
            "INFO  [main] 2024-05-01 10:00:00,123 Storage.java:17 - §started",
            "2024.05.01 10:00:00.123456 [ 17 ] {} <Debug> executeQuery: §started",
            "2024-05-01 10:00:00.123 App[17:4a11] §started",
            "[10:00:00] [Server thread/INFO]: §started",
            "[10:00:00.123] INFO (app/17 on web): §started",
            "2024-05-01 10:00:00 | INFO | app | §started",
            "2024-05-01T10:00:00.123+0000 I NETWORK  [conn17] §started",
            "2024-05-01T10:00:00Z web kernel: §started",
            "2024-05-01T10:00:00Z §request failed: no route",
            "2024-05-01T10:00:00Z §job started [main] again",
            "2024-05-01 10:00:00 INFO  [main] §(re)started",
            "2024-05-01 10:00:00 INFO §job{id=7}: Started",
        ];
        let mut wrong = Vec::new();
        for line in lines {
            let line = line.replacen('§', "\u{1}", 1);
            let at = line.find('\u{1}').unwrap();
            let line = line.replace('\u{1}', "");
            let end = header(line.as_bytes()).map_or(0, |header| header.end);
            if end != at {
                wrong.push(format!("{line}\n  {:?}", &line[end..]));
            }
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }

    /// Each line has a `§` where its message begins.
    #[test]
    fn escapes_do_not_hide_a_header() {
        let lines = [
            "\u{1b}[2m2024-05-01T10:00:00Z\u{1b}[0m \u{1b}[32m INFO\u{1b}[0m \u{1b}[2mapp::net\u{1b}[0m\u{1b}[2m:\u{1b}[0m §started",
            "\u{1b}[90m10:00:00\u{1b}[0m \u{1b}[31mERR\u{1b}[0m §started",
            "2024-05-01 10:00:00 [\u{1b}[34mINFO\u{1b}[0;39m] §started",
            "[\u{1b}[32mINFO\u{1b}[0m] 2024-05-01 10:00:00 §started",
            "\u{1b}]0;title\u{7}\u{1b}[1m  2024-05-01 10:00:00\u{1b}[m \u{1b}[36m§started",
        ];
        for line in lines {
            let at = line.find('§').unwrap();
            let line = line.replace('§', "");
            let end = header(line.as_bytes()).map(|header| header.end);
            assert_eq!(end, Some(at), "{line:?}");
        }
        assert_eq!(header(b"\x1b[2m10:00:00\x1b[0m \x1b[32m\x1b[0m"), None);
        assert_eq!(header(b"\x1b[2m\x1b[0m\x1b"), None);
    }

    #[test]
    fn a_message_is_no_header() {
        for line in [
            "17 files deleted",
            "[10:00:00 ]",
            "10.0.0.1 - - [01/May/2024:10:00:00 +0000] \"GET / HTTP/1.1\" 200",
            "Error while reading",
            "[main] started",
            "[17] started",
            "INFO started",
            "2024-05-01 10:00:00",
            "2024-05-01 10:00:00 INFO",
            "2024-05-01 10:00:00 UTC\n",
            "1.2.3 released",
            "May the first",
            "GET 10:00:00",
            "KERNREC 17 10.0.0.1 is down",
            "-1 is returned",
        ] {
            assert_eq!(header(line.as_bytes()), None, "{line}");
        }
    }
}
