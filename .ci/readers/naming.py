"""The columns of attributes: which attribute each belongs to, and whether its name follows the rules of docs/columns.md."""

import json
import unicodedata

import pyarrow.parquet
import xxhash
from columns import COLUMNS

# Names that attributes never get.
RESERVED = {name for columns in COLUMNS.values() for name in columns} | {
    "overflow",
    "resource_dropped_attributes_count",
    "resource_entity_refs",
    "scope_dropped_attributes_count",
    "template",
}


def flat(full_name):
    """Returns the name that flat naming gives to an attribute."""
    group, key = full_name.split(".", 1)
    name = "".join(map(character, key))
    return name if key.startswith("_") else f"{group}_{name}"


def character(c):
    if c.isascii() and c.isalnum():
        return c.lower()
    return "_" if c.isascii() or c.isspace() or unicodedata.category(c) == "Cc" else c.lower()


def columns_of_files(files):
    """Returns the column of each attribute, by its full name, as the metadata of the files states it."""
    columns = {}
    for file in files:
        names = json.loads(pyarrow.parquet.read_metadata(file).metadata[b"otlake.columns"])
        for column, (full_name,) in names.items():
            if columns.setdefault(full_name, column) != column:
                raise AssertionError(f"{full_name} has the columns {columns[full_name]} and {column}")
    return checked(columns)


def checked(columns):
    """Checks that each column belongs to one attribute, and has the first free name of those it may have."""
    names = {column.lower() for column in columns.values()}
    if len(names) < len(columns):
        raise AssertionError("two attributes have one column, or columns whose names differ only in case")
    for full_name, column in columns.items():
        if column in RESERVED:
            raise AssertionError(f"{full_name} has the column {column} of a field")
        base, digest = flat(full_name), xxhash.xxh3_64_hexdigest(full_name.encode())
        candidates = [base, f"{base}_{digest[:8]}", f"{base}_{digest}"]
        if column not in candidates:
            raise AssertionError(f"{full_name} has the column {column}, and none of {candidates}")
        for name in candidates[: candidates.index(column)]:
            if name not in names | RESERVED:
                raise AssertionError(f"{full_name} has the column {column}, although {name} is free")
    return columns
