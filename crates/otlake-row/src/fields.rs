//! Keys for the fields of the protocol's own messages, the same in every [`Keys`](crate::Keys).
//!
//! The names are those of the OTLP messages. Names of resource and scope fields begin with `resource_` and
//! `scope_`. Several signals may share a name: `name` is the name of a span or of a metric, and `kind` is
//! the number of a span's kind or the name of a metric's.
//!
//! A row has a cell for a field that was sent. Proto3 does not send a number that is 0 or a string or an
//! id that is empty, so those have no cell. Fields that belong to one kind of data point are the
//! exception: every point of that kind has a cell for them, so that 0 differs from "not of this kind".
//!
//! # Messages inside records
//!
//! Events, links and exemplars are [`Value::Array`](crate::Value::Array)s of
//! [`Value::KvList`](crate::Value::KvList)s. Each map holds all members of its message in the order of
//! the proto, whether they were sent or not:
//!
//! | field | members |
//! |---|---|
//! | [`EVENTS`] | `time_unix_nano`, `name`, `attributes`, `dropped_attributes_count` |
//! | [`LINKS`] | `trace_id`, `span_id`, `trace_state`, `attributes`, `dropped_attributes_count`, `flags` |
//! | [`EXEMPLARS`] | `time_unix_nano`, `as_int`, `as_double`, `span_id`, `trace_id`, `filtered_attributes` |
//! | [`QUANTILE_VALUES`] | `quantile`, `value` |
//!
//! An exemplar has either `as_int` or `as_double`; the other is [`Value::Empty`](crate::Value::Empty).

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
    TIME_UNIX_NANO = "time_unix_nano", "the time of the event or the data point, in nanoseconds since the epoch.";
    OBSERVED_TIME_UNIX_NANO = "observed_time_unix_nano", "the time at which the event was observed, in nanoseconds since the epoch.";
    SEVERITY_NUMBER = "severity_number", "1 to 24, from TRACE to FATAL4.";
    SEVERITY_TEXT = "severity_text", "the severity in the words of its source.";
    BODY = "body", "the body of the log record, which can be any value.";
    EVENT_NAME = "event_name", "the name of the class of an event.";
    TRACE_ID = "trace_id", "the id of the trace that a log record or a span belongs to, 16 bytes.";
    SPAN_ID = "span_id", "the id of the span, or of the span that a log record was written in, 8 bytes.";
    FLAGS = "flags", "the flags as sent. In log records and spans, the low 8 bits are the W3C trace flags.";
    DROPPED_ATTRIBUTES_COUNT = "dropped_attributes_count", "the number of attributes of the record that its sender dropped.";
    TRACE_STATE = "trace_state", "the W3C trace state.";
    PARENT_SPAN_ID = "parent_span_id", "the id of the parent span, 8 bytes. A root span has none.";
    NAME = "name", "the span's or the metric's name.";
    KIND = "kind", "the number of a span's `SpanKind`, or the name of a data point's `MetricKind`.";
    START_TIME_UNIX_NANO = "start_time_unix_nano", "the start of the span or of the data point's interval, in nanoseconds since the epoch.";
    END_TIME_UNIX_NANO = "end_time_unix_nano", "the end of the span, in nanoseconds since the epoch.";
    EVENTS = "events", "the events during the span.";
    DROPPED_EVENTS_COUNT = "dropped_events_count", "the number of events of the span that its sender dropped.";
    LINKS = "links", "links to other spans.";
    DROPPED_LINKS_COUNT = "dropped_links_count", "the number of links of the span that its sender dropped.";
    STATUS_CODE = "status_code", "0 unset, 1 ok, 2 error.";
    STATUS_MESSAGE = "status_message", "the message of the status, for developers.";
    DESCRIPTION = "description", "the description of the metric.";
    UNIT = "unit", "the unit of the metric, as a UCUM code.";
    METADATA = "metadata", "additional attributes of the metric, a map.";
    AGGREGATION_TEMPORALITY = "aggregation_temporality", "1 delta, 2 cumulative. For sums and histograms.";
    IS_MONOTONIC = "is_monotonic", "whether a sum never falls.";
    AS_INT = "as_int", "the value of a data point of a gauge or a sum that was sent as an integer.";
    AS_DOUBLE = "as_double", "the value of a data point of a gauge or a sum that was sent as a double.";
    COUNT = "count", "the number of values in a histogram or a summary.";
    SUM = "sum", "the sum of the values in a histogram or a summary.";
    MIN = "min", "the smallest value in a histogram.";
    MAX = "max", "the largest value in a histogram.";
    EXPLICIT_BOUNDS = "explicit_bounds", "the upper bounds of a histogram's buckets in ascending order. The last bucket has none.";
    BUCKET_COUNTS = "bucket_counts", "the number of values in each bucket of a histogram, one more than there are bounds.";
    SCALE = "scale", "the resolution of an exponential histogram: its base is 2^(2^-scale).";
    ZERO_COUNT = "zero_count", "the number of values of an exponential histogram within the zero threshold.";
    ZERO_THRESHOLD = "zero_threshold", "half the width of an exponential histogram's zero bucket.";
    POSITIVE_OFFSET = "positive_offset", "the index of an exponential histogram's first positive bucket.";
    POSITIVE_BUCKET_COUNTS = "positive_bucket_counts", "the number of values in each positive bucket of an exponential histogram, from the offset on.";
    NEGATIVE_OFFSET = "negative_offset", "the index of an exponential histogram's first negative bucket.";
    NEGATIVE_BUCKET_COUNTS = "negative_bucket_counts", "the number of values in each negative bucket of an exponential histogram, from the offset on.";
    QUANTILE_VALUES = "quantile_values", "the values at quantiles of a summary.";
    EXEMPLARS = "exemplars", "example values, with the spans that they were recorded in.";
    FINGERPRINT = "fingerprint", "a 64-bit hash of the body's typed tokens, added by a stage.";
    TEMPLATE = "template", "the body's text with its variables as placeholders, added by a stage.";
    RESOURCE_SCHEMA_URL = "resource_schema_url", "the schema URL of the resource.";
    RESOURCE_DROPPED_ATTRIBUTES_COUNT = "resource_dropped_attributes_count", "the number of attributes of the resource that its sender dropped.";
    RESOURCE_ENTITY_REFS = "resource_entity_refs", "the entities that the resource describes, a list of maps.";
    SCOPE_NAME = "scope_name", "the name of the instrumentation scope.";
    SCOPE_VERSION = "scope_version", "the version of the instrumentation scope.";
    SCOPE_SCHEMA_URL = "scope_schema_url", "the schema URL of the scope's records.";
    SCOPE_DROPPED_ATTRIBUTES_COUNT = "scope_dropped_attributes_count", "the number of attributes of the scope that its sender dropped.";
}
