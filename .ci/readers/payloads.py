"""The payloads of examples/data, decoded with the generated classes of opentelemetry-proto, and the expected row of each
record, as documented in docs/columns.md."""

import base64
import json
import math
import sys
from pathlib import Path

from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

DATA = Path(__file__).parents[2] / "examples" / "data"
sys.path.append(str(DATA / "record"))
from forms import SIGNALS, requests_of  # noqa: E402


class Record:
    """An expected row: its field columns, its attributes by group and name, in order, and its place in the payloads."""

    def __init__(self, fields, attributes):
        self.place, self.fields, self.attributes = None, fields, attributes


def paths(directory):
    """Returns the payload files in a directory of examples/data, in the order in which the example reads them."""
    directories = [DATA / signal for signal in SIGNALS] if directory == "." else [DATA / directory]
    return [path for root in directories for path in sorted(root.rglob("*")) if path.is_file()]


def records(directory):
    """Returns all records of a directory, by signal."""
    found = {signal: [] for signal in SIGNALS}
    for path in paths(directory):
        count = 0
        for signal, request, _ in requests_of(path):
            for record in records_of(signal, request):
                record.place = f"{path.relative_to(DATA)}, record {count}"
                found[signal].append(record)
                count += 1
    return found


def records_of(signal, request):
    _, resources, scopes, entries = SIGNALS[signal]
    rows = {"logs": log_records, "traces": spans, "metrics": data_points}[signal]
    for of_resource in getattr(request, resources):
        for of_scope in getattr(of_resource, scopes):
            groups = {
                "resource_schema_url": of_resource.schema_url or None,
                "scope_name": of_scope.scope.name or None,
                "scope_version": of_scope.scope.version or None,
                "scope_schema_url": of_scope.schema_url or None,
            }
            # The column exists only if the value was sent at least once.
            for group, of in (("resource", of_resource.resource), ("scope", of_scope.scope)):
                if of.dropped_attributes_count:
                    groups[f"{group}_dropped_attributes_count"] = of.dropped_attributes_count
            for entry in getattr(of_scope, entries):
                for fields, attributes in rows(entry):
                    named = [
                        *(("resource", a) for a in of_resource.resource.attributes),
                        *(("scope", a) for a in of_scope.scope.attributes),
                        *(("attr", a) for a in attributes),
                    ]
                    named = [(group, a.key, a.value) for group, a in named]
                    yield Record(fields | groups, named)


def micros(nanos):
    return nanos // 1000 if nanos else None


def log_records(record):
    yield (
        {
            "timestamp": micros(record.time_unix_nano or record.observed_time_unix_nano),
            "time_unix_nano": record.time_unix_nano,
            "observed_time_unix_nano": record.observed_time_unix_nano,
            "severity_number": record.severity_number,
            "severity_text": record.severity_text or None,
            "body": AnyText(record.body) if record.HasField("body") else None,
            "event_name": record.event_name or None,
            "trace_id": record.trace_id.hex() or None,
            "span_id": record.span_id.hex() or None,
            "flags": record.flags,
            "dropped_attributes_count": record.dropped_attributes_count,
        },
        record.attributes,
    )


def spans(span):
    start, end = span.start_time_unix_nano, span.end_time_unix_nano
    yield (
        {
            "timestamp": micros(start),
            "end_timestamp": micros(end),
            "start_time_unix_nano": start,
            "end_time_unix_nano": end,
            "duration_nano": end - start if start and end else None,
            "trace_id": span.trace_id.hex() or None,
            "span_id": span.span_id.hex() or None,
            "parent_span_id": span.parent_span_id.hex() or None,
            "trace_state": span.trace_state or None,
            "flags": span.flags,
            "name": span.name or None,
            "kind": span.kind,
            "kind_name": Span.SpanKind.Name(span.kind),
            "status_code": span.status.code,
            "status_code_name": Status.StatusCode.Name(span.status.code),
            "status_message": span.status.message or None,
            "dropped_attributes_count": span.dropped_attributes_count,
            "events": [
                {
                    "time_unix_nano": event.time_unix_nano,
                    "name": event.name or None,
                    "attributes": texts(event.attributes),
                    "dropped_attributes_count": event.dropped_attributes_count,
                }
                for event in span.events
            ]
            or None,
            "dropped_events_count": span.dropped_events_count,
            "links": [
                {
                    "trace_id": link.trace_id.hex() or None,
                    "span_id": link.span_id.hex() or None,
                    "trace_state": link.trace_state or None,
                    "attributes": texts(link.attributes),
                    "dropped_attributes_count": link.dropped_attributes_count,
                    "flags": link.flags,
                }
                for link in span.links
            ]
            or None,
            "dropped_links_count": span.dropped_links_count,
        },
        span.attributes,
    )


