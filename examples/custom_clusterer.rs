//! A custom `Clusterer`: messages are one pattern if they begin with the same two words, whatever comes after them. It
//! is coarser than the shipped one, which helps, for instance, with a first look at the logs of an unknown program.
//!
//! ```text
//! cargo run -p otlake-examples --example custom_clusterer
//! ```

use otlake_fingerprint::{Clusterer, Observed, PatternOptions, Patterns, Scanner, Term};

#[derive(Clone, Copy, Debug)]
struct FirstWords(usize);

impl Clusterer for FirstWords {
    fn cluster<'s>(&self, signatures: &[Observed<'s>]) -> Vec<Vec<Term<'s>>> {
        let pattern = |observed: &Observed<'s>| {
            let mut terms: Vec<Term<'s>> = observed.terms.iter().take(self.0).cloned().collect();
            // The rest of the message is one variable.
            if observed.terms.len() > self.0 {
                terms.push(Term::Wildcard);
            }
            terms
        };
        signatures.iter().map(pattern).collect()
    }
}

fn main() {
    let options = PatternOptions::new();
    let mut patterns = Patterns::with_parts(options, Scanner::new(), FirstWords(2));
    for message in [
        "user ann logged in from 10.0.0.7",
        "user ann logged out",
        "user bob has no permission",
        "disk sda is full",
        "disk sdb is slow",
    ] {
        patterns.observe(message.as_bytes());
    }
    let patterns = patterns.patterns();
    for pattern in patterns.iter() {
        println!("{} × {}", pattern.count, pattern.template);
    }
    assert_eq!(patterns.len(), 4);
}
