"""Reads the main example's output with DuckDB, pyarrow and polars and compares it with the recorded payloads.

    python check.py ONE_FILE_DIR SEVERAL_FILES_DIR

Both directories hold the logs of examples/data: the first in one file, the second in several, which every reader
has to take for one dataset.
"""

import base64
import gzip
import json
import math
import sys
from collections import Counter
from pathlib import Path

import duckdb
import polars
import pyarrow.dataset
import pyarrow.parquet
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

DATA = Path(__file__).parents[2] / "examples" / "data"

# The type of each column that every file of logs has, by the words of docs/columns.md ...
COLUMNS = {
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
    "resource_schema_url": "string",
    "scope_name": "string",
    "scope_version": "string",
    "scope_schema_url": "string",
    "overflow": "map",
    # Attributes that the recorded logs have, one of each type.
    "resource_service_name": "string",
    "attr_http_response_status_code": "int64",
    "attr_duration_ms": "double",
    "attr_retryable": "bool",
    "attr_signature": "binary",
}
# ... and by the words of the readers.
WORDS = {
    "DuckDB": {
        "timestamp": "TIMESTAMP WITH TIME ZONE",
        "int64": "BIGINT",
        "double": "DOUBLE",
        "bool": "BOOLEAN",
        "string": "VARCHAR",
        "binary": "BLOB",
        "map": "MAP(VARCHAR, VARCHAR)",
    },
    "pyarrow": {"timestamp": "timestamp[us, tz=UTC]", "map": "map<string, string>"},
    "polars": {
        "timestamp": "Datetime(time_unit='us', time_zone='UTC')",
        "int64": "Int64",
        "double": "Float64",
        "bool": "Boolean",
        "string": "String",
        "binary": "Binary",
        "map": "Map(String, String)",
    },
}
# What is compared record by record. Microseconds, because the readers return times as types of their own.
VALUES = [
    "timestamp",
    "time_unix_nano",
    "observed_time_unix_nano",
    "severity_number",
    "severity_text",
    "body",
    "event_name",
    "trace_id",
    "span_id",
    "flags",
    "dropped_attributes_count",
    "resource_schema_url",
    "scope_name",
    "scope_version",
    "scope_schema_url",
    "resource_service_name",
]


class DuckDB:
    """With `union_by_name`, as its documentation has it for files with different columns."""

    name = "DuckDB"

    def __init__(self, files):
        names = ", ".join(f"'{file}'" for file in files)
        self.relation = duckdb.sql(f"SELECT * FROM read_parquet([{names}], union_by_name = true)")

    def types(self):
        return dict(zip(self.relation.columns, map(str, self.relation.types)))

    def rows(self, columns, where=None):
        relation = self.relation
        if where:
            relation = relation.filter(f"{where[0]} = {where[1]!r}")
        micros = {"timestamp": "epoch_us(timestamp) AS timestamp"}
        return relation.project(", ".join(micros.get(name, name) for name in columns)).fetchall()


class PyArrow:
    """As a dataset with the unified schema; unifying fails where two files differ in a column's type."""

    name = "pyarrow"

    def __init__(self, files):
        schema = pyarrow.unify_schemas([pyarrow.parquet.read_schema(file) for file in files])
        self.dataset = pyarrow.dataset.dataset(files, schema=schema)

    def types(self):
        return {field.name: arrow_type(field.type) for field in self.dataset.schema}

    def rows(self, columns, where=None):
        filter = pyarrow.dataset.field(where[0]) == where[1] if where else None
        table = self.dataset.to_table(columns=columns, filter=filter)
        if "timestamp" in columns:
            at = columns.index("timestamp")
            table = table.set_column(at, "timestamp", table["timestamp"].cast("int64"))
        return list(zip(*(column.to_pylist() for column in table.columns)))


def arrow_type(type):
    """Without the names inside a map, which mean nothing."""
    return f"map<{type.key_type}, {type.item_type}>" if pyarrow.types.is_map(type) else str(type)


class Polars:
    """As a diagonal concatenation, which fails where two files differ in a column's type."""

    name = "polars"

    def __init__(self, files):
        self.frame = polars.concat([polars.scan_parquet(file) for file in files], how="diagonal")

    def types(self):
        return {name: str(type) for name, type in self.frame.collect_schema().items()}

    def rows(self, columns, where=None):
        frame = self.frame.filter(polars.col(where[0]) == where[1]) if where else self.frame
        micros = polars.col("timestamp").dt.epoch("us")
        return frame.select(micros if name == "timestamp" else name for name in columns).collect().rows()


def payloads():
    """The names of the recorded payloads and the requests, in the order in which the example takes them."""
    for path in sorted((DATA / "logs").iterdir()):
        body = path.read_bytes()
        yield path.name, ExportLogsServiceRequest.FromString(gzip.decompress(body) if path.suffix == ".gz" else body)


