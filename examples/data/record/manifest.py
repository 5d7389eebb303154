"""Writes MANIFEST.json: the contents of each file of telemetry, decoded with the generated classes of opentelemetry-proto.

    python manifest.py DATA_DIR

The Rust tests compare with it, so it only counts, and uses no code of this project. It prints
the totals.
"""

import json
import sys
from collections import Counter
from pathlib import Path

from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from forms import SIGNALS, requests_of


def kind(value) -> str:
    """Returns the case of an AnyValue: string, bool, int, double, array, kvlist, bytes, or empty if none is set."""
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


COUNTS = {"logs": log_record, "traces": span, "metrics": metric}
HEAD = ("signal", "form", "origin", "senders", "requests", "bytes", "services", "resource_groups", "scope_groups")
FOLDERS = ("logs", "traces", "metrics", "json/logs", "json/traces", "json/metrics", "collector")


def form(path: Path) -> str:
    """Returns the form of a file, determined by its name, and its compression."""
    stem, compression = (path.stem, path.suffix) if path.suffix in (".gz", ".zst") else (path.name, "")
    words = {"binpb": "protobuf", "json": "json", "jsonl": "json lines", "bin": "length-prefixed"}
    inside = " ".join(word for word in ("proto", "json", "zstd") if word in stem.partition(".")[0].split("-"))
    text = f"{words[stem.rpartition('.')[2]]} {inside}".strip()
    return text + {"": "", ".gz": ", gzip", ".zst": ", zstd"}[compression]


def sender(resource) -> str:
    """Returns the SDK and its version, as the resource states them."""
    of = {a.key: a.value.string_value for a in resource.attributes if a.key.startswith("telemetry.sdk.")}
    names = [of.get(f"telemetry.sdk.{name}", "") for name in ("name", "language", "version")]
    return " ".join(filter(None, names)) or "none named"


def describe(path: Path) -> dict:
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
    signals, senders, services, groups, scopes, size = Counter(), Counter(), set(), 0, 0, 0
    for signal, message, length in requests_of(path):
        signals[signal] += 1
        size += length
        members = SIGNALS[signal]
        resources = getattr(message, members.groups)
        groups += len(resources)
        for group in resources:
            senders[sender(group.resource)] += 1
            services |= {a.value.string_value for a in group.resource.attributes if a.key == "service.name"}
            counts["resource_attributes"].update(kind(a.value) for a in group.resource.attributes)
            of_resource = getattr(group, members.scopes)
            scopes += len(of_resource)
            for scope in of_resource:
                counts["scope_attributes"].update(kind(a.value) for a in scope.scope.attributes)
                for entry in getattr(scope, members.entries):
                    COUNTS[signal](entry, counts)
    head = (
        next(iter(signals)) if len(signals) == 1 else "mixed",
        form(path),
        "assembled from recorded requests by record/collector.py" if path.parent.name == "collector" else "recorded",
        sorted(senders),
        signals.total(),
        size,
        sorted(services),
        groups,
        scopes,
    )
    return dict(zip(HEAD, head)) | {name: dict(sorted(counter.items())) for name, counter in counts.items() if +counter}


if __name__ == "__main__":
    data = Path(sys.argv[1])
    paths = [path for folder in FOLDERS for path in sorted((data / folder).glob("*"))]
    files = {str(path.relative_to(data)): describe(path) for path in paths}
    # One line per file, so that a recording that changes one request changes one line.
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}" for name, entry in files.items())
    (data / "MANIFEST.json").write_text(f"{{\n{lines}\n}}\n")
    for folder in FOLDERS:
        of = {name: entry for name, entry in files.items() if name.rpartition("/")[0] == folder}
        size = sum((data / name).stat().st_size for name in of)
        print(f"\n{folder}: {len(of)} files, {size} bytes, {sum(entry['bytes'] for entry in of.values())} inflated")
        for name in dict.fromkeys(key for entry in of.values() for key in entry):
            if name not in HEAD:
                total = sum((Counter(entry.get(name, {})) for entry in of.values()), Counter())
                print(f"  {name}: " + ", ".join(f"{key or '(none)'} {n}" for key, n in sorted(total.items())))
