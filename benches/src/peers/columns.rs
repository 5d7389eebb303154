//! The approach that a good engineer writes in an afternoon: prost, a column per attribute,
//! `ArrowWriter`.

mod attributes;
mod fixed;
mod value;

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, Schema};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use self::attributes::Attributes;
use self::fixed::Fixed;
use super::prost::decode;
use crate::case::Error;

/// Columns of a table, to which records are appended.
#[derive(Debug)]
pub struct Columns {
    rows: usize,
    fixed: Fixed,
    resource: Attributes,
    scope: Attributes,
    record: Attributes,
}

impl Columns {
    /// Converts a payload to a table.
    ///
    /// # Errors
    ///
    /// Fails if the payload is malformed.
    pub fn read(payload: &[u8]) -> Result<Table, Error> {
        let request: ExportLogsServiceRequest = decode(payload)?;
        let mut columns = Self {
            rows: 0,
            fixed: Fixed::default(),
            resource: Attributes::new("resource_"),
            scope: Attributes::new("scope_attr_"),
            record: Attributes::new("attr_"),
        };
        for resource_logs in &request.resource_logs {
            for scope_logs in &resource_logs.scope_logs {
                for record in &scope_logs.log_records {
                    let row = columns.rows;
                    columns.fixed.append(resource_logs, scope_logs, record);
                    if let Some(resource) = &resource_logs.resource {
                        columns.resource.append(row, &resource.attributes);
                    }
                    if let Some(scope) = &scope_logs.scope {
                        columns.scope.append(row, &scope.attributes);
                    }
                    columns.record.append(row, &record.attributes);
                    columns.rows += 1;
                }
            }
        }
        columns.finish()
    }

    fn finish(mut self) -> Result<Table, Error> {
        let mut columns: Vec<(String, ArrayRef)> = self.fixed.finish();
        columns.extend(self.resource.finish(self.rows));
        columns.extend(self.scope.finish(self.rows));
        columns.extend(self.record.finish(self.rows));
        let fields: Vec<Field> = columns
            .iter()
            .map(|(name, array)| Field::new(name, array.data_type().clone(), true))
            .collect();
        let arrays = columns.into_iter().map(|(_, array)| array).collect();
        Ok(Table {
            batch: RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?,
        })
    }
}

/// The finished columns.
#[derive(Debug)]
pub struct Table {
    batch: RecordBatch,
}

impl Table {
    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// Returns the table as a Parquet file. Except for the compression, it uses the writer's
    /// defaults.
    ///
    /// # Errors
    ///
    /// Fails if the writer fails.
    pub fn to_parquet(&self, compression: Compression) -> Result<Vec<u8>, Error> {
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .build();
        let mut writer = ArrowWriter::try_new(Vec::new(), self.batch.schema(), Some(properties))?;
        writer.write(&self.batch)?;
        Ok(writer.into_inner()?)
    }
}
