"""Writes MANIFEST.json: what is in each recorded request, decoded with the generated classes of opentelemetry-proto.

    python manifest.py DATA_DIR

The Rust tests compare with it, so it counts only; nothing in it depends on this project's code. It prints
the totals.
"""

import gzip
import json
import sys
from collections import Counter
from pathlib import Path

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


def kind(value) -> str:
    """The AnyValue's case: string, bool, int, double, array, kvlist, bytes; empty when none is set."""
    return (value.WhichOneof("value") or "empty_value").removesuffix("_value")


def log_record(record, counts):
    counts["records"]["log_records"] += 1
    counts["body"][kind(record.body) if record.HasField("body") else "absent"] += 1
    counts["severity_number"][str(record.severity_number)] += 1
    counts["severity_text"][record.severity_text] += 1
    if record.event_name:
        counts["event_name"][record.event_name] += 1
    counts["set"].update(
        name
        for name in (
            "time_unix_nano",
            "observed_time_unix_nano",
            "trace_id",
            "span_id",
            "flags",
            "dropped_attributes_count",
        )
        if getattr(record, name)
    )
    counts["record_attributes"].update(kind(a.value) for a in record.attributes)


def span(it, counts):
    counts["records"]["spans"] += 1
    counts["kind"][Span.SpanKind.Name(it.kind)] += 1
    counts["status"][Status.StatusCode.Name(it.status.code)] += 1
    counts["set"].update(
        name
        for name in (
            "trace_state",
            "parent_span_id",
            "flags",
            "dropped_attributes_count",
            "dropped_events_count",
            "dropped_links_count",
        )
        if getattr(it, name)
    )
    counts["record_attributes"].update(kind(a.value) for a in it.attributes)
    counts["nested"].update(events=len(it.events), links=len(it.links))
    counts["set"]["event.dropped_attributes_count"] += sum(e.dropped_attributes_count > 0 for e in it.events)
    counts["event_attributes"].update(kind(a.value) for e in it.events for a in e.attributes)
    counts["link_attributes"].update(kind(a.value) for e in it.links for a in e.attributes)


def metric(it, counts):
    case = it.WhichOneof("data")
    data = getattr(it, case)
    counts["metrics"][case] += 1
    counts["records"][case] += len(data.data_points)
    if case in ("sum", "histogram", "exponential_histogram"):
        counts["temporality"][AggregationTemporality.Name(data.aggregation_temporality)] += len(data.data_points)
    if case == "sum":
        counts["monotonic"][str(data.is_monotonic).lower()] += len(data.data_points)
    for point in data.data_points:
        counts["record_attributes"].update(kind(a.value) for a in point.attributes)
        if case in ("gauge", "sum"):
            counts["value"][point.WhichOneof("value")] += 1
        if case != "summary":
            counts["nested"]["exemplars"] += len(point.exemplars)
            counts["exemplar_attributes"].update(kind(a.value) for e in point.exemplars for a in e.filtered_attributes)
        if case in ("histogram", "exponential_histogram"):
            counts["set"].update(name for name in ("sum", "min", "max") if point.HasField(name))
        if case == "exponential_histogram":
            counts["set"].update(
                f"{side}_buckets" for side in ("positive", "negative") if getattr(point, side).bucket_counts
            )


SIGNALS = {
    "logs": (ExportLogsServiceRequest, "resource_logs", "scope_logs", "log_records", log_record),
    "traces": (ExportTraceServiceRequest, "resource_spans", "scope_spans", "spans", span),
    "metrics": (ExportMetricsServiceRequest, "resource_metrics", "scope_metrics", "metrics", metric),
}


def describe(signal: str, body: bytes) -> dict:
    request, groups, scopes, entries, count = SIGNALS[signal]
    message = request.FromString(body)
    counts = {
        name: Counter()
        for name in (
            "records",
            "metrics",
            "kind",
            "status",
            "body",
            "severity_number",
            "severity_text",
            "event_name",
            "temporality",
            "monotonic",
            "value",
            "set",
            "nested",
            "resource_attributes",
            "scope_attributes",
            "record_attributes",
            "event_attributes",
            "link_attributes",
            "exemplar_attributes",
        )
    }
    resources = getattr(message, groups)
    services = []
    for group in resources:
        services += [a.value.string_value for a in group.resource.attributes if a.key == "service.name"]
        counts["resource_attributes"].update(kind(a.value) for a in group.resource.attributes)
        for scope in getattr(group, scopes):
            counts["scope_attributes"].update(kind(a.value) for a in scope.scope.attributes)
            for entry in getattr(scope, entries):
                count(entry, counts)
    head = {
        "signal": signal,
        "bytes": len(body),
        "services": sorted(set(services)),
        "resource_groups": len(resources),
        "scope_groups": sum(len(getattr(group, scopes)) for group in resources),
    }
    return head | {name: dict(sorted(counter.items())) for name, counter in counts.items() if +counter}


if __name__ == "__main__":
    data = Path(sys.argv[1])
    files = {}
    for path in sorted(data.glob("*/*.binpb*")):
        body = path.read_bytes()
        files[f"{path.parent.name}/{path.name}"] = describe(
            path.parent.name, gzip.decompress(body) if path.suffix == ".gz" else body
        )
    # A line a file: a recording that changes one request changes one line.
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}" for name, entry in files.items())
    (data / "MANIFEST.json").write_text(f"{{\n{lines}\n}}\n")
    for signal in SIGNALS:
        of = {name: entry for name, entry in files.items() if entry["signal"] == signal}
        size = sum((data / name).stat().st_size for name in of)
        print(f"\n{signal}: {len(of)} files, {size} bytes, {sum(entry['bytes'] for entry in of.values())} inflated")
        for name in dict.fromkeys(key for entry in of.values() for key in entry):
            if name not in ("signal", "bytes", "services", "resource_groups", "scope_groups"):
                total = sum((Counter(entry.get(name, {})) for entry in of.values()), Counter())
                print(f"  {name}: " + ", ".join(f"{key or '(none)'} {n}" for key, n in sorted(total.items())))
