use bumpalo::Bump;
use otlake_row::{MetricKind, Row, Value, fields};

use super::{Entries, push_sent, push_time};
use crate::values::Values;

/// The fields of a `Metric` that concern all of its data points.
#[derive(Clone, Copy)]
pub(crate) struct Metric<'r> {
    pub(crate) name: &'r str,
    pub(crate) description: &'r str,
    pub(crate) unit: &'r str,
    pub(crate) metadata: Entries<'r>,
    pub(crate) kind: MetricKind,
    /// The temporality of a sum or a histogram; 0 for other kinds.
    pub(crate) aggregation_temporality: i32,
    /// Whether a sum is monotonic; false for other kinds.
    pub(crate) is_monotonic: bool,
}

impl<'r> Metric<'r> {
    /// Returns the bytes that each data point repeats.
    pub(crate) fn repeated_bytes(&self) -> usize {
        let texts = [self.name, self.description, self.unit].map(str::len);
        texts.iter().sum::<usize>() + Value::KvList(self.metadata).content_bytes()
    }

    #[inline]
    pub(crate) fn push(&self, row: &mut Row<'r>) {
        push_sent(row, fields::NAME, Value::String(self.name));
        push_sent(row, fields::DESCRIPTION, Value::String(self.description));
        push_sent(row, fields::UNIT, Value::String(self.unit));
        push_sent(row, fields::METADATA, Value::KvList(self.metadata));
        row.push(fields::KIND, Value::String(self.kind.name()));
        if self.kind.has_temporality() {
            row.push(
                fields::AGGREGATION_TEMPORALITY,
                Value::Int(self.aggregation_temporality.into()),
            );
        }
        if self.kind.has_monotonicity() {
            row.push(fields::IS_MONOTONIC, Value::Bool(self.is_monotonic));
        }
    }
}

/// The value of a `NumberDataPoint` or an `Exemplar`.
#[derive(Clone, Copy)]
pub(crate) enum Number {
    Int(i64),
    Double(f64),
}

/// A `NumberDataPoint` without its attributes.
#[derive(Default)]
pub(crate) struct NumberDataPoint<'r> {
    pub(crate) start_time_unix_nano: u64,
    pub(crate) time_unix_nano: u64,
    pub(crate) value: Option<Number>,
    /// Values made by [`Exemplar::into_value`].
    pub(crate) exemplars: &'r [Value<'r>],
    pub(crate) flags: u32,
}

impl<'r> NumberDataPoint<'r> {
    #[inline]
    pub(crate) fn push(self, values: &Values<'r>, row: &mut Row<'r>) {
        push_times(self.start_time_unix_nano, self.time_unix_nano, values, row);
        match self.value {
            Some(Number::Int(int)) => row.push(fields::AS_INT, Value::Int(int)),
            Some(Number::Double(double)) => row.push(fields::AS_DOUBLE, Value::Double(double)),
            None => {}
        }
        push_sent(row, fields::FLAGS, Value::Int(self.flags.into()));
        push_sent(row, fields::EXEMPLARS, Value::Array(self.exemplars));
    }
}

/// A `HistogramDataPoint` without its attributes.
#[derive(Default)]
pub(crate) struct HistogramDataPoint<'r> {
    pub(crate) start_time_unix_nano: u64,
    pub(crate) time_unix_nano: u64,
    pub(crate) count: u64,
    pub(crate) sum: Option<f64>,
    /// Values made by [`Values::unsigned`].
    pub(crate) bucket_counts: &'r [Value<'r>],
    pub(crate) explicit_bounds: &'r [Value<'r>],
    /// Values made by [`Exemplar::into_value`].
    pub(crate) exemplars: &'r [Value<'r>],
    pub(crate) flags: u32,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
}

impl<'r> HistogramDataPoint<'r> {
    #[inline]
    pub(crate) fn push(self, values: &Values<'r>, row: &mut Row<'r>) {
        push_times(self.start_time_unix_nano, self.time_unix_nano, values, row);
        values.push_unsigned(self.count, |count| row.push(fields::COUNT, count));
        push_statistics(self.sum, self.min, self.max, row);
        row.push(fields::EXPLICIT_BOUNDS, Value::Array(self.explicit_bounds));
        row.push(fields::BUCKET_COUNTS, Value::Array(self.bucket_counts));
        push_sent(row, fields::FLAGS, Value::Int(self.flags.into()));
        push_sent(row, fields::EXEMPLARS, Value::Array(self.exemplars));
    }
}

/// An `ExponentialHistogramDataPoint` without its attributes, field by field, which is why there are more than a dozen.
#[derive(Default)]
pub(crate) struct ExponentialHistogramDataPoint<'r> {
    pub(crate) start_time_unix_nano: u64,
    pub(crate) time_unix_nano: u64,
    pub(crate) count: u64,
    pub(crate) sum: Option<f64>,
    pub(crate) scale: i32,
    pub(crate) zero_count: u64,
    pub(crate) positive: Option<Buckets<'r>>,
    pub(crate) negative: Option<Buckets<'r>>,
    pub(crate) flags: u32,
    /// Values made by [`Exemplar::into_value`].
    pub(crate) exemplars: &'r [Value<'r>],
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) zero_threshold: f64,
}

