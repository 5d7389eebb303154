//! One form for the rows of every decoder, so that two of them can be compared: the fields sorted
//! by name, the attributes in the order sent, doubles by their bits.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Typed;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use otlake_row::{Cell, Keys, Location, Row, RowSink, Value};

/// A row with names instead of keys.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CanonicalRow {
    /// The fields of the resource, the scope and the record, sorted by name.
    pub fields: Vec<(String, CanonicalValue)>,
    /// The attributes of the resource.
    pub resource: Vec<(String, CanonicalValue)>,
    /// The attributes of the scope.
    pub scope: Vec<(String, CanonicalValue)>,
    /// The attributes of the record.
    pub attributes: Vec<(String, CanonicalValue)>,
}

/// A value that can be compared exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are those of otlake_row::Value")]
pub enum CanonicalValue {
    Empty,
    Bool(bool),
    Int(i64),
    /// The bits of the double.
    Double(u64),
    String(String),
    Bytes(Vec<u8>),
    Array(Vec<CanonicalValue>),
    KvList(Vec<(String, CanonicalValue)>),
}

/// A sink that keeps the canonical form of every row.
#[derive(Debug, Default)]
pub struct CanonicalRows(pub Vec<CanonicalRow>);

impl RowSink for CanonicalRows {
    type Error = std::convert::Infallible;

    fn row(&mut self, row: &mut Row<'_>) -> Result<(), Self::Error> {
        let mut canonical = CanonicalRow::default();
        for cells in [row.resource().cells(), row.scope().cells(), row.cells()] {
            for cell in cells {
                canonical.push(cell, row.keys());
            }
        }
        canonical.fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.0.push(canonical);
        Ok(())
    }
}

impl CanonicalRow {
    fn push(&mut self, cell: &Cell<'_>, keys: &Keys) {
        let entry = (
            keys.name(cell.key).to_owned(),
            CanonicalValue::from(&cell.value),
        );
        match cell.key.location() {
            Location::Field => self.fields.push(entry),
            Location::Resource => self.resource.push(entry),
            Location::Scope => self.scope.push(entry),
            Location::Attribute => self.attributes.push(entry),
        }
    }
}

impl From<&Value<'_>> for CanonicalValue {
    fn from(value: &Value<'_>) -> Self {
        match value {
            Value::Empty => CanonicalValue::Empty,
            Value::Bool(bool) => CanonicalValue::Bool(*bool),
            Value::Int(int) => CanonicalValue::Int(*int),
            Value::Double(double) => CanonicalValue::Double(double.to_bits()),
            Value::String(string) => CanonicalValue::String((*string).to_owned()),
            Value::Bytes(bytes) => CanonicalValue::Bytes(bytes.to_vec()),
            Value::Array(values) => CanonicalValue::Array(values.iter().map(Into::into).collect()),
            Value::KvList(entries) => CanonicalValue::KvList(
                entries
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.into()))
                    .collect(),
            ),
        }
    }
}

