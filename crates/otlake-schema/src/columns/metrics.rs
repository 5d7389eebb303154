use otlake_row::{Key, MetricKind, fields};

use super::Absent::{Null, Zero};
use super::FieldKind::{
    Boolean, EnumName, Float64, Hex, Int64, List, Map, Struct, Timestamp, Utf8,
};
use super::{FieldColumn, FieldKind, column, member};

/// `AggregationTemporality`
const TEMPORALITIES: FieldKind = EnumName(&[
    "AGGREGATION_TEMPORALITY_UNSPECIFIED",
    "AGGREGATION_TEMPORALITY_DELTA",
    "AGGREGATION_TEMPORALITY_CUMULATIVE",
]);

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
    column("timestamp", fields::TIME_UNIX_NANO, Timestamp { or: None }, Null),
    column("start_timestamp", fields::START_TIME_UNIX_NANO, Timestamp { or: None }, Null),
    column("time_unix_nano", fields::TIME_UNIX_NANO, Int64, Zero),
    column("start_time_unix_nano", fields::START_TIME_UNIX_NANO, Int64, Zero),
    column("name", fields::NAME, Utf8, Null),
    column("description", fields::DESCRIPTION, Utf8, Null),
    column("unit", fields::UNIT, Utf8, Null),
    column("kind", fields::KIND, Utf8, Null),
    column("aggregation_temporality", fields::AGGREGATION_TEMPORALITY, Int64, Null),
    column("aggregation_temporality_name", fields::AGGREGATION_TEMPORALITY, TEMPORALITIES, Null),
    column("is_monotonic", fields::IS_MONOTONIC, Boolean, Null),
    column("as_int", fields::AS_INT, Int64, Null),
    column("as_double", fields::AS_DOUBLE, Float64, Null),
    column("count", fields::COUNT, Int64, Null),
    column("sum", fields::SUM, Float64, Null),
    column("min", fields::MIN, Float64, Null),
    column("max", fields::MAX, Float64, Null),
    column("explicit_bounds", fields::EXPLICIT_BOUNDS, List(&Float64), Null),
    column("bucket_counts", fields::BUCKET_COUNTS, List(&Int64), Null),
    column("scale", fields::SCALE, Int64, Null),
    column("zero_count", fields::ZERO_COUNT, Int64, Null),
    column("zero_threshold", fields::ZERO_THRESHOLD, Float64, Null),
    column("positive_offset", fields::POSITIVE_OFFSET, Int64, Null),
    column("positive_bucket_counts", fields::POSITIVE_BUCKET_COUNTS, List(&Int64), Null),
    column("negative_offset", fields::NEGATIVE_OFFSET, Int64, Null),
    column("negative_bucket_counts", fields::NEGATIVE_BUCKET_COUNTS, List(&Int64), Null),
    column("quantile_values", fields::QUANTILE_VALUES, QUANTILE_VALUES, Null),
    column("flags", fields::FLAGS, Int64, Zero),
    column("exemplars", fields::EXEMPLARS, EXEMPLARS, Null),
    column("metadata", fields::METADATA, Map, Null),
    column("resource_schema_url", fields::RESOURCE_SCHEMA_URL, Utf8, Null),
    column("scope_name", fields::SCOPE_NAME, Utf8, Null),
    column("scope_version", fields::SCOPE_VERSION, Utf8, Null),
    column("scope_schema_url", fields::SCOPE_SCHEMA_URL, Utf8, Null),
];

/// Whether the data points of a kind can have a field.
pub(super) fn belongs_to(key: Key, kind: MetricKind) -> bool {
    use MetricKind::{ExponentialHistogram, Gauge, Histogram, Sum, Summary};
    match key {
        fields::AS_INT | fields::AS_DOUBLE => matches!(kind, Gauge | Sum),
        fields::IS_MONOTONIC => kind == Sum,
        fields::AGGREGATION_TEMPORALITY => {
            matches!(kind, Sum | Histogram | ExponentialHistogram)
        }
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
