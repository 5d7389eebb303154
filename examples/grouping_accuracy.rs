//! Scores fingerprints and patterns on labelled logs.
//!
//! ```text
//! cargo run --release --example grouping_accuracy -- [--json FILE] [--errors] DIR…
//! ```
//!
//! Every directory at or below DIR with a `*_structured.csv` (columns Content and EventId, as in Loghub) is one data
//! set. For (a) the fingerprint alone and (b) the pattern after the whole set was learned, it prints:
//!
//! * GA, grouping accuracy: the share of lines whose group holds exactly the lines of their true event.
//! * PGA, RGA, FGA: precision, recall and F1 over groups; a group counts if it holds exactly the lines of one event.
//! * ARI: the adjusted Rand index.
//! * lines/s on one thread; for patterns, on lines whose fingerprint is known.
//!
//! The JSON file has the figures and the group of every line, so that another program can score
//! them. `--errors` lists the events that were split and the patterns that hold several events.

#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::hash::Hash;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use otlake_fingerprint::{Fingerprint, Fingerprinter, PatternSet, Patterns};
use serde_json::{Value, json};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("grouping_accuracy: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut json_file = None;
    let mut errors = false;
    let mut dirs = Vec::new();
    let mut args = std::env::args_os().skip(1);
    while let Some(arg) = args.next() {
        if arg == "--json" {
            json_file = Some(PathBuf::from(args.next().ok_or("--json needs a file")?));
        } else if arg == "--errors" {
            errors = true;
        } else {
            dirs.push(PathBuf::from(arg));
        }
    }
    if dirs.is_empty() {
        return Err("usage: grouping_accuracy [--json FILE] [--errors] DIR…".into());
    }
    let mut files = Vec::new();
    for dir in &dirs {
        structured_files(dir, &mut files)?;
    }
    if files.is_empty() {
        return Err("no *_structured.csv found".into());
    }
    files.sort();

    println!("{:<14}{:>52}{:>52}", "", "fingerprint", "pattern");
    let columns = format!(
        "{:>7}{:>7}{:>7}{:>7}{:>7}{:>7}{:>10}",
        "GA", "FGA", "PGA", "RGA", "ARI", "groups", "lines/s"
    );
    println!("{:<14}{columns}{columns}{:>8}", "data set", "events");
    let mut results = Vec::new();
    for file in &files {
        let set = Set::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let result = evaluate(&set, errors);
        println!(
            "{:<14}{}{}{:>8}",
            set.name,
            result.fingerprint.row(),
            result.pattern.row(),
            result.fingerprint.events
        );
        results.push((set.name, result));
    }
    let average =
        |side: fn(&Outcome) -> &Score| Score::average(results.iter().map(|(_, r)| side(r)));
    let (fingerprint, pattern) = (average(|r| &r.fingerprint), average(|r| &r.pattern));
    println!("{:<14}{}{}", "average", fingerprint.row(), pattern.row());
    if let Some(file) = json_file {
        let sets: Vec<Value> = results
            .iter()
            .map(|(name, result)| {
                json!({
                    "dataset": name,
                    "fingerprint": result.fingerprint.json(),
                    "pattern": result.pattern.json(),
                    "groups": { "fingerprint": result.fingerprints, "pattern": result.patterns },
                })
            })
            .collect();
        let all = json!({
            "datasets": sets,
            "average": { "fingerprint": fingerprint.json(), "pattern": pattern.json() },
        });
        std::fs::write(&file, serde_json::to_string_pretty(&all)?)
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

fn structured_files(dir: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    let entries = std::fs::read_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            structured_files(&path, files)?;
        } else if path.to_string_lossy().ends_with("_structured.csv") {
            files.push(path);
        }
    }
    Ok(())
}

/// A labelled data set.
struct Set {
    name: String,
    contents: Vec<Vec<u8>>,
    events: Vec<Vec<u8>>,
}

