"""What the checks of Delta and Iceberg tables share: DataFusion as a reader, and the comparison of types."""

import datafusion
import pyarrow

# The types that readers have in place of those of the files.
OTHER_TYPES = {
    pyarrow.large_string(): pyarrow.string(),
    pyarrow.string_view(): pyarrow.string(),
    pyarrow.large_binary(): pyarrow.binary(),
    pyarrow.binary_view(): pyarrow.binary(),
    pyarrow.timestamp("us", "+00:00"): pyarrow.timestamp("us", "UTC"),
}


def datafusion_query(table, sql):
    """Runs a query of the table `t` with DataFusion. The package of the table plans the scans."""
    context = datafusion.SessionContext()
    context.register_table("t", table)
    return context.sql(sql).to_arrow_table()


def same_types(reader, found, expected):
    """The columns of a schema have the same types in another one, which may have more columns."""
    for field in expected:
        other = found.field(field.name).type
        if pyarrow.types.is_nested(field.type):
            same = type(other) in (type(field.type), pyarrow.LargeListType)
        else:
            same = OTHER_TYPES.get(other, other) == field.type
        assert same, f"{reader}: {field.name}: {other}, expected {field.type}"
