//! Filters on partition columns.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::Schema;
use datafusion::catalog::Session;
use datafusion::common::DFSchema;
use datafusion::datasource::listing::helpers::expr_applicable_for_cols;
use datafusion::error::Result;
use datafusion::logical_expr::Expr;
use datafusion::scalar::ScalarValue;

use crate::dataset_table::data_file::DataFile;

/// Returns whether a filter is decided by partition columns alone, so that no row has to be filtered.
pub(super) fn is_exact(filter: &Expr, partition_columns: &[&str]) -> bool {
    !partition_columns.is_empty() && expr_applicable_for_cols(partition_columns, filter)
}

/// Removes the files whose partition does not pass a filter that [is exact](is_exact). `partitions` has the fields of
/// the partition columns.
pub(super) fn retain(
    files: &mut Vec<&DataFile>,
    filter: Expr,
    partitions: &Schema,
    session: &dyn Session,
) -> Result<()> {
    let schema = DFSchema::try_from(partitions.clone())?;
    let filter = session.create_physical_expr(filter, &schema)?;
    let columns = partitions.fields().iter().map(|field| {
        let values = files.iter().map(|file| file.partition_value(field.name()));
        ScalarValue::iter_to_array(values)
    });
    let columns = match files.is_empty() {
        true => return Ok(()),
        false => columns.collect::<Result<Vec<_>>>()?,
    };
    let rows = RecordBatchOptions::new().with_row_count(Some(files.len()));
    let batch = RecordBatch::try_new_with_options(Arc::new(partitions.clone()), columns, &rows)?;
    let passes = filter.evaluate(&batch)?.into_array(files.len())?;
    let passes = passes.as_boolean();
    let mut file = 0;
    files.retain(|_| {
        file += 1;
        passes.is_valid(file - 1) && passes.value(file - 1)
    });
    Ok(())
}
