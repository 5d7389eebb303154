use std::sync::Arc;

use crate::{ByteString, Bytes, Cell, Group, GroupId, Key, Row, Signal, Value};

/// A [`Row`](crate::Row) that owns its values and shares its groups with neighbouring rows.
///
/// The keys are those of the `Keys` of the original row: keep that to look up their names.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_row::{
///     Cell, Group, Keys, Location, OwnedCell, OwnedRow, OwnedValue, Row, RowSink, Signal, Value, fields,
/// };
///
/// let mut keys = Keys::new();
/// let host = keys.intern(Location::Resource, "host.name").expect("below the key limit");
/// let cells = [Cell { key: host, value: Value::String("web-1") }];
/// let (resource, scope) = (Group::new(&cells), Group::new(&[]));
///
/// // A vector of owned rows is a sink.
/// let mut rows: Vec<OwnedRow> = Vec::new();
/// for body in ["started", "ready"] {
///     let mut row = Row::new(Signal::Logs, resource, scope);
///     row.push(fields::BODY, Value::String(body));
///     rows.row(&mut row)?;
/// }
///
/// let ready = OwnedValue::String("ready".into());
/// assert_eq!(rows[1].get(fields::BODY), Some(&ready));
/// assert_eq!(rows[1].cells, [OwnedCell { key: fields::BODY, value: ready }]);
/// assert_eq!(rows[1].resource.get(host), Some(&OwnedValue::String("web-1".into())));
/// assert!(Arc::ptr_eq(&rows[0].resource, &rows[1].resource));
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OwnedRow {
    /// The kind of telemetry.
    pub signal: Signal,
    /// The attributes and fields of the resource.
    pub resource: Arc<OwnedGroup>,
    /// The attributes and fields of the instrumentation scope.
    pub scope: Arc<OwnedGroup>,
    /// The record's own cells.
    pub cells: Vec<OwnedCell>,
}

/// A [`Group`](crate::Group) that owns its values.
///
/// ```
/// use otlake_row::{Cell, Group, OwnedGroup, OwnedValue, Row, Signal, Value, fields};
///
/// let cells = [Cell { key: fields::SCOPE_NAME, value: Value::String("checkout") }];
/// let row = Row::new(Signal::Traces, Group::new(&[]), Group::new(&cells)).to_owned();
///
/// let scope: &OwnedGroup = &row.scope;
/// assert_eq!(scope.get(fields::SCOPE_NAME), Some(&OwnedValue::String("checkout".into())));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OwnedGroup {
    /// The identity of the original group.
    pub id: GroupId,
    /// The cells in the order they were sent.
    pub cells: Vec<OwnedCell>,
}

/// A [`Cell`] that owns its value.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnedCell {
    /// The key, which says what the value is.
    pub key: Key,
    /// The value.
    pub value: OwnedValue,
}

/// A [`Value`] that owns its content, or shares the buffer of the payload. Exhaustive, like [`Value`].
#[derive(Clone, Debug, PartialEq, Default)]
pub enum OwnedValue {
    /// A [`Value::Empty`].
    #[default]
    Empty,
    /// A [`Value::Bool`].
    Bool(bool),
    /// A [`Value::Int`].
    Int(i64),
    /// A [`Value::Double`].
    Double(f64),
    /// A [`Value::String`].
    String(ByteString),
    /// A [`Value::Bytes`].
    Bytes(Bytes),
    /// A [`Value::Array`].
    Array(Vec<OwnedValue>),
    /// A [`Value::KvList`].
    KvList(Vec<(ByteString, OwnedValue)>),
}

impl OwnedRow {
    pub(crate) fn new(row: &Row<'_>, previous: Option<&OwnedRow>) -> OwnedRow {
        let payload = row.payload();
        let shared = |group: Group<'_>, known: Option<&Arc<OwnedGroup>>| match known {
            Some(known) if known.id == group.id() => Arc::clone(known),
            _ => Arc::new(OwnedGroup {
                id: group.id(),
                cells: own_cells(group.cells(), payload),
            }),
        };
        OwnedRow {
            signal: row.signal(),
            resource: shared(row.resource(), previous.map(|row| &row.resource)),
            scope: shared(row.scope(), previous.map(|row| &row.scope)),
            cells: own_cells(row.cells(), payload),
        }
    }

    /// Returns the first value of one of the record's own keys.
    pub fn get(&self, key: Key) -> Option<&OwnedValue> {
        self.cells
            .iter()
            .find(|cell| cell.key == key)
            .map(|cell| &cell.value)
    }
}

