//! Numbered records, and the files in which they end up.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_cast::display::array_value_to_string;
use arrow_schema::DataType;
use bytes::Bytes;
use otlake::schema::DatasetSchema;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

const HOUR: u64 = 3_600_000_000_000;

/// 2026-11-22, 7 o'clock.
const BEGIN: u64 = 1_795_330_800_000_000_000;

/// A record with a number and optionally more attributes.
#[derive(Clone, Debug)]
pub struct Numbered {
    /// The attribute `number`. The remainder modulo three determines the hour of the record.
    pub number: u64,
    /// Names and values in OTLP/JSON: `{"intValue": 1}`.
    pub attributes: Vec<(String, Value)>,
}

impl Numbered {
    /// Creates a record with only the number.
    pub fn new(number: u64) -> Self {
        Self {
            number,
            attributes: Vec::new(),
        }
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: Value) -> Self {
        self.attributes.push((name.into(), value));
        self
    }

    fn time(&self) -> String {
        (BEGIN + self.number % 3 * HOUR + self.number).to_string()
    }

    fn attributes(&self) -> Value {
        let number = json!({"key": "number", "value": {"intValue": self.number.to_string()}});
        let others = self.attributes.iter();
        let others = others.map(|(name, value)| json!({"key": name, "value": value}));
        [number].into_iter().chain(others).collect()
    }

    /// Encodes log records as an OTLP/JSON payload.
    pub fn logs(records: &[Self]) -> Bytes {
        let records: Value = records
            .iter()
            .map(|record| {
                json!({
                    "timeUnixNano": record.time(),
                    "body": {"stringValue": format!("record {}", record.number)},
                    "attributes": record.attributes(),
                })
            })
            .collect();
        let payload = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]});
        payload.to_string().into()
    }

    /// Encodes spans as an OTLP/JSON payload.
    pub fn spans(records: &[Self]) -> Bytes {
        let spans: Value = records
            .iter()
            .map(|record| {
                json!({
                    "traceId": format!("{:032x}", record.number + 1),
                    "spanId": format!("{:016x}", record.number + 1),
                    "name": "numbered",
                    "startTimeUnixNano": record.time(),
                    "endTimeUnixNano": record.time(),
                    "attributes": record.attributes(),
                })
            })
            .collect();
        let payload = json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]});
        payload.to_string().into()
    }
}

/// The contents of a Parquet file.
#[derive(Clone, Debug)]
pub struct ReadFile {
    /// Name, field id and type of each column.
    pub columns: Vec<(String, i32, DataType)>,
    /// The rows.
    pub rows: Vec<ReadRow>,
}

/// A row: the values of its columns and its overflow, as text.
#[derive(Clone, Debug)]
pub struct ReadRow {
    /// The attribute `number`.
    pub number: u64,
    /// Values of attribute columns and overflow entries, by full name: `attr.user.id`.
    pub attributes: BTreeMap<String, String>,
}

impl ReadFile {
    /// Reads a file.
    ///
    /// # Panics
    ///
    /// Panics if the file is broken, or if a record has no number.
    pub fn read(name: &str, bytes: Bytes) -> Self {
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)
            .unwrap_or_else(|error| panic!("{name} is broken: {error}"));
        let fields = reader.parquet_schema().root_schema().get_fields();
        let columns = fields
            .iter()
            .zip(reader.schema().fields())
            .map(|(parquet, arrow)| {
                let info = parquet.get_basic_info();
                let id = if info.has_id() { info.id() } else { -1 };
                (arrow.name().clone(), id, arrow.data_type().clone())
            })
            .collect();
        let key_values = reader.metadata().file_metadata().key_value_metadata();
        let sent = key_values
            .into_iter()
            .flatten()
            .find(|pair| pair.key == "otlake.columns");
        let sent = sent.and_then(|pair| pair.value.as_deref()).unwrap_or("{}");
        let sent: BTreeMap<String, Vec<String>> = serde_json::from_str(sent).unwrap();
        let mut rows = Vec::new();
        for batch in reader.build().unwrap() {
            let batch = batch.unwrap_or_else(|error| panic!("{name} is broken: {error}"));
            rows.extend((0..batch.num_rows()).map(|row| ReadRow::read(&batch, row, &sent)));
        }
        Self { columns, rows }
    }

    /// Asserts that every column has the published type and field id.
    pub fn assert_published(&self, name: &str, schema: &DatasetSchema) {
        for (column, id, data_type) in &self.columns {
            let published = schema
                .column(column)
                .unwrap_or_else(|| panic!("{column} of {name} is not published"));
            assert_eq!(*id, published.id() as i32, "id of {column} in {name}");
            if let Some(column_type) = published.column_type() {
                let expected = match column_type.name() {
                    "boolean" => DataType::Boolean,
                    "int64" => DataType::Int64,
                    "float64" => DataType::Float64,
                    "utf8" => DataType::Utf8,
                    _ => DataType::Binary,
                };
                assert_eq!(*data_type, expected, "type of {column} in {name}");
            }
        }
    }
}

impl ReadRow {
    fn read(batch: &RecordBatch, row: usize, sent: &BTreeMap<String, Vec<String>>) -> Self {
        let mut attributes = BTreeMap::new();
        for (column, names) in sent {
            let Some(array) = batch.column_by_name(column) else {
                continue;
            };
            if array.is_valid(row) {
                attributes.insert(
                    names[0].clone(),
                    array_value_to_string(array, row).expect("a scalar"),
                );
            }
        }
        let overflow = batch["overflow"].as_map();
        if overflow.is_valid(row) {
            let entries = overflow.value(row);
            let (names, texts) = (entries.column(0), entries.column(1));
            for entry in 0..entries.len() {
                let name = names.as_string::<i32>().value(entry).to_owned();
                let text = array_value_to_string(texts, entry).expect("a text");
                assert!(attributes.insert(name, text).is_none());
            }
        }
        let number = attributes.get("attr.number").expect("a number");
        Self {
            number: number.parse().expect("an integer"),
            attributes,
        }
    }
}
