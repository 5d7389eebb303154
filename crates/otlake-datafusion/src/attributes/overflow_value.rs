use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, MapArray, StringViewBuilder};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{exec_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

/// `overflow_value(overflow, full_name)`: the first value of a name in `overflow`.
///
/// It returns the same as `overflow[full_name]`. It is a function of its own because DataFusion moves that expression
/// to other places of the plan, and then fails to plan some joins.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct OverflowValue {
    signature: Signature,
}

impl OverflowValue {
    pub(crate) fn new() -> Self {
        Self {
            signature: Signature::any(2, Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for OverflowValue {
    fn name(&self) -> &str {
        "overflow_value"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [DataType::Map(..), _] => Ok(DataType::Utf8View),
            _ => plan_err!("overflow_value takes the column overflow and a name"),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [overflow, ColumnarValue::Scalar(name)] = &arguments.args[..] else {
            return exec_err!("overflow_value takes the column overflow and a constant name");
        };
        let overflow = overflow.to_array(arguments.number_rows)?;
        let Some(name) = name.try_as_str().flatten() else {
            return Ok(ColumnarValue::Scalar(ScalarValue::Utf8View(None)));
        };
        let Some(map) = overflow.as_map_opt() else {
            return exec_err!("overflow_value takes the column overflow");
        };
        values(map, name)
    }
}

fn values(map: &MapArray, name: &str) -> Result<ColumnarValue> {
    let (Some(keys), Some(texts)) = (
        map.keys().as_string_opt::<i32>(),
        map.values().as_string_opt::<i32>(),
    ) else {
        return exec_err!("overflow_value takes a map of strings to strings");
    };
    let mut found = StringViewBuilder::with_capacity(map.len());
    for (row, ends) in map.value_offsets().windows(2).enumerate() {
        let mut entries = ends[0] as usize..ends[1] as usize;
        let entry = entries.find(|entry| map.is_valid(row) && keys.value(*entry) == name);
        match entry.filter(|entry| texts.is_valid(*entry)) {
            Some(entry) => found.append_value(texts.value(entry)),
            None => found.append_null(),
        }
    }
    Ok(ColumnarValue::Array(Arc::new(found.finish())))
}
