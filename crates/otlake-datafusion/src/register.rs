use std::sync::Arc;

use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use datafusion::prelude::SessionContext;

use crate::functions::fingerprint::FingerprintFunction;
use crate::functions::patterns::PatternsFunction;
use crate::functions::severity::SeverityFunction;
use crate::functions::template::TemplateFunction;
use crate::otlp::read_otlp::ReadOtlp;

/// Registers the functions of this crate with a session: the table function [`read_otlp`](ReadOtlp), the
/// [scalar functions](scalar_functions) and the [aggregate functions](aggregate_functions).
pub fn register(context: &SessionContext) {
    context.register_udtf(ReadOtlp::NAME, Arc::new(ReadOtlp::new()));
    for function in scalar_functions() {
        context.register_udf(ScalarUDF::clone(&function));
    }
    for function in aggregate_functions() {
        context.register_udaf(AggregateUDF::clone(&function));
    }
}

/// Returns the scalar functions: `fingerprint`, `template` and `severity`.
pub fn scalar_functions() -> Vec<Arc<ScalarUDF>> {
    vec![
        Arc::new(ScalarUDF::from(FingerprintFunction::new())),
        Arc::new(ScalarUDF::from(TemplateFunction::new())),
        Arc::new(ScalarUDF::from(SeverityFunction::new())),
    ]
}

/// Returns the aggregate functions: `patterns`.
pub fn aggregate_functions() -> Vec<Arc<AggregateUDF>> {
    vec![Arc::new(AggregateUDF::from(PatternsFunction::new()))]
}
