use smallvec::SmallVec;

use crate::owned::OwnedRow;
use crate::{Bytes, Group, Key, Keys, Location, Signal, Value};

/// A key and its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell<'a> {
    /// The key, which says what the value is.
    pub key: Key,
    /// The value.
    pub value: Value<'a>,
}

/// One record on its way from a decoder to a sink.
///
/// A row lives as long as the call it is passed to. To keep it, copy it with [`Row::to_owned`]. To add
/// text that lives shorter than the row, change a copy made by [`Row::reborrow`].
///
/// A decoder fills the same row again and again:
///
/// ```
/// use otlake_row::{Bytes, Cell, Group, Row, Signal, Value, fields};
///
/// let payload = Bytes::from_static(b"order placed");
/// let body = std::str::from_utf8(&payload)?;
/// let cells = [Cell { key: fields::SCOPE_NAME, value: Value::String("checkout") }];
/// let (resource, scope) = (Group::new(&[]), Group::new(&cells));
///
/// let mut row = Row::new(Signal::Logs, resource, scope);
/// row.set_payload(&payload);
/// row.push(fields::SEVERITY_NUMBER, Value::Int(9));
/// row.push(fields::BODY, Value::String(body));
/// assert_eq!(row.cells().len(), 2);
/// assert_eq!(row.scope().cells(), cells);
/// let first = row.to_owned(); // its body shares the payload
///
/// row.restart(Signal::Logs, resource, scope);
/// assert!(row.cells().is_empty());
/// assert!(row.payload().is_some());
/// row.push(fields::BODY, Value::String(body));
/// let second = row.to_owned_after(&first);
/// assert!(std::sync::Arc::ptr_eq(&first.scope, &second.scope));
/// # Ok::<(), std::str::Utf8Error>(())
/// ```
///
/// A stage changes it:
///
/// ```
/// use otlake_row::{Cell, Group, Keys, Location, Row, Signal, Value, fields};
///
/// let mut keys = Keys::new();
/// let mut intern = |location, name| keys.intern(location, name).expect("below the key limit");
/// let service = intern(Location::Resource, "service.name");
/// let password = intern(Location::Attribute, "password");
/// let old = [Cell { key: service, value: Value::String("checkout-v1") }];
/// let mut row = Row::new(Signal::Logs, Group::new(&old), Group::new(&[]));
/// row.set_keys(&keys);
/// row.push(fields::BODY, Value::String("login"));
/// row.push(password, Value::String("secret"));
///
/// row.retain(|cell| cell.key != password);
/// for cell in row.cells_mut() {
///     if cell.key == fields::BODY {
///         cell.value = Value::String("logged in");
///     }
/// }
/// assert_eq!(row.cells(), [Cell { key: fields::BODY, value: Value::String("logged in") }]);
///
/// // Text that the stage makes lives shorter than the row.
/// let body = format!("logged in at {}", row.service_name().unwrap_or("?"));
/// let new = [Cell { key: service, value: Value::String("checkout") }];
/// let mut changed = row.reborrow();
/// changed.set(fields::BODY, Value::String(&body));
/// changed.set_resource(Group::new(&new));
/// changed.set_scope(Group::new(&[]));
/// assert_eq!(changed.get(fields::BODY).and_then(Value::as_str), Some("logged in at checkout-v1"));
/// assert_eq!(changed.resource().get(service), Some(&Value::String("checkout")));
/// ```
#[derive(Clone, Debug)]
pub struct Row<'a> {
    signal: Signal,
    keys: &'a Keys,
    payload: Option<&'a Bytes>,
    resource: Group<'a>,
    scope: Group<'a>,
    // 32 cells hold a log with its fields and some 24 attributes without an allocation.
    cells: SmallVec<[Cell<'a>; 32]>,
}

