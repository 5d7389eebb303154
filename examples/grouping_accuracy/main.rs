//! Scores fingerprints and patterns on labelled logs.
//!
//! ```text
//! cargo run --release --example grouping_accuracy -- [--raw] [--hold-out] [--json FILE] [--errors] DIR…
//! ```
//!
//! Every folder at or below DIR with a `*_structured.csv` (columns Content and EventId, as Loghub has them) is one dataset. For (a) the
//! fingerprint alone and (b) the pattern after the whole dataset was seen, the program prints:
//!
//! * GA, grouping accuracy: the share of lines whose group holds exactly the lines of their true event.
//! * PGA, RGA, FGA: precision, recall and F1 over groups; a group counts when it holds exactly the lines of one event.
//! * ARI: the adjusted Rand index.
//! * lines/s on one thread; for patterns, on lines whose fingerprint is known.
//! * PA and FTA, with a column EventTemplate: accuracy of the text of patterns, by the rules of the published benchmark, which the module
//!   `templates` states.
//!
//! `--raw` reads raw lines, each with its header. `--hold-out` chooses the limits of the clusterer on all datasets but one, for each in turn,
//! and prints what they give on the one that was left out. `--errors` lists the events that were split and the patterns that hold several
//! events. The JSON file holds the figures and the group of every line, so that another program can score them.

#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

mod dataset;
mod hold_out;
mod score;
mod templates;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use otlake_fingerprint::{
    Fingerprint, Fingerprinter, PatternOptions, PatternSet, Patterns, Scanner, WordSets,
};
use serde_json::{Value, json};

use crate::dataset::{Dataset, Lines};
use crate::score::Score;
use crate::templates::Accuracy;

fn main() -> anyhow::Result<()> {
    let mut json_file = None;
    let (mut errors, mut hold_out) = (false, false);
    let mut lines = Lines::Content;
    let mut dirs = Vec::new();
    let mut args = std::env::args_os().skip(1);
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("--json") => {
                json_file = Some(PathBuf::from(args.next().context("--json needs a file")?));
            }
            Some("--errors") => errors = true,
            Some("--raw") => lines = Lines::Raw,
            Some("--hold-out") => hold_out = true,
            _ => dirs.push(PathBuf::from(arg)),
        }
    }
    if dirs.is_empty() {
        bail!("usage: grouping_accuracy [--raw] [--hold-out] [--json FILE] [--errors] DIR…");
    }
    let mut files = Vec::new();
    for dir in &dirs {
        dataset::find(dir, &mut files)?;
    }
    if files.is_empty() {
        bail!("no *_structured.csv found");
    }
    files.sort();
    let mut datasets = Vec::new();
    for file in &files {
        let dataset = Dataset::read(file, lines);
        datasets.push(dataset.with_context(|| file.display().to_string())?);
    }
    if hold_out {
        hold_out::print(&datasets);
        return Ok(());
    }
    let results = print_table(&datasets, errors);
    if let Some(file) = json_file {
        let text = serde_json::to_string_pretty(&results)?;
        std::fs::write(&file, text).with_context(|| file.display().to_string())?;
    }
    Ok(())
}

/// Prints the table and returns it as JSON.
fn print_table(datasets: &[Dataset], errors: bool) -> Value {
    println!("{:<14}{:>52}{:>52}", "", "fingerprint", "pattern");
    let columns = format!(
        "{:>7}{:>7}{:>7}{:>7}{:>7}{:>7}{:>10}",
        "GA", "FGA", "PGA", "RGA", "ARI", "groups", "lines/s"
    );
    println!(
        "{:<14}{columns}{columns}{:>8}{:>7}{:>7}",
        "dataset", "events", "PA", "FTA"
    );
    let mut results = Vec::new();
    for dataset in datasets {
        let result = evaluate(dataset, errors);
        let text = result.text.map_or(String::new(), |text| {
            format!("{:>7.3}{:>7.3}", text.pa, text.fta)
        });
        println!(
            "{:<14}{}{}{:>8}{text}",
            dataset.name,
            result.fingerprint.row(),
            result.pattern.row(),
            result.fingerprint.events
        );
        results.push((&dataset.name, result));
    }
    let average =
        |side: fn(&Outcome) -> &Score| Score::average(results.iter().map(|(_, r)| side(r)));
    let (fingerprint, pattern) = (average(|r| &r.fingerprint), average(|r| &r.pattern));
    let texts: Vec<Accuracy> = results.iter().filter_map(|(_, r)| r.text).collect();
    let mean = |figure: fn(&Accuracy) -> f64| {
        texts.iter().map(figure).sum::<f64>() / texts.len().max(1) as f64
    };
    println!(
        "{:<14}{}{}{:>8}{:>7.3}{:>7.3}",
        "average",
        fingerprint.row(),
        pattern.row(),
        "",
        mean(|text| text.pa),
        mean(|text| text.fta)
    );
    let sets: Vec<Value> = results
        .iter()
        .map(|(name, result)| {
            json!({
                "dataset": name,
                "fingerprint": result.fingerprint.json(),
                "pattern": result.pattern.json(),
                "text": result.text.map(|text| json!({ "PA": text.pa, "FTA": text.fta })),
                "groups": { "fingerprint": result.fingerprints, "pattern": result.patterns },
            })
        })
        .collect();
    json!({
        "datasets": sets,
        "average": { "fingerprint": fingerprint.json(), "pattern": pattern.json() },
    })
}

