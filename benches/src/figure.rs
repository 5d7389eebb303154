use otlake_testkit::Allocations;
use serde_json::{Value, json};

use crate::case::Kind;

/// The measurement of one case on one workload.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Name of the workload.
    pub payload: String,
    /// Name of the case.
    pub case: &'static str,
    /// Kind of the measured code.
    pub kind: Kind,
    /// Number of records per pass.
    pub records: usize,
    /// Nanoseconds per record, the median over the rounds.
    pub ns_per_record: f64,
    /// Half the interquartile range of the rounds, relative to the median. It shows how noisy the
    /// machine was.
    pub spread: f64,
    /// Allocations of one warm pass, or `None` if the program does not count allocations.
    pub allocations: Option<Allocations>,
    /// Total size of the files of one pass, in bytes.
    pub output_bytes: Option<usize>,
}

impl Figure {
    /// Returns the records per second.
    pub fn records_per_s(&self) -> f64 {
        1e9 / self.ns_per_record
    }

    /// Returns the bytes allocated per record.
    pub fn bytes_per_record(&self) -> Option<f64> {
        self.allocations
            .map(|allocations| allocations.bytes as f64 / self.records as f64)
    }

    /// Returns the allocations per record.
    pub fn allocs_per_record(&self) -> Option<f64> {
        self.allocations
            .map(|allocations| allocations.count as f64 / self.records as f64)
    }

    /// Returns the bytes of output per record.
    pub fn output_bytes_per_record(&self) -> Option<f64> {
        self.output_bytes
            .map(|bytes| bytes as f64 / self.records as f64)
    }
}

/// Converts figures to a list of JSON objects. Members that don't apply are null.
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
