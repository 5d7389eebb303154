//! The same request in protobuf and in JSON: the same rows.

use otlake_testkit::{Rng, Shape, logs_request};

use crate::subject::{ExportLogsServiceRequest, Subject, decode, one_nan};

for_every_signal! {
    arbitrary_requests_in_any_dialect_give_the_rows_of_protobuf,
    what_serde_writes_gives_the_same_rows_where_serde_can_read_it,
}

fn arbitrary_requests_in_any_dialect_give_the_rows_of_protobuf<S: Subject>() {
    let mut decoder = S::generous();
    let mut rows = 0;
    for seed in 0..500 {
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
    assert!(rows > 500, "{rows} rows");
}

/// serde's derives for prost's messages know one dialect, and lose some of what they write: doubles that
/// are not finite, and in metrics with one of those all data. Where they lose nothing they are right.
fn what_serde_writes_gives_the_same_rows_where_serde_can_read_it<S: Subject>() {
    let mut decoder = S::generous();
    let mut compared = 0;
    for seed in 0..1_000 {
        let request = S::arbitrary(&mut Rng::new(seed));
        let expected = request.canonical_rows();
        let json = serde_json::to_vec(&request).unwrap();
        if serde_json::from_slice::<S>(&json).is_ok_and(|read| read.canonical_rows() == expected) {
            let (ours, _) = decode::<S>(&mut decoder, &json)
                .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            assert!(
                ours == expected,
                "seed {seed}: {}",
                String::from_utf8_lossy(&json)
            );
            compared += ours.len().min(1);
        }
    }
    assert!(compared > 20, "{compared} of 1000 requests with rows");
}

#[test]
fn production_shapes_give_the_rows_of_protobuf() {
    let mut decoder = ExportLogsServiceRequest::generous();
    for shape in [Shape::ten_thousand(), Shape::small_groups()] {
        let request = logs_request(&shape);
        let json = serde_json::to_vec(&request).unwrap();
        let (ours, _) = decode::<ExportLogsServiceRequest>(&mut decoder, &json).unwrap();
        assert!(
            ours == otlake_testkit::canonical_logs(&request),
            "{shape:?}"
        );
    }
}
