//! The same request in protobuf and in JSON: the same rows.

use otlake_testkit::Rng;

use crate::subject::{Subject, decode, one_nan};

for_every_signal! {
    arbitrary_requests_in_any_dialect_give_the_rows_of_protobuf,
}

fn arbitrary_requests_in_any_dialect_give_the_rows_of_protobuf<S: Subject>() {
    let mut decoder = S::generous();
    let mut rows = 0;
    for seed in 0..1_000 {
        let mut rng = Rng::new(seed);
        let request = S::arbitrary(&mut rng);
        let json = request.json(&mut rng);
        let expected = one_nan(request.canonical_rows());
        let (ours, summary) = decode::<S>(&mut decoder, json.as_bytes())
            .unwrap_or_else(|error| panic!("seed {seed}: {error}\n{json}"));
        assert_eq!(
            (summary.rejected, summary.replaced_strings),
            (0, 0),
            "seed {seed}"
        );
        for (row, (ours, expected)) in ours.iter().zip(&expected).enumerate() {
            assert_eq!(ours, expected, "seed {seed}, row {row}\n{json}");
        }
        assert_eq!(ours.len(), expected.len(), "seed {seed}");
        rows += ours.len();
    }
    assert!(rows > 1_000, "{rows} rows");
}
