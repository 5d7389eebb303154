use datafusion::arrow::datatypes::DataType;
use datafusion::common::plan_err;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

/// `attr(name)` and `attr(overflow, name)`, which [`ResolveAttributes`](super::ResolveAttributes) replaces.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Attr {
    signature: Signature,
}

impl Attr {
    pub(crate) fn new() -> Self {
        let signatures = vec![TypeSignature::Any(1), TypeSignature::Any(2)];
        // Volatile, so that nothing evaluates it before it is replaced.
        let signature = Signature::one_of(signatures, Volatility::Volatile);
        Self { signature }
    }
}

impl ScalarUDFImpl for Attr {
    fn name(&self) -> &str {
        "attr"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        plan_err!(
            "attr is replaced when a query is planned: call otlake_datafusion::register for the session that plans it"
        )
    }
}
