use std::sync::Arc;

use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use datafusion::prelude::SessionContext;
use otlake_schema::Table;

use crate::attributes;
use crate::backfill::function::OtlpToDataset;
use crate::dataset_table::DatasetTable;
use crate::dataset_table::error::DatasetTableError;
use crate::functions::fingerprint::FingerprintFunction;
use crate::functions::patterns::PatternsFunction;
use crate::functions::severity::SeverityFunction;
use crate::functions::template::TemplateFunction;
use crate::otlp::read_otlp::ReadOtlp;

/// Registers the functions of this crate with a session: the table function [`read_otlp`](ReadOtlp), the
/// [scalar functions](scalar_functions), the [aggregate functions](aggregate_functions), and `attr`.
///
/// `attr('user.id')` is the text of an attribute of a record, wherever a [`DatasetTable`] has it: in a column, whatever
/// its type, or in `overflow`. `attr('resource.service.name')` and `attr('scope.x')` are attributes of its resource and
/// scope. With several tables, name one: `attr(l.overflow, 'user.id')`. `attr` is replaced when a query is planned. In a
/// filter, `attr('user.id') = '7'` becomes a comparison with the column in its own type, so that files and row groups
/// without the value are skipped.
pub fn register(context: &SessionContext) {
    attributes::register(context);
    context.register_udtf(ReadOtlp::NAME, Arc::new(ReadOtlp::new()));
    for function in scalar_functions() {
        context.register_udf(ScalarUDF::clone(&function));
    }
    for function in aggregate_functions() {
        context.register_udaf(AggregateUDF::clone(&function));
    }
}

/// Registers the table function [`otlp_to_dataset`](OtlpToDataset), which writes to every place that the session can
/// reach. [`register`] leaves it out.
pub fn register_backfill(context: &SessionContext) {
    context.register_udtf(OtlpToDataset::NAME, Arc::new(OtlpToDataset::new()));
}

/// Returns the scalar functions: `fingerprint`, `template`, `severity`, and `overflow_value` and `value_text`, of which
/// plans with `attr` consist.
pub fn scalar_functions() -> Vec<Arc<ScalarUDF>> {
    let [overflow_value, value_text] = attributes::scalar_functions();
    vec![
        Arc::new(ScalarUDF::from(FingerprintFunction::new())),
        Arc::new(ScalarUDF::from(TemplateFunction::new())),
        Arc::new(ScalarUDF::from(SeverityFunction::new())),
        overflow_value,
        value_text,
    ]
}

/// Returns the aggregate functions: `patterns`.
pub fn aggregate_functions() -> Vec<Arc<AggregateUDF>> {
    vec![Arc::new(AggregateUDF::from(PatternsFunction::new()))]
}

/// Registers the tables of a dataset under their names: `logs`, `traces`, `metrics`, or a table for each metric kind.
/// Returns the tables that the dataset has.
///
/// # Errors
///
/// Returns an error if there is no dataset at the URL, or if a published schema or a manifest can't be read.
pub async fn register_dataset(context: &SessionContext, url: &str) -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    let mut missing = None;
    for table in Table::ALL {
        match DatasetTable::open(&context.state(), url, table).await {
            Ok(provider) => {
                context.register_table(table.name(), Arc::new(provider))?;
                tables.push(table);
            }
            Err(error) if is_not_found(&error) => missing = missing.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    match missing {
        Some(error) if tables.is_empty() => Err(error),
        _ => Ok(tables),
    }
}

fn is_not_found(error: &DataFusionError) -> bool {
    let DataFusionError::External(error) = error else {
        return false;
    };
    matches!(
        error.downcast_ref(),
        Some(DatasetTableError::NotFound { .. })
    )
}
