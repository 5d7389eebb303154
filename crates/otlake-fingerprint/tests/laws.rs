//! The laws: a fingerprint is a pure function, and the learned state is a join-semilattice.

use otlake_fingerprint::{
    Fingerprinter, MAX_SIGNATURE, Pattern, PatternOptions, Patterns, Scanner, Sighting, Tokenizer,
};
use proptest::prelude::*;

/// Messages that share enough words to form patterns.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "user", "disk", "in", "ann", "bob", "cy", "dee", "eve", "7", "10.0.0.1", "k=v",
    ]);
    prop_oneof![
        4 => prop::collection::vec(word, 1..5).prop_map(|words| words.join(" ").into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..64),
    ]
}

fn stream() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(message(), 0..60)
}

fn learn(source: u64, messages: &[Vec<u8>]) -> Patterns {
    bounded(source, usize::MAX / 2, messages)
}

fn bounded(source: u64, max_bytes: usize, messages: &[Vec<u8>]) -> Patterns {
    let mut patterns = Patterns::new(
        PatternOptions::new()
            .with_source(source)
            .with_max_bytes(max_bytes),
    );
    let mut fingerprinter = Fingerprinter::new();
    for (time, message) in messages.iter().enumerate() {
        let sighting = Sighting {
            time_unix_nano: time as u64,
            severity_number: message.len() as i32 % 25,
        };
        patterns.learn_seen(fingerprinter.fingerprint(message), message, sighting);
    }
    patterns
}

fn merged(a: &Patterns, b: &Patterns) -> Patterns {
    let mut a = a.clone();
    a.merge(b);
    a
}

/// Everything about a state that can be observed.
fn seen(patterns: &Patterns) -> (Vec<Pattern>, u64) {
    (patterns.patterns().to_vec(), patterns.rejected())
}

