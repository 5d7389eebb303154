"""Writes examples/data/collector: recorded requests in the formats of the OpenTelemetry Collector's file
exporter.

    python collector.py DATA_DIR

No collector runs here. The JSON follows the rules of the Collector's marshaler, pdata's: members in lowerCamelCase and in
the order of the proto, 64-bit integers as strings, enumerations as numbers, ids in hex, bytes in base64; nothing for a
field with its default, but `{}` for a message that is always present (a resource, a scope, a status, a body, the value of
an attribute); `NaN`, `+Inf` and `-Inf` in Go's notation. The protobuf messages are the recorded ones, byte for
byte.
"""

import base64
import gzip
import json
import math
import shutil
import struct
import sys
from pathlib import Path

import zstandard
from google.protobuf.descriptor import FieldDescriptor

from forms import PROTOBUF, SIGNALS, decode

# A few small requests from each sender: what matters is the format.
REQUESTS = {
    "logs": [
        "catalog-nodejs-002.binpb.gz",
        "checkout-python-004.binpb",
        "frontend-nodejs-002.binpb",
        "payment-python-002.binpb.gz",
    ],
    "traces": ["frontend-nodejs-003.binpb", "payment-python-002.binpb.gz"],
    "metrics": [
        "catalog-bridge-001.binpb",
        "catalog-nodejs-001.binpb.gz",
        "checkout-python-001.binpb",
        "frontend-nodejs-001.binpb",
        "payment-python-001.binpb.gz",
    ],
}
IDS = {"trace_id", "span_id", "parent_span_id"}
INT64 = {
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_UINT64,
    FieldDescriptor.TYPE_FIXED64,
    FieldDescriptor.TYPE_SFIXED64,
}
REALS = {FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT}


def members(message) -> dict:
    """Returns a message in the form that the marshaler writes."""
    written = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.is_repeated:
            if value:
                written[field.json_name] = [text_of(field, item) for item in value]
        elif field.has_presence:
            # Outside of a oneof, a message is a value and not a pointer in Go, so it is always written.
            always = field.message_type is not None and field.containing_oneof is None
            if always or message.HasField(field.name):
                written[field.json_name] = text_of(field, value)
        elif value:
            written[field.json_name] = text_of(field, value)
    return written


def text_of(field, value):
    if field.message_type:
        return members(value)
    if field.name in IDS:
        return value.hex()
    if field.type == FieldDescriptor.TYPE_BYTES:
        return base64.b64encode(value).decode()
    if field.type in INT64:
        return str(value)
    if field.type in REALS:
        if math.isfinite(value):
            return int(value) if value.is_integer() and abs(value) < 1e15 else value
        return "NaN" if math.isnan(value) else f"{value:+}".capitalize().replace("inf", "Inf")
    return value


def json_of(message) -> bytes:
    return json.dumps(members(message), ensure_ascii=False, separators=(",", ":")).encode()


def lines(messages) -> bytes:
    return b"".join(message + b"\n" for message in messages)


def prefixed(messages) -> bytes:
    return b"".join(struct.pack(">I", len(message)) + message for message in messages)


def main(data: Path):
    out = data / "collector"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    json_requests, bodies = {}, {}
    for signal, names in REQUESTS.items():
        contents = [(data / signal / name).read_bytes() for name in names]
        bodies[signal] = [gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body for body in contents]
        json_requests[signal] = [json_of(decode(signal, PROTOBUF, body)) for body in bodies[signal]]
    compress = zstandard.ZstdCompressor(write_checksum=True).compress

    for signal in SIGNALS:
        # format: json
        (out / f"{signal}.jsonl").write_bytes(lines(json_requests[signal]))
        # format: proto
        (out / f"{signal}-proto.bin").write_bytes(prefixed(bodies[signal]))
        # format: proto, compression: zstd
        (out / f"{signal}-proto-zstd.bin").write_bytes(prefixed(map(compress, bodies[signal])))
        # format: json, compression: zstd
        (out / f"{signal}-json-zstd.bin").write_bytes(prefixed(map(compress, json_requests[signal])))
    # Pipelines of several signals that share one exporter.
    turns = [request for turn in zip(*json_requests.values()) for request in turn]
    (out / "all-proto.bin").write_bytes(prefixed(request for turn in zip(*bodies.values()) for request in turn))
    (out / "all.jsonl").write_bytes(lines(turns))
    # The same, compressed as a whole, as archives and exporters with native compression do.
    (out / "all.jsonl.gz").write_bytes(gzip.compress(lines(turns), mtime=0))
    (out / "all.jsonl.zst").write_bytes(compress(lines(turns)))
    (out / "logs-proto.bin.gz").write_bytes(gzip.compress(prefixed(bodies["logs"]), mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
