"""Reads a drifting dataset with DuckDB, pyarrow and polars, and compares it with the requests it was made from.

    python drift.py DIRECTORY [--spark]

--spark adds Spark. DIRECTORY is the output of the program `drift` in crates/otlake-reader-tests. Each reader opens the dataset as
described in docs/readers.md. It has to find every record, every value in its column or in overflow, nothing else, the
published types, the partitions, and the same records for the same filters.
"""

import base64
import json
import re
import sys
from collections import Counter, defaultdict
from datetime import datetime, timezone
from pathlib import Path

import duckdb
import pyarrow.parquet
from check import compare, compare_row
from columns import COLUMNS, MAP, columns_of
from dataset import READERS, arrow_type
from forms import requests_of
from lake import LAKES, NUMBER, Row, opening
from naming import checked, columns_of_files
from payloads import AnyText, records_of

PARTITIONS = {"logs": ("date",), "traces": ("year", "month"), "metrics": ("date", "hour")}
# Type names of the published schema and of columns.py. Lists and structs occur in fields only, and columns.py has their types.
WORDS = {
    "utf8": "string",
    "int64": "int64",
    "float64": "double",
    "boolean": "bool",
    "binary": "binary",
    "timestamp[us, UTC]": "timestamp",
    "map<utf8, utf8>": MAP,
}
LARGEST = 2**63 - 1
# Names that are promoted, that change their type, or that are short-lived.
SEARCHED = {
    "logs": (
        "resource.service.name",
        "attr.drift.tenant",
        "attr.late.promoted",
        *(f"attr.flip.{number}" for number in range(5)),
        "attr.fleeting.0.value",
        "attr.fleeting.4000.value",
    ),
    "traces": ("attr.drift.tenant", "attr.flip.3"),
    "metrics": ("attr.late.promoted", "attr.flip.5"),
}
# Names that occur at most once per record, with types that all readers format alike.
TEXTS = {"attr.drift.tenant": "t-3", "resource.service.name": "checkout", "attr.record.number": "4321"}


