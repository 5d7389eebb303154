use std::error::Error;
use std::fmt;

use datafusion::error::DataFusionError;
use datafusion::object_store::path::Path;

/// The error for an OTLP file with a fault: its path and what is wrong with it.
///
/// DataFusion shows the message of an error and not its sources, so the message has all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtlpFileError {
    path: String,
    fault: String,
}

impl OtlpFileError {
    pub(crate) fn new(path: &Path, fault: &dyn Error) -> OtlpFileError {
        OtlpFileError {
            path: path.to_string(),
            fault: with_causes(fault),
        }
    }

    /// Returns the path of the file in its object store.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns what is wrong with the file.
    pub fn fault(&self) -> &str {
        &self.fault
    }
}

/// Returns the messages of an error and of its causes.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

impl fmt::Display for OtlpFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.fault)
    }
}

impl Error for OtlpFileError {}

impl From<OtlpFileError> for DataFusionError {
    fn from(error: OtlpFileError) -> DataFusionError {
        DataFusionError::External(Box::new(error))
    }
}
