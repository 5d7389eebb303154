//! Limits chosen on some datasets and judged on another.

use otlake_fingerprint::{Fingerprint, Fingerprinter, WordSets};

use crate::dataset::Dataset;
use crate::score::Score;
use crate::{learn, pattern_ids};

/// Returns the clusterers to choose from: every limit at its default, below, and above.
fn candidates() -> Vec<WordSets> {
    let middle = WordSets::default();
    let mut all = Vec::new();
    for limit in middle.limit - 1..=middle.limit + 1 {
        for value_limit in middle.value_limit - 1..=middle.value_limit + 1 {
            for leading_limit in [
                middle.leading_limit - 4,
                middle.leading_limit,
                middle.leading_limit + 4,
            ] {
                for threshold in [
                    middle.threshold - 0.1,
                    middle.threshold,
                    middle.threshold + 0.1,
                ] {
                    let mut candidate = middle;
                    candidate.limit = limit;
                    candidate.value_limit = value_limit;
                    candidate.leading_limit = leading_limit;
                    candidate.threshold = threshold;
                    all.push(candidate);
                }
            }
        }
    }
    all
}

/// Prints, for each dataset, the figures of the limits that are best on average over all others.
pub(crate) fn print(datasets: &[Dataset]) {
    let fingerprints: Vec<Vec<Fingerprint>> = datasets
        .iter()
        .map(|dataset| {
            let mut fingerprinter = Fingerprinter::new();
            let lines = dataset.lines.iter();
            lines.map(|line| fingerprinter.fingerprint(line)).collect()
        })
        .collect();
    let candidates = candidates();
    let scores: Vec<Vec<Score>> = candidates
        .iter()
        .map(|candidate| {
            datasets
                .iter()
                .zip(&fingerprints)
                .map(|(dataset, fingerprints)| {
                    let learned = learn(dataset, fingerprints, *candidate).patterns();
                    Score::new(&dataset.events, &pattern_ids(&learned, fingerprints), 0.0)
                })
                .collect()
        })
        .collect();
    println!(
        "{:<14}{:>9}{:>7}{:>9}{:>7}  limit value leading threshold",
        "left out", "tuned GA", "FGA", "held GA", "FGA"
    );
    let (mut ga, mut fga) = (0.0, 0.0);
    for (out, dataset) in datasets.iter().enumerate() {
        let average = |scores: &[Score], figure: fn(&Score) -> f64| {
            let others = scores.iter().enumerate().filter(|(at, _)| *at != out);
            others.map(|(_, score)| figure(score)).sum::<f64>() / (datasets.len() - 1).max(1) as f64
        };
        let quality = |scores: &[Score]| average(scores, |score| score.ga + score.fga);
        let best = (0..candidates.len())
            .max_by(|&a, &b| quality(&scores[a]).total_cmp(&quality(&scores[b])))
            .unwrap_or_default();
        let (held, chosen) = (&scores[best][out], &candidates[best]);
        println!(
            "{:<14}{:>9.3}{:>7.3}{:>9.3}{:>7.3}  {:>5} {:>5} {:>7} {:>9.1}",
            dataset.name,
            average(&scores[best], |score| score.ga),
            average(&scores[best], |score| score.fga),
            held.ga,
            held.fga,
            chosen.limit,
            chosen.value_limit,
            chosen.leading_limit,
            chosen.threshold
        );
        ga += held.ga / datasets.len() as f64;
        fga += held.fga / datasets.len() as f64;
    }
    println!("{:<14}{:>9}{:>7}{ga:>9.3}{fga:>7.3}", "average", "", "");
}
