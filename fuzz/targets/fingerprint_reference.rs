//! Compares the fingerprint's signature of arbitrary bytes, and of each of their lines, with a second implementation of
//! `docs/fingerprint.md`.

#![no_main]

#[path = "../../crates/otlake-fingerprint/tests/reference/signature.rs"]
mod reference;

use libfuzzer_sys::fuzz_target;
use otlake::fingerprint::Fingerprinter;

/// The reference is slow.
const MAX_LINES: usize = 16;

fuzz_target!(|input: &[u8]| {
    compare(input);
    for line in input.split(|byte| *byte == b'\n').take(MAX_LINES) {
        compare(line);
    }
});

fn compare(message: &[u8]) {
    let mut fingerprinter = Fingerprinter::new();
    fingerprinter.fingerprint(message);
    let signature = fingerprinter.signature().as_bytes().escape_ascii();
    let expected = reference::signature(message);
    assert_eq!(
        signature.to_string(),
        expected.escape_ascii().to_string(),
        "{}",
        message.escape_ascii()
    );
}
