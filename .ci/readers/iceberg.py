"""Reads Iceberg tables with pyiceberg, DataFusion, polars and DuckDB, and compares them with the files.

    python iceberg.py DIRECTORY

DIRECTORY is the output of the example `iceberg` of otlake-iceberg: two batches, and columns that only the second one has. Each
engine has to find the rows of all files with the types of the files, the same rows for filters on old and new columns, and the rows of
the first batch at the first snapshot.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import duckdb
import polars
import pyarrow
import pyarrow.parquet
from duckdb_extension_avro import __file__ as avro
from duckdb_extension_iceberg import __file__ as iceberg
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import StaticTable
from tables import datafusion_query, same_types

# Columns that both batches have.
OLD = {"logs": "severity_number >= 17", "traces": "kind = 3", "metrics": "kind = 'sum'"}


def plain(value):
    """A value in a form that is the same for all engines and can be counted."""
    if isinstance(value, list):
        if value and all(isinstance(item, tuple) and len(item) == 2 for item in value):
            return plain(dict(value))
        return [plain(item) for item in value]
    if isinstance(value, dict):
        # Polars reads a map as a list of structs.
        return {name: plain(item) for name, item in sorted(value.items())}
    if isinstance(value, bytes):
        return value.hex()
    if hasattr(value, "isoformat"):
        return value.timestamp()
    return value


def maps(rows, names):
    """Turns the maps of polars, lists of keys and values, into dictionaries."""

    def mapped(value):
        if isinstance(value, list):
            if value and all(isinstance(item, dict) and set(item) == {"key", "value"} for item in value):
                return {item["key"]: item["value"] for item in value}
            return [mapped(item) for item in value]
        if isinstance(value, dict):
            return {name: mapped(item) for name, item in value.items()}
        return value

    for row in rows:
        for name in names:
            row[name] = mapped(row[name])
    return rows


def without_empty(value):
    """An empty map can't be distinguished from an empty list in polars, and pyiceberg reads a list of structs that is null as an empty one."""
    if isinstance(value, list):
        return [without_empty(item) for item in value] or None
    if isinstance(value, dict):
        return {name: without_empty(item) for name, item in value.items()} or None
    return value


def counted(rows):
    return Counter(json.dumps(without_empty(plain(row)), sort_keys=True) for row in rows)


def compare(what, found, expected):
    found, expected = counted(found), counted(expected)
    if found != expected:
        more, fewer = found - expected, expected - found
        sys.exit(f"{what}: {more.total()} rows too many, {fewer.total()} missing, such as\n{next(iter(more), None)}\n{next(iter(fewer), None)}")


def rows_of(paths, schema):
    """The rows of files, with null in the columns that a file lacks."""
    rows = []
    for path in paths:
        rows += pyarrow.parquet.ParquetFile(path).read().to_pylist(maps_as_pydicts="strict")
    return [{name: row.get(name) for name in schema} for row in rows]


def listed(columns):
    return ", ".join(f'"{column}"' for column in columns)


def local(url):
    return url.removeprefix("file://")


def as_of(table, snapshot_id):
    """A table as it was when it had a snapshot, because pyiceberg-core reads the current snapshot of a metadata file."""
    for entry in reversed(table.metadata.metadata_log):
        earlier = StaticTable.from_metadata(entry.metadata_file)
        if earlier.metadata.current_snapshot_id == snapshot_id:
            return earlier
    sys.exit(f"no metadata file has the snapshot {snapshot_id} as the current one")


