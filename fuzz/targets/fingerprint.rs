//! Learns arbitrary bytes as a message, and their lines as a stream of messages. The fingerprint is
//! the same each time, and the patterns are the same in whatever order and split the stream is
//! learned.
//!
//! The first byte chooses the memory bound and the number of states between which the stream is
//! split.

#![no_main]

use libfuzzer_sys::fuzz_target;
use otlake::fingerprint::{
    Fingerprinter, MAX_SIGNATURE, PatternOptions, Patterns, Scanner, Sighting, Tokenizer, level,
};

/// The first bound is never reached here. Under the others, streams of this many messages are cut.
const MAX_BYTES: [usize; 4] = [1 << 30, 60_000, 20_000, 5_000];
/// Deriving patterns takes most of the time.
const MAX_MESSAGES: usize = 128;

fuzz_target!(|input: &[u8]| {
    let Some((&choice, text)) = input.split_first() else {
        return;
    };
    let max_bytes = MAX_BYTES[usize::from(choice) % MAX_BYTES.len()];
    let shards = 2 + usize::from(choice >> 2) % 4;
    let mut used = Fingerprinter::new();
    one_message(text, &mut used);

    let lines = text.split(|byte| *byte == b'\n').take(MAX_MESSAGES);
    let stream: Vec<(usize, &[u8])> = lines.enumerate().collect();
    for (_, message) in &stream {
        one_message(message, &mut used);
    }
    let learn = |source, messages: &mut dyn Iterator<Item = &(usize, &[u8])>| {
        let options = PatternOptions::new().with_source(source);
        let mut patterns = Patterns::new(options.with_max_bytes(max_bytes));
        let mut fingerprinter = Fingerprinter::new();
        for &(number, message) in messages {
            let sighting = Sighting {
                time_unix_nano: 1 + number as u64,
                severity_number: message.len() as i32 % 30,
            };
            patterns.learn_seen(fingerprinter.fingerprint(message), message, sighting);
        }
        assert!(patterns.weight() <= max_bytes);
        patterns
    };

    let straight = learn(0, &mut stream.iter());
    let backwards = learn(0, &mut stream.iter().rev());
    assert_eq!(backwards.save(), straight.save(), "in another order");

    // Not round robin, so that one shard may be empty and another have everything.
    let shard_of = |message: &[u8]| message.iter().map(|b| usize::from(*b)).sum::<usize>() % shards;
    let parts: Vec<Patterns> = (0..shards)
        .map(|shard| {
            let mut part = stream.iter().filter(|(_, text)| shard_of(text) == shard);
            learn(1 + shard as u64, &mut part)
        })
        .collect();
    let merged = |order: &mut dyn Iterator<Item = &Patterns>| {
        let mut all: Option<Patterns> = None;
        for part in order {
            match &mut all {
                Some(all) => all.merge(part),
                None => all = Some(part.clone()),
            }
        }
        all.unwrap()
    };
    let forwards = merged(&mut parts.iter());
    assert_eq!(seen(&forwards), seen(&straight), "split and merged");
    let mut again = merged(&mut parts.iter().rev());
    assert_eq!(again.save(), forwards.save(), "merged the other way round");
    // ((0 1) (2 …)) against (((0 1) 2) …).
    let (left, right) = parts.split_at(shards / 2);
    let mut halves = merged(&mut left.iter());
    halves.merge(&merged(&mut right.iter()));
    assert_eq!(halves.save(), forwards.save(), "merged by halves");
    again.merge(&parts[0]);
    again.merge(&forwards);
    assert_eq!(again.save(), forwards.save(), "merged twice");

    let set = straight.patterns();
    for (_, message) in &stream {
        let fingerprint = used.fingerprint(message);
        let Some(pattern) = set.pattern(fingerprint) else {
            assert!(max_bytes < MAX_BYTES[0], "learned and not known");
            continue;
        };
        let (found, variables) = set.extract(&mut used, message).unwrap();
        assert_eq!(found.id, pattern.id);
        assert!(
            !variables.iter().any(|variable| variable.text.is_empty()) || message.contains(&b'=')
        );
    }
});

fn one_message(message: &[u8], used: &mut Fingerprinter) {
    let fingerprint = used.fingerprint(message);
    assert_eq!(Fingerprinter::new().fingerprint(message), fingerprint);
    assert!(used.signature().as_bytes().len() <= MAX_SIGNATURE);
    let mut end = 0;
    Scanner::new().tokenize(message, |token| {
        if let Some(span) = token.span_in(message) {
            // A key without a value has an empty one.
            assert!(span.start >= end && (!span.is_empty() || message[span.start - 1] == b'='));
            end = span.end;
        }
    });
    let _ = level(message);
}

/// Returns everything about a state except who counted what.
fn seen(patterns: &Patterns) -> (Vec<otlake::fingerprint::Pattern>, u64) {
    (patterns.patterns().to_vec(), patterns.rejected())
}