def expected_records():
    """Each record's place, and its VALUES as they should be read; the body as the AnyValue it was."""
    for name, request in payloads():
        count = 0
        for of_resource in request.resource_logs:
            service = [a.value.string_value for a in of_resource.resource.attributes if a.key == "service.name"]
            for of_scope in of_resource.scope_logs:
                for record in of_scope.log_records:
                    time = record.time_unix_nano or record.observed_time_unix_nano
                    yield f"{name}, record {count}", {
                        "timestamp": time // 1000 if time else None,
                        "time_unix_nano": record.time_unix_nano,
                        "observed_time_unix_nano": record.observed_time_unix_nano,
                        "severity_number": record.severity_number,
                        "severity_text": record.severity_text or None,
                        "body": record.body if record.HasField("body") else None,
                        "event_name": record.event_name or None,
                        "trace_id": record.trace_id.hex() or None,
                        "span_id": record.span_id.hex() or None,
                        "flags": record.flags,
                        "dropped_attributes_count": record.dropped_attributes_count,
                        "resource_schema_url": of_resource.schema_url or None,
                        "scope_name": of_scope.scope.name or None,
                        "scope_version": of_scope.scope.version or None,
                        "scope_schema_url": of_scope.schema_url or None,
                        "resource_service_name": service[0] if service else None,
                    }
                    count += 1


def plain(value):
    """An AnyValue as what its JSON text is parsed to."""
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


def body_is(text, value):
    """Whether a column's text stands for an AnyValue: a string as it is, anything else as its JSON text."""
    if text is None or value is None:
        return text is None and (value is None or plain(value) is None)
    if value.WhichOneof("value") in ("string_value", "bytes_value"):
        return text == plain(value)
    return json.loads(text) == plain(value)


def manifest_total(count):
    """A count of MANIFEST.json over all recorded logs."""
    manifest = json.loads((DATA / "MANIFEST.json").read_text())
    logs = [counts for name, counts in manifest.items() if name.startswith("logs/")]
    return sum((Counter(counts[count]) for counts in logs), Counter())


def compare(what, found, expected):
    if found != expected:
        raise AssertionError(f"{what}: expected {expected!r}, found {found!r}")


def check(reader, expected):
    """Compares all a reader reads with the records; returns what two of its filters find."""
    types, words = reader.types(), WORDS[reader.name]
    for column, type in COLUMNS.items():
        compare(f"type of {column}", types.get(column), words.get(type, type))

    rows = [dict(zip(VALUES, row)) for row in reader.rows(VALUES)]
    compare("rows", len(rows), manifest_total("records")["log_records"])
    severities = Counter(str(row["severity_number"]) for row in rows)
    compare("rows by severity", severities, manifest_total("severity_number"))
    for row, (place, record) in zip(rows, expected):
        if not body_is(row["body"], record["body"]):
            compare(f"{place}, body", row["body"], plain(record["body"]) if record["body"] else None)
        for column in VALUES:
            if column != "body":
                compare(f"{place}, {column}", row[column], record[column])

    bodies = reader.rows(["body", "fingerprint"])
    for body, fingerprint in bodies:
        compare(f"whether {body!r} has a fingerprint", fingerprint is not None, body is not None)
    compare("bodies with several fingerprints", len(dict(bodies)), len(set(bodies)))

    # Filters go by statistics, page indexes and bloom filters, where a reader knows them.
    found = []
    for column in ("trace_id", "fingerprint"):
        values = Counter(value for (value,) in reader.rows([column]) if value is not None)
        value, count = min(values.items(), key=lambda item: (-item[1], item[0]))
        rows = reader.rows(["time_unix_nano", "span_id", "body"], where=(column, value))
        compare(f"rows where {column} = {value}", len(rows), count)
        found.append((column, value, rows))
        absent = "0" * 32 if column == "trace_id" else 1
        compare(f"rows where {column} = {absent}", reader.rows([column], where=(column, absent)), [])
    return found


def main(directories):
    expected = list(expected_records())
    failed = False
    filtered = []
    for directory in directories:
        files = sorted(str(file) for file in Path(directory).glob("*.parquet"))
        for reader in (DuckDB, PyArrow, Polars):
            version = sys.modules[reader.name.lower()].__version__
            what = f"{reader.name} {version}: {directory}, {len(files)} files"
            try:
                compare("whether there is more than one file", len(files) > 1, directory == directories[1])
                filtered.append(check(reader(files), expected))
                compare("what filters find, against DuckDB", filtered[-1], filtered[0])
                print(f"{what}: {len(expected)} records as recorded, {len(COLUMNS)} columns of the right type")
            except Exception as error:
                failed = True
                # Some readers print whole schemas.
                print(f"{what}: {type(error).__name__}: {str(error)[:500]}", file=sys.stderr)
    return failed


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
