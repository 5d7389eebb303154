use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::Result;
use otlake_otlp::Summary;

/// The outcome for a file: a row of the result of a backfill.
#[derive(Debug, Default)]
pub(super) struct FileOutcome {
    pub(super) state: FileState,
    /// The outcome for the records.
    pub(super) records: Summary,
    /// The payloads that could not be decoded to their end.
    pub(super) faults: u64,
    pub(super) first_fault: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum FileState {
    #[default]
    Written,
    /// A finished batch of an earlier attempt has its records.
    AlreadyWritten,
    /// It has a fault, and the options do not allow to skip it.
    LeftOut,
}

impl FileState {
    fn name(self) -> &'static str {
        match self {
            FileState::Written => "written",
            FileState::AlreadyWritten => "already written",
            FileState::LeftOut => "left out",
        }
    }
}

/// Returns the columns of the result.
pub(super) fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            Field::new("file", DataType::Utf8, false),
            Field::new("state", DataType::Utf8, false),
            Field::new("records", DataType::UInt64, false),
            Field::new("rejected_records", DataType::UInt64, false),
            Field::new("faults", DataType::UInt64, false),
            Field::new("first_fault", DataType::Utf8, true),
        ]))
    });
    Arc::clone(&SCHEMA)
}

impl FileOutcome {
    /// Returns the row of a file.
    pub(super) fn row(&self, path: &str) -> Result<RecordBatch> {
        let rejection = || {
            self.records
                .first_rejection
                .as_ref()
                .map(ToString::to_string)
        };
        let first_fault = self.first_fault.clone().or_else(rejection);
        let number = |number| -> ArrayRef { Arc::new(UInt64Array::from(vec![number])) };
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec![path])),
            Arc::new(StringArray::from(vec![self.state.name()])),
            number(self.records.accepted),
            number(self.records.rejected),
            number(self.faults),
            Arc::new(StringArray::from(vec![first_fault])),
        ];
        Ok(RecordBatch::try_new(schema(), columns)?)
    }
}
