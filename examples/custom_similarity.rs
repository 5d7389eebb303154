//! A custom `Similarity`: words are weighted by their length, so that masking a long word costs
//! more.
//!
//! The clusterer finds the positions that *could* be variables by evidence; the similarity can veto
//! each of them.
//!
//! ```text
//! cargo run --release --example custom_similarity
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use otlake_fingerprint::{Jaccard, PatternOptions, Patterns, Scanner, Similarity, Term, WordSets};

/// Similarity as the share of letters in positions with equal words.
#[derive(Clone, Copy, Debug)]
struct Letters;

impl Similarity for Letters {
    fn similarity(&self, a: &[Term<'_>], b: &[Term<'_>]) -> f64 {
        let letters = |term: &Term<'_>| match term {
            Term::Word(word) => word.len(),
            Term::Wildcard => 1,
        };
        let equal: usize = a
            .iter()
            .zip(b)
            .filter(|(a, b)| a == b)
            .map(|(a, _)| letters(a))
            .sum();
        let all = a
            .iter()
            .map(letters)
            .sum::<usize>()
            .max(b.iter().map(letters).sum());
        if all == 0 {
            1.0
        } else {
            equal as f64 / all as f64
        }
    }
}

fn templates<S: Similarity>(similarity: S) -> Vec<String> {
    let clusterer = WordSets::with_similarity(similarity);
    let mut patterns = Patterns::with_parts(PatternOptions::new(), Scanner::new(), clusterer);
    for message in [
        "opened by ann",
        "opened by bob",
        "opened by cleo",
        "opened by dora",
        "state is unreachable",
        "state is unconfigured-yet",
        "state is all-right-again",
        "state is far-behind-schedule",
    ] {
        let _ = patterns.observe(message.as_bytes());
    }
    let mut templates: Vec<String> = patterns
        .patterns()
        .iter()
        .map(|p| p.template.clone())
        .collect();
    templates.sort();
    templates
}

fn main() {
    println!(
        "by place:   {:#?}",
        templates(otlake_fingerprint::Positional)
    );
    println!("by word:    {:#?}", templates(Jaccard));
    println!("by letters: {:#?}", templates(Letters));
    // Four short names become a variable; four long statements are too much of the message to mask.
    let by_letters = templates(Letters);
    assert!(by_letters.contains(&"opened by <*>".to_owned()));
    assert!(by_letters.contains(&"state is unreachable".to_owned()));
}
