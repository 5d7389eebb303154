use otlake_otlp::Limits;
use serde::{Deserialize, Serialize};

use crate::otlp::options::{Faults, OtlpOptions};

/// The encoding of [`OtlpOptions`].
#[derive(Serialize, Deserialize)]
pub(super) struct EncodedOptions {
    skip_faults: bool,
    payload_bytes: usize,
    nesting_depth: usize,
    attributes: usize,
    nested_values: usize,
    name_bytes: usize,
    value_bytes: usize,
    records: usize,
    repetition: usize,
}

impl EncodedOptions {
    pub(super) fn of(options: OtlpOptions) -> EncodedOptions {
        let limits = options.limits;
        EncodedOptions {
            skip_faults: options.faults == Faults::Skip,
            payload_bytes: limits.payload_bytes(),
            nesting_depth: limits.nesting_depth(),
            attributes: limits.attributes(),
            nested_values: limits.nested_values(),
            name_bytes: limits.name_bytes(),
            value_bytes: limits.value_bytes(),
            records: limits.records(),
            repetition: limits.repetition(),
        }
    }

    pub(super) fn decode(&self) -> OtlpOptions {
        let limits = Limits::default()
            .with_payload_bytes(self.payload_bytes)
            .with_nesting_depth(self.nesting_depth)
            .with_attributes(self.attributes)
            .with_nested_values(self.nested_values)
            .with_name_bytes(self.name_bytes)
            .with_value_bytes(self.value_bytes)
            .with_records(self.records)
            .with_repetition(self.repetition);
        let faults = match self.skip_faults {
            true => Faults::Skip,
            false => Faults::Fail,
        };
        OtlpOptions::new().with_limits(limits).with_faults(faults)
    }
}
