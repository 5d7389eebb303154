//! The spans that tracing writes before a message.

/// Returns the end of the spans and the module that tracing writes: `request{id=7}:query{n=1}: app::db: …`.
pub(super) fn spans_end(line: &[u8], at: usize) -> Option<usize> {
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let mut at = at;
    let mut spans = 0;
    loop {
        let name = line[at..].iter().take_while(|b| is_name(b)).count();
        if name == 0 || line.get(at + name) != Some(&b'{') {
            break;
        }
        at = braces_end(line, at + name)?;
        if line.get(at) != Some(&b':') {
            return None;
        }
        at += 1;
        spans += 1;
    }
    if spans == 0 || line.get(at) != Some(&b' ') {
        return None;
    }
    let module = at + 1;
    let len = line[module..]
        .iter()
        .enumerate()
        .take_while(|&(at, b)| {
            b.is_ascii_lowercase()
                || b.is_ascii_digit()
                || *b == b'_'
                || *b == b':' && !matches!(line.get(module + at + 1), None | Some(b' '))
        })
        .count();
    (len > 0 && line[module + len..].starts_with(b": ")).then_some(module + len + 1)
}

/// Returns the end of the braces at `at`, which may be nested.
fn braces_end(line: &[u8], at: usize) -> Option<usize> {
    let mut open = 0_usize;
    for (index, byte) in line[at..].iter().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' => {
                open -= 1;
                if open == 0 {
                    return Some(at + index + 1);
                }
            }
            _ => {}
        }
    }
    None
}
