//! A decoder that leaves out the attributes of records delivers the same rows without them, and judges every payload
//! and every record as a decoder that keeps them.

use otlake_otlp::{Format, InvalidUtf8, Limits, OtlpDecoder};
use otlake_testkit::{Decoded, Rng, mutate};

use crate::subject::{Subject, decode};

for_every_signal! {
    leaving_out_attributes_changes_nothing_else,
}

/// Returns a decoder that keeps attributes and one that leaves them out.
fn decoders(limits: Limits, invalid_utf8: InvalidUtf8) -> [OtlpDecoder; 2] {
    let builder = || {
        let builder = OtlpDecoder::builder().limits(limits);
        builder.invalid_utf8(invalid_utf8)
    };
    [
        builder().build(),
        builder().without_record_attributes().build(),
    ]
}

/// Removes what the decoder without attributes does not know.
fn without_attributes(mut decoded: Decoded) -> Decoded {
    for row in &mut decoded.rows {
        row.attributes.clear();
    }
    if let Ok(summary) = &mut decoded.result {
        summary.replaced_strings = 0;
    }
    decoded
}

fn leaving_out_attributes_changes_nothing_else<S: Subject>() {
    let strict = Limits::default()
        .with_attributes(3)
        .with_value_bytes(64)
        .with_name_bytes(8)
        .with_nesting_depth(2)
        .with_nested_values(6);
    let (mut attributes, mut rejected, mut faults) = (0, 0, 0);
    for (limits, invalid_utf8) in [
        (Limits::default(), InvalidUtf8::Replace),
        (Limits::default(), InvalidUtf8::Reject),
        (strict, InvalidUtf8::Replace),
    ] {
        let [mut all, mut fields] = decoders(limits, invalid_utf8);
        for seed in 0..3_000 {
            let mut rng = Rng::new(seed);
            let mut payload = S::arbitrary(&mut rng).encode_to_vec();
            for _ in 0..rng.below(3) {
                mutate(&mut payload, S::SIGNAL, &mut rng);
            }
            let expected = decode::<S>(&mut all, &payload);
            attributes += expected
                .rows
                .iter()
                .filter(|row| !row.attributes.is_empty())
                .count();
            match &expected.result {
                Ok(summary) => rejected += summary.rejected,
                Err(_) => faults += 1,
            }
            let found = decode::<S>(&mut fields, &payload);
            assert!(
                found.rows.iter().all(|row| row.attributes.is_empty()),
                "seed {seed}"
            );
            assert_eq!(
                without_attributes(found),
                without_attributes(expected),
                "seed {seed}"
            );
        }
    }
    assert!(attributes > 1_000 && rejected > 1_000 && faults > 100);
}

/// The same for OTLP/JSON, where the decoder reads attributes and drops them.
#[cfg(feature = "json")]
#[test]
fn json_without_attributes() {
    let json = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[
        {"severityNumber":9,"attributes":[{"key":"a","value":{"stringValue":"x"}},{"key":"b","value":{"novel":1}}]}
    ]}]}]}"#;
    let [mut all, mut fields] = decoders(Limits::default(), InvalidUtf8::Replace);
    let signal = otlake_row::Signal::Logs;
    let expected = Decoded::by(&mut all, signal, Format::Json, json);
    assert_eq!(expected.rows[0].attributes.len(), 2);
    let found = Decoded::by(&mut fields, signal, Format::Json, json);
    assert_eq!(found, without_attributes(expected));
}
