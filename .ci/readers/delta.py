"""Reads the Delta tables of the example `delta` with deltalake, DataFusion, polars and DuckDB, and lets the first one write.

    python .ci/readers/delta.py PATH_OF_THE_EXAMPLE DIRECTORY

The oracle is DuckDB on the Parquet files that the log lists, which this script reads itself. All cells of all versions are
compared, then filters and what a reader may answer from statistics. In the end deltalake appends, compacts, vacuums and cleans
up the log, and the example has to find its batches all the same.
"""

import datetime
import glob
import json
import operator
import os
import random
import shutil
import subprocess
import sys
import time

import deltalake
import duckdb
import duckdb_extension_delta
import polars
import pyarrow
from tables import datafusion_query, same_types

TABLES = ["logs", "traces", "metrics"]


def log(path):
    """Returns the actions of each version of a table."""
    entries = sorted(glob.glob(f"{path}/_delta_log/*.json"))
    return [[json.loads(line) for line in open(entry)] for entry in entries]


def files(path, version):
    """Returns the live files of a version, and their rows."""
    live = {}
    for entry in log(path)[: version + 1]:
        for action in entry:
            if "remove" in action:
                del live[action["remove"]["path"]]
            if "add" in action:
                live[action["add"]["path"]] = json.loads(action["add"]["stats"])["numRecords"]
    return live


def cell(value):
    """Returns a value in the form in which all readers are compared."""
    if isinstance(value, dict):
        if set(value) == {"key", "value"}:
            return (cell(value["key"]), cell(value["value"]))
        return tuple((name, cell(member)) for name, member in sorted(value.items()))
    if isinstance(value, (list, tuple)):
        return tuple(map(cell, value))
    if isinstance(value, datetime.datetime):
        assert value.tzinfo is not None, value
        return value.astimezone(datetime.timezone.utc)
    return value


def rows(table):
    """Returns the rows of an Arrow table, in an order of their own."""
    names = sorted(table.column_names)
    columns = [[repr(cell(value)) for value in table[name].to_pylist()] for name in names]
    return names, sorted(zip(*columns))


def own_query(table, sql):
    """Runs a query with the DataFusion that is a part of deltalake."""
    return pyarrow.table(deltalake.QueryBuilder().register("t", table).execute(sql).read_all())


# The readers of a DeltaTable in SQL.
QUERIES = {"deltalake": own_query, "DataFusion": datafusion_query}


class Readers:
    def __init__(self):
        self.duckdb = duckdb.connect()
        [extension] = glob.glob(f"{os.path.dirname(duckdb_extension_delta.__file__)}/extensions/*/*.duckdb_extension")
        self.duckdb.load_extension(extension)
        self.duckdb.execute("SET TimeZone = 'UTC'")

    def raw(self, path, version, sql):
        paths = [f"{path}/{name}" for name in files(path, version)]
        partitions = "hive_partitioning = true, hive_types = {'date': DATE, 'service': VARCHAR}"
        source = f"read_parquet({paths}, union_by_name = true, {partitions})"
        return self.duckdb.execute(sql.format(t=source)).to_arrow_table()

    def times(self, path, version):
        """Returns the times of a table, ascending, and how many rows have each."""
        table = self.raw(path, version, 'SELECT "timestamp" AS t, count(*) AS n FROM {t} GROUP BY t ORDER BY t')
        return list(zip(table["t"].to_pylist(), table["n"].to_pylist()))

    def all(self, path, version, sql):
        """Yields the name and the answer of each reader."""
        table = deltalake.DeltaTable(path, version=version)
        for name, query in QUERIES.items():
            yield name, query(table, sql.format(t="t"))
        context = polars.SQLContext(t=polars.scan_delta(path, version=version))
        yield "polars", context.execute(sql.format(t="t")).collect().to_arrow()
        source = f"delta_scan('{path}', version := {version})"
        yield "DuckDB", self.duckdb.execute(sql.format(t=source)).to_arrow_table()


def same(readers, path, version, sql):
    expected = rows(readers.raw(path, version, sql))
    for name, answer in readers.all(path, version, sql):
        found = rows(answer)
        assert found[0] == expected[0], f"{name}: {sql}: columns {set(found[0]) ^ set(expected[0])}"
        for ours, theirs in zip(found[1], expected[1], strict=True):
            for column, a, b in zip(found[0], ours, theirs, strict=True):
                assert a == b, f"{name}: {sql}: {column} is {a}, expected {b}"
    return len(expected[1])


def types(readers, path):
    """The columns have the same types in the table as in the files."""
    raw = readers.raw(path, len(log(path)) - 1, "SELECT * FROM {t} LIMIT 0").schema
    scanned = readers.duckdb.execute(f"SELECT * FROM delta_scan('{path}') LIMIT 0").to_arrow_table().schema
    same_types("DuckDB", scanned, raw)
    same_types("DataFusion", datafusion_query(deltalake.DeltaTable(path), "SELECT * FROM t LIMIT 0").schema, raw)
    read = deltalake.DeltaTable(path).to_pyarrow_table()
    assert sorted(read.column_names) == sorted(raw.names)
    assert read.schema.field("timestamp").type == pyarrow.timestamp("us", "UTC")
    return read.num_rows


# The operators of filters on a time, as polars and Python have them.
OPERATORS = {">=": operator.ge, "<=": operator.le, "=": operator.eq}


