use otlake_row::{Key, MetricKind, enums, fields};

use super::Absent::{Null, Zero};
use super::FieldKind::{
    Boolean, EnumName, Float64, Hex, Int64, List, Map, Struct, Timestamp, Utf8,
};
use super::{FieldColumn, FieldKind, column, member};

/// `AggregationTemporality`
const TEMPORALITIES: FieldKind = EnumName(enums::AGGREGATION_TEMPORALITY);

/// `SummaryDataPoint.ValueAtQuantile`
const QUANTILE_VALUES: FieldKind = List(&Struct(&[
    member("quantile", Float64),
    member("value", Float64),
]));

/// `Exemplar`
const EXEMPLARS: FieldKind = List(&Struct(&[
    member("time_unix_nano", Int64),
    member("as_int", Int64),
    member("as_double", Float64),
    member("span_id", Hex),
    member("trace_id", Hex),
    member("filtered_attributes", Map),
]));

#[rustfmt::skip]
pub(super) const COLUMNS: &[FieldColumn] = &[
    column(1, "timestamp", fields::TIME_UNIX_NANO, Timestamp { or: None }, Null),
    column(2, "start_timestamp", fields::START_TIME_UNIX_NANO, Timestamp { or: None }, Null),
    column(3, "time_unix_nano", fields::TIME_UNIX_NANO, Int64, Zero),
    column(4, "start_time_unix_nano", fields::START_TIME_UNIX_NANO, Int64, Zero),
    column(5, "name", fields::NAME, Utf8, Null),
    column(6, "description", fields::DESCRIPTION, Utf8, Null),
    column(7, "unit", fields::UNIT, Utf8, Null),
    column(8, "kind", fields::KIND, Utf8, Null),
    column(9, "aggregation_temporality", fields::AGGREGATION_TEMPORALITY, Int64, Null),
    column(10, "aggregation_temporality_name", fields::AGGREGATION_TEMPORALITY, TEMPORALITIES, Null),
    column(11, "is_monotonic", fields::IS_MONOTONIC, Boolean, Null),
    column(12, "as_int", fields::AS_INT, Int64, Null),
    column(13, "as_double", fields::AS_DOUBLE, Float64, Null),
    column(14, "count", fields::COUNT, Int64, Null),
    column(15, "sum", fields::SUM, Float64, Null),
    column(16, "min", fields::MIN, Float64, Null),
    column(17, "max", fields::MAX, Float64, Null),
    column(18, "explicit_bounds", fields::EXPLICIT_BOUNDS, List(&Float64), Null),
    column(19, "bucket_counts", fields::BUCKET_COUNTS, List(&Int64), Null),
    column(20, "scale", fields::SCALE, Int64, Null),
    column(21, "zero_count", fields::ZERO_COUNT, Int64, Null),
    column(22, "zero_threshold", fields::ZERO_THRESHOLD, Float64, Null),
    column(23, "positive_offset", fields::POSITIVE_OFFSET, Int64, Null),
    column(24, "positive_bucket_counts", fields::POSITIVE_BUCKET_COUNTS, List(&Int64), Null),
    column(25, "negative_offset", fields::NEGATIVE_OFFSET, Int64, Null),
    column(26, "negative_bucket_counts", fields::NEGATIVE_BUCKET_COUNTS, List(&Int64), Null),
    column(27, "quantile_values", fields::QUANTILE_VALUES, QUANTILE_VALUES, Null),
    column(28, "flags", fields::FLAGS, Int64, Zero),
    column(29, "exemplars", fields::EXEMPLARS, EXEMPLARS, Null),
    column(30, "metadata", fields::METADATA, Map, Null),
    column(31, "resource_schema_url", fields::RESOURCE_SCHEMA_URL, Utf8, Null),
    column(32, "scope_name", fields::SCOPE_NAME, Utf8, Null),
    column(33, "scope_version", fields::SCOPE_VERSION, Utf8, Null),
    column(34, "scope_schema_url", fields::SCOPE_SCHEMA_URL, Utf8, Null),
];

/// Returns whether the data points of a kind can have a field.
pub(super) fn belongs_to(key: Key, kind: MetricKind) -> bool {
    use MetricKind::{ExponentialHistogram, Gauge, Histogram, Sum, Summary};
    match key {
        fields::AS_INT | fields::AS_DOUBLE => matches!(kind, Gauge | Sum),
        fields::IS_MONOTONIC => kind.has_monotonicity(),
        fields::AGGREGATION_TEMPORALITY => kind.has_temporality(),
        fields::COUNT | fields::SUM => {
            matches!(kind, Histogram | ExponentialHistogram | Summary)
        }
        fields::MIN | fields::MAX => matches!(kind, Histogram | ExponentialHistogram),
        fields::EXPLICIT_BOUNDS | fields::BUCKET_COUNTS => kind == Histogram,
        fields::SCALE
        | fields::ZERO_COUNT
        | fields::ZERO_THRESHOLD
        | fields::POSITIVE_OFFSET
        | fields::POSITIVE_BUCKET_COUNTS
        | fields::NEGATIVE_OFFSET
        | fields::NEGATIVE_BUCKET_COUNTS => kind == ExponentialHistogram,
        fields::QUANTILE_VALUES => kind == Summary,
        fields::EXEMPLARS => kind != Summary,
        _ => true,
    }
}
