//! A canonical form for rows, so that the output of two decoders can be compared: fields sorted by
//! name, attributes in the order sent, doubles by their bits.
//!
//! The conversion from prost's messages follows the documentation of [`otlake_row::fields`] and
//! shares no code with a decoder.

mod group;
mod logs;
mod metrics;
mod traces;
mod value;

pub use self::logs::canonical_logs;
pub use self::metrics::canonical_metrics;
pub use self::traces::canonical_traces;
pub use self::value::CanonicalValue;

use otlake_row::{Cell, Keys, Location, Row, RowSink};

use self::value::string;

/// A row with names instead of keys.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CanonicalRow {
    /// Fields of the resource, the scope and the record, sorted by name.
    pub fields: Vec<(String, CanonicalValue)>,
    /// Attributes of the resource.
    pub resource: Vec<(String, CanonicalValue)>,
    /// Attributes of the scope.
    pub scope: Vec<(String, CanonicalValue)>,
    /// Attributes of the record.
    pub attributes: Vec<(String, CanonicalValue)>,
}

/// A sink that keeps every row in canonical form.
#[derive(Debug, Default)]
pub struct CanonicalRows(pub Vec<CanonicalRow>);

impl RowSink for CanonicalRows {
    type Error = std::convert::Infallible;

    fn row(&mut self, row: &mut Row<'_>) -> Result<(), Self::Error> {
        let mut canonical = CanonicalRow::default();
        for cells in [row.resource().cells(), row.scope().cells(), row.cells()] {
            for cell in cells {
                canonical.push_cell(cell, row.keys());
            }
        }
        self.0.push(canonical.sorted());
        Ok(())
    }
}

impl CanonicalRow {
    /// Returns all values with their names.
    pub fn entries(&self) -> impl Iterator<Item = &(String, CanonicalValue)> {
        [&self.fields, &self.resource, &self.scope, &self.attributes]
            .into_iter()
            .flatten()
    }

    fn push_cell(&mut self, cell: &Cell<'_>, keys: &Keys) {
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

    fn sorted(mut self) -> Self {
        self.fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        self
    }

    /// Adds a field that has a cell whatever its value.
    fn push(&mut self, name: &str, value: CanonicalValue) {
        self.fields.push((name.to_owned(), value));
    }

    /// Adds an optional number.
    fn double(&mut self, name: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.push(name, value.into());
        }
    }

    fn int(&mut self, name: &str, value: impl Into<i64>) {
        let value = value.into();
        if value != 0 {
            self.push(name, value.into());
        }
    }

    fn unsigned(&mut self, name: &str, value: u64) {
        if value != 0 {
            self.push(name, value.into());
        }
    }

    fn string(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.push(name, string(value));
        }
    }

    fn bytes(&mut self, name: &str, value: &[u8]) {
        if !value.is_empty() {
            self.push(name, value.into());
        }
    }

    /// Adds a repeated message.
    fn messages<T>(&mut self, name: &str, messages: &[T], value: impl Fn(&T) -> CanonicalValue) {
        if !messages.is_empty() {
            let values = messages.iter().map(value);
            self.push(name, CanonicalValue::Array(values.collect()));
        }
    }
}
