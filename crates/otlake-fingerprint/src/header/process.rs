//! The process that has written a line.

use super::fields::{field_len, skip_delimiters, skip_spaces};
use super::stamp::Host;

/// Returns the length of a process with its pid and thread, `App[17:4711]`, before a space. Its name, of `len` bytes or one less, has no
/// other brackets.
pub(super) fn process_len(text: &[u8], len: usize) -> Option<usize> {
    let name = &text[..len];
    let name = name.strip_suffix(b"]").unwrap_or(name);
    let open = memchr::memchr(b'[', name).filter(|open| *open > 0)?;
    if name[..open].contains(&b']') {
        return None;
    }
    let numbers = &name[open + 1..];
    let fits = numbers.contains(&b':')
        && numbers.iter().all(|b| b.is_ascii_hexdigit() || *b == b':')
        && text[name.len()..].starts_with(b"] ");
    fits.then_some(name.len() + 1)
}

/// Returns whether a field is a process with a pid (`sshd[17]`, `sshd[17]:`) or the kernel (`kernel:`).
pub(super) fn is_process_with_pid(field: &[u8]) -> bool {
    let [name @ .., b']'] = field.strip_suffix(b":").unwrap_or(field) else {
        return field == b"kernel:";
    };
    let digits = name.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    digits > 0 && name[..name.len() - digits].ends_with(b"[")
}

/// Returns the end of syslog's host and process: `host sshd[17]: `, `host kernel: `, `host syslogd 1.4.1: `.
pub(super) fn process_end(line: &[u8], at: usize, form: Host) -> Option<usize> {
    let host = field_len(&line[at..]);
    if host == 0 || line[at..at + host].ends_with(b":") {
        return None;
    }
    let mut to = skip_delimiters(line, at + host);
    let from = to;
    if form == Host::WithPid && !is_process_with_pid(&line[from..from + field_len(&line[from..])]) {
        return None;
    }
    // The process name may be followed by up to two more fields: a version, or the rest of a name that contains a space.
    for _ in 0..3 {
        let len = field_len(&line[to..]);
        let field = &line[to..to + len];
        if len == 0 {
            return None;
        }
        if let [name @ .., b':'] = field {
            let pid = name.ends_with(b"]") || name.ends_with(b")");
            let version = name.iter().all(|b| b.is_ascii_digit() || *b == b'.');
            return (to == from || pid || version).then_some(to + len);
        }
        // `sshd[17]` without a colon, or followed by an address of its own.
        if field.ends_with(b"]") && field.contains(&b'[') {
            let next = skip_spaces(line, to + len);
            return Some(match line.get(next) {
                Some(b'(') => line[next..]
                    .windows(2)
                    .position(|pair| pair == b"):")
                    .map_or(to + len, |close| next + close + 2),
                Some(b':') => next + 1,
                _ => to + len,
            });
        }
        to = skip_spaces(line, to + len);
    }
    None
}
