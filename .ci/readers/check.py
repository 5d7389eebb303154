"""Reads the output of the main example with DuckDB, pyarrow and polars, and compares it with the recorded payloads.

    python check.py DIRECTORY[=RECORDED] ...

DIRECTORY contains the tables of one run of the example, each in a directory of its own; `metrics` may be replaced by one table per
kind of data point. RECORDED is the directory of examples/data with the payloads of that run, for example `json`; the default is
the default payloads. If a table has several files, every reader has to read them as one dataset. The queries of
docs/columns.md run on the tables of the default payloads.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import queries
from columns import ALL_KINDS, COLUMNS, MAP, columns_of
from dataset import READERS, DuckDB
from naming import columns_of_files
from payloads import DATA, AnyText, records, same

# Columns to search: filters use statistics, page indexes and bloom filters if the reader supports them.
SEARCHED = {"logs": ("trace_id", "fingerprint"), "traces": ("trace_id", "name"), "metrics": ("name", "unit")}
# Columns that exist only if a record had a value for them.
WHEN_SENT = ("resource_dropped_attributes_count", "scope_dropped_attributes_count")


def compare(what, found, expected):
    if not same(found, expected):
        raise AssertionError(f"{what}: expected {expected!r}, found {found!r}")


def least_type(values):
    """Returns the narrowest type that holds all values of an attribute, or None if there are none."""
    kinds = {value.WhichOneof("value") for value in values} - {None}
    numbers = {"int_value", "double_value"}
    if kinds == numbers and all(abs(value.int_value) <= 2**53 for value in values):
        return "double"
    types = {"bool_value": "bool", "int_value": "int64", "double_value": "double", "bytes_value": "binary"}
    return types.get(kinds.pop(), "string") if len(kinds) == 1 else "string" if kinds else None


def attribute_types(rows, columns):
    """Returns the type of each attribute's column, in a table that had all its rows when its types were frozen."""
    values = {}
    for row in rows:
        # The second value of an attribute in a record overflows.
        first = {}
        for group, key, value in row.attributes:
            if value.WhichOneof("value"):
                first.setdefault(columns[f"{group}.{key}"], value)
        for column, value in first.items():
            values.setdefault(column, []).append(value)
    return {column: least_type(of) for column, of in values.items()}


def fits(cell, value):
    """Returns whether a cell is the value of an attribute, either unchanged or coerced to the column's type."""
    kind = value.WhichOneof("value")
    if kind is None:
        return False
    if isinstance(cell, str):
        return AnyText(value) == cell
    number = isinstance(cell, (int, float)) and not isinstance(cell, bool)
    if number and kind == "int_value":
        return cell == value.int_value
    types = {"bool_value": bool, "double_value": float, "bytes_value": bytes}
    return kind in types and type(cell) is types[kind] and same(cell, getattr(value, kind))


def compare_row(row, record, fields, columns):
    """Compares a row with a record: each field, each attribute in its column or in overflow, and nothing else."""
    for name in fields.keys() - {"fingerprint"}:
        compare(f"{record.place}, {name}", row[name], record.fields[name])
    overflow = dict(row["overflow"] or {})
    checked = set(fields)
    for name in WHEN_SENT:
        compare(f"{record.place}, {name}", row.get(name) or 0, record.fields.get(name, 0))
        checked.add(name)
    for group, key, value in record.attributes:
        column = columns.get(f"{group}.{key}")
        if column not in checked and row.get(column) is not None and fits(row[column], value):
            checked.add(column)
            continue
        # The second value of a name gets a number, and so on.
        name = next((n for n in named(f"{group}.{key}") if n in overflow), None)
        if name is None:
            raise AssertionError(f"{record.place}: {group}.{key} is missing; {column} contains {row.get(column)!r}")
        compare(f"{record.place}, overflow {name}", overflow.pop(name), AnyText(value))
    others = {name: cell for name, cell in row.items() if cell is not None and name not in checked | {"overflow"}}
    compare(f"{record.place}, columns that were not sent", others, {})
    compare(f"{record.place}, overflow that was not sent", overflow, {})


def named(name):
    return [name, *(f"{name}#{number}" for number in range(2, 9))]


def check_types(reader, table, rows, columns, frozen_with_all):
    types = reader.types()
    expected = {name: reader.word(type) for name, type in columns_of(table).items()} | {"overflow": reader.word(MAP)}
    for column, type in expected.items():
        compare(f"type of {column}", types.get(column), type)
    if table not in COLUMNS:
        compare("columns of other kinds", sorted(types.keys() & (COLUMNS["metrics"].keys() - expected.keys())), [])
    attributes = {column: reader.word(type) for column, type in attribute_types(rows, columns).items()}
    found = {column: type for column, type in types.items() if column not in expected and column not in WHEN_SENT}
    if frozen_with_all:
        compare("types of attributes", found, attributes)
    return len(types)