impl OwnedGroup {
    /// Returns the first value of a key.
    pub fn get(&self, key: Key) -> Option<&OwnedValue> {
        self.cells
            .iter()
            .find(|cell| cell.key == key)
            .map(|cell| &cell.value)
    }
}

impl OwnedValue {
    /// Returns a copy of `value`. Strings and bytes that lie inside `payload` share it.
    pub fn new(value: &Value<'_>, payload: Option<&Bytes>) -> OwnedValue {
        match *value {
            Value::Empty => OwnedValue::Empty,
            Value::Bool(bool) => OwnedValue::Bool(bool),
            Value::Int(int) => OwnedValue::Int(int),
            Value::Double(double) => OwnedValue::Double(double),
            Value::String(string) => OwnedValue::String(own_str(string, payload)),
            Value::Bytes(bytes) => OwnedValue::Bytes(own_bytes(bytes, payload)),
            Value::Array(values) => {
                OwnedValue::Array(values.iter().map(|v| OwnedValue::new(v, payload)).collect())
            }
            Value::KvList(entries) => OwnedValue::KvList(
                entries
                    .iter()
                    .map(|(name, v)| (own_str(name, payload), OwnedValue::new(v, payload)))
                    .collect(),
            ),
        }
    }
}

fn own_cells(cells: &[Cell<'_>], payload: Option<&Bytes>) -> Vec<OwnedCell> {
    cells
        .iter()
        .map(|cell| OwnedCell {
            key: cell.key,
            value: OwnedValue::new(&cell.value, payload),
        })
        .collect()
}

fn own_str(string: &str, payload: Option<&Bytes>) -> ByteString {
    let bytes = own_bytes(string.as_bytes(), payload);
    // The bytes come from a &str. Checking them again is the price of safe code.
    ByteString::try_from(bytes).unwrap_or_else(|_| ByteString::from(string))
}

fn own_bytes(bytes: &[u8], payload: Option<&Bytes>) -> Bytes {
    // Bytes::slice_ref panics for a slice of another buffer, so the range is checked first.
    match payload {
        Some(payload) if contains(payload, bytes) => payload.slice_ref(bytes),
        _ => Bytes::copy_from_slice(bytes),
    }
}

fn contains(payload: &[u8], part: &[u8]) -> bool {
    let (payload, part) = (payload.as_ptr_range(), part.as_ptr_range());
    payload.start <= part.start && part.end <= payload.end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Keys, Location, RowSink, fields};

    #[test]
    fn owned_rows_share_the_payload_and_their_groups() {
        let payload = Bytes::from_static(b"order placed");
        let mut keys = Keys::new();
        let host = keys.intern(Location::Resource, "host.name").unwrap();
        let cells = [Cell {
            key: host,
            value: Value::String("elsewhere"),
        }];
        let (resource, scope) = (Group::new(&cells), Group::new(&[]));

        let mut rows: Vec<OwnedRow> = Vec::new();
        for _ in 0..2 {
            let text = std::str::from_utf8(&payload).unwrap();
            let mut row = Row::new(Signal::Logs, resource, scope);
            row.set_payload(&payload);
            row.set_keys(&keys);
            row.push(fields::BODY, Value::String(text));
            rows.row(&mut row).unwrap();
        }

        assert!(Arc::ptr_eq(&rows[0].resource, &rows[1].resource));
        let Some(OwnedValue::String(body)) = rows[1].get(fields::BODY) else {
            panic!("the body is a string");
        };
        assert_eq!(
            body.as_bytes().as_ptr(),
            payload.as_ptr(),
            "the body shares the payload"
        );
        let host = rows[0].resource.get(host).unwrap();
        assert_eq!(
            *host,
            OwnedValue::String("elsewhere".into()),
            "a value outside of the payload is copied"
        );
    }
}
