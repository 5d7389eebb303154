//! The records that were sent, from prost's messages.

use std::collections::{BTreeMap, BTreeSet};

use otlake::row::Signal;
use otlake_reader_tests::Drift;
use otlake_testkit::{
    CanonicalRow, CanonicalValue, canonical_logs, canonical_metrics, canonical_traces,
};

pub(crate) struct Truth {
    /// Attributes of each record by full name, with their text if there is only one way to write
    /// it.
    records: BTreeMap<i64, Vec<(String, Option<String>)>>,
    /// Number of values in attribute columns and in overflow.
    pub(crate) values: usize,
}

impl Truth {
    pub(crate) fn of(drift: Drift, signal: Signal) -> Truth {
        let mut truth = Truth {
            records: BTreeMap::new(),
            values: 0,
        };
        for day in drift.filter(|day| day.has(signal)) {
            let rows = match signal {
                Signal::Logs => canonical_logs(&day.logs),
                Signal::Traces => canonical_traces(&day.traces),
                Signal::Metrics => canonical_metrics(&day.metrics),
            };
            for row in rows {
                truth.add(&row);
            }
        }
        truth
    }

    fn add(&mut self, row: &CanonicalRow) {
        let groups = [
            ("resource", &row.resource),
            ("scope", &row.scope),
            ("attr", &row.attributes),
        ];
        let named = groups.into_iter().flat_map(|(group, attributes)| {
            let texts = attributes.iter();
            texts.map(move |(key, value)| (format!("{group}.{key}"), text(value)))
        });
        let attributes: Vec<_> = named.collect();
        // A time that does not fit its column overflows as text.
        let too_large = row.fields.iter().filter(|(name, value)| {
            name.ends_with("time_unix_nano") && matches!(value, CanonicalValue::String(_))
        });
        self.values += attributes.len() + too_large.count();
        let number = attributes
            .iter()
            .find(|(name, _)| name == "attr.record.number");
        let number = number.and_then(|(_, text)| text.as_ref()?.parse().ok());
        let before = self.records.insert(number.unwrap(), attributes);
        assert!(before.is_none(), "record {number:?} occurs twice");
    }

    pub(crate) fn numbers(&self) -> Vec<i64> {
        self.records.keys().copied().collect()
    }

    /// Returns the records in which an attribute has a text: first those that a filter has to find,
    /// then those that it may find. If a record has two values for one name, the second may be
    /// under `name#2`.
    pub(crate) fn with(&self, name: &str, wanted: &str) -> (BTreeSet<i64>, BTreeSet<i64>) {
        let (mut surely, mut possibly) = (BTreeSet::new(), BTreeSet::new());
        for (number, attributes) in &self.records {
            let of_name = attributes.iter().filter(|(of, _)| of == name);
            let texts: Vec<&str> = of_name.filter_map(|(_, text)| text.as_deref()).collect();
            let values = attributes.iter().filter(|(of, _)| of == name).count();
            if texts.contains(&wanted) {
                possibly.insert(*number);
                if values == 1 {
                    surely.insert(*number);
                }
            }
        }
        (surely, possibly)
    }
}

fn text(value: &CanonicalValue) -> Option<String> {
    match value {
        CanonicalValue::Bool(value) => Some(value.to_string()),
        CanonicalValue::Int(value) => Some(value.to_string()),
        CanonicalValue::String(value) => Some(value.clone()),
        CanonicalValue::Double(bits) => {
            let value = f64::from_bits(*bits);
            (value.abs() < 1e6).then(|| value.to_string())
        }
        _ => None,
    }
}
