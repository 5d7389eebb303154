use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{exec_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use otlake_row::Value;
use otlake_schema::ValueText;

/// `value_text(value)`: the text of a value, as in text columns and in `overflow`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct ValueTextFunction {
    signature: Signature,
}

impl ValueTextFunction {
    pub(crate) fn new() -> Self {
        Self {
            signature: Signature::any(1, Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for ValueTextFunction {
    fn name(&self) -> &str {
        "value_text"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match &arguments[0] {
            DataType::Null
            | DataType::Boolean
            | DataType::Int64
            | DataType::Float64
            | DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView => Ok(DataType::Utf8View),
            DataType::Dictionary(_, value) => self.return_type(std::slice::from_ref(&**value)),
            other => plan_err!(
                "value_text takes a boolean, a BIGINT, a DOUBLE, a string or bytes, not {other}: cast the value"
            ),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [argument] = &arguments.args[..] else {
            return exec_err!("value_text takes one argument");
        };
        match argument {
            ColumnarValue::Array(array) => Ok(ColumnarValue::Array(texts(array)?)),
            ColumnarValue::Scalar(scalar) => {
                let array = texts(&scalar.to_array()?)?;
                let text = datafusion::scalar::ScalarValue::try_from_array(&array, 0)?;
                Ok(ColumnarValue::Scalar(text))
            }
        }
    }
}

fn texts(array: &ArrayRef) -> Result<ArrayRef> {
    let mut texts = StringViewBuilder::with_capacity(array.len());
    let mut text = String::new();
    let mut push = |value: Option<Value<'_>>| match value {
        None => texts.append_null(),
        Some(value) => {
            use std::fmt::Write;
            text.clear();
            // Writing to a string does not fail.
            let _ = write!(text, "{}", ValueText(&value));
            texts.append_value(&text);
        }
    };
    match array.data_type() {
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>().iter();
            values.for_each(|value| push(value.map(Value::Double)));
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            let bytes = cast(array, &DataType::BinaryView)?;
            let values = bytes.as_binary_view().iter();
            values.for_each(|value| push(value.map(Value::Bytes)));
        }
        DataType::Dictionary(_, value) => {
            let values = cast(array, value)?;
            return texts_of_plain(&values);
        }
        _ => return texts_of_plain(array),
    }
    Ok(Arc::new(texts.finish()))
}

/// Booleans, integers and strings, whose text is that of a cast.
fn texts_of_plain(array: &ArrayRef) -> Result<ArrayRef> {
    match array.data_type() {
        DataType::Float64 | DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            texts(array)
        }
        _ => Ok(cast(array, &DataType::Utf8View)?),
    }
}