/// The same without times, which shards of a stream number differently.
fn grouped(patterns: &Patterns) -> Vec<Pattern> {
    let mut all = patterns.patterns().to_vec();
    for pattern in &mut all {
        pattern.first_seen_unix_nano = None;
        pattern.last_seen_unix_nano = None;
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_fingerprint_is_a_function_of_the_message(messages in stream()) {
        let mut used = Fingerprinter::new();
        for message in &messages {
            prop_assert_eq!(used.fingerprint(message), Fingerprinter::new().fingerprint(message));
        }
    }

    #[test]
    fn any_bytes_give_tokens_in_order(message in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut end = 0;
        let mut count = 0;
        Scanner::new().tokenize(&message, |token| {
            if let Some(span) = token.span_in(&message) {
                // A key without a value has an empty one.
                assert!(span.start >= end && (!span.is_empty() || message[span.start - 1] == b'='));
                end = span.end;
            }
            count += 1;
        });
        prop_assert!(count <= message.len());
    }

    #[test]
    fn values_of_typed_variables_do_not_count(a in 0_u64.., b in 0_u64.., c in any::<[u8; 4]>()) {
        let mut f = Fingerprinter::new();
        let c = std::net::Ipv4Addr::from(c);
        let one = f.fingerprint(format!("job {a} took {b} ms on {c}").as_bytes());
        prop_assert_eq!(one, f.fingerprint(b"job 1 took 2 ms on 10.0.0.1"));
    }

    #[test]
    fn merge_is_commutative(a in stream(), b in stream()) {
        let (a, b) = (learn(1, &a), learn(2, &b));
        prop_assert_eq!(seen(&merged(&a, &b)), seen(&merged(&b, &a)));
    }

    #[test]
    fn merge_is_associative(a in stream(), b in stream(), c in stream()) {
        let (a, b, c) = (learn(1, &a), learn(2, &b), learn(3, &c));
        prop_assert_eq!(seen(&merged(&merged(&a, &b), &c)), seen(&merged(&a, &merged(&b, &c))));
    }

    #[test]
    fn merge_is_idempotent(a in stream(), b in stream()) {
        let (a, b) = (learn(1, &a), learn(2, &b));
        let both = merged(&a, &b);
        prop_assert_eq!(seen(&merged(&both, &a)), seen(&both));
        prop_assert_eq!(seen(&merged(&both, &both)), seen(&both));
    }

    #[test]
    fn order_does_not_matter(mut messages in stream(), seed in any::<u64>()) {
        let straight = grouped(&learn(0, &messages));
        shuffle(&mut messages, seed);
        prop_assert_eq!(grouped(&learn(0, &messages)), straight);
    }

    #[test]
    fn sharding_does_not_matter(messages in stream(), shards in 1_usize..5) {
        let mut all = Patterns::default();
        for shard in 0..shards {
            let part: Vec<_> = messages.iter().skip(shard).step_by(shards).cloned().collect();
            all.merge(&learn(shard as u64, &part));
        }
        prop_assert_eq!(grouped(&all), grouped(&learn(0, &messages)));
    }

    #[test]
    fn saving_and_loading_changes_nothing(a in stream(), b in stream(), max_bytes in 10_000_usize..60_000) {
        let state = merged(&bounded(1, max_bytes, &a), &bounded(2, max_bytes, &b));
        let bytes = state.save();
        let options = PatternOptions::new().with_source(1).with_max_bytes(max_bytes);
        let mut loaded = Patterns::load(&bytes, options).unwrap();
        prop_assert_eq!(seen(&loaded), seen(&state));
        prop_assert_eq!(loaded.save(), bytes);
        loaded.merge(&state);
        prop_assert_eq!(seen(&loaded), seen(&state));
    }

    #[test]
    fn a_learned_message_is_found_and_extracted(messages in stream()) {
        let patterns = learn(0, &messages);
        let set = patterns.patterns();
        let mut fingerprinter = Fingerprinter::new();
        for message in &messages {
            let fingerprint = fingerprinter.fingerprint(message);
            let found = set.find(&mut fingerprinter, message).map(|pattern| pattern.id);
            prop_assert_eq!(found, set.pattern(fingerprint).map(|pattern| pattern.id));
            let (pattern, variables) = set.extract(&mut fingerprinter, message).unwrap();
            prop_assert_eq!(Some(pattern.id), found);
            prop_assert!(!variables.iter().any(|variable| variable.text.is_empty()) || message.contains(&b'='));
        }
        let total: u64 = set.iter().map(|pattern| pattern.count).sum();
        prop_assert_eq!(total, messages.len() as u64);
    }

    #[test]
    fn the_laws_hold_at_the_memory_bound(
        a in crowd(),
        b in crowd(),
        c in crowd(),
        max_bytes in 5_000_usize..80_000,
        seed in any::<u64>(),
    ) {
        let small = |source, messages: &[Vec<u8>]| bounded(source, max_bytes, messages);
        let mut together = [a.clone(), b.clone(), c.clone()].concat();
        let (a, b, c) = (small(1, &a), small(2, &b), small(3, &c));
        let all = merged(&merged(&a, &b), &c);
        prop_assert_eq!(seen(&all), seen(&merged(&a, &merged(&b, &c))));
        prop_assert_eq!(seen(&all), seen(&merged(&merged(&c, &b), &a)));
        prop_assert_eq!(all.save(), merged(&merged(&c, &b), &a).save());
        prop_assert_eq!(seen(&merged(&all, &a)), seen(&all));
        prop_assert_eq!(grouped(&small(1, &together)), grouped(&all));
        prop_assert_eq!(small(1, &together).rejected(), all.rejected());
        shuffle(&mut together, seed);
        let shuffled = small(1, &together);
        prop_assert_eq!(grouped(&shuffled), grouped(&all));
        prop_assert!(shuffled.weight() <= max_bytes);
    }
}

/// More different messages than a small bound holds, of several lengths and first words.
fn crowd() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let message = "[a-c]{1,2}( [a-f]{1,3}){0,3}( [g-z]{60})?".prop_map(String::into_bytes);
    prop::collection::vec(message, 0..80)
}

fn shuffle<T>(items: &mut [T], mut seed: u64) {
    for at in (1..items.len()).rev() {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        items.swap(at, (seed >> 33) as usize % (at + 1));
    }
}

#[test]
fn hostile_input_costs_bounded_work() {
    let mut patterns = Patterns::default();
    let mut fingerprinter = Fingerprinter::new();
    let deep = [
        b"{\"a\":".repeat(100_000),
        b"1".to_vec(),
        b"}".repeat(100_000),
    ]
    .concat();
    let inputs = [
        vec![b'x'; 10 << 20],
        vec![b'7'; 10 << 20],
        b"x ".repeat(5 << 20),
        b"[".repeat(1 << 20),
        b"{\"".repeat(1 << 20),
        b": ".repeat(1 << 20),
        b"\x1b[".repeat(1 << 20),
        b"a=\"".repeat(1 << 20),
        b"Jun Jun Jun ".repeat(1 << 16),
        b"a.".repeat(1 << 20),
        vec![0xff; 1 << 20],
        vec![b'\n'; 1 << 20],
        deep,
    ];
    for input in &inputs {
        let fingerprint = fingerprinter.fingerprint(input);
        assert!(fingerprinter.signature().as_bytes().len() <= MAX_SIGNATURE);
        patterns.learn(fingerprint, input);
        assert!(patterns.template(fingerprint).is_some());
    }
    assert!(!patterns.patterns().is_empty());
}
