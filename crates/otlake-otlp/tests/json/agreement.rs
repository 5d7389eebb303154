//! A request in JSON gives the same rows as in protobuf.

use std::path::Path;

use otlake_testkit::{Rng, Shape, logs_request, one_nan};

use crate::subject::{ExportLogsServiceRequest, Subject, decode, generous};

for_every_signal! {
    arbitrary_requests_in_any_dialect_give_the_rows_of_protobuf,
    json_of_serde_gives_the_same_rows_if_serde_can_read_it,
    payloads_of_sdks_give_the_rows_that_serde_gives,
    files_of_the_collector_give_the_rows_of_its_protobuf,
}

/// The directory of the payloads that were recorded from SDKs and the Collector.
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data");

fn arbitrary_requests_in_any_dialect_give_the_rows_of_protobuf<S: Subject>() {
    let mut decoder = generous();
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

/// The serde derives of opentelemetry-proto have one dialect, and lose some of the data that they write: doubles that
/// are not finite, and all data of metrics with such a double. If nothing is lost, the rows must be the same.
fn json_of_serde_gives_the_same_rows_if_serde_can_read_it<S: Subject>() {
    let mut decoder = generous();
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

/// Compares the rows of payloads that SDKs wrote with those that serde reads.
fn payloads_of_sdks_give_the_rows_that_serde_gives<S: Subject>() {
    let data = Path::new(DATA).join("json").join(S::SIGNAL.name());
    let (mut decoder, mut rows) = (generous(), 0);
    for entry in std::fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let json = std::fs::read(&path).unwrap();
            let theirs: S = serde_json::from_slice(&json).unwrap();
            let (ours, _) = decode::<S>(&mut decoder, &json).unwrap();
            assert!(ours == theirs.canonical_rows(), "{}", path.display());
            rows += ours.len();
        }
    }
    assert!(rows > 10, "{rows} rows");
}

/// Compares files of the Collector with the same requests as JSON lines and as length-prefixed protobuf.
fn files_of_the_collector_give_the_rows_of_its_protobuf<S: Subject>() {
    let data = Path::new(DATA).join("collector");
    let name = S::SIGNAL.name();
    let protobuf = std::fs::read(data.join(format!("{name}-proto.bin"))).unwrap();
    let mut expected = Vec::new();
    let mut rest = &protobuf[..];
    while let Some((length, after)) = rest.split_first_chunk() {
        let (message, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        expected.extend(S::decode(message).unwrap().canonical_rows());
        rest = after;
    }
    let lines = std::fs::read_to_string(data.join(format!("{name}.jsonl"))).unwrap();
    let mut decoder = generous();
    let ours = lines
        .lines()
        .flat_map(|json| decode::<S>(&mut decoder, json.as_bytes()).unwrap().0);
    assert!(one_nan(ours.collect()) == one_nan(expected));
}

#[test]
fn production_shapes_give_the_rows_of_protobuf() {
    let mut decoder = generous();
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
