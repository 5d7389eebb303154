//! Strings that are not UTF-8.

use otlake_otlp::{InvalidUtf8, OtlpDecoder, RejectionReason};
use otlake_testkit::{CanonicalRow, CanonicalValue, Rng, break_utf8, delimited_field, repair_utf8};

use crate::subject::{Subject, agree, decode, generous};

for_every_signal! {
    are_replaced_and_counted,
    reject_their_records_if_the_rules_say_so,
    of_rejected_records_are_not_interned,
}

fn are_replaced_and_counted<S: Subject>() {
    let mut decoder = generous();
    for seed in 0..2_000 {
        let mut rng = Rng::new(seed);
        let mut payload = S::arbitrary(&mut rng).encode_to_vec();
        let broken = break_utf8(&mut payload, S::SIGNAL, &mut rng);
        let ours = agree::<S>(&mut decoder, &payload, format_args!("seed {seed}"));
        assert_eq!(
            ours.result.unwrap().replaced_strings,
            broken as u64,
            "seed {seed}"
        );
    }
}

fn reject_their_records_if_the_rules_say_so<S: Subject>() {
    let mut decoder = OtlpDecoder::builder()
        .invalid_utf8(InvalidUtf8::Reject)
        .build();
    let (mut accepted, mut rejected) = (0, 0);
    for seed in 0..2_000 {
        let mut rng = Rng::new(seed);
        let mut payload = S::arbitrary(&mut rng).encode_to_vec();
        break_utf8(&mut payload, S::SIGNAL, &mut rng);
        let (repaired, _) = repair_utf8(&payload, S::SIGNAL);
        // No request has this character before it is repaired, so it marks the records.
        let rows = S::decode(&repaired[..]).unwrap().canonical_rows();
        let first = rows.iter().position(was_repaired);
        let all = rows.len();
        let expected: Vec<_> = rows.into_iter().filter(|row| !was_repaired(row)).collect();

        let ours = decode::<S>(&mut decoder, &payload);
        let summary = ours.result.unwrap();
        assert!(ours.rows == expected, "seed {seed}");
        assert_eq!(summary.rejected, (all - expected.len()) as u64);
        assert_eq!(summary.replaced_strings, 0);
        let rejection = summary.first_rejection.as_ref();
        let first = first.map(|index| (index as u64 + 1, &RejectionReason::InvalidUtf8));
        assert_eq!(
            rejection.map(|first| (first.record(), first.reason())),
            first
        );
        accepted += summary.accepted;
        rejected += summary.rejected;
    }
    assert!(
        accepted > 500 && rejected > 500,
        "{accepted} and {rejected}"
    );
}

fn was_repaired(row: &CanonicalRow) -> bool {
    let mut entries = row.entries();
    entries.any(|(name, value)| name.contains('\u{fffd}') || contains(value))
}

fn contains(value: &CanonicalValue) -> bool {
    match value {
        CanonicalValue::String(text) => text.contains('\u{fffd}'),
        CanonicalValue::Array(values) => values.iter().any(contains),
        CanonicalValue::KvList(entries) => entries
            .iter()
            .any(|(name, value)| name.contains('\u{fffd}') || contains(value)),
        _ => false,
    }
}

/// Names in rejected records must not fill the interner.
fn of_rejected_records_are_not_interned<S: Subject>() {
    let mut decoder = OtlpDecoder::builder()
        .invalid_utf8(InvalidUtf8::Reject)
        .build();
    let attribute = delimited_field(S::ATTRIBUTES, &delimited_field(1, b"valid so far\xff"));
    let ours = decode::<S>(&mut decoder, &S::payload(b"", b"", &[attribute]));
    assert_eq!(ours.result.unwrap().rejected, 1);
    let location = otlake_row::Location::Attribute;
    assert_eq!(decoder.keys().len(location), 0);
}
