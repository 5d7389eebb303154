use std::sync::Arc;

use datafusion::arrow::array::Int64Builder;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature};
use otlake_fingerprint::Fingerprinter;

use super::texts;

/// The scalar function `fingerprint(text)`: the fingerprint of a message, as in the `fingerprint` column of logs.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct FingerprintFunction {
    signature: Signature,
}

impl FingerprintFunction {
    /// Returns the function.
    pub fn new() -> FingerprintFunction {
        FingerprintFunction {
            signature: texts::signature(),
        }
    }
}

impl Default for FingerprintFunction {
    fn default() -> Self {
        FingerprintFunction::new()
    }
}

impl ScalarUDFImpl for FingerprintFunction {
    fn name(&self) -> &str {
        "fingerprint"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        texts::invoke(args, |messages| {
            let mut fingerprinter = Fingerprinter::new();
            let mut fingerprints = Int64Builder::with_capacity(messages.len());
            texts::for_each(messages, |message| {
                let fingerprint =
                    message.map(|message| fingerprinter.fingerprint(message.as_bytes()));
                fingerprints.append_option(fingerprint.map(|fingerprint| fingerprint.as_i64()));
            })?;
            Ok(Arc::new(fingerprints.finish()))
        })
    }
}
