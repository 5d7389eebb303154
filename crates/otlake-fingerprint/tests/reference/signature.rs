//! A second implementation of `docs/fingerprint.md`: slow, with regular expressions and copies, one function for each rule of the page.
//!
//! Nothing here is shared with the crate. Where the two differ, the page, the crate or this file is wrong.

#![allow(
    clippy::unwrap_used,
    reason = "a wrong reference should fail where it is wrong"
)]

mod chunk;
mod colon;
mod header;
mod json;
mod lines;
mod pairs;
mod quotes;
mod text;
mod vocabulary;

/// One token: a word with its bytes, or a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(Vec<u8>),
    Variable,
}

/// Returns the signature of a message, without the version byte.
pub fn signature(message: &[u8]) -> Vec<u8> {
    let mut tokens = Vec::new();
    read_message(message, &mut tokens);
    let mut signature: Vec<u8> = Vec::new();
    let mut last = None;
    for token in &tokens {
        let text = match token {
            Token::Variable if last == Some(&Token::Variable) => continue,
            Token::Variable => b"*".as_slice(),
            Token::Word(word) => word,
        };
        // With the version byte and the space behind the token.
        if 1 + signature.len() + text.len() + 1 > 8192 {
            continue;
        }
        signature.extend_from_slice(text);
        signature.push(b' ');
        last = Some(token);
    }
    signature
}

/// Section "Which part of a message counts".
fn read_message(message: &[u8], tokens: &mut Vec<Token>) {
    let mut rest = skip_blank(message);
    if let Some(end) = header::end(rest) {
        rest = skip_blank(&rest[end..]);
    }
    let cookie = text::match_len("^@cee: {0,4096}", rest).unwrap_or(0);
    let body = &rest[cookie..];
    let body = &body[..body.len().min(16_384)];
    if body.first() == Some(&b'{') && json::read(body, tokens) {
        return;
    }
    let rest = &rest[..rest.len().min(16_384)];
    match pairs::message(rest) {
        Some(message) if message.contains(&b'\\') => {
            read_message(&json::unescape(message), tokens);
        }
        Some(message) => read_message(message, tokens),
        None => text::read(rest, tokens),
    }
}

/// Step 1.
fn skip_blank(message: &[u8]) -> &[u8] {
    let mut rest = message;
    loop {
        // A byte-order mark counts when all of it is within the limit.
        let skipped = message.len() - rest.len();
        let step = match rest {
            [b' ' | b'\t' | b'\n' | b'\x0c' | b'\r', ..] => 1,
            [0xef, 0xbb, 0xbf, ..] => 3,
            _ => return rest,
        };
        if skipped + step > 4096 {
            return rest;
        }
        rest = &rest[step..];
    }
}
