mod builder;
mod redactor;
mod sensitive;
mod texts;

use std::fmt;
use std::sync::Arc;

use bumpalo::Bump;
use otlake_row::{Key, Location, Row, RowSink, Stage, Value, fields};

pub use self::builder::{RedactBuilder, RedactError};
use self::redactor::{RedactedNames, Redactor};
pub use self::sensitive::Sensitive;
use self::texts::Texts;
use crate::changed_group::ChangedGroups;
use crate::key_table::KeyTable;

/// A stage that removes secrets and personal data: the values of named keys, and the texts that it
/// recognises inside strings.
///
/// * **Keys**: a string becomes `<redacted>`. A value of any other kind is removed, because a text would not
///   fit the type of its column; inside a list or a map it becomes null.
/// * **Texts**: the part of a string that was recognised becomes `<email>`, `<card>`, `<token>`, `<ip>` or
///   the replacement of a regular expression. The rest of the string stays.
///
/// Both apply to attributes of records, resources and scopes, the body, and the attributes of events, links
/// and exemplars, however deep they are nested. Texts are also recognised in the protocol's own fields,
/// such as the name of a span or the message of its status, except for those that are part of the
/// instrumentation: the kind and unit of a metric, the name and version of a scope, and schema URLs.
/// Numbers, bytes, and the names of attributes stay as they are.
///
/// A group's attributes are redacted once for all of its records. A record without matches costs the
/// search and no memory.
///
/// ```
/// use otlake::row::{Group, OwnedValue, Row, RowSink, Signal, Stage, Value, fields};
/// use otlake::{Redact, Sensitive};
///
/// let redact = Redact::builder()
///     .keys(["http.request.header.authorization", "password"])
///     .key_regex("(?i)secret|api[-_]?key")
///     .sensitive(Sensitive::ALL)
///     .regex(r"\bE-[0-9]{6}\b", "<employee>")
///     .build()?;
///
/// let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
/// row.push(fields::BODY, Value::String("E-104233 (ann@example.com) paid with 4111 1111 1111 1111"));
/// let mut sink = redact.before(Vec::new());
/// sink.row(&mut row)?;
/// let body = OwnedValue::String("<employee> (<email>) paid with <card>".into());
/// assert_eq!(sink.sink()[0].get(fields::BODY), Some(&body));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Redact {
    rules: Arc<Rules>,
    texts: Texts,
    /// Whether the values of a key are redacted.
    keys: KeyTable<bool>,
    groups: ChangedGroups,
    /// Memory for the values of one row.
    scratch: Bump,
}

/// The names and texts that are redacted.
#[derive(Debug)]
struct Rules {
    names: RedactedNames,
    texts: Texts,
}

/// The text that replaces the string of a redacted key.
const REDACTED: &str = "<redacted>";

impl Redact {
    /// Returns a builder of a stage that redacts nothing yet.
    pub fn builder() -> RedactBuilder {
        RedactBuilder::new()
    }

    fn new(rules: Arc<Rules>) -> Redact {
        Redact {
            texts: rules.texts.clone(),
            rules,
            keys: KeyTable::new(),
            groups: ChangedGroups::default(),
            scratch: Bump::new(),
        }
    }
}

/// Makes a stage with the same rules, for another worker.
impl Clone for Redact {
    fn clone(&self) -> Redact {
        Redact::new(Arc::clone(&self.rules))
    }
}

impl fmt::Debug for Redact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redact")
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

impl Stage for Redact {
    fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
        let keys = row.keys();
        self.keys.bind(keys);
        let mut redactor = Redactor {
            names: &self.rules.names,
            texts: &mut self.texts,
            table: &mut self.keys,
            keys,
            scratch: &self.scratch,
        };
        let groups = self.groups.of(row.resource(), row.scope(), |group| {
            redactor.group(group.cells())
        });
        let changes = redactor.cells(row.cells());
        if groups.is_empty() && changes.is_empty() {
            return next.row(row);
        }
        let mut row = groups.reborrow(row);
        for (index, value) in &changes {
            // A cell that is to be removed is empty until all others have been found by their index.
            row.cells_mut()[*index].value = value.unwrap_or(Value::Empty);
        }
        if changes.iter().any(|(_, value)| value.is_none()) {
            let (mut index, mut changes) = (0, changes.iter().peekable());
            row.retain(|_| {
                let change = changes.next_if(|(changed, _)| *changed == index);
                index += 1;
                change.is_none_or(|(_, value)| value.is_some())
            });
        }
        let result = next.row(&mut row);
        drop(row);
        drop(changes);
        self.scratch.reset();
        result
    }
}

/// Returns whether texts are recognised in a field or an attribute.
fn has_texts(key: Key) -> bool {
    key.location() != Location::Field
        || ![
            fields::KIND,
            fields::UNIT,
            fields::SCOPE_NAME,
            fields::SCOPE_VERSION,
            fields::SCOPE_SCHEMA_URL,
            fields::RESOURCE_SCHEMA_URL,
        ]
        .contains(&key)
}

#[cfg(test)]
mod tests;
