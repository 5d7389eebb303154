"""One way per reader to open a table of a dataset: the code of docs/readers.md, unchanged."""

import re
from pathlib import Path

import duckdb
import polars
import pyarrow
import pyarrow.compute
from dataset import arrow_type, with_maps

DOCUMENT = Path(__file__).parents[2] / "docs" / "readers.md"
NUMBER = "attr_record_number"


def snippet(kind, reader):
    """Returns the code block after a comment in the document."""
    comment = re.escape(f"<!-- {kind}: {reader} -->")
    return re.search(rf"{comment}\n```\w+\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)[1]


def opening(reader, lake, table):
    """Returns the code that opens a table."""
    return snippet("reader", reader).replace("signal=logs", f"signal={table}").replace("lake/", f"{lake}/")


class Row(dict):
    """The columns of a row that have a value. All others are None."""

    def __missing__(self, name):
        return None


class DuckDB:
    name = "DuckDB"
    version = duckdb.__version__

    def __init__(self, lake, table):
        self.connection = duckdb.connect()
        # Times are in UTC.
        self.connection.execute("SET TimeZone = 'UTC'; SET parquet_metadata_cache = true")
        self.connection.execute(opening("DuckDB", lake, table))

    def types(self):
        relation = self.connection.sql("SELECT * FROM logs")
        return dict(zip(relation.columns, map(str, relation.types)))

    def columns(self):
        """Yields each column with its values and their record numbers."""
        types = self.types()
        self.connection.execute("CREATE TEMP TABLE rows AS SELECT * FROM logs")
        for name, type in types.items():
            cell = f'epoch_us("{name}")' if type.startswith("TIMESTAMP") else f'"{name}"'
            query = f'SELECT {NUMBER}, {cell} FROM rows WHERE "{name}" IS NOT NULL'
            yield name, self.connection.execute(query).fetchall()

    def counts(self, partitions):
        names = ", ".join(partitions)
        return self.connection.execute(f"SELECT {names}, count(*) FROM logs GROUP BY ALL").fetchall()

    def find(self, column, value, key, text):
        query = snippet("filter", "DuckDB").replace("*", NUMBER, 1).strip(";\n")
        query = query.replace("attr_user_id = 7", f'"{column}" = $value' if column else "false")
        query = query.replace("'attr.user.id'", "$key").replace("'7'", "$text")
        named = {"key": key, "text": text} | ({"value": value} if column else {})
        return [number for (number,) in self.connection.execute(query, named).fetchall()]

    def texts(self, column, key, text):
        query = f"SELECT {NUMBER} FROM logs WHERE coalesce(CAST({column} AS VARCHAR), overflow[$key]) = $text"
        return [number for (number,) in self.connection.execute(query, {"key": key, "text": text}).fetchall()]


class PyArrow:
    name = "pyarrow"
    version = pyarrow.__version__

    def __init__(self, lake, table):
        names = {}
        exec(opening("pyarrow", lake, table), names)
        self.dataset = names["logs"]

    def types(self):
        return {field.name: arrow_type(field.type) for field in self.dataset.schema}

    def columns(self):
        return self.columns_of(self.dataset.to_table())

    @staticmethod
    def columns_of(table):
        for field in table.schema:
            cells = table[field.name]
            there = cells.is_valid()
            cells = cells.filter(there)
            if pyarrow.types.is_timestamp(field.type):
                cells = cells.cast("int64")
            values = cells.to_pylist()
            if "map<" in str(field.type):
                values = [with_maps(value) for value in values]
            yield field.name, list(zip(table[NUMBER].filter(there).to_pylist(), values))

    def counts(self, partitions):
        table = self.dataset.to_table(columns=[*partitions, NUMBER])
        counted = table.group_by(partitions).aggregate([(NUMBER, "count")])
        return [tuple(row.values()) for row in counted.select([*partitions, f"{NUMBER}_count"]).to_pylist()]

    def find(self, column, value, key, text):
        code = snippet("filter", "pyarrow").replace("attr.user.id", "{key}").replace("to_table(", "to_table([number], ")
        code = code.replace('"{key}"', "key").replace('"7"', "text")
        code = code.replace('pc.field("attr_user_id") == 7', "pc.field(column) == value" if column else "pc.scalar(False)")
        names = {"logs": self.dataset, "pyarrow": pyarrow, "number": NUMBER}
        exec(code, names | {"column": column, "value": value, "key": key, "text": text}, found := {})
        return found["found"][NUMBER].to_pylist()

    def texts(self, column, key, text):
        pc = pyarrow.compute
        overflowed = pc.map_lookup(pc.field("overflow"), pyarrow.scalar(key), "first")
        filter = pc.coalesce(pc.field(column).cast("string"), overflowed) == text
        return self.dataset.to_table([NUMBER], filter=filter)[NUMBER].to_pylist()


class Polars:
    name = "polars"
    version = polars.__version__

    def __init__(self, lake, table):
        names = {}
        exec(opening("polars", lake, table), names)
        self.frame = names["logs"]

    def types(self):
        return {name: str(type) for name, type in self.frame.collect_schema().items()}

    def columns(self):
        frame = self.frame.with_columns(polars.selectors.datetime().dt.epoch("us")).collect()
        for name in frame.columns:
            there = frame[name].is_not_null()
            yield name, list(zip(frame[NUMBER].filter(there).to_list(), frame[name].filter(there).to_list()))

    def counts(self, partitions):
        return self.frame.group_by(partitions).len().select([*partitions, "len"]).collect().rows()

    def find(self, column, value, key, text):
        code = snippet("filter", "polars").replace('"attr.user.id"', "key").replace('"7"', "text")
        code = code.replace(
            'polars.col("attr_user_id") == 7', "polars.col(column) == value" if column else "polars.lit(False)"
        )
        code = code.replace(".collect()", ".select(number).collect()")
        names = {"logs": self.frame, "polars": polars, "number": NUMBER}
        exec(code, names | {"column": column, "value": value, "key": key, "text": text}, found := {})
        return found["found"][NUMBER].to_list()

    def texts(self, column, key, text):
        overflowed = polars.col("overflow").map.get(key)
        filter = polars.coalesce(polars.col(column).cast(polars.String), overflowed) == text
        return self.frame.filter(filter).select(NUMBER).collect()[NUMBER].to_list()


LAKES = (DuckDB, PyArrow, Polars)