class Truth:
    """The records that were sent for a table, by their numbers."""

    def __init__(self, directory, table):
        self.records = {}
        for signal, request, _ in requests_of(directory / "payloads" / table / "requests.bin"):
            for record in records_of(signal, request):
                number = next(value.int_value for _, key, value in record.attributes if key == "record.number")
                record.place = f"{table}, record {number}"
                record.overflow = {}
                without_large(record)
                self.records[number] = record

    def names(self):
        return {f"{group}.{key}" for record in self.records.values() for group, key, _ in record.attributes}

    def partitions(self, table):
        counts = Counter()
        for record in self.records.values():
            time = record.fields["timestamp"]
            time = time and datetime.fromtimestamp(time // 1_000_000, timezone.utc)
            parts = {"date": "%Y-%m-%d", "hour": "%H", "year": "%Y", "month": "%m"}
            counts[tuple(time and time.strftime(parts[name]) for name in PARTITIONS[table])] += 1
        return counts

    def values(self, name):
        """Yields the values that were sent for an attribute."""
        group, key = name.split(".", 1)
        for number, record in self.records.items():
            for of, sent, value in record.attributes:
                if (of, sent) == (group, key) and value.WhichOneof("value"):
                    yield number, value


def without_large(record):
    """Moves times that exceed 64 bits to overflow."""
    for name, value in record.fields.items():
        if name.endswith("time_unix_nano") and value > LARGEST:
            record.overflow[name] = str(value)
            record.fields[name] = 0
    of = record.fields
    micros = {name: of[name] // 1000 or None for name in of if name.endswith("time_unix_nano")}
    if "observed_time_unix_nano" in of:
        of["timestamp"] = micros["time_unix_nano"] or micros["observed_time_unix_nano"]
    elif "end_time_unix_nano" in of:
        start, end = of["start_time_unix_nano"], of["end_time_unix_nano"]
        of["timestamp"], of["end_timestamp"] = micros["start_time_unix_nano"], micros["end_time_unix_nano"]
        of["duration_nano"] = end - start if start and end else None
    else:
        of["timestamp"], of["start_timestamp"] = micros["time_unix_nano"], micros["start_time_unix_nano"]


def published(lake, table):
    """Returns the columns of the published schema, with the type names of columns.py."""
    document = json.loads((lake / "_otlake" / f"{table}.schema.json").read_text())
    fields = columns_of(table)
    columns = {}
    for column in document["columns"]:
        known = WORDS.get(column["type"]) or fields[column["name"]]
        if column["name"] in fields:
            compare(f"published type of {column['name']}", known, fields[column["name"]])
        columns[column["name"]] = known
    return columns, {column["name"]: column for column in document["columns"]}


def attribute_columns(document):
    """Returns the published column of each attribute, by its full name."""
    return {column["full_name"]: column["name"] for column in document.values() if "full_name" in column}


def check_files(lake, table, columns, document):
    """Checks that columns, field ids and attributes of every file are the published ones. Returns the number of files."""
    word = next(reader.word for reader in READERS if reader.name == "pyarrow")
    files = sorted((lake / f"signal={table}").rglob("*.parquet"))
    sizes = set()
    for file in files:
        schema = pyarrow.parquet.read_schema(file)
        sizes.add(len(schema))
        for field in schema:
            compare(f"{file}, type of {field.name}", arrow_type(field.type), word(columns[field.name]))
            id = field.metadata[b"PARQUET:field_id"].decode()
            compare(f"{file}, id of {field.name}", id, str(document[field.name]["id"]))
    names = checked(attribute_columns(document))
    # Files also state the names of attributes that never had a value and so have no column.
    of_files = {name: column for name, column in columns_of_files(files).items() if column in document}
    compare(f"{table}: attributes of the columns in files", of_files, names)
    compare(f"{table}: whether the schema drifts", len(sizes) > 10, True)
    return len(files)


def word_of(reader):
    """Returns the function that gives a reader's name of a type."""
    return getattr(reader, "word", None) or next(of.word for of in READERS if of.name == reader.name)


def check_types(reader, table, columns):
    word = word_of(reader)
    types = reader.types()
    for column, type in columns.items():
        compare(f"type of {column}", types.get(column), word(type))
    others = types.keys() - columns.keys() - {"signal"}
    compare("other columns", others, set(PARTITIONS[table]))


def check_rows(reader, table, columns, document, truth):
    rows, names = defaultdict(Row), attribute_columns(document)
    for column, cells in reader.columns():
        if column in columns:
            for number, value in cells:
                if column == NUMBER:
                    compare(f"whether record {number} occurs twice", number in rows and NUMBER in rows[number], False)
                rows[number][column] = value
    compare("records", rows.keys(), truth.records.keys())
    for number, record in truth.records.items():
        row = rows[number]
        overflow = dict(row["overflow"] or {})
        for name, text in record.overflow.items():
            compare(f"{record.place}, overflow {name}", overflow.pop(name, None), text)
        row["overflow"] = overflow
        compare_row(row, record, columns_of(table), names)
    return sum(bool(row["overflow"]) for row in rows.values())


def check_partitions(reader, table, truth):
    def plain(value):
        return f"{value:02}" if isinstance(value, int) else value and str(value)

    counts = Counter({tuple(map(plain, row[:-1])): row[-1] for row in reader.counts(PARTITIONS[table])})
    compare("records by partition", counts, truth.partitions(table))


def searches(table, columns, document, truth):
    """Yields searches: the column, the value in the column's type, the full name, the text, the numbers of the records that
    must be found, and of those that may be found."""
    column_of = attribute_columns(document)
    for name in SEARCHED[table]:
        sent = list(truth.values(name))
        compare(f"whether {name} was sent", bool(sent), True)
        times = Counter(number for number, _ in sent)
        # Two values of different types: one that fits the column, one that overflows.
        kinds = {value.WhichOneof("value"): str_of(value) for _, value in sent if str_of(value) is not None}
        for text in list(kinds.values())[:2]:
            column = column_of.get(name)
            literal = fitting(columns[column], text) if column else None
            numbers = {number for number, other in sent if AnyText(other) == text}
            # If a record has two values for one name, the second may be under `name#2`.
            surely = {number for number in numbers if times[number] == 1}
            compare(f"whether {name} is ever {text!r}", bool(surely), True)
            yield column if literal is not None else None, literal, name, text, surely, numbers


def str_of(value):
    """Returns the text of a value, if there is only one way to write it."""
    kind, plain = value.WhichOneof("value"), AnyText(value).plain
    if kind == "bool_value":
        return "true" if plain else "false"
    if kind == "double_value" and isinstance(plain, float) and not plain.is_integer() and abs(plain) > 1e-3:
        return repr(plain)
    return str(plain) if kind in ("string_value", "bytes_value", "int_value") else None


def fitting(type, text):
    """Returns the value of a type for a text, or None if the text overflows."""
    match type:
        case "string":
            return text
        case "bool":
            return {"true": True, "false": False}.get(text)
        case "int64":
            return int(text) if re.fullmatch(r"-?\d+", text) else None
        case "double":
            number = float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None
            return number if number is None or abs(number) < 2**53 else None
        case "binary":
            try:
                return base64.b64decode(text, validate=True)
            except ValueError:
                return None


def check_searches(reader, found):
    answers = []
    for column, literal, name, text, surely, possibly in found:
        answer = reader.find(column, literal, name, text)
        what = f"records where {name} is {text!r}"
        compare(f"{what}, twice", len(answer), len(set(answer)))
        compare(f"{what}, missing", surely - set(answer), set())
        compare(f"{what}, unexpected", set(answer) - possibly, set())
        answers.append(sorted(answer))
    return answers


def check_texts(reader, truth, document):
    for name, text in TEXTS.items():
        column = attribute_columns(document)[name]
        numbers = sorted(number for number, value in truth.values(name) if AnyText(value) == text)
        compare(f"records whose {name} is the text {text}", sorted(reader.texts(column, name, text)), numbers)
        compare(f"whether {name} is ever {text}", bool(numbers), True)


def check_first_file(lake, table, columns, truth):
    """Checks that without union_by_name DuckDB has the columns of the first file, and all rows."""
    plain = duckdb.connect()
    plain.execute(opening("DuckDB", lake, table).replace("union_by_name = true", "union_by_name = false"))
    first = pyarrow.parquet.read_schema(min((lake / f"signal={table}").rglob("*.parquet")))
    relation = plain.sql("SELECT * FROM logs")
    of_files = [name for name in relation.columns if name in columns]
    compare("columns without union_by_name", sorted(of_files), sorted(first.names))
    word = next(reader.word for reader in READERS if reader.name == "DuckDB")
    for name, type in zip(relation.columns, relation.types):
        if name in columns:
            compare(f"type of {name} without union_by_name", str(type), word(columns[name]))
    rows = plain.execute(f"SELECT {NUMBER} FROM logs").fetchall()
    compare("records without union_by_name", {number for (number,) in rows}, truth.records.keys())
    compare("rows without union_by_name", len(rows), len(truth.records))
    return len(of_files)


def check_table(directory, table, readers):
    """Returns the number of readers that fail."""
    lake, failures, answers = directory / "lake", 0, None
    truth = Truth(directory, table)
    columns, document = published(lake, table)
    files = check_files(lake, table, columns, document)
    found = list(searches(table, columns, document, truth))
    print(f"{table}: {len(truth.records)} records with {len(truth.names())} names, {len(columns)} columns, {files} files")
    for reader_type in readers:
        what = f"{reader_type.name} {reader_type.version}: {table}"
        try:
            reader = reader_type(lake, table)
            check_types(reader, table, columns)
            overflow = check_rows(reader, table, columns, document, truth)
            check_partitions(reader, table, truth)
            answer = check_searches(reader, found)
            answers = answers or answer
            compare("search results, compared with the first reader", answer, answers)
            check_texts(reader, truth, document)
            print(f"{what}: all records, {overflow} of them with overflow, {len(found)} filters")
        except Exception as error:
            failures += 1
            print(f"{what}: {type(error).__name__}: {str(error)[:1000]}", file=sys.stderr)
    try:
        count = check_first_file(lake, table, columns, truth)
        print(f"DuckDB {duckdb.__version__} without union_by_name: {table}, {count} columns")
    except Exception as error:
        failures += 1
        print(f"DuckDB without union_by_name: {table}: {type(error).__name__}: {str(error)[:1000]}", file=sys.stderr)
    return failures


def main(directory, readers):
    return sum(check_table(Path(directory), table, readers) for table in COLUMNS)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [directory]:
            sys.exit(bool(main(directory, LAKES)))
        case [directory, "--spark"]:
            from spark import Spark

            sys.exit(bool(main(directory, (*LAKES, Spark))))
    sys.exit(__doc__)
