//! Record batches of other producers in a dataset.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod records;

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema as ArrowSchema};
use otlake_arrow::{BatchBuilder, BatchSink};
use otlake_dataset::{
    BatchId, FinishBatchError, Manifest, MetricTables, PublishedSchema, SchemaDocument,
    TableSinkError,
};
use otlake_row::{MetricKind, Row, RowSink, Value, sink_fn};
use otlake_schema::{Schema, Table};
use otlake_storage::InMemoryStorage;

use self::records::{BEGIN, HOUR, Records, by_hour, dataset_writer, numbers, options, read};

fn batch<const N: usize>(columns: [(&str, ArrayRef); N]) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

fn ints(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn directories(storage: &InMemoryStorage) -> Vec<(String, Vec<i64>)> {
    let files = read(storage).into_iter();
    files
        .map(|(name, batches)| {
            let (directory, _) = name.rsplit_once('/').unwrap();
            (directory.to_owned(), numbers(&batches))
        })
        .collect()
}

/// Rows and the batch that they make go to the same partitions, with the same values.
#[test]
fn a_record_batch_goes_to_the_partitions_of_its_rows() {
    for template in [
        "{resource.host}/{attr.ok}/{attr.size}/{hour}/{severity_text}",
        "date={date}",
    ] {
        let options = || options().partitioning(template.parse().unwrap());
        let by_row = InMemoryStorage::new();
        let mut writer = dataset_writer(&by_row, options());
        let mut builder = BatchBuilder::new(Schema::logs());
        let mut both = sink_fn(|row: &mut Row<'_>| {
            writer.row(row).unwrap();
            builder.row(row)
        });
        let mut records = Records::new();
        for number in 0..60 {
            let resource = [("host", Value::String(["a", "b/c", ""][number as usize % 3]))];
            let attribute = match number % 4 {
                0 => ("size", Value::Double(number as f64 / 4.0)),
                _ => ("ok", Value::Bool(number % 2 == 0)),
            };
            let time = BEGIN + number % 2 * HOUR;
            records.push_from(&resource, &mut both, number, time, &[attribute]);
        }
        writer.flush().unwrap();
        let by_batch = InMemoryStorage::new();
        let mut writer = dataset_writer(&by_batch, options());
        writer
            .table(Table::Logs)
            .batch(&builder.finish_batch())
            .unwrap();
        writer.flush().unwrap();
        let sorted = |storage| {
            let mut found = directories(storage);
            found.sort();
            found
        };
        assert_eq!(sorted(&by_batch), sorted(&by_row), "{template}");
    }
}

/// A batch of record batches from another producer has an identity, and is visible exactly once.
#[test]
fn a_batch_with_an_identity_is_visible_exactly_once() {
    let storage = InMemoryStorage::new();
    let options = || options().partitioning(by_hour());
    let times: Vec<i64> = (0..6).map(|row| (BEGIN + row % 2 * HOUR) / 1_000).collect();
    let times = TimestampMicrosecondArray::from(times).with_timezone("UTC");
    let services: DictionaryArray<Int32Type> =
        vec![Some("a"), None, Some("b"), Some("a"), None, Some("b")]
            .into_iter()
            .collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("timestamp", Arc::new(times)),
        ("attr_number", ints(&[0, 1, 2, 3, 4, 5])),
        ("resource_service_name", Arc::new(services)),
    ];
    let batch = batch(columns);
    let id = BatchId::new("import", 1).unwrap();
    for _ in 0..2 {
        let mut writer = dataset_writer(&storage, options());
        writer.begin_batch(&id).unwrap();
        writer.table(Table::Logs).batch(&batch).unwrap();
        writer.finish_batch().unwrap();
    }
    assert_eq!(
        directories(&storage),
        [
            ("logs/date=2026-11-22/hour=07".to_owned(), vec![0, 2, 4]),
            ("logs/date=2026-11-22/hour=08".to_owned(), vec![1, 3, 5]),
        ]
    );
    let manifest = &storage.files()["_otlake/manifests/logs/import-1.json"];
    let manifest = Manifest::from_json(manifest).unwrap();
    assert_eq!((manifest.rows(), manifest.batch()), (6, Some(&id)));
    let published = SchemaDocument::load(Arc::new(storage.clone()), Table::Logs).unwrap();
    for file in manifest.files() {
        for column in &file.columns {
            let published = published.schema().column(&column.name).unwrap();
            assert_eq!(published.type_name(), column.type_name);
        }
    }
}

