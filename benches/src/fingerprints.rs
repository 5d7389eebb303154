use std::hint::black_box;

use otlake_fingerprint::{Fingerprinter, Patterns};

use crate::bodies::Bodies;
use crate::case::{Case, Kind};

/// Returns the cases on log text.
pub(crate) fn stages(bodies: &Bodies) -> Vec<Case<'_>> {
    vec![fingerprint(bodies), pattern_known(bodies)]
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
