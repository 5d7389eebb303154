//! The fields after the timestamp of RFC 5424.

/// Returns the end of the fields after the timestamp at `at`, as RFC 5424 has them: host, application, process, message id, and
/// structured data.
pub(super) fn structured_end(line: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    for _ in 0..4 {
        let rest = line[at..].strip_prefix(b" ")?;
        let len = memchr::memchr(b' ', rest).filter(|len| *len > 0)?;
        at += 1 + len;
    }
    at += 1;
    if line.get(at) == Some(&b'-') {
        at += 1;
    } else {
        if line.get(at) != Some(&b'[') {
            return None;
        }
        while line.get(at) == Some(&b'[') {
            at = element_end(line, at)?;
        }
    }
    matches!(line.get(at), None | Some(b' ')).then_some(at)
}

/// Returns the end of the element of structured data at `at`: `[id name="value"]`.
fn element_end(line: &[u8], at: usize) -> Option<usize> {
    let mut quoted = false;
    let mut at = at + 1;
    while let Some(byte) = line.get(at) {
        at += 1;
        match byte {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b']' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}