/// A batch whose columns don't fit is rejected as a whole, with an error that says why.
#[test]
fn a_batch_that_does_not_fit_is_rejected() {
    let storage = InMemoryStorage::new();
    let mut writer = dataset_writer(&storage, options());
    Records::new().push(&mut writer, 1, BEGIN, &[("user.id", Value::Int(7))]);
    writer.flush().unwrap();
    let before = storage.files();

    let texts: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let small: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let mut rejected = |batch: &RecordBatch| writer.table(Table::Logs).batch(batch).unwrap_err();
    let error = rejected(&batch([("attr_user_id", texts.clone())]));
    assert!(
        error.to_string().starts_with(
            "column \"attr_user_id\" is utf8 in the batch and int64 in the published schema of logs"
        ),
        "{error}"
    );
    let error = rejected(&batch([("body", ints(&[1]))]));
    assert!(matches!(error, TableSinkError::Type { .. }), "{error}");
    let error = rejected(&batch([("small", small)]));
    assert!(matches!(error, TableSinkError::NewColumn { .. }), "{error}");
    let error = rejected(&batch([("twice", ints(&[1])), ("twice", ints(&[1]))]));
    assert!(
        matches!(error, TableSinkError::DuplicateColumn { .. }),
        "{error}"
    );
    let error = rejected(&batch([("ATTR_USER_ID", texts.clone())]));
    assert!(matches!(error, TableSinkError::Name { .. }), "{error}");
    let gauges = Table::MetricsOf(MetricKind::Gauge);
    let error = writer
        .table(gauges)
        .batch(&batch([("a", ints(&[1]))]))
        .unwrap_err();
    assert!(matches!(error, TableSinkError::NoTable { .. }), "{error}");
    writer.flush().unwrap();
    let after: Vec<_> = storage
        .files()
        .into_keys()
        .filter(|n| n.ends_with(".parquet"))
        .collect();
    assert_eq!(after.len(), 1, "{after:?}");
    drop(before);

    // In a batch with an identity a rejected record batch fails the whole attempt.
    writer.begin_batch(&BatchId::new("a", 1).unwrap()).unwrap();
    assert!(
        writer
            .table(Table::Logs)
            .batch(&batch([("attr_user_id", texts)]))
            .is_err()
    );
    assert!(matches!(
        writer.finish_batch(),
        Err(FinishBatchError::Incomplete)
    ));
}

/// Rows and batches of one partition are in one file, in the order in which they came.
#[test]
fn batches_and_rows_keep_their_order() {
    for template in ["", "date={date}"] {
        let storage = InMemoryStorage::new();
        let options = options().partitioning(template.parse().unwrap());
        let mut writer = dataset_writer(&storage, options);
        let mut records = Records::new();
        records.push(&mut writer, 1, BEGIN, &[]);
        let times = ints(&[BEGIN, BEGIN]);
        let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true, false]));
        let columns = [
            ("time_unix_nano", times),
            ("attr_number", ints(&[2, 3])),
            ("flag", flags),
        ];
        writer.table(Table::Logs).batch(&batch(columns)).unwrap();
        records.push(&mut writer, 4, BEGIN, &[]);
        writer.flush().unwrap();
        let files: Vec<Vec<i64>> = directories(&storage).into_iter().map(|(_, n)| n).collect();
        assert_eq!(files, [[1, 2, 3, 4]], "{template:?}");
    }
}

/// The lists and structs of data points come back as they were.
#[test]
fn nested_columns_of_a_batch_get_the_ids_of_the_table() {
    let schema = Schema::new(Table::MetricsOf(MetricKind::Histogram), Default::default());
    let empty = BatchBuilder::new(schema).finish_batch();
    // As a reader without field ids has them.
    let fields = empty.schema();
    let bare = fields.fields().iter().map(|field| {
        let nulls = arrow_array::new_null_array(field.data_type(), 3);
        (field.name().clone(), nulls)
    });
    let batch = RecordBatch::try_from_iter(bare).unwrap();
    let storage = InMemoryStorage::new();
    let options = options().metric_tables(MetricTables::PerKind);
    let mut writer = dataset_writer(&storage, options);
    let table = Table::MetricsOf(MetricKind::Histogram);
    writer.table(table).batch(&batch).unwrap();
    writer.flush().unwrap();
    assert_eq!(writer.stats()[0].rows, 3);
}

/// A column that names its attribute is the column of the rows with that attribute.
#[test]
fn a_column_can_name_its_attribute() {
    let storage = InMemoryStorage::new();
    let mut writer = dataset_writer(&storage, options());
    let full_name = ("otlake.full_name".to_owned(), "attr.number".to_owned());
    let field = Field::new("attr_number", DataType::Int64, true);
    let field = field.with_metadata([full_name].into());
    let schema = ArrowSchema::new(vec![field]);
    let batch = RecordBatch::try_new(Arc::new(schema), vec![ints(&[1, 2])]).unwrap();
    writer.table(Table::Logs).batch(&batch).unwrap();
    Records::new().push(&mut writer, 3, BEGIN, &[]);
    writer.flush().unwrap();
    assert_eq!(directories(&storage), [("logs".to_owned(), vec![1, 2, 3])]);
}
