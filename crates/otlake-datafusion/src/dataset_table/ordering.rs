//! The order of the rows of a scan.

use std::sync::Arc;

use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::Schema;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use otlake_parquet::SortingColumn;

use crate::dataset_table::data_file::DataFile;

/// Returns the order that all files have. It is empty if they have none in common, or if a row has null in one of its
/// columns: nulls come at one end of each file, not of all files together.
pub(super) fn common(files: &[&DataFile], schema: &Schema) -> Vec<SortingColumn> {
    let mut facts = files.iter().map(|file| file.facts.as_ref());
    let Some(Some(first)) = facts.next() else {
        return Vec::new();
    };
    let mut order = first.sort_order.clone();
    for facts in facts {
        let Some(facts) = facts else {
            return Vec::new();
        };
        let same = std::iter::zip(&order, &facts.sort_order).take_while(|(a, b)| a == b);
        order.truncate(same.count());
    }
    let has_no_nulls = |column: &SortingColumn| {
        let index = schema.index_of(&column.name).ok();
        index.is_some_and(|index| {
            let facts = files.iter().filter_map(|file| file.facts.as_ref());
            facts.into_iter().all(|facts| facts.nulls(index) == 0)
        })
    };
    let known = order.iter().take_while(|column| has_no_nulls(column));
    order.truncate(known.count());
    order
}

/// Returns an order in DataFusion's terms. There are no nulls, so they may be said to be where `ORDER BY` has them by
/// default: as if they were the largest values.
pub(super) fn ordering(order: &[SortingColumn], schema: &Schema) -> Option<LexOrdering> {
    let expressions = order.iter().map_while(|column| {
        let index = schema.index_of(&column.name).ok()?;
        let options = SortOptions {
            descending: column.descending,
            nulls_first: column.descending,
        };
        let column = Arc::new(Column::new(&column.name, index));
        Some(PhysicalSortExpr::new(column, options))
    });
    LexOrdering::new(expressions)
}
