"""The forms of recorded telemetry, decoded with the generated classes of opentelemetry-proto and with no code of this
project."""

import base64
import gzip
import json
import struct
from pathlib import Path
from typing import NamedTuple

import zstandard
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
# An empty message means full success.
RESPONSES = {PROTOBUF: b"", JSON: b"{}"}


class Signal(NamedTuple):
    request: type
    groups: str  # the members of a request, a resource group, and a scope group
    scopes: str
    entries: str


SIGNALS = {
    "logs": Signal(ExportLogsServiceRequest, "resource_logs", "scope_logs", "log_records"),
    "traces": Signal(ExportTraceServiceRequest, "resource_spans", "scope_spans", "spans"),
    "metrics": Signal(ExportMetricsServiceRequest, "resource_metrics", "scope_metrics", "metrics"),
}
IDS = {"traceId", "spanId", "parentSpanId"}


def decode(signal: str, form: str, body: bytes):
    """Returns a request of a signal, from protobuf or OTLP/JSON."""
    request = SIGNALS[signal].request
    if form == PROTOBUF:
        return request.FromString(body)
    return json_format.ParseDict(standard(json.loads(body)), request(), ignore_unknown_fields=True)


def standard(value):
    """Converts OTLP/JSON to protobuf's JSON, in which ids are base64 instead of hex."""
    if isinstance(value, list):
        return [standard(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64encode(bytes.fromhex(item)).decode() if key in IDS else standard(item)
        for key, item in value.items()
    }


def signal_of(line: bytes) -> str:
    """Returns the signal of an OTLP/JSON request, determined by its only member."""
    members = {"resourceLogs": "logs", "resourceSpans": "traces", "resourceMetrics": "metrics"}
    return next(members[member] for member in json.loads(line) if member in members)


def prefixed(content: bytes):
    """Returns the messages of a file in which each follows its length: four bytes, big-endian."""
    while content:
        (length,) = struct.unpack(">I", content[:4])
        message, content = content[4 : 4 + length], content[4 + length :]
        assert len(message) == length
        yield message


def requests_of(path: Path):
    """Yields the requests of a file in examples/data: the signal, the request, and the size of its encoding."""
    name, content = path.name, path.read_bytes()
    if path.suffix == ".gz":
        name, content = path.stem, gzip.decompress(content)
    elif path.suffix == ".zst":
        name, content = path.stem, zstandard.ZstdDecompressor().stream_reader(content).read()
    if name.endswith(".jsonl"):
        bodies, form = content.splitlines(), JSON
    elif name.endswith(".bin"):
        bodies, form = list(prefixed(content)), JSON if "-json" in name else PROTOBUF
        if "-zstd" in name:
            bodies = [zstandard.ZstdDecompressor().stream_reader(body).read() for body in bodies]
    else:
        bodies, form = [content], JSON if name.endswith(".json") else PROTOBUF
    for turn, body in enumerate(bodies):
        # Protobuf does not tell the signal, so a file with one signal has it in its name. In files with all signals they alternate.
        signal = path.parent.name if path.parent.name in SIGNALS else name.partition(".")[0].partition("-")[0]
        if signal not in SIGNALS:
            signal = signal_of(body) if form == JSON else list(SIGNALS)[turn % 3]
        yield signal, decode(signal, form, body), len(body)
