//! The keys of the protocol's own fields, the same in every [`Keys`](crate::Keys).
//!
//! The names are those of the OTLP messages; a field of the resource or the scope carries that
//! word in front. One name may serve several signals: `name` is a span's or a metric's, `kind` the
//! number of a span's kind or the name of a metric's.
//!
//! A cell is present when its field was: a number that is 0, a string or an id that is empty is not
//! sent by proto3, so there is no cell for it. Where a field belongs to one kind of data point, all
//! points of that kind have its cell, whatever its value, so that 0 and "not of this kind" differ.
//!
//! # Messages inside records
//!
//! Events, links and exemplars are [`Value::Array`](crate::Value::Array)s of
//! [`Value::KvList`](crate::Value::KvList)s, which have all members of their message in the order of
//! the proto, whether they were sent or not:
//!
//! | field | members |
//! |---|---|
//! | [`EVENTS`] | `time_unix_nano`, `name`, `attributes`, `dropped_attributes_count` |
//! | [`LINKS`] | `trace_id`, `span_id`, `trace_state`, `attributes`, `dropped_attributes_count`, `flags` |
//! | [`EXEMPLARS`] | `time_unix_nano`, `as_int`, `as_double`, `span_id`, `trace_id`, `filtered_attributes` |
//! | [`QUANTILE_VALUES`] | `quantile`, `value` |
//!
//! Of `as_int` and `as_double` the one that was not sent is [`Value::Empty`](crate::Value::Empty).

use crate::key::{Key, Location};

macro_rules! fields {
    ($($constant:ident = $name:literal, $doc:literal;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "only counts the constants")]
        enum Index { $($constant),* }
        $(
            #[doc = concat!("`", $name, "`: ", $doc)]
            pub const $constant: Key = Key::new(Location::Field, Index::$constant as u32);
        )*
        /// The names of all constants of this module, in the order of their keys.
        pub const NAMES: &[&str] = &[$($name),*];
    };
}

fields! {
    TIME_UNIX_NANO = "time_unix_nano", "when the event occurred or the data point was made, in nanoseconds since the epoch.";
    OBSERVED_TIME_UNIX_NANO = "observed_time_unix_nano", "when the event was observed, in nanoseconds since the epoch.";
    SEVERITY_NUMBER = "severity_number", "1 to 24, from TRACE to FATAL4.";
    SEVERITY_TEXT = "severity_text", "the severity as its source wrote it.";
    BODY = "body", "the log record's body, any value.";
    EVENT_NAME = "event_name", "the name that identifies the class of an event.";
    TRACE_ID = "trace_id", "the trace that a log record or a span belongs to, 16 bytes.";
    SPAN_ID = "span_id", "the span, or the one that a log record was written in, 8 bytes.";
    FLAGS = "flags", "the flags as sent; of log records and spans the low 8 bits are W3C trace flags.";
    DROPPED_ATTRIBUTES_COUNT = "dropped_attributes_count", "attributes of the record dropped by its sender.";
    TRACE_STATE = "trace_state", "the W3C trace state.";
    PARENT_SPAN_ID = "parent_span_id", "8 bytes; none for a root span.";
    NAME = "name", "the span's or the metric's name.";
    KIND = "kind", "of a span the number of its SpanKind, of a data point the name of its `MetricKind`.";
    START_TIME_UNIX_NANO = "start_time_unix_nano", "when the span or the data point's interval began, in nanoseconds since the epoch.";
    END_TIME_UNIX_NANO = "end_time_unix_nano", "when the span ended, in nanoseconds since the epoch.";
    EVENTS = "events", "what happened during the span.";
    DROPPED_EVENTS_COUNT = "dropped_events_count", "events of the span dropped by its sender.";
    LINKS = "links", "other spans that the span refers to.";
    DROPPED_LINKS_COUNT = "dropped_links_count", "links of the span dropped by its sender.";
    STATUS_CODE = "status_code", "0 unset, 1 ok, 2 error.";
    STATUS_MESSAGE = "status_message", "what the status says to a developer.";
    DESCRIPTION = "description", "what the metric is.";
    UNIT = "unit", "the unit of the metric, in UCUM.";
    METADATA = "metadata", "what else is known of the metric, a map.";
    AGGREGATION_TEMPORALITY = "aggregation_temporality", "1 delta, 2 cumulative; of sums and histograms.";
    IS_MONOTONIC = "is_monotonic", "whether a sum never falls.";
    AS_INT = "as_int", "the value of a gauge's or a sum's data point, where it was sent as an integer.";
    AS_DOUBLE = "as_double", "the value of a gauge's or a sum's data point, where it was sent as a double.";
    COUNT = "count", "how many values a histogram or a summary counts.";
    SUM = "sum", "the sum of those values.";
    MIN = "min", "the least of those values.";
    MAX = "max", "the largest of those values.";
    EXPLICIT_BOUNDS = "explicit_bounds", "the upper bounds of a histogram's buckets, ascending; the last bucket has none.";
    BUCKET_COUNTS = "bucket_counts", "how many values are in each bucket of a histogram, one more than bounds.";
    SCALE = "scale", "the resolution of an exponential histogram: its base is 2^(2^-scale).";
    ZERO_COUNT = "zero_count", "how many values of an exponential histogram are within the zero threshold.";
    ZERO_THRESHOLD = "zero_threshold", "half the width of an exponential histogram's zero bucket.";
    POSITIVE_OFFSET = "positive_offset", "the index of the first positive bucket.";
    POSITIVE_BUCKET_COUNTS = "positive_bucket_counts", "how many values are in each positive bucket, from the offset on.";
    NEGATIVE_OFFSET = "negative_offset", "the index of the first negative bucket.";
    NEGATIVE_BUCKET_COUNTS = "negative_bucket_counts", "how many values are in each negative bucket, from the offset on.";
    QUANTILE_VALUES = "quantile_values", "the values at quantiles of a summary.";
    EXEMPLARS = "exemplars", "example values with the spans they were recorded in.";
    FINGERPRINT = "fingerprint", "a 64-bit hash of the body's typed tokens, added by a stage.";
    TEMPLATE = "template", "the body's text with its variables as placeholders, added by a stage.";
    RESOURCE_SCHEMA_URL = "resource_schema_url", "the schema URL of the resource.";
    RESOURCE_DROPPED_ATTRIBUTES_COUNT = "resource_dropped_attributes_count", "attributes of the resource dropped by its sender.";
    RESOURCE_ENTITY_REFS = "resource_entity_refs", "the entities that the resource takes part in, a list of maps.";
    SCOPE_NAME = "scope_name", "the name of the instrumentation scope.";
    SCOPE_VERSION = "scope_version", "the version of the instrumentation scope.";
    SCOPE_SCHEMA_URL = "scope_schema_url", "the schema URL of the scope's records.";
    SCOPE_DROPPED_ATTRIBUTES_COUNT = "scope_dropped_attributes_count", "attributes of the scope dropped by its sender.";
}
