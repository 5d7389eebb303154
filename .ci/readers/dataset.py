"""One way per reader to read the files of a table: the types of its columns, and its rows as plain values."""

import duckdb
import polars
import pyarrow.dataset
import pyarrow.parquet

# The names of scalar types in each reader; all other types are lists and structs of them.
TYPES = {
    "DuckDB": {
        "timestamp": "TIMESTAMP WITH TIME ZONE",
        "int64": "BIGINT",
        "double": "DOUBLE",
        "bool": "BOOLEAN",
        "string": "VARCHAR",
        "binary": "BLOB",
    },
    "pyarrow": {"timestamp": "timestamp[us, tz=UTC]"},
    "polars": {
        "timestamp": "Datetime(time_unit='us', time_zone='UTC')",
        "int64": "Int64",
        "double": "Float64",
        "bool": "Boolean",
        "string": "String",
        "binary": "Binary",
    },
}


class DuckDB:
    """Uses `union_by_name`, which DuckDB's documentation recommends for files with different columns."""

    name = "DuckDB"
    version = duckdb.__version__

    def __init__(self, files, union_by_name=True):
        names = ", ".join(f"'{file}'" for file in files)
        self.relation = duckdb.sql(f"SELECT * FROM read_parquet([{names}], union_by_name = {union_by_name})")

    def types(self):
        return dict(zip(self.relation.columns, map(str, self.relation.types)))

    def rows(self, where=None):
        relation = self.relation
        if where:
            relation = relation.filter(f"{where[0]} = {where[1]!r}")
        # Microseconds, because each reader has its own types for times.
        columns = ", ".join(
            f'epoch_us("{name}") AS "{name}"' if name.endswith("timestamp") else f'"{name}"'
            for name in relation.columns
        )
        relation = relation.project(columns)
        return [dict(zip(relation.columns, row)) for row in relation.fetchall()]

    @classmethod
    def word(cls, type):
        match type:
            case ["list", item]:
                return f"{cls.word(item)}[]"
            case ["map"]:
                return "MAP(VARCHAR, VARCHAR)"
            case ["struct", members]:
                # DuckDB quotes keywords of its grammar in member names.
                inside = ", ".join(f"{cls.quoted(name)} {cls.word(member)}" for name, member in members.items())
                return f"STRUCT({inside})"
        return TYPES["DuckDB"][type]

    @staticmethod
    def quoted(name):
        return f'"{name}"' if name in ("name", "value") else name


class PyArrow:
    """Reads a dataset with the unified schema. Unifying fails if a column has different types in two files."""

    name = "pyarrow"
    version = pyarrow.__version__

    def __init__(self, files):
        schema = pyarrow.unify_schemas([pyarrow.parquet.read_schema(file) for file in files])
        self.dataset = pyarrow.dataset.dataset(files, schema=schema)

    def types(self):
        return {field.name: arrow_type(field.type) for field in self.dataset.schema}

    def rows(self, where=None):
        filter = pyarrow.dataset.field(where[0]) == where[1] if where else None
        table = self.dataset.to_table(filter=filter)
        for at, field in enumerate(table.schema):
            if pyarrow.types.is_timestamp(field.type):
                table = table.set_column(at, field.name, table[field.name].cast("int64"))
        maps = [field.name for field in table.schema if "map<" in str(field.type)]
        rows = table.to_pylist()
        for row in rows:
            for name in maps:
                row[name] = with_maps(row[name])
        return rows

    @classmethod
    def word(cls, type):
        match type:
            case ["list", item]:
                return f"list<{cls.word(item)}>"
            case ["map"]:
                return "map<string, string>"
            case ["struct", members]:
                return f"struct<{', '.join(f'{name}: {cls.word(member)}' for name, member in members.items())}>"
        return TYPES["pyarrow"].get(type, type)


def arrow_type(type):
    """Returns a type without the field names inside lists and maps, which have no meaning."""
    if pyarrow.types.is_map(type):
        return f"map<{type.key_type}, {type.item_type}>"
    if pyarrow.types.is_list(type):
        return f"list<{arrow_type(type.value_type)}>"
    if pyarrow.types.is_struct(type):
        return f"struct<{', '.join(f'{field.name}: {arrow_type(field.type)}' for field in type)}>"
    return str(type)


def with_maps(value):
    """Converts pyarrow's maps, which are lists of pairs."""
    if isinstance(value, list):
        if value and all(isinstance(item, tuple) for item in value):
            return dict(value)
        return [with_maps(item) for item in value]
    if isinstance(value, dict):
        maps = ("attributes", "filtered_attributes")
        return {key: dict(item) if key in maps and item is not None else item for key, item in value.items()}
    return value


class Polars:
    """Reads a diagonal concatenation, which fails if a column has different types in two files."""

    name = "polars"
    version = polars.__version__

    def __init__(self, files):
        self.frame = polars.concat([polars.scan_parquet(file) for file in files], how="diagonal")

    def types(self):
        return {name: str(type) for name, type in self.frame.collect_schema().items()}

    def rows(self, where=None):
        frame = self.frame.filter(polars.col(where[0]) == where[1]) if where else self.frame
        return frame.with_columns(polars.selectors.datetime().dt.epoch("us")).collect().to_dicts()

    @classmethod
    def word(cls, type):
        match type:
            case ["list", item]:
                return f"List({cls.word(item)})"
            case ["map"]:
                return "Map(String, String)"
            case ["struct", members]:
                return f"Struct({{{', '.join(f'{name!r}: {cls.word(member)}' for name, member in members.items())}}})"
        return TYPES["polars"][type]


READERS = (DuckDB, PyArrow, Polars)
