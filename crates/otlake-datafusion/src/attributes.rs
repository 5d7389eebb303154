//! Attributes by their names, whether they have a column or are in `overflow`.

pub(crate) mod attr;
pub(crate) mod overflow_value;
mod resolve;
pub(crate) mod value_text;

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::SessionContext;

use self::attr::Attr;
use self::overflow_value::OverflowValue;
pub(crate) use self::resolve::ResolveAttributes;
use self::value_text::ValueTextFunction;

/// Registers `attr`, and the rule that replaces it, with a session.
pub(crate) fn register(context: &SessionContext) {
    context.register_udf(ScalarUDF::from(Attr::new()));
    context.add_analyzer_rule(Arc::new(ResolveAttributes));
}

/// Returns the functions that are left in a plan when `attr` has been replaced.
pub(crate) fn scalar_functions() -> [Arc<ScalarUDF>; 2] {
    [
        Arc::new(ScalarUDF::from(OverflowValue::new())),
        Arc::new(ScalarUDF::from(ValueTextFunction::new())),
    ]
}