impl Set {
    fn read(file: &Path) -> Result<Self, Box<dyn Error>> {
        let bytes = std::fs::read(file)?;
        let mut rows = records(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)).into_iter();
        let header = rows.next().ok_or("empty file")?;
        let column = |name: &str| header.iter().position(|field| field == name.as_bytes());
        let content = column("Content").ok_or("no column Content")?;
        let event = column("EventId").ok_or("no column EventId")?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let name = name.split(['_', '.']).next().unwrap_or_default().to_owned();
        let mut set = Self {
            name,
            contents: Vec::new(),
            events: Vec::new(),
        };
        for mut row in rows {
            if row.len() > content.max(event) {
                set.contents.push(std::mem::take(&mut row[content]));
                set.events.push(std::mem::take(&mut row[event]));
            }
        }
        if set.contents.is_empty() {
            Err("no rows".into())
        } else {
            Ok(set)
        }
    }
}

/// Returns the records of a CSV file (RFC 4180), as bytes: not all of Loghub is UTF-8.
fn records(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut field = Vec::new();
    let mut quoted = false;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' if quoted && bytes.get(at) == Some(&b'"') => {
                field.push(b'"');
                at += 1;
            }
            b'"' if quoted => quoted = false,
            b'"' if field.is_empty() => quoted = true,
            b',' if !quoted => row.push(std::mem::take(&mut field)),
            b'\r' if !quoted && bytes.get(at) == Some(&b'\n') => {}
            b'\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            _ => field.push(byte),
        }
    }
    if !field.is_empty() || !row.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows
}

/// The result for a data set.
struct Outcome {
    fingerprint: Score,
    pattern: Score,
    /// One per line.
    fingerprints: Vec<String>,
    /// One per line.
    patterns: Vec<String>,
}

fn evaluate(set: &Set, errors: bool) -> Outcome {
    let mut fingerprinter = Fingerprinter::new();
    let fingerprints: Vec<Fingerprint> = set
        .contents
        .iter()
        .map(|content| fingerprinter.fingerprint(content))
        .collect();
    let mut patterns = Patterns::default();
    for (fingerprint, content) in fingerprints.iter().zip(&set.contents) {
        patterns.learn(*fingerprint, content);
    }
    let learned = patterns.patterns();
    let ids: Vec<String> = fingerprints
        .iter()
        .map(|fingerprint| {
            learned
                .pattern(*fingerprint)
                .map_or_else(String::new, |p| p.id.to_string())
        })
        .collect();
    if errors {
        print_errors(set, &ids, &learned);
    }

    let fingerprint_rate = rate(set, |content| {
        black_box(fingerprinter.fingerprint(content));
    });
    let pattern_rate = rate(set, |content| {
        let fingerprint = fingerprinter.fingerprint(content);
        patterns.learn(fingerprint, content);
    });
    Outcome {
        fingerprint: Score::new(&set.events, &fingerprints, fingerprint_rate),
        pattern: Score::new(&set.events, &ids, pattern_rate),
        fingerprints: fingerprints.iter().map(ToString::to_string).collect(),
        patterns: ids,
    }
}

/// Returns the lines per second of the fastest of several passes over the set.
fn rate(set: &Set, mut each: impl FnMut(&[u8])) -> f64 {
    let begin = Instant::now();
    let mut best = f64::INFINITY;
    let mut passes = 0;
    while passes < 5 || begin.elapsed() < Duration::from_millis(100) {
        let start = Instant::now();
        for content in &set.contents {
            each(content);
        }
        best = best.min(start.elapsed().as_secs_f64());
        passes += 1;
    }
    set.contents.len() as f64 / best
}

/// The figures of a grouping.
#[derive(Default)]
struct Score {
    ga: f64,
    fga: f64,
    pga: f64,
    rga: f64,
    ari: f64,
    groups: usize,
    events: usize,
    lines_per_s: f64,
}

