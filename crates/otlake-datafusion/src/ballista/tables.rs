//! The encoding of tables.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::internal_datafusion_err;
use datafusion::datasource::listing::ListingTableUrl;
use datafusion::error::{DataFusionError, Result};
use otlake_schema::{DatasetSchema, Table};
use serde::{Deserialize, Serialize};

use crate::backfill::table::Backfill;
use crate::ballista::backfill::EncodedBackfillOptions;
use crate::ballista::location::EncodedLocation;
use crate::ballista::options::EncodedOptions;
use crate::dataset_table::{DatasetFiles, DatasetTable};
use crate::otlp::table::OtlpTable;

/// The first bytes of the encoding, which no protobuf message begins with.
const PREFIX: &[u8] = b"\0otlake.table/1\n";

/// What a scheduler needs to open a table again. It finds the files itself, so the plan stays small.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum EncodedTable {
    Dataset {
        url: String,
        table: String,
        /// The directory that is listed; absent if files are found in manifests.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        directory: Option<String>,
        partition_columns: Vec<String>,
        /// The columns as the client has read them: the JSON of a [`DatasetSchema`]. The plan refers to them.
        schema: String,
    },
    Otlp {
        files: EncodedLocation,
        schema: String,
        options: EncodedOptions,
    },
    Backfill {
        files: EncodedLocation,
        dataset: String,
        options: EncodedBackfillOptions,
    },
}

/// Appends the encoding of a table to `buffer`. Returns whether it is a table of this crate.
pub(super) fn encode(table: &dyn TableProvider, buffer: &mut Vec<u8>) -> Result<bool> {
    let table: &dyn std::any::Any = table;
    let encoded = if let Some(table) = table.downcast_ref::<DatasetTable>() {
        EncodedTable::Dataset {
            url: table.url().to_owned(),
            table: table.table().name().to_owned(),
            directory: match table.files() {
                DatasetFiles::Listing { directory } => Some(directory.clone()),
                DatasetFiles::Manifests => None,
            },
            partition_columns: table.partition_columns().map(str::to_owned).collect(),
            schema: encode_schema(table.published_schema())?,
        }
    } else if let Some(table) = table.downcast_ref::<OtlpTable>() {
        EncodedTable::Otlp {
            files: EncodedLocation::of(table.url()),
            schema: encode_schema(table.dataset_schema())?,
            options: EncodedOptions::of(table.options()),
        }
    } else if let Some(backfill) = table.downcast_ref::<Backfill>() {
        EncodedTable::Backfill {
            files: EncodedLocation::of(backfill.input()),
            dataset: backfill.dataset().as_str().to_owned(),
            options: EncodedBackfillOptions::of(backfill.options()),
        }
    } else {
        return Ok(false);
    };
    buffer.extend_from_slice(PREFIX);
    serde_json::to_writer(buffer, &encoded).map_err(external)?;
    Ok(true)
}

/// Returns the table of an encoding, or `None` if it is that of something else.
pub(super) fn decode(buffer: &[u8]) -> Option<Result<Arc<dyn TableProvider>>> {
    buffer.strip_prefix(PREFIX).map(read)
}

fn read(json: &[u8]) -> Result<Arc<dyn TableProvider>> {
    match serde_json::from_slice(json).map_err(external)? {
        EncodedTable::Dataset {
            url,
            table,
            directory,
            partition_columns,
            schema,
        } => {
            let table = Table::from_name(&table).ok_or_else(|| {
                internal_datafusion_err!(
                    "the client has a table {table:?}, which this scheduler does not know: update it"
                )
            })?;
            let files = match directory {
                Some(directory) => DatasetFiles::Listing { directory },
                None => DatasetFiles::Manifests,
            };
            let builder = DatasetTable::builder(url, table).files(files);
            let table = builder.build(decode_schema(&schema)?, partition_columns)?;
            Ok(Arc::new(table))
        }
        EncodedTable::Otlp {
            files,
            schema,
            options,
        } => {
            let columns = Arc::new(decode_schema(&schema)?);
            let table = OtlpTable::new(files.decode()?, columns, options.decode());
            Ok(Arc::new(table))
        }
        EncodedTable::Backfill {
            files,
            dataset,
            options,
        } => {
            let dataset = ListingTableUrl::parse(dataset)?;
            Ok(Arc::new(Backfill::new(
                files.decode()?,
                dataset,
                options.decode()?,
            )))
        }
    }
}

pub(super) fn encode_schema(schema: &DatasetSchema) -> Result<String> {
    String::from_utf8(schema.to_json()).map_err(external)
}

pub(super) fn decode_schema(json: &str) -> Result<DatasetSchema> {
    DatasetSchema::from_json(json.as_bytes()).map_err(external)
}

pub(super) fn external(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
