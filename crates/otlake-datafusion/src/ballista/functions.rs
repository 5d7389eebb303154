//! The functions of this crate by their names, so that executors need not register them.

use std::sync::Arc;

use datafusion::logical_expr::{AggregateUDF, ScalarUDF};

use crate::register::{aggregate_functions, scalar_functions};

/// Returns the scalar function with a name.
pub(super) fn scalar(name: &str) -> Option<Arc<ScalarUDF>> {
    let mut functions = scalar_functions().into_iter();
    functions.find(|function| function.name() == name)
}

/// Returns the aggregate function with a name.
pub(super) fn aggregate(name: &str) -> Option<Arc<AggregateUDF>> {
    let mut functions = aggregate_functions().into_iter();
    functions.find(|function| function.name() == name)
}
