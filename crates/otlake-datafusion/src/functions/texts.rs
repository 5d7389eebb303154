use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::exec_err;
use datafusion::common::types::logical_string;
use datafusion::error::Result;
use datafusion::logical_expr::{
    Coercion, ColumnarValue, ScalarFunctionArgs, Signature, TypeSignatureClass, Volatility,
};
use datafusion::scalar::ScalarValue;

/// Returns the signature of a function of one text, of any string type.
pub(crate) fn signature() -> Signature {
    let text = Coercion::new_exact(TypeSignatureClass::Native(logical_string()));
    Signature::coercible(vec![text], Volatility::Immutable)
}

/// Calls `f` with each text of an array, or with `None` for null.
pub(crate) fn for_each(texts: &dyn Array, f: impl FnMut(Option<&str>)) -> Result<()> {
    match texts.data_type() {
        DataType::Utf8View => texts.as_string_view().iter().for_each(f),
        DataType::Utf8 => texts.as_string::<i32>().iter().for_each(f),
        DataType::LargeUtf8 => texts.as_string::<i64>().iter().for_each(f),
        other => return exec_err!("expected texts, not {other}"),
    }
    Ok(())
}

/// Calls `array`, which computes an array from the texts of another one, with the argument of a function.
pub(crate) fn invoke(
    args: ScalarFunctionArgs,
    array: impl FnOnce(&dyn Array) -> Result<datafusion::arrow::array::ArrayRef>,
) -> Result<ColumnarValue> {
    match args.args.first() {
        Some(ColumnarValue::Array(texts)) => Ok(ColumnarValue::Array(array(texts)?)),
        Some(ColumnarValue::Scalar(text)) => {
            let result = array(&text.to_array()?)?;
            let scalar = ScalarValue::try_from_array(&result, 0)?;
            Ok(ColumnarValue::Scalar(scalar))
        }
        None => exec_err!("expected a text"),
    }
}