impl Score {
    fn new<E: Eq + Hash, G: Eq + Hash>(events: &[E], groups: &[G], lines_per_s: f64) -> Self {
        let (events, event_count) = number(events);
        let (groups, group_count) = number(groups);
        let mut event_sizes = vec![0_u64; event_count];
        let mut group_sizes = vec![0_u64; group_count];
        let mut cells: HashMap<(usize, usize), u64> = HashMap::new();
        for (&event, &group) in events.iter().zip(&groups) {
            event_sizes[event] += 1;
            group_sizes[group] += 1;
            *cells.entry((event, group)).or_default() += 1;
        }
        let mut right_lines = 0;
        let mut right_groups = 0_u64;
        for (&(event, group), &size) in &cells {
            if size == event_sizes[event] && size == group_sizes[group] {
                right_lines += size;
                right_groups += 1;
            }
        }
        let pairs = |sizes: &mut dyn Iterator<Item = u64>| -> f64 {
            sizes.map(|n| n as f64 * (n as f64 - 1.0) / 2.0).sum()
        };
        let both = pairs(&mut cells.values().copied());
        let in_events = pairs(&mut event_sizes.iter().copied());
        let in_groups = pairs(&mut group_sizes.iter().copied());
        let expected =
            in_events * in_groups / pairs(&mut std::iter::once(events.len() as u64)).max(1.0);
        let largest = f64::midpoint(in_events, in_groups);
        let pga = right_groups as f64 / group_count as f64;
        let rga = right_groups as f64 / event_count as f64;
        Self {
            ga: right_lines as f64 / events.len() as f64,
            fga: if right_groups == 0 {
                0.0
            } else {
                2.0 * pga * rga / (pga + rga)
            },
            pga,
            rga,
            ari: if largest == expected {
                1.0
            } else {
                (both - expected) / (largest - expected)
            },
            groups: group_count,
            events: event_count,
            lines_per_s,
        }
    }

    fn average<'s>(scores: impl Iterator<Item = &'s Self>) -> Self {
        let mut sum = Self::default();
        let mut count = 0.0;
        for score in scores {
            sum.ga += score.ga;
            sum.fga += score.fga;
            sum.pga += score.pga;
            sum.rga += score.rga;
            sum.ari += score.ari;
            sum.groups += score.groups;
            sum.events += score.events;
            sum.lines_per_s += score.lines_per_s;
            count += 1.0;
        }
        for figure in [
            &mut sum.ga,
            &mut sum.fga,
            &mut sum.pga,
            &mut sum.rga,
            &mut sum.ari,
            &mut sum.lines_per_s,
        ] {
            *figure /= count;
        }
        sum
    }

    fn row(&self) -> String {
        format!(
            "{:>7.3}{:>7.3}{:>7.3}{:>7.3}{:>7.3}{:>7}{:>10.0}",
            self.ga, self.fga, self.pga, self.rga, self.ari, self.groups, self.lines_per_s
        )
    }

    fn json(&self) -> Value {
        json!({
            "GA": self.ga, "FGA": self.fga, "PGA": self.pga, "RGA": self.rga, "ARI": self.ari,
            "groups": self.groups, "events": self.events, "lines_per_s": self.lines_per_s,
        })
    }
}

/// Numbers equal labels alike, and returns how many distinct labels there are.
fn number<L: Eq + Hash>(labels: &[L]) -> (Vec<usize>, usize) {
    let mut numbers = HashMap::new();
    let all = labels
        .iter()
        .map(|label| {
            let next = numbers.len();
            *numbers.entry(label).or_insert(next)
        })
        .collect();
    (all, numbers.len())
}

/// Prints the events that were split and the groups that hold several events.
fn print_errors(set: &Set, ids: &[String], learned: &PatternSet) {
    let mut groups_of: BTreeMap<&[u8], BTreeMap<&str, usize>> = BTreeMap::new();
    let mut events_of: BTreeMap<&str, BTreeMap<&[u8], usize>> = BTreeMap::new();
    for (event, id) in set.events.iter().zip(ids) {
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
            set.name,
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
            set.name,
            names.join(" "),
            template(id)
        );
    }
}