# Columns of some kinds of data points only; null for all others.
OF_KINDS = (
    "aggregation_temporality",
    "aggregation_temporality_name",
    "is_monotonic",
    "as_int",
    "as_double",
    "count",
    "sum",
    "min",
    "max",
    "explicit_bounds",
    "bucket_counts",
    "scale",
    "zero_count",
    "zero_threshold",
    "positive_offset",
    "positive_bucket_counts",
    "negative_offset",
    "negative_bucket_counts",
    "quantile_values",
    "exemplars",
)


def data_points(metric):
    kind = metric.WhichOneof("data")
    data = getattr(metric, kind)
    for point in data.data_points:
        yield (
            {
                "timestamp": micros(point.time_unix_nano),
                "start_timestamp": micros(point.start_time_unix_nano),
                "time_unix_nano": point.time_unix_nano,
                "start_time_unix_nano": point.start_time_unix_nano,
                "name": metric.name or None,
                "description": metric.description or None,
                "unit": metric.unit or None,
                "kind": kind,
                "flags": point.flags,
                "metadata": texts(metric.metadata) or None,
            }
            | dict.fromkeys(OF_KINDS)
            | of_kind(kind, data, point),
            point.attributes,
        )


def of_kind(kind, data, point):
    def sent(message, names):
        return {name: getattr(message, name) if message.HasField(name) else None for name in names}

    fields = {}
    if kind in ("sum", "histogram", "exponential_histogram"):
        number = data.aggregation_temporality
        fields["aggregation_temporality"] = number
        fields["aggregation_temporality_name"] = AggregationTemporality.Name(number)
    if kind == "sum":
        fields["is_monotonic"] = data.is_monotonic
    if kind in ("gauge", "sum"):
        fields |= sent(point, ("as_int", "as_double"))
    else:
        fields["count"] = point.count
    if kind == "histogram":
        fields |= sent(point, ("sum", "min", "max"))
        fields["explicit_bounds"] = list(point.explicit_bounds)
        fields["bucket_counts"] = list(point.bucket_counts)
    elif kind == "exponential_histogram":
        fields |= sent(point, ("sum", "min", "max"))
        fields |= {name: getattr(point, name) for name in ("scale", "zero_count", "zero_threshold")}
        for side in ("positive", "negative"):
            if point.HasField(side):
                buckets = getattr(point, side)
                fields[f"{side}_offset"] = buckets.offset
                fields[f"{side}_bucket_counts"] = list(buckets.bucket_counts)
    elif kind == "summary":
        fields["sum"] = point.sum
        fields["quantile_values"] = [{"quantile": q.quantile, "value": q.value} for q in point.quantile_values]
    if kind != "summary":
        fields["exemplars"] = [
            {
                "time_unix_nano": exemplar.time_unix_nano,
                **sent(exemplar, ("as_int", "as_double")),
                "span_id": exemplar.span_id.hex() or None,
                "trace_id": exemplar.trace_id.hex() or None,
                "filtered_attributes": texts(exemplar.filtered_attributes),
            }
            for exemplar in point.exemplars
        ] or None
    return fields


def texts(attributes):
    """Returns attributes inside a record as a map of texts."""
    return {a.key: AnyText(a.value) for a in attributes}


class AnyText:
    """The text of an AnyValue. It equals any string with the same meaning: for arrays and maps, any JSON with the same
    content; for doubles, any decimal notation of the same number."""

    def __init__(self, value):
        self.kind = value.WhichOneof("value")
        self.plain = plain(value)

    def __eq__(self, text):
        if text is None or self.kind is None:
            return text is None and self.kind is None
        # The text of a double that is not finite is not JSON either.
        if isinstance(self.plain, str):
            return text == self.plain
        if isinstance(self.plain, float) and self.plain.is_integer() and abs(self.plain) <= 2**53:
            # A whole number has no fraction.
            return text == str(int(self.plain))
        try:
            if isinstance(self.plain, float):
                return same(float(text), self.plain)
            return same(json.loads(text), self.plain)
        except ValueError:
            return False

    def __repr__(self):
        return f"text of {self.plain!r}"


def plain(value):
    """Returns an AnyValue in the form to which its JSON text is parsed."""
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [plain(item) for item in value.array_value.values]
        case "kvlist_value":
            return {item.key: plain(item.value) for item in value.kvlist_value.values}
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "double_value" if not math.isfinite(value.double_value):
            return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value.double_value, "NaN")
        case kind:
            return getattr(value, kind)


def same(a, b):
    """Returns whether two values are the same: all NaNs are equal, 1 equals 1.0, and neither equals True."""
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(b, AnyText):
        return b == a
    return a == b and isinstance(a, bool) == isinstance(b, bool)