/// The results of one dataset.
struct Outcome {
    fingerprint: Score,
    pattern: Score,
    text: Option<Accuracy>,
    /// Per line.
    fingerprints: Vec<String>,
    /// Per line.
    patterns: Vec<String>,
}

fn evaluate(dataset: &Dataset, errors: bool) -> Outcome {
    let mut fingerprinter = Fingerprinter::new();
    let fingerprints: Vec<Fingerprint> = dataset
        .lines
        .iter()
        .map(|line| fingerprinter.fingerprint(line))
        .collect();
    let mut patterns = learn(dataset, &fingerprints, WordSets::default());
    let learned = patterns.patterns();
    let ids = pattern_ids(&learned, &fingerprints);
    let text = (!dataset.templates.is_empty()).then(|| {
        let parsed: Vec<String> = fingerprints
            .iter()
            .map(|fingerprint| learned.template(*fingerprint).unwrap_or_default())
            .map(|template| templates::correct(&templates::untyped(template)))
            .collect();
        let truth: Vec<String> = dataset
            .templates
            .iter()
            .map(|t| templates::correct(t))
            .collect();
        if errors {
            print_texts(dataset, &parsed, &truth);
        }
        let parsed: Vec<&str> = parsed.iter().map(String::as_str).collect();
        let truth: Vec<&str> = truth.iter().map(String::as_str).collect();
        Accuracy::new(&parsed, &truth)
    });
    if errors {
        print_errors(dataset, &ids, &learned);
    }

    let fingerprint_rate = rate(dataset, |line| {
        black_box(fingerprinter.fingerprint(line));
    });
    let pattern_rate = rate(dataset, |line| {
        let fingerprint = fingerprinter.fingerprint(line);
        patterns.learn(fingerprint, line);
    });
    Outcome {
        fingerprint: Score::new(&dataset.events, &fingerprints, fingerprint_rate),
        pattern: Score::new(&dataset.events, &ids, pattern_rate),
        text,
        fingerprints: fingerprints.iter().map(ToString::to_string).collect(),
        patterns: ids,
    }
}

/// Learns all lines of a dataset with the limits of `clusterer`.
fn learn(dataset: &Dataset, fingerprints: &[Fingerprint], clusterer: WordSets) -> Patterns {
    let mut patterns = Patterns::with_parts(PatternOptions::new(), Scanner::new(), clusterer);
    for (fingerprint, line) in fingerprints.iter().zip(&dataset.lines) {
        patterns.learn(*fingerprint, line);
    }
    patterns
}

/// Returns the pattern of each line.
fn pattern_ids(learned: &PatternSet, fingerprints: &[Fingerprint]) -> Vec<String> {
    fingerprints
        .iter()
        .map(|fingerprint| {
            learned
                .pattern(*fingerprint)
                .map_or_else(String::new, |p| p.id.to_string())
        })
        .collect()
}

/// Returns the lines per second of the fastest of several passes over the dataset.
fn rate(dataset: &Dataset, mut each: impl FnMut(&[u8])) -> f64 {
    let begin = Instant::now();
    let mut best = f64::INFINITY;
    let mut passes = 0;
    while passes < 5 || begin.elapsed() < Duration::from_millis(100) {
        let start = Instant::now();
        for line in &dataset.lines {
            each(line);
        }
        best = best.min(start.elapsed().as_secs_f64());
        passes += 1;
    }
    dataset.lines.len() as f64 / best
}

/// Prints the templates whose text is not that of the true template, and how many lines they have.
fn print_texts(dataset: &Dataset, parsed: &[String], truth: &[String]) {
    let mut wrong: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (parsed, truth) in parsed.iter().zip(truth).filter(|(a, b)| a != b) {
        *wrong.entry((truth, parsed)).or_default() += 1;
    }
    for ((truth, parsed), lines) in wrong {
        println!(
            "  {}: {lines} lines\n    true:   {truth}\n    parsed: {parsed}",
            dataset.name
        );
    }
}

/// Prints the events that were split and the groups that hold several events.
fn print_errors(dataset: &Dataset, ids: &[String], learned: &PatternSet) {
    let mut groups_of: BTreeMap<&[u8], BTreeMap<&str, usize>> = BTreeMap::new();
    let mut events_of: BTreeMap<&str, BTreeMap<&[u8], usize>> = BTreeMap::new();
    for (event, id) in dataset.events.iter().zip(ids) {
        *groups_of.entry(event).or_default().entry(id).or_default() += 1;
        *events_of.entry(id).or_default().entry(event).or_default() += 1;
    }
    let template = |id: &str| {
        let pattern = learned.iter().find(|pattern| pattern.id.to_string() == id);
        pattern.map_or("", |pattern| pattern.template.as_str())
    };
    for (event, groups) in groups_of.iter().filter(|(_, groups)| groups.len() > 1) {
        println!(
            "  {}: event {} is split",
            dataset.name,
            String::from_utf8_lossy(event)
        );
        for (id, lines) in groups {
            println!("    {lines:>6} {}", template(id));
        }
    }
    for (id, events) in events_of.iter().filter(|(_, events)| events.len() > 1) {
        let names: Vec<_> = events
            .keys()
            .map(|event| String::from_utf8_lossy(event))
            .collect();
        println!(
            "  {}: one group for {}: {}",
            dataset.name,
            names.join(" "),
            template(id)
        );
    }
}