impl<'a> Row<'a> {
    /// Returns a row without cells. Its keys are those of [`fields`](crate::fields) and registered ones,
    /// until [`Row::set_keys`] lends it an interner.
    #[inline]
    pub fn new(signal: Signal, resource: Group<'a>, scope: Group<'a>) -> Row<'a> {
        let keys = Keys::of_fields();
        Row {
            signal,
            keys,
            payload: None,
            resource,
            scope,
            cells: SmallVec::new(),
        }
    }

    /// Removes all cells and sets other groups. The row keeps its interner, its payload and the memory of
    /// its cells, so that a decoder can fill the same row again and again.
    #[inline]
    pub fn restart(&mut self, signal: Signal, resource: Group<'a>, scope: Group<'a>) {
        self.signal = signal;
        self.resource = resource;
        self.scope = scope;
        self.cells.clear();
    }

    /// Sets the interner that made this row's keys. It is not an argument of [`Row::new`], because a
    /// decoder interns new names while it fills the row.
    #[inline]
    pub fn set_keys(&mut self, keys: &'a Keys) {
        self.keys = keys;
    }

    /// Sets the buffer that the values borrow from, so that owned copies can share it.
    #[inline]
    pub fn set_payload(&mut self, payload: &'a Bytes) {
        self.payload = Some(payload);
    }

    /// Sets the resource, for a stage that changes its attributes. Give the group an identity of its own,
    /// unless an earlier group with this identity had the same cells.
    #[inline]
    pub fn set_resource(&mut self, resource: Group<'a>) {
        self.resource = resource;
    }

    /// Sets the instrumentation scope, for a stage that changes its attributes. Give the group an identity
    /// of its own, unless an earlier group with this identity had the same cells.
    #[inline]
    pub fn set_scope(&mut self, scope: Group<'a>) {
        self.scope = scope;
    }

    /// Returns the kind of telemetry.
    #[inline]
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// Returns the interner that made the keys of this row.
    #[inline]
    pub fn keys(&self) -> &'a Keys {
        self.keys
    }

    /// Returns the attributes and fields of the resource.
    #[inline]
    pub fn resource(&self) -> Group<'a> {
        self.resource
    }

    /// Returns the attributes and fields of the instrumentation scope.
    #[inline]
    pub fn scope(&self) -> Group<'a> {
        self.scope
    }

    /// Returns this record's own cells: fields and attributes in the order they were sent. A key that was
    /// sent twice has two cells.
    #[inline]
    pub fn cells(&self) -> &[Cell<'a>] {
        &self.cells
    }

    /// Returns this record's own cells, to change them in place.
    #[inline]
    pub fn cells_mut(&mut self) -> &mut [Cell<'a>] {
        &mut self.cells
    }

    /// Adds a cell.
    #[inline]
    pub fn push(&mut self, key: Key, value: Value<'a>) {
        self.cells.push(Cell { key, value });
    }

    /// Sets the first value of a key, adding it if there is none.
    pub fn set(&mut self, key: Key, value: Value<'a>) {
        match self.cells.iter_mut().find(|cell| cell.key == key) {
            Some(cell) => cell.value = value,
            None => self.push(key, value),
        }
    }

    /// Removes every cell for which `keep` is false.
    pub fn retain(&mut self, mut keep: impl FnMut(&Cell<'a>) -> bool) {
        self.cells.retain(|cell| keep(cell));
    }

    /// Returns the first value of one of the record's own keys.
    #[inline]
    pub fn get(&self, key: Key) -> Option<&Value<'a>> {
        self.cells
            .iter()
            .find(|cell| cell.key == key)
            .map(|cell| &cell.value)
    }

    /// Returns the first value of a name: an attribute of the record, its scope or its resource, or a field of the
    /// record.
    ///
    /// This looks the name up for every row. A sink that needs the same name for many rows is faster with
    /// [`Keys::find`], as long as the rows have the same [`Keys::id`], and [`Row::get`] or [`Group::get`].
    ///
    /// ```
    /// use otlake_row::{Cell, Group, Keys, Location, Row, Signal, Value};
    ///
    /// let mut keys = Keys::new();
    /// let key = keys.intern(Location::Resource, "host.name").expect("below the key limit");
    /// let cells = [Cell { key, value: Value::String("a") }];
    /// let mut row = Row::new(Signal::Logs, Group::new(&cells), Group::new(&[]));
    /// row.set_keys(&keys);
    ///
    /// let host = row.find(Location::Resource, "host.name").and_then(Value::as_str);
    /// assert_eq!(host, Some("a"));
    /// assert!(row.find(Location::Attribute, "host.name").is_none());
    /// ```
    pub fn find(&self, location: Location, name: &str) -> Option<&Value<'a>> {
        let key = self.keys.find(location, name)?;
        match location {
            Location::Resource => self.resource.get(key),
            Location::Scope => self.scope.get(key),
            Location::Field | Location::Attribute => self.get(key),
        }
    }

    /// Returns the resource's `service.name`, if it is a string. The costs are those of [`Row::find`].
    pub fn service_name(&self) -> Option<&'a str> {
        let name = self.find(Location::Resource, "service.name")?;
        name.as_str()
    }

    /// Returns a copy that can hold values which live shorter than those of this row, such as text that
    /// a stage makes.
    pub fn reborrow<'b>(&self) -> Row<'b>
    where
        'a: 'b,
    {
        // SmallVec is invariant in its items, so the cells are copied one by one.
        Row {
            signal: self.signal,
            keys: self.keys,
            payload: self.payload,
            resource: self.resource,
            scope: self.scope,
            cells: self.cells.iter().copied().collect(),
        }
    }

    /// Returns the buffer that the values borrow from, if it is known.
    #[inline]
    pub fn payload(&self) -> Option<&'a Bytes> {
        self.payload
    }

    /// Returns a copy that owns its values. Strings and bytes share the payload if it is known.
    pub fn to_owned(&self) -> OwnedRow {
        OwnedRow::new(self, None)
    }

    /// Returns a copy as [`Row::to_owned`] does, but shares the groups of the previous row where they are
    /// the same.
    pub fn to_owned_after(&self, previous: &OwnedRow) -> OwnedRow {
        OwnedRow::new(self, Some(previous))
    }
}