/// The `Buckets` on one side of zero.
#[derive(Clone, Copy, Default)]
pub(crate) struct Buckets<'r> {
    pub(crate) offset: i32,
    /// Values made by [`Values::unsigned`].
    pub(crate) bucket_counts: &'r [Value<'r>],
}

impl<'r> ExponentialHistogramDataPoint<'r> {
    #[inline]
    pub(crate) fn push(self, values: &Values<'r>, row: &mut Row<'r>) {
        push_times(self.start_time_unix_nano, self.time_unix_nano, values, row);
        values.push_unsigned(self.count, |count| row.push(fields::COUNT, count));
        push_statistics(self.sum, self.min, self.max, row);
        row.push(fields::SCALE, Value::Int(self.scale.into()));
        values.push_unsigned(self.zero_count, |count| row.push(fields::ZERO_COUNT, count));
        row.push(fields::ZERO_THRESHOLD, Value::Double(self.zero_threshold));
        for (buckets, offset, bucket_counts) in [
            (
                self.positive,
                fields::POSITIVE_OFFSET,
                fields::POSITIVE_BUCKET_COUNTS,
            ),
            (
                self.negative,
                fields::NEGATIVE_OFFSET,
                fields::NEGATIVE_BUCKET_COUNTS,
            ),
        ] {
            if let Some(buckets) = buckets {
                row.push(offset, Value::Int(buckets.offset.into()));
                row.push(bucket_counts, Value::Array(buckets.bucket_counts));
            }
        }
        push_sent(row, fields::FLAGS, Value::Int(self.flags.into()));
        push_sent(row, fields::EXEMPLARS, Value::Array(self.exemplars));
    }
}

/// A `SummaryDataPoint` without its attributes.
#[derive(Default)]
pub(crate) struct SummaryDataPoint<'r> {
    pub(crate) start_time_unix_nano: u64,
    pub(crate) time_unix_nano: u64,
    pub(crate) count: u64,
    pub(crate) sum: f64,
    /// Values made by [`quantile_value`].
    pub(crate) quantile_values: &'r [Value<'r>],
    pub(crate) flags: u32,
}

impl<'r> SummaryDataPoint<'r> {
    #[inline]
    pub(crate) fn push(self, values: &Values<'r>, row: &mut Row<'r>) {
        push_times(self.start_time_unix_nano, self.time_unix_nano, values, row);
        values.push_unsigned(self.count, |count| row.push(fields::COUNT, count));
        row.push(fields::SUM, Value::Double(self.sum));
        row.push(fields::QUANTILE_VALUES, Value::Array(self.quantile_values));
        push_sent(row, fields::FLAGS, Value::Int(self.flags.into()));
    }
}

/// Returns a `ValueAtQuantile` as a value.
pub(crate) fn quantile_value(arena: &Bump, quantile: f64, value: f64) -> Value<'_> {
    Value::KvList(arena.alloc_slice_copy(&[
        ("quantile", Value::Double(quantile)),
        ("value", Value::Double(value)),
    ]))
}

/// An `Exemplar`.
#[derive(Default)]
pub(crate) struct Exemplar<'r> {
    pub(crate) time_unix_nano: u64,
    pub(crate) value: Option<Number>,
    pub(crate) span_id: &'r [u8],
    pub(crate) trace_id: &'r [u8],
    pub(crate) filtered_attributes: Entries<'r>,
}

impl<'r> Exemplar<'r> {
    pub(crate) fn into_value(self, values: &Values<'r>) -> Value<'r> {
        let (as_int, as_double) = match self.value {
            Some(Number::Int(int)) => (Value::Int(int), Value::Empty),
            Some(Number::Double(double)) => (Value::Empty, Value::Double(double)),
            None => (Value::Empty, Value::Empty),
        };
        Value::KvList(values.arena.alloc_slice_copy(&[
            ("time_unix_nano", values.unsigned(self.time_unix_nano)),
            ("as_int", as_int),
            ("as_double", as_double),
            ("span_id", Value::Bytes(self.span_id)),
            ("trace_id", Value::Bytes(self.trace_id)),
            (
                "filtered_attributes",
                Value::KvList(self.filtered_attributes),
            ),
        ]))
    }
}

#[inline]
fn push_times<'r>(start: u64, time: u64, values: &Values<'r>, row: &mut Row<'r>) {
    push_time(row, fields::START_TIME_UNIX_NANO, start, values);
    push_time(row, fields::TIME_UNIX_NANO, time, values);
}

#[inline]
fn push_statistics(sum: Option<f64>, min: Option<f64>, max: Option<f64>, row: &mut Row<'_>) {
    for (key, statistic) in [(fields::SUM, sum), (fields::MIN, min), (fields::MAX, max)] {
        if let Some(statistic) = statistic {
            row.push(key, Value::Double(statistic));
        }
    }
}