def check_table(reader, table, expected, columns, frozen_with_all):
    """Compares everything that a reader reads from a table. Returns the results of its searches and a text to print."""
    count = check_types(reader, table, expected, columns, frozen_with_all)
    rows = reader.rows()
    compare("rows", len(rows), len(expected))
    for row, record in zip(rows, expected):
        compare_row(row, record, columns_of(table), columns)
    if table == "logs":
        check_fingerprints(rows)
    found = {}
    for column in SEARCHED.get(table, ()):
        values = Counter(row[column] for row in rows if row[column] is not None)
        value, count = min(values.items(), key=lambda item: (-item[1], item[0]))
        hits = reader.rows(where=(column, value))
        compare(f"rows where {column} = {value}", len(hits), count)
        compare(f"rows where {column} = {value}", hits, [row for row in rows if row[column] == value])
        found[column, value] = len(hits)
        absent = 1 if isinstance(value, int) else "0" * 32
        compare(f"rows where {column} = {absent}", reader.rows(where=(column, absent)), [])
    return found, f"{len(rows)} records as recorded, {count} columns with the right types"


def check_fingerprints(rows):
    bodies = [(row["body"], row["fingerprint"]) for row in rows]
    for body, fingerprint in bodies:
        compare(f"whether {body!r} has a fingerprint", fingerprint is not None, body is not None)
    compare("bodies with several fingerprints", len(dict(bodies)), len(set(bodies)))


def check_counts(directory, recorded):
    """Checks the recorded payloads against the counts in MANIFEST.json."""
    manifest = json.loads((DATA / "MANIFEST.json").read_text())
    prefixes = [f"{signal}/" for signal in COLUMNS] if directory == "." else [f"{directory}/"]
    of = [entry["records"] for name, entry in manifest.items() if name.startswith(tuple(prefixes))]
    found = {"log_records": len(recorded["logs"]), "spans": len(recorded["traces"])}
    found |= {kind: len(recorded[kind]) for kind in ALL_KINDS}
    compare(
        f"records of {directory} by MANIFEST.json",
        found,
        {name: 0 for name in found} | dict(sum(map(Counter, of), Counter())),
    )


def check_reader(reader_type, table, files, expected):
    reader = reader_type(files)
    # With several files, types are frozen before all rows are known.
    found, text = check_table(reader, table, expected, columns_of_files(files), frozen_with_all=len(files) == 1)
    if reader_type is DuckDB:
        # Without union_by_name, DuckDB uses the columns of the first file, which has at least the fields.
        plain = DuckDB(files, union_by_name=False)
        for column in columns_of(table):
            compare(f"type of {column} without union_by_name", plain.types()[column], reader.types()[column])
        fields = [[row[column] for column in columns_of(table)] for row in plain.rows()]
        compare("rows without union_by_name", fields, [[row[c] for c in columns_of(table)] for row in reader.rows()])
    return found, text


def recorded_in(directory):
    recorded = records(directory)
    recorded |= {kind: [row for row in recorded["metrics"] if row.fields["kind"] == kind] for kind in ALL_KINDS}
    check_counts(directory, recorded)
    return recorded


def main(arguments):
    failures = 0
    recorded, searches, file_counts = {}, {}, Counter()
    for argument in arguments:
        directory, _, source = argument.partition("=")
        directory, source = Path(directory), source or "."
        if source not in recorded:
            recorded[source] = recorded_in(source)
        tables = ["logs", "traces", *(["metrics"] if (directory / "metrics").is_dir() else ALL_KINDS)]
        for table in tables:
            expected = recorded[source][table]
            files = sorted(str(file) for file in (directory / table).glob("*.parquet"))
            file_counts[table] = max(file_counts[table], len(files))
            for reader in READERS:
                what = f"{reader.name} {reader.version}: {directory / table}, {len(files)} files"
                try:
                    compare("whether there are files", len(files) > 0, len(expected) > 0)
                    if not files:
                        continue
                    found, text = check_reader(reader, table, files, expected)
                    compare("search results, compared with the first reader", found, searches.setdefault((source, table), found))
                    print(f"{what}: {text}")
                except Exception as error:
                    failures += 1
                    # Some readers print whole schemas.
                    print(f"{what}: {type(error).__name__}: {str(error)[:1000]}", file=sys.stderr)
        # The queries need one table with all kinds of data points.
        if source == "." and "metrics" in tables:
            failures += queries.check(directory, recorded[source])
    for signal in COLUMNS:
        if file_counts[signal] < 2:
            failures += 1
            print(f"no run has several files of {signal}", file=sys.stderr)
    return failures


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(bool(main(sys.argv[1:])))
