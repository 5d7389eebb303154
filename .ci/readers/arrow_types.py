"""Reads columns of random types with pyarrow, and compares them with the files of another writer.

    python arrow_types.py DIRECTORY

DIRECTORY is what the test `types` of crates/otlake-parquet keeps in OTLAKE_TYPES_DIRECTORY: pairs of files with the same values,
N.parquet from otlake and N.expected.parquet from the parquet crate of arrow-rs.
"""

import sys
from pathlib import Path

import pyarrow.parquet

# More values than a file has, so that all of them are in the text.
WHOLE = 1_000_000


def read(path):
    """Returns the types of the columns and their values, as text, in which a NaN equals a NaN."""
    table = pyarrow.parquet.ParquetFile(path).read()
    values = [column.combine_chunks().to_string(window=WHOLE, container_window=WHOLE) for column in table.columns]
    return str(table.schema), values


def main():
    directory = Path(sys.argv[1])
    files = sorted(path for path in directory.glob("*.parquet") if not path.name.endswith(".expected.parquet"))
    if not files:
        sys.exit(f"{directory} has no files: run the test types with OTLAKE_TYPES_DIRECTORY")
    different = [path for path in files if read(path) != read(path.with_suffix(".expected.parquet"))]
    for path in different[:10]:
        print(f"{path}: {read(path)}\n  expected {read(path.with_suffix('.expected.parquet'))}"[:2_000])
    print(f"{len(files)} files of random types, {len(different)} different")
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
