//! The decoders return the same rows as prost, or both fail.

use otlake_otlp::{ContentEncoding, OtlpDecoder};
use otlake_row::KeyLimits;
use otlake_testkit::{CanonicalValue, Rng, mutate};

use crate::subject::{Subject, agree, decode, generous, recorded};

for_every_signal! {
    arbitrary_requests_agree,
    mutated_requests_agree,
    requests_cut_anywhere_agree,
    recorded_payloads_agree,
    production_shapes_agree,
    names_beyond_the_interners_limit_are_kept_in_the_excess_cell,
}

fn arbitrary_requests_agree<S: Subject>() {
    let mut decoder = generous();
    for seed in 0..2_000 {
        let payload = S::arbitrary(&mut Rng::new(seed)).encode_to_vec();
        let ours = agree::<S>(&mut decoder, &payload, format_args!("seed {seed}"));
        assert!(ours.result.is_ok(), "seed {seed}");
    }
}

fn mutated_requests_agree<S: Subject>() {
    let mut decoder = generous();
    let (mut accepted, mut repaired, mut rejected, mut malformed) = (0, 0, 0, 0);
    for seed in 0..12_000 {
        let mut rng = Rng::new(seed);
        let mut payload = S::arbitrary(&mut rng).encode_to_vec();
        for _ in 0..=rng.below(3) {
            mutate(&mut payload, S::SIGNAL, &mut rng);
        }
        match agree::<S>(&mut decoder, &payload, format_args!("seed {seed}")).result {
            Ok(summary) if summary.replaced_strings > 0 => repaired += 1,
            Ok(summary) if summary.rejected > 0 => rejected += 1,
            Ok(_) => accepted += 1,
            Err(_) => malformed += 1,
        }
    }
    // If all mutations were harmless, or all of them fatal, this test would prove little.
    assert!(
        accepted > 1_000 && repaired > 20 && rejected > 1_000 && malformed > 100,
        "accepted {accepted}, repaired {repaired}, rejected {rejected}, malformed {malformed}"
    );
}

fn requests_cut_anywhere_agree<S: Subject>() {
    let mut decoder = generous();
    let payloads = (0..).map(|seed| S::arbitrary(&mut Rng::new(seed)).encode_to_vec());
    // The request is large enough to have records. With each cut, everything before it is decoded.
    let payloads = payloads.filter(|payload| (400..1_200).contains(&payload.len()));
    for payload in payloads.take(5) {
        for end in 0..payload.len() {
            agree::<S>(&mut decoder, &payload[..end], format_args!("cut at {end}"));
        }
    }
}

fn recorded_payloads_agree<S: Subject>() {
    let mut decoder = generous();
    let mut rows = 0;
    for path in recorded::<S>() {
        let extension = path.extension().unwrap().to_str().unwrap();
        let encoding = ContentEncoding::from_extension(extension);
        let body = std::fs::read(&path).unwrap().into();
        if cfg!(not(feature = "gzip")) && extension == "gz" {
            continue;
        }
        let payload = encoding.inflate(&body, 1 << 24);
        let payload = payload.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let ours = agree::<S>(&mut decoder, &payload, path.display());
        assert_eq!(ours.result.unwrap().replaced_strings, 0);
        rows += ours.rows.len();
    }
    assert!(rows > 100, "{rows} rows");
}

fn names_beyond_the_interners_limit_are_kept_in_the_excess_cell<S: Subject>() {
    let limits = KeyLimits::default().with_names(3);
    let mut decoder = OtlpDecoder::builder().key_limits(limits).build();
    for seed in 0..100 {
        let request = S::arbitrary(&mut Rng::new(seed));
        let ours = decode::<S>(&mut decoder, &request.encode_to_vec());
        for (ours, theirs) in ours.rows.into_iter().zip(request.canonical_rows()) {
            let mut attributes = Vec::new();
            for (name, value) in ours.attributes {
                match value {
                    CanonicalValue::KvList(excess) if name.is_empty() => attributes.extend(excess),
                    value => attributes.push((name, value)),
                }
            }
            let mut expected = theirs.attributes;
            attributes.sort_by(|a, b| a.0.cmp(&b.0));
            expected.sort_by(|a, b| a.0.cmp(&b.0));
            assert_eq!(attributes, expected, "nothing is lost, seed {seed}");
        }
    }
}

fn production_shapes_agree<S: Subject>() {
    let mut decoder = generous();
    for payload in S::production(500) {
        let ours = agree::<S>(&mut decoder, &payload, "a generated payload");
        assert_eq!(ours.result.unwrap().accepted, 500);
    }
}
