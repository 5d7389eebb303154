use std::sync::Arc;

use datafusion::arrow::array::Int64Builder;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature};
use otlake_fingerprint::level;

use super::texts;

/// The scalar function `severity(text)`: the severity number of the level that a message names, or null if it names
/// none. It is the first number of the level's range, such as 17 for ERROR, so it compares with `severity_number`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct SeverityFunction {
    signature: Signature,
}

impl SeverityFunction {
    /// Returns the function.
    pub fn new() -> SeverityFunction {
        SeverityFunction {
            signature: texts::signature(),
        }
    }
}

impl Default for SeverityFunction {
    fn default() -> Self {
        SeverityFunction::new()
    }
}

impl ScalarUDFImpl for SeverityFunction {
    fn name(&self) -> &str {
        "severity"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        texts::invoke(args, |messages| {
            let mut numbers = Int64Builder::with_capacity(messages.len());
            texts::for_each(messages, |message| {
                let level = message.and_then(|message| level(message.as_bytes()));
                numbers.append_option(level.map(|level| i64::from(level.severity_number())));
            })?;
            Ok(Arc::new(numbers.finish()))
        })
    }
}