def check(directory, name, catalog, database):
    table = catalog.load_table(f"otlake.{name}")
    history = table.history()
    assert len(history) == 2, f"{len(history)} snapshots"
    schemas = [table.snapshot_by_id(entry.snapshot_id).schema_id for entry in history]
    columns = [[field.name for field in table.schemas()[schema].fields] for schema in schemas]
    new = [column for column in columns[1] if column not in columns[0]]
    assert new, f"{name}: the second batch has no new column"
    files = [[local(task.file.file_path) for task in table.scan(snapshot_id=entry.snapshot_id).plan_files()] for entry in history]
    on_disk = {str(path) for path in (Path(directory) / name).rglob("*.parquet")}
    assert set(files[1]) == on_disk, f"{name}: the table has {len(files[1])} files, the directory {len(on_disk)}"
    first, all_rows = rows_of(files[0], columns[0]), rows_of(files[1], columns[1])
    assert 0 < len(first) < len(all_rows)

    # Field ids, in the table and in each footer.
    names = {field.field_id: field.name for field in table.schema().fields}
    for path in files[1]:
        for field in pyarrow.parquet.read_schema(path):
            id = int(field.metadata[b"PARQUET:field_id"])
            assert names[id] == field.name, f"{path}: {field.name} has the id {id} of {names[id]}"

    at = table.metadata_location
    sql = f"SELECT * FROM iceberg_scan('{at}')"
    earlier = f"SELECT {listed(columns[0])} FROM iceberg_scan('{at}', snapshot_from_id = {history[0].snapshot_id})"

    def lines(arrow):
        return arrow.to_pylist(maps_as_pydicts="strict")

    def duck(query):
        return lines(database.sql(query).to_arrow_table())

    def pyice(**options):
        return lines(table.scan(**options).to_arrow())

    def fused(query, table=table):
        return lines(datafusion_query(table, query))

    def pola(frame):
        rows = frame.collect().to_dicts()
        return maps(rows, rows[0]) if rows else rows

    def where(condition):
        """The rows of the files that a filter of SQL selects, by DuckDB without Iceberg."""
        files_of_table = f"read_parquet({sorted(files[1])!r}, union_by_name = true)"
        return duck(f"SELECT {listed(columns[1])} FROM {files_of_table} WHERE {condition}")

    for reader, found in [("pyiceberg", table.scan().to_arrow()), ("DataFusion", datafusion_query(table, "SELECT * FROM t"))]:
        for path in files[1]:
            same_types(reader, found.schema, pyarrow.parquet.read_schema(path))

    compare(f"pyiceberg, {name}", pyice(), all_rows)
    compare(f"pyiceberg, {name}, earlier", pyice(snapshot_id=history[0].snapshot_id), first)
    compare(f"DataFusion, {name}", fused("SELECT * FROM t"), all_rows)
    at_first = fused(f"SELECT {listed(columns[0])} FROM t", as_of(table, history[0].snapshot_id))
    compare(f"DataFusion, {name}, earlier", at_first, first)
    compare(f"DuckDB, {name}", duck(sql), all_rows)
    compare(f"DuckDB, {name}, earlier", duck(earlier), first)
    compare(f"polars, {name}", pola(polars.scan_iceberg(table)), all_rows)
    compare(f"polars, {name}, earlier", pola(polars.scan_iceberg(table, snapshot_id=history[0].snapshot_id)), first)

    last = max(row["timestamp"] for row in first).isoformat()
    filters = [OLD[name], f'"{new[0]}" IS NOT NULL', f""""timestamp" >= '{last}'"""]
    for condition in filters:
        expected = where(condition)
        assert expected, f"{name}: no row for {condition}"
        python = condition.replace('"', "")
        compare(f"pyiceberg, {name}, {condition}", pyice(row_filter=python), expected)
        compare(f"DataFusion, {name}, {condition}", fused(f"SELECT * FROM t WHERE {condition}"), expected)
        compare(f"DuckDB, {name}, {condition}", duck(f"{sql} WHERE {condition}"), expected)
    kind = {"logs": polars.col("severity_number") >= 17, "traces": polars.col("kind") == 3, "metrics": polars.col("kind") == "sum"}
    for condition, expression in zip(filters, [kind[name], polars.col(new[0]).is_not_null()]):
        compare(f"polars, {name}, {condition}", pola(polars.scan_iceberg(table).filter(expression)), where(condition))
    print(f"{name}: {len(all_rows)} rows in {len(files[1])} files, {len(first)} of them earlier, {len(new)} new columns")


def main():
    (directory,) = sys.argv[1:]
    directory = str(Path(directory).resolve())
    catalog = SqlCatalog("lake", uri=f"sqlite:///{directory}/catalog.sqlite")
    database = duckdb.connect(config={"autoinstall_known_extensions": False})
    database.execute("SET TimeZone = 'UTC'")
    for package, extension in [(avro, "avro"), (iceberg, "iceberg")]:
        (path,) = Path(package).parent.glob(f"extensions/*/{extension}.duckdb_extension")
        database.execute(f"LOAD '{path}'")
    for name in ["logs", "traces", "metrics"]:
        check(directory, name, catalog, database)


if __name__ == "__main__":
    main()