/// The rows that a request decoded by prost stands for, made without any of otlake's decoding.
pub fn canonical_logs(request: &ExportLogsServiceRequest) -> Vec<CanonicalRow> {
    let mut rows = Vec::new();
    for resource_logs in &request.resource_logs {
        let mut of_resource = CanonicalRow::default();
        if let Some(resource) = &resource_logs.resource {
            of_resource.resource = attributes(&resource.attributes);
            let dropped = resource.dropped_attributes_count;
            of_resource.int("resource_dropped_attributes_count", dropped.into());
            if !resource.entity_refs.is_empty() {
                let refs = resource.entity_refs.iter().map(|entity| {
                    CanonicalValue::KvList(vec![
                        ("schema_url".into(), string(&entity.schema_url)),
                        ("type".into(), string(&entity.r#type)),
                        ("id_keys".into(), strings(&entity.id_keys)),
                        ("description_keys".into(), strings(&entity.description_keys)),
                    ])
                });
                let refs = CanonicalValue::Array(refs.collect());
                of_resource
                    .fields
                    .push(("resource_entity_refs".into(), refs));
            }
        }
        of_resource.string("resource_schema_url", &resource_logs.schema_url);
        for scope_logs in &resource_logs.scope_logs {
            let mut of_scope = of_resource.clone();
            if let Some(scope) = &scope_logs.scope {
                of_scope.scope = attributes(&scope.attributes);
                of_scope.string("scope_name", &scope.name);
                of_scope.string("scope_version", &scope.version);
                let dropped = scope.dropped_attributes_count;
                of_scope.int("scope_dropped_attributes_count", dropped.into());
            }
            of_scope.string("scope_schema_url", &scope_logs.schema_url);
            rows.extend(
                scope_logs
                    .log_records
                    .iter()
                    .map(|record| of_scope.with(record)),
            );
        }
    }
    rows
}

impl CanonicalRow {
    fn with(&self, record: &LogRecord) -> CanonicalRow {
        let mut row = self.clone();
        row.attributes = attributes(&record.attributes);
        row.time("time_unix_nano", record.time_unix_nano);
        row.time("observed_time_unix_nano", record.observed_time_unix_nano);
        row.int("severity_number", record.severity_number.into());
        row.string("severity_text", &record.severity_text);
        if let Some(body) = &record.body {
            row.fields.push(("body".into(), any_value(Some(body))));
        }
        row.string("event_name", &record.event_name);
        row.bytes("trace_id", &record.trace_id);
        row.bytes("span_id", &record.span_id);
        row.int("flags", record.flags.into());
        row.int(
            "dropped_attributes_count",
            record.dropped_attributes_count.into(),
        );
        row.fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        row
    }

    fn int(&mut self, name: &str, value: i64) {
        if value != 0 {
            self.fields
                .push((name.to_owned(), CanonicalValue::Int(value)));
        }
    }

    fn time(&mut self, name: &str, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.int(name, value),
            Err(_) => self.string(name, &value.to_string()),
        }
    }

    fn string(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.fields.push((name.to_owned(), string(value)));
        }
    }

    fn bytes(&mut self, name: &str, value: &[u8]) {
        if !value.is_empty() {
            self.fields
                .push((name.to_owned(), CanonicalValue::Bytes(value.to_vec())));
        }
    }
}

fn string(value: &str) -> CanonicalValue {
    CanonicalValue::String(value.to_owned())
}

fn strings(values: &[String]) -> CanonicalValue {
    CanonicalValue::Array(values.iter().map(|value| string(value)).collect())
}

fn attributes(typed: &[KeyValue]) -> Vec<(String, CanonicalValue)> {
    typed
        .iter()
        .map(|kv| (kv.key.clone(), any_value(kv.value.as_ref())))
        .collect()
}

fn any_value(value: Option<&AnyValue>) -> CanonicalValue {
    match value.and_then(|value| value.value.as_ref()) {
        // An index into a dictionary that only profiles have.
        None | Some(Typed::StringValueStrindex(_)) => CanonicalValue::Empty,
        Some(Typed::StringValue(value)) => string(value),
        Some(Typed::BoolValue(bool)) => CanonicalValue::Bool(*bool),
        Some(Typed::IntValue(int)) => CanonicalValue::Int(*int),
        Some(Typed::DoubleValue(double)) => CanonicalValue::Double(double.to_bits()),
        Some(Typed::BytesValue(bytes)) => CanonicalValue::Bytes(bytes.clone()),
        Some(Typed::ArrayValue(array)) => CanonicalValue::Array(
            array
                .values
                .iter()
                .map(|value| any_value(Some(value)))
                .collect(),
        ),
        Some(Typed::KvlistValue(kvlist)) => CanonicalValue::KvList(attributes(&kvlist.values)),
    }
}
