use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{BooleanBuilder, Float64Builder, Int64Builder, StringBuilder};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;

use super::value::text;

/// A column per attribute name, found by a hash of the name.
#[derive(Debug)]
pub(super) struct Attributes {
    prefix: &'static str,
    by_key: HashMap<String, usize, RandomState>,
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    name: String,
    values: Values,
    /// Number of rows so far, including nulls.
    len: usize,
}

/// A column has the type of its first value until a value of another type turns it into text.
#[derive(Debug)]
enum Values {
    Text(StringBuilder),
    Integer(Int64Builder),
    Double(Float64Builder),
    Boolean(BooleanBuilder),
}

impl Attributes {
    pub(super) fn new(prefix: &'static str) -> Self {
        Self {
            prefix,
            by_key: HashMap::default(),
            columns: Vec::new(),
        }
    }

    /// Appends the attributes of row number `row`.
    pub(super) fn append(&mut self, row: usize, attributes: &[KeyValue]) {
        for attribute in attributes {
            let value = attribute
                .value
                .as_ref()
                .and_then(|value| value.value.as_ref());
            if let Some(value) = value {
                let index = match self.by_key.get(&attribute.key) {
                    Some(index) => *index,
                    None => self.add(&attribute.key, value),
                };
                self.columns[index].append(row, value);
            }
        }
    }

    fn add(&mut self, key: &str, value: &Value) -> usize {
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        };
        let name: String = self.prefix.chars().chain(key.chars().map(plain)).collect();
        // Two keys can map to the same name; they share the column.
        let index = match self.columns.iter().position(|column| column.name == name) {
            Some(index) => index,
            None => {
                self.columns.push(Column {
                    name,
                    values: Values::of(value),
                    len: 0,
                });
                self.columns.len() - 1
            }
        };
        self.by_key.insert(key.to_owned(), index);
        index
    }

    /// Returns the columns, padded to `rows` rows.
    pub(super) fn finish(self, rows: usize) -> impl Iterator<Item = (String, ArrayRef)> {
        self.columns.into_iter().map(move |mut column| {
            column.fill(rows);
            (column.name, column.values.finish())
        })
    }
}

impl Column {
    fn append(&mut self, row: usize, value: &Value) {
        // A second value for the same row is dropped.
        if self.len > row {
            return;
        }
        self.fill(row);
        self.values.append(value);
        self.len += 1;
    }

    fn fill(&mut self, rows: usize) {
        if self.len < rows {
            self.values.append_nulls(rows - self.len);
            self.len = rows;
        }
    }
}

impl Values {
    fn of(value: &Value) -> Self {
        match value {
            Value::IntValue(_) => Self::Integer(Int64Builder::new()),
            Value::DoubleValue(_) => Self::Double(Float64Builder::new()),
            Value::BoolValue(_) => Self::Boolean(BooleanBuilder::new()),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    fn append(&mut self, value: &Value) {
        match (&mut *self, value) {
            (Self::Text(builder), Value::StringValue(text)) => builder.append_value(text),
            (Self::Integer(builder), Value::IntValue(integer)) => builder.append_value(*integer),
            (Self::Double(builder), Value::DoubleValue(double)) => builder.append_value(*double),
            (Self::Boolean(builder), Value::BoolValue(boolean)) => builder.append_value(*boolean),
            (Self::Text(builder), other) => builder.append_value(text(other)),
            _ => {
                self.make_text();
                self.append(value);
            }
        }
    }

    /// Converts the column to text.
    fn make_text(&mut self) {
        let mut builder = StringBuilder::new();
        match self {
            Self::Text(_) => return,
            Self::Integer(values) => append_texts(&mut builder, values.finish().iter()),
            Self::Double(values) => append_texts(&mut builder, values.finish().iter()),
            Self::Boolean(values) => append_texts(&mut builder, values.finish().iter()),
        }
        *self = Self::Text(builder);
    }

    fn append_nulls(&mut self, count: usize) {
        match self {
            Self::Text(builder) => builder.append_nulls(count),
            Self::Integer(builder) => builder.append_nulls(count),
            Self::Double(builder) => builder.append_nulls(count),
            Self::Boolean(builder) => builder.append_nulls(count),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Integer(builder) => Arc::new(builder.finish()),
            Self::Double(builder) => Arc::new(builder.finish()),
            Self::Boolean(builder) => Arc::new(builder.finish()),
        }
    }
}

fn append_texts<T: ToString>(builder: &mut StringBuilder, values: impl Iterator<Item = Option<T>>) {
    values.for_each(|value| builder.append_option(value.map(|value| value.to_string())));
}
