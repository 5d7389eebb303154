//! Loads arbitrary bytes as a saved state. The result is an error, or a state that saves and loads
//! unchanged.
//!
//! The bytes are loaded unchanged, and once more with a repaired checksum, because hardly any input
//! would pass the checksum otherwise.

#![no_main]

use libfuzzer_sys::fuzz_target;
use otlake::fingerprint::{LoadError, PatternOptions, Patterns};
use xxhash_rust::xxh3::xxh3_64;

fuzz_target!(|input: &[u8]| {
    for max_bytes in [64 << 20, 20_000] {
        let options = PatternOptions::new()
            .with_source(7)
            .with_max_bytes(max_bytes);
        check(Patterns::load(input, options), options);
        if let Some((content, _)) = input.split_last_chunk::<8>() {
            let sealed = [content, &xxh3_64(content).to_le_bytes()].concat();
            let loaded = Patterns::load(&sealed, options);
            assert!(!matches!(loaded, Err(LoadError::Checksum { .. })));
            check(loaded, options);
        }
    }
});

fn check(loaded: Result<Patterns, LoadError>, options: PatternOptions) {
    let Ok(mut state) = loaded else {
        return;
    };
    assert!(state.weight() <= options.max_bytes);
    let saved = state.save();
    let again = Patterns::load(&saved, options).expect("what was saved can be loaded");
    assert_eq!(again.save(), saved);
    assert_eq!(again.patterns().to_vec(), state.patterns().to_vec());
    assert_eq!(again.rejected(), state.rejected());

    state.merge(&again);
    assert_eq!(state.save(), saved, "merged with itself");
    // A state that was saved elsewhere can be continued.
    let fingerprint = state.observe(b"user ann logged in from 10.0.0.7");
    let _ = state.template(fingerprint);
    assert!(Patterns::load(&state.save(), options).is_ok());
}
