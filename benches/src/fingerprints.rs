use std::hint::black_box;

use otlake_fingerprint::{Fingerprinter, Patterns};

use crate::bodies::Bodies;
use crate::case::{Case, Kind};

/// Returns the cases on log text.
pub(crate) fn stages(bodies: &Bodies) -> Vec<Case<'_>> {
    vec![
        fingerprint(bodies),
        pattern_known(bodies),
        pattern_timestamped(bodies),
    ]
}

/// Computes the fingerprints of lines.
fn fingerprint(bodies: &Bodies) -> Case<'_> {
    let mut fingerprinter = Fingerprinter::new();
    Case::per_line("fingerprint", Kind::Stage, bodies, move |line| {
        black_box(fingerprinter.fingerprint(line.as_bytes()));
    })
}

/// Computes the fingerprints of lines and learns them. All lines have been learned once before, so this
/// measures lines with a known pattern.
fn pattern_known(bodies: &Bodies) -> Case<'_> {
    let mut fingerprinter = Fingerprinter::new();
    let mut patterns = Patterns::default();
    for line in bodies.lines() {
        patterns.observe(line.as_bytes());
    }
    Case::per_line("pattern_known", Kind::Stage, bodies, move |line| {
        let fingerprint = fingerprinter.fingerprint(line.as_bytes());
        patterns.learn(black_box(fingerprint), line.as_bytes());
    })
}

/// Learns the patterns of lines with a timestamp in front of each. It grows with every line, so no line occurs
/// twice.
fn pattern_timestamped(bodies: &Bodies) -> Case<'_> {
    let mut fingerprinter = Fingerprinter::new();
    let mut patterns = Patterns::default();
    let mut clock = *b"2026-01-01T00:00:00.000000Z INFO ";
    let mut stamped = Vec::new();
    Case::per_line("pattern_timestamped", Kind::Stage, bodies, move |line| {
        tick(&mut clock[b"2026-01-01T".len()..b"2026-01-01T00:00:00.000000".len()]);
        stamped.clear();
        stamped.extend_from_slice(&clock);
        stamped.extend_from_slice(line.as_bytes());
        let fingerprint = fingerprinter.fingerprint(&stamped);
        patterns.learn(black_box(fingerprint), &stamped);
    })
}

/// Adds one to the decimal number that the digits of `time` form.
fn tick(time: &mut [u8]) {
    for digit in time.iter_mut().rev().filter(|byte| byte.is_ascii_digit()) {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_carries_over_punctuation() {
        let mut time = *b"00:09.99";
        tick(&mut time);
        assert_eq!(&time, b"00:10.00");
    }
}