def filters(readers, path, version):
    """Filters on times begin and end at every tenth of them, so that a bound which excludes too much shows."""
    times = readers.times(path, version)
    frame, table = polars.scan_delta(path), deltalake.DeltaTable(path)
    edges = [time for time, _ in times[:: max(1, len(times) // 10)] + times[-1:]]
    for edge in edges:
        for sign, compare in OPERATORS.items():
            expected = sum(count for time, count in times if compare(time, edge))
            condition = f"\"timestamp\" {sign} TIMESTAMPTZ '{edge.isoformat()}'"
            sql = f"SELECT count(*) FROM delta_scan('{path}') WHERE {condition}"
            [[found]] = readers.duckdb.execute(sql).fetchall()
            assert found == expected, f"DuckDB: {condition}: {found}, expected {expected}"
            found = frame.filter(compare(polars.col("timestamp"), edge)).collect().height
            assert found == expected, f"polars: {condition}: {found}, expected {expected}"
            time = f"arrow_cast('{edge.isoformat()}', 'Timestamp(Microsecond, Some(\"UTC\"))')"
            sql = f'SELECT count(*) AS n FROM t WHERE "timestamp" {sign} {time}'
            for name, query in QUERIES.items():
                found = query(table, sql)["n"][0].as_py()
                assert found == expected, f"{name}: {condition}: {found}, expected {expected}"
    return len(edges) * len(OPERATORS)


def check(readers, path):
    last = len(log(path)) - 1
    assert deltalake.DeltaTable(path).version() == last
    count = types(readers, path)
    assert count == sum(files(path, last).values()) and count > 0
    # Time travel: each version has the rows and the columns of its time.
    for version in range(last + 1):
        assert same(readers, path, version, "SELECT * FROM {t}") == sum(files(path, version).values())
    old = set(readers.raw(path, 0, "SELECT * FROM {t} LIMIT 0").column_names)
    new = set(readers.raw(path, last, "SELECT * FROM {t} LIMIT 0").column_names) - old
    assert new, f"{path} gets no columns"
    nanos = "start_time_unix_nano" if path.endswith("traces") else "time_unix_nano"
    queries = [
        f'SELECT min({column}) AS a, max({column}) AS b, count(*) AS n FROM {{t}}'
        for column in ['"timestamp"', nanos, "resource_service_name"]
    ]
    queries.append("SELECT service, count(*) AS n FROM {t} GROUP BY service")
    conditions = [
        "service = 'frontend'",
        "date = CAST('2026-11-22' AS DATE)",
        "date > CAST('2026-11-22' AS DATE)",
        "resource_service_name > 'd'",
        *(f"{name} IS NOT NULL" for name in sorted(new)),
    ]
    queries += [f"SELECT count(*) AS n FROM {{t}} WHERE {condition}" for condition in conditions]
    for query in queries:
        same(readers, path, last, query)
    filtered = filters(readers, path, last)
    columns = f"{len(old)} columns and {len(new)} new ones"
    print(f"{path}: {count} rows, {last + 1} versions, {columns}: {len(queries)} queries and {filtered} filters agree")


def kills(example, directory):
    """Kills the example at random moments, and runs it again until it ends: every row is there once."""
    shutil.rmtree(directory, ignore_errors=True)
    command, killed = [example, directory, "100"], 0
    started = time.monotonic()
    subprocess.run([example, f"{directory}/whole", "100"], check=True, capture_output=True)
    longest = time.monotonic() - started
    random.seed(1)
    while killed < 30:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            process.wait(random.random() ** 2 * longest)
            for table in TABLES:
                shutil.rmtree(f"{directory}/{table}")
            shutil.rmtree(f"{directory}/_otlake")
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
    subprocess.run(command, check=True, capture_output=True)
    for table in TABLES:
        whole, found = (deltalake.DeltaTable(f"{lake}/{table}").to_pyarrow_table() for lake in (f"{directory}/whole", directory))
        assert rows(found) == rows(whole), table
    print(f"{killed} processes were killed, and each row is there once")


def main(example, directory):
    kills(example, directory)
    shutil.rmtree(directory)

    def run(count):
        return subprocess.run([example, directory, str(count)], check=True, capture_output=True, text=True).stdout

    run(3)
    run(5)
    readers = Readers()
    for table in TABLES:
        check(readers, f"{directory}/{table}")

    # Another writer appends a row, and the example goes on.
    path = f"{directory}/logs"
    foreign = {"date": [datetime.date(2026, 11, 23)], "service": ["foreign"], "body": ["by deltalake"]}
    deltalake.write_deltalake(path, pyarrow.table(foreign), mode="append", schema_mode="merge")
    before = deltalake.DeltaTable(path).to_pyarrow_table().num_rows
    run(6)
    table = deltalake.DeltaTable(path)
    after = table.to_pyarrow_table()
    assert after.num_rows > before
    assert after["body"].to_pylist().count("by deltalake") == 1

    # It maintains the table, and the watermarks are lost: only the log knows the batches.
    table.optimize.compact()
    table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    table.create_checkpoint()
    table.cleanup_metadata()
    shutil.rmtree(f"{directory}/_otlake/watermarks")
    version = table.version()
    run(6)
    table = deltalake.DeltaTable(path)
    assert table.version() == version, "a batch was committed again"
    assert table.to_pyarrow_table().num_rows == after.num_rows
    run(7)
    assert deltalake.DeltaTable(path).version() >= version
    print("deltalake appended, compacted, vacuumed and cleaned up; each batch is there once")


main(*sys.argv[1:])
