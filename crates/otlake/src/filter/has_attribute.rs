use std::fmt::{self, Write};

use otlake_row::{GroupId, Key, Keys, KeysId, Location, Row, Value};
use otlake_schema::ValueText;

use super::Predicate;

/// Matches rows that have an attribute, with any value or with one of some values. See
/// [`Filter`](crate::Filter).
///
/// The name is looked up once, and an attribute of a resource or a scope is compared once for all of its
/// records.
///
/// ```
/// use otlake::row::{Cell, Group, Keys, Location, Row, RowSink, Signal, Stage, Value};
/// use otlake::{Filter, HasAttribute};
///
/// let mut keys = Keys::new();
/// let mut intern = |location, name| keys.intern(location, name).expect("below the key limit");
/// let status = intern(Location::Attribute, "http.response.status_code");
/// let library = intern(Location::Scope, "library.kind");
/// let cells = [Cell { key: library, value: Value::String("http") }];
///
/// let errors = HasAttribute::record("http.response.status_code").with_value("500").with_value("503");
/// let mut sink = (Filter::keep(HasAttribute::scope("library.kind")), Filter::keep(errors)).before(Vec::new());
/// for code in [200, 500, 503] {
///     let mut row = Row::new(Signal::Traces, Group::new(&[]), Group::new(&cells));
///     row.set_keys(&keys);
///     row.push(status, Value::Int(code));
///     sink.row(&mut row)?;
/// }
/// assert_eq!(sink.sink().len(), 2);
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Clone, Debug)]
pub struct HasAttribute {
    location: Location,
    name: String,
    /// The texts of the values that match. If there are none, any value matches.
    values: Vec<String>,
    key: Option<KnownKey>,
    /// The group of the previous row, and whether it matched.
    group: Option<(GroupId, bool)>,
}

/// The key of a name in an interner that had `names` names.
#[derive(Clone, Copy, Debug)]
struct KnownKey {
    keys: KeysId,
    names: usize,
    key: Option<Key>,
}

impl HasAttribute {
    /// Returns a predicate on an attribute of the record itself.
    pub fn record(name: impl Into<String>) -> HasAttribute {
        HasAttribute::new(Location::Attribute, name)
    }

    /// Returns a predicate on an attribute of the resource.
    pub fn resource(name: impl Into<String>) -> HasAttribute {
        HasAttribute::new(Location::Resource, name)
    }

    /// Returns a predicate on an attribute of the instrumentation scope.
    pub fn scope(name: impl Into<String>) -> HasAttribute {
        HasAttribute::new(Location::Scope, name)
    }

    fn new(location: Location, name: impl Into<String>) -> HasAttribute {
        HasAttribute {
            location,
            name: name.into(),
            values: Vec::new(),
            key: None,
            group: None,
        }
    }

    /// Adds a value that matches. Without this call any value matches. A value that is not a string is
    /// compared by its text, such as `true` or `200`.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<String>) -> HasAttribute {
        self.values.push(value.into());
        self
    }

    /// Returns the key of the name, which is looked up again when the interner has new names.
    #[inline]
    fn key(&mut self, keys: &Keys) -> Option<Key> {
        match self.key {
            Some(known) if known.keys == keys.id() && known.names == keys.len(self.location) => {
                known.key
            }
            _ => {
                let key = keys.find(self.location, &self.name);
                self.key = Some(KnownKey {
                    keys: keys.id(),
                    names: keys.len(self.location),
                    key,
                });
                key
            }
        }
    }

    fn matches_value(&self, value: Option<&Value<'_>>) -> bool {
        let Some(value) = value else {
            return false;
        };
        self.values.is_empty() || self.values.iter().any(|text| has_text(value, text))
    }

    /// Returns whether one of the attributes whose names have no key matches.
    fn matches_excess(&self, excess: Option<&Value<'_>>) -> bool {
        let Some(Value::KvList(entries)) = excess else {
            return false;
        };
        let mut entries = entries.iter().filter(|(name, _)| *name == self.name);
        entries.any(|(_, value)| self.matches_value(Some(value)))
    }
}

impl Predicate for HasAttribute {
    #[inline]
    fn matches(&mut self, row: &Row<'_>) -> bool {
        let excess = Key::excess(self.location);
        let group = match self.location {
            Location::Resource => row.resource(),
            Location::Scope => row.scope(),
            _ => {
                return match self.key(row.keys()) {
                    Some(key) => self.matches_value(row.get(key)),
                    None => self.matches_excess(row.get(excess)),
                };
            }
        };
        match self.group {
            Some((id, matched)) if id == group.id() => matched,
            _ => {
                let matches = match self.key(row.keys()) {
                    Some(key) => self.matches_value(group.get(key)),
                    None => self.matches_excess(group.get(excess)),
                };
                self.group = Some((group.id(), matches));
                matches
            }
        }
    }
}

fn has_text(value: &Value<'_>, text: &str) -> bool {
    match value {
        Value::String(string) => *string == text,
        value => {
            let mut rest = Rest(text);
            write!(rest, "{}", ValueText(value)).is_ok() && rest.0.is_empty()
        }
    }
}

/// The rest of a text, after the parts that were written have been removed from its beginning.
struct Rest<'t>(&'t str);

impl Write for Rest<'_> {
    fn write_str(&mut self, written: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(written).ok_or(fmt::Error)?;
        Ok(())
    }
}
