use std::sync::Arc;

use datafusion::arrow::array::StringViewBuilder;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature};
use otlake_fingerprint::Patterns;

use super::texts;

/// The scalar function `template(text)`: a message with placeholders for its numbers, addresses, ids and other values
/// that a tokenizer can recognise, such as `disk <path> is <num>% full`.
///
/// It is a function of the message alone. Words that only comparing messages shows to be variables stay: the
/// aggregate function `patterns` finds those.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct TemplateFunction {
    signature: Signature,
}

impl TemplateFunction {
    /// Returns the function.
    pub fn new() -> TemplateFunction {
        TemplateFunction {
            signature: texts::signature(),
        }
    }
}

impl Default for TemplateFunction {
    fn default() -> Self {
        TemplateFunction::new()
    }
}

impl ScalarUDFImpl for TemplateFunction {
    fn name(&self) -> &str {
        "template"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        texts::invoke(args, |messages| {
            let mut templates = StringViewBuilder::with_capacity(messages.len());
            texts::for_each(messages, |message| {
                let Some(message) = message else {
                    return templates.append_null();
                };
                // A state of this message alone: among others, the template would also depend on them.
                let mut patterns = Patterns::default();
                let fingerprint = patterns.observe(message.as_bytes());
                templates.append_option(patterns.template(fingerprint));
            })?;
            Ok(Arc::new(templates.finish()))
        })
    }
}
