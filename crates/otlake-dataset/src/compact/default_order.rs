//! The order of merged rows, if neither the options nor the newest file specify one.

use otlake_parquet::SortingColumn;
use otlake_schema::{DatasetSchema, Table};

/// The full name of the attribute with the service, and the name of its column in the default naming.
const SERVICE: (&str, &str) = ("resource.service.name", "resource_service_name");

/// Returns the default order of a table, with the names that its columns have in `published`. docs/performance.md has the
/// figures.
pub(crate) fn default_order(table: Table, published: Option<&DatasetSchema>) -> Vec<SortingColumn> {
    let (full_name, in_default_naming) = SERVICE;
    let service = published.and_then(|schema| schema.column_of(full_name));
    let service = service.map_or(in_default_naming, |column| column.name());
    let names: &[&str] = match table {
        Table::Metrics | Table::MetricsOf(_) => &[service, "name", "timestamp"],
        _ => &[service, "timestamp"],
    };
    let ascending = names.iter().map(|name| SortingColumn {
        name: (*name).to_owned(),
        descending: false,
        nulls_first: false,
    });
    ascending.collect()
}
