use otlake_testkit::Allocations;
use serde_json::{Value, json};

use crate::case::Kind;

/// What was measured of one case on one workload.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The workload's name.
    pub payload: String,
    /// The case's name.
    pub case: &'static str,
    /// Whose work it is.
    pub kind: Kind,
    /// Records of one pass.
    pub records: usize,
    /// Nanoseconds a record, the median over the rounds.
    pub ns_per_record: f64,
    /// Half the distance between the quartiles of the rounds, as a share of the median: how noisy
    /// the machine was.
    pub spread: f64,
    /// What one warm pass allocated, or nothing when the program counts no allocations.
    pub allocations: Option<Allocations>,
    /// Bytes of the files that one pass made.
    pub output_bytes: Option<usize>,
}

impl Figure {
    /// Records a second.
    pub fn records_per_s(&self) -> f64 {
        1e9 / self.ns_per_record
    }

    /// Bytes allocated a record.
    pub fn bytes_per_record(&self) -> Option<f64> {
        self.allocations
            .map(|allocations| allocations.bytes as f64 / self.records as f64)
    }

    /// Allocations a record.
    pub fn allocs_per_record(&self) -> Option<f64> {
        self.allocations
            .map(|allocations| allocations.count as f64 / self.records as f64)
    }

    /// Bytes of output a record.
    pub fn output_bytes_per_record(&self) -> Option<f64> {
        self.output_bytes
            .map(|bytes| bytes as f64 / self.records as f64)
    }
}

/// The figures as a list of objects, null where something does not apply.
pub fn to_json(figures: &[Figure]) -> Value {
    figures
        .iter()
        .map(|figure| {
            json!({
                "payload": figure.payload,
                "case": figure.case,
                "kind": figure.kind.to_string(),
                "records_per_s": figure.records_per_s(),
                "ns_per_record": figure.ns_per_record,
                "bytes_per_record": figure.bytes_per_record(),
                "allocs_per_record": figure.allocs_per_record(),
                "peak_bytes": figure.allocations.map(|allocations| allocations.peak),
                "output_bytes_per_record": figure.output_bytes_per_record(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_every_name_and_null_where_nothing_applies() {
        let figure = Figure {
            payload: "10k".to_owned(),
            case: "decode",
            kind: Kind::Stage,
            records: 1_000,
            ns_per_record: 500.0,
            spread: 0.02,
            allocations: Some(Allocations {
                bytes: 4_000,
                count: 100,
                peak: 2_000,
            }),
            output_bytes: None,
        };
        assert_eq!(
            to_json(&[figure]),
            json!([{
                "payload": "10k", "case": "decode", "kind": "stage", "records_per_s": 2e6,
                "ns_per_record": 500.0, "bytes_per_record": 4.0, "allocs_per_record": 0.1,
                "peak_bytes": 2_000, "output_bytes_per_record": null,
            }])
        );
    }
}
