//! The rows of a table, cell by cell.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::display::array_value_to_string;
use arrow_schema::DataType;
use otlake_dataset::{ManifestCommit, ManifestFile, TableFiles};
use otlake_parquet::SortingColumn;
use otlake_schema::Table;
use otlake_storage::{Documents, InMemoryStorage};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::Type;

pub fn commit(storage: &InMemoryStorage) -> Arc<ManifestCommit> {
    Arc::new(ManifestCommit::new(Arc::new(storage.clone())))
}

/// The files of a table, for a reader of manifests.
pub fn files(storage: &InMemoryStorage, table: Table) -> Vec<ManifestFile> {
    let files = TableFiles::load(storage, table).unwrap();
    files.files().cloned().collect()
}

/// Every row that readers of manifests see, with its directory and all of its cells, and how often it is there. `None`
/// if a file is gone.
pub fn rows(storage: &InMemoryStorage, table: Table) -> Option<BTreeMap<String, usize>> {
    let mut rows = BTreeMap::new();
    let files = TableFiles::load(storage, table).unwrap();
    for file in files.files() {
        let bytes = storage.get(&file.name).unwrap()?.bytes;
        let directory = file.name.rsplit_once('/').map_or("", |(above, _)| above);
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
        let mut count = 0;
        for batch in reader.build().unwrap() {
            let batch = batch.unwrap();
            count += batch.num_rows() as u64;
            for row in 0..batch.num_rows() {
                let row = format!("{directory} {}", row_text(&batch, row));
                *rows.entry(row).or_default() += 1;
            }
        }
        assert_eq!(count, file.rows, "{}", file.name);
    }
    Some(rows)
}

fn row_text(batch: &RecordBatch, row: usize) -> String {
    let schema = batch.schema();
    let cells = schema.fields().iter().zip(batch.columns());
    let cells = cells.filter(|(_, array)| !array.is_null(row));
    // Files may have their columns in another order.
    let cells: BTreeMap<&String, String> = cells
        .map(|(field, array)| (field.name(), cell(array, row)))
        .collect();
    format!("{cells:?}")
}

/// Doubles as their bits, so that -0.0 and the kinds of NaN differ.
fn cell(array: &ArrayRef, row: usize) -> String {
    if array.is_null(row) {
        return "null".to_owned();
    }
    let list = |array: ArrayRef| {
        let cells: Vec<String> = (0..array.len()).map(|row| cell(&array, row)).collect();
        format!("{cells:?}")
    };
    match array.data_type() {
        DataType::Float64 => {
            let value = array.as_primitive::<Float64Type>().value(row);
            format!("{:016x}", value.to_bits())
        }
        // The text of a time needs a database of time zones.
        DataType::Timestamp(..) => {
            let value = array.as_primitive::<TimestampMicrosecondType>().value(row);
            value.to_string()
        }
        DataType::List(_) => list(array.as_list::<i32>().value(row)),
        DataType::Map(..) => list(Arc::new(array.as_map().value(row))),
        DataType::Struct(_) => {
            let columns = array.as_struct().columns().iter();
            let cells: Vec<String> = columns.map(|column| cell(column, row)).collect();
            format!("{cells:?}")
        }
        _ => array_value_to_string(array, row).unwrap(),
    }
}

/// The field ids of a table's files by path. Asserts that no two files disagree.
pub fn field_ids(storage: &InMemoryStorage, table: Table) -> BTreeMap<String, i32> {
    fn visit(path: &str, field: &Type, ids: &mut BTreeMap<String, i32>) {
        let info = field.get_basic_info();
        let path = format!("{path}.{}", field.name());
        if info.has_id() {
            let id = *ids.entry(path.clone()).or_insert(info.id());
            assert_eq!(id, info.id(), "{path}");
        }
        if field.is_group() {
            let fields = field.get_fields().iter();
            fields.for_each(|field| visit(&path, field, ids));
        }
    }
    let mut ids = BTreeMap::new();
    for file in files(storage, table) {
        let bytes = storage.get(&file.name).unwrap().unwrap().bytes;
        let reader = SerializedFileReader::new(bytes).unwrap();
        let schema = reader.metadata().file_metadata().schema().clone();
        for field in schema.get_fields() {
            visit("", field, &mut ids);
        }
    }
    ids
}

/// Asserts that the rows of merged files are in order, and that the footers say so.
pub fn assert_sorted(storage: &InMemoryStorage, table: Table, order: &[SortingColumn]) {
    for file in files(storage, table) {
        if !file.name.contains("compact-") {
            continue;
        }
        let bytes = storage.get(&file.name).unwrap().unwrap().bytes;
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
        // A footer can only name columns that exist and have an order.
        let declared = order.iter().take_while(|wanted| {
            let column = file.column(&wanted.name);
            column.is_some_and(|column| column.leaves.is_empty())
        });
        for row_group in reader.metadata().row_groups() {
            let found = row_group.sorting_columns().map_or(0, Vec::len);
            assert_eq!(found, declared.clone().count(), "{}", file.name);
        }
        let schema = reader.schema().clone();
        let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
        let batch = arrow_select::concat::concat_batches(&schema, &batches).unwrap();
        let sort: Vec<_> = order
            .iter()
            .filter_map(|wanted| Some((wanted, batch.column_by_name(&wanted.name)?)))
            .filter(|(_, array)| !array.data_type().is_nested())
            .map(|(wanted, array)| arrow_ord::sort::SortColumn {
                values: array.clone(),
                options: Some(arrow_schema::SortOptions {
                    descending: wanted.descending,
                    nulls_first: wanted.nulls_first,
                }),
            })
            .collect();
        if sort.is_empty() {
            continue;
        }
        let compare = arrow_ord::sort::LexicographicalComparator::try_new(&sort).unwrap();
        for row in 1..batch.num_rows() {
            assert!(
                compare.compare(row - 1, row).is_le(),
                "row {row} of {}",
                file.name
            );
        }
    }
}
