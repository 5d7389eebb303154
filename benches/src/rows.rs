//! Rows that were decoded in advance, so that later stages can be measured alone.

use otlake_otlp::{Format, OtlpDecoder};
use otlake_row::{Cell, Group, OwnedCell, OwnedRow, OwnedValue, Row, RowSink, Value, fields};

use crate::case::Error;
use crate::workload::Workload;

/// The rows of each payload of a workload.
///
/// They borrow from leaked copies that live as long as the process: a bench has no better owner for
/// them.
pub(crate) struct Rows {
    payloads: Vec<Vec<Row<'static>>>,
}

impl Rows {
    pub(crate) fn decode(workload: &Workload) -> Result<Rows, Error> {
        let mut decoder = OtlpDecoder::new();
        let mut payloads = Vec::new();
        for payload in workload.payloads() {
            let mut rows: Vec<OwnedRow> = Vec::new();
            decoder.decode(workload.signal(), Format::Protobuf, payload, &mut rows)?;
            payloads.push(rows);
        }
        let keys = Box::leak(Box::new(decoder)).keys();
        let payloads = payloads
            .into_iter()
            .map(|rows| {
                let mut borrowed: Vec<Row<'static>> = Vec::new();
                for row in rows.leak() {
                    let group = |owned: &'static otlake_row::OwnedGroup,
                                 last: Option<Group<'static>>| {
                        match last {
                            Some(last) if last.id() == owned.id => last,
                            _ => Group::with_id(owned.id, cells(&owned.cells)),
                        }
                    };
                    let last = borrowed.last();
                    let resource = group(&row.resource, last.map(Row::resource));
                    let scope = group(&row.scope, last.map(Row::scope));
                    let mut copy = Row::new(row.signal, resource, scope);
                    copy.set_keys(keys);
                    cells(&row.cells)
                        .iter()
                        .for_each(|cell| copy.push(cell.key, cell.value));
                    borrowed.push(copy);
                }
                borrowed
            })
            .collect();
        Ok(Rows { payloads })
    }

    /// Pushes the rows payload by payload, and calls `end` after each payload.
    pub(crate) fn push<S: RowSink>(
        &mut self,
        sink: &mut S,
        mut end: impl FnMut(&mut S) -> Result<(), Error>,
    ) -> Result<usize, Error>
    where
        S::Error: std::error::Error + Send + Sync + 'static,
    {
        let mut records = 0;
        for rows in &mut self.payloads {
            for row in rows.iter_mut() {
                sink.row(row)?;
            }
            records += rows.len();
            end(sink)?;
        }
        Ok(records)
    }

    /// Returns the bodies that are strings.
    pub(crate) fn bodies(&self) -> Vec<&'static str> {
        let rows = self.payloads.iter().flatten();
        rows.filter_map(|row| row.get(fields::BODY).and_then(Value::as_str))
            .collect()
    }
}

fn cells(owned: &'static [OwnedCell]) -> &'static [Cell<'static>] {
    let cells: Vec<_> = owned
        .iter()
        .map(|cell| Cell {
            key: cell.key,
            value: value(&cell.value),
        })
        .collect();
    cells.leak()
}

fn value(owned: &'static OwnedValue) -> Value<'static> {
    match owned {
        OwnedValue::Empty => Value::Empty,
        OwnedValue::Bool(bool) => Value::Bool(*bool),
        OwnedValue::Int(int) => Value::Int(*int),
        OwnedValue::Double(double) => Value::Double(*double),
        OwnedValue::String(string) => Value::String(string),
        OwnedValue::Bytes(bytes) => Value::Bytes(bytes),
        OwnedValue::Array(values) => {
            Value::Array(values.iter().map(value).collect::<Vec<_>>().leak())
        }
        OwnedValue::KvList(entries) => {
            let entries = entries.iter().map(|(name, v)| (&**name, value(v)));
            Value::KvList(entries.collect::<Vec<_>>().leak())
        }
    }
}
