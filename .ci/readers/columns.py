"""The columns of fields and their types, as documented in docs/columns.md."""

MAP = ("map",)
GROUPS = {
    "resource_schema_url": "string",
    "scope_name": "string",
    "scope_version": "string",
    "scope_schema_url": "string",
}
EVENT = {"time_unix_nano": "int64", "name": "string", "attributes": MAP, "dropped_attributes_count": "int64"}
LINK = {
    "trace_id": "string",
    "span_id": "string",
    "trace_state": "string",
    "attributes": MAP,
    "dropped_attributes_count": "int64",
    "flags": "int64",
}
EXEMPLAR = {
    "time_unix_nano": "int64",
    "as_int": "int64",
    "as_double": "double",
    "span_id": "string",
    "trace_id": "string",
    "filtered_attributes": MAP,
}
COLUMNS = {
    "logs": {
        "timestamp": "timestamp",
        "time_unix_nano": "int64",
        "observed_time_unix_nano": "int64",
        "severity_number": "int64",
        "severity_text": "string",
        "body": "string",
        "event_name": "string",
        "trace_id": "string",
        "span_id": "string",
        "flags": "int64",
        "dropped_attributes_count": "int64",
        "fingerprint": "int64",
        **GROUPS,
    },
    "traces": {
        "timestamp": "timestamp",
        "end_timestamp": "timestamp",
        "start_time_unix_nano": "int64",
        "end_time_unix_nano": "int64",
        "duration_nano": "int64",
        "trace_id": "string",
        "span_id": "string",
        "parent_span_id": "string",
        "trace_state": "string",
        "flags": "int64",
        "name": "string",
        "kind": "int64",
        "kind_name": "string",
        "status_code": "int64",
        "status_code_name": "string",
        "status_message": "string",
        "dropped_attributes_count": "int64",
        "events": ("list", ("struct", EVENT)),
        "dropped_events_count": "int64",
        "links": ("list", ("struct", LINK)),
        "dropped_links_count": "int64",
        **GROUPS,
    },
    "metrics": {
        "timestamp": "timestamp",
        "start_timestamp": "timestamp",
        "time_unix_nano": "int64",
        "start_time_unix_nano": "int64",
        "name": "string",
        "description": "string",
        "unit": "string",
        "kind": "string",
        "aggregation_temporality": "int64",
        "aggregation_temporality_name": "string",
        "is_monotonic": "bool",
        "as_int": "int64",
        "as_double": "double",
        "count": "int64",
        "sum": "double",
        "min": "double",
        "max": "double",
        "explicit_bounds": ("list", "double"),
        "bucket_counts": ("list", "int64"),
        "scale": "int64",
        "zero_count": "int64",
        "zero_threshold": "double",
        "positive_offset": "int64",
        "positive_bucket_counts": ("list", "int64"),
        "negative_offset": "int64",
        "negative_bucket_counts": ("list", "int64"),
        "quantile_values": ("list", ("struct", {"quantile": "double", "value": "double"})),
        "flags": "int64",
        "exemplars": ("list", ("struct", EXEMPLAR)),
        "metadata": MAP,
        **GROUPS,
    },
}
# Columns of some kinds of data points only: a table for another kind lacks them.
HISTOGRAMS = ("histogram", "exponential_histogram")
KINDS = {
    "as_int": ("gauge", "sum"),
    "as_double": ("gauge", "sum"),
    "is_monotonic": ("sum",),
    "aggregation_temporality": ("sum", *HISTOGRAMS),
    "aggregation_temporality_name": ("sum", *HISTOGRAMS),
    "count": (*HISTOGRAMS, "summary"),
    "sum": (*HISTOGRAMS, "summary"),
    "min": HISTOGRAMS,
    "max": HISTOGRAMS,
    "explicit_bounds": ("histogram",),
    "bucket_counts": ("histogram",),
    "scale": ("exponential_histogram",),
    "zero_count": ("exponential_histogram",),
    "zero_threshold": ("exponential_histogram",),
    "positive_offset": ("exponential_histogram",),
    "positive_bucket_counts": ("exponential_histogram",),
    "negative_offset": ("exponential_histogram",),
    "negative_bucket_counts": ("exponential_histogram",),
    "quantile_values": ("summary",),
    "exemplars": ("gauge", "sum", *HISTOGRAMS),
}
ALL_KINDS = ("gauge", "sum", "histogram", "exponential_histogram", "summary")


def columns_of(table):
    """Returns the field columns of a table: `logs`, `traces`, `metrics`, or a kind of data point."""
    if table in COLUMNS:
        return COLUMNS[table]
    return {name: type for name, type in COLUMNS["metrics"].items() if table in KINDS.get(name, ALL_KINDS)}
