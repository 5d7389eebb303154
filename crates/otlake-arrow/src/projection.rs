use std::collections::HashSet;

use otlake_row::Key;
use otlake_schema::{Column, FieldKind, OVERFLOW, Schema};

/// The columns that record batches have.
#[derive(Clone, Debug, Default)]
pub(crate) enum Projection {
    /// Every column.
    #[default]
    All,
    /// The columns with these names.
    Only {
        names: HashSet<String>,
        /// The fields that columns among them are computed from.
        sources: HashSet<Key>,
    },
}

impl Projection {
    /// Returns the projection to the columns with these names. `schema` has the columns that are computed.
    pub(crate) fn only(
        names: impl IntoIterator<Item = impl Into<String>>,
        schema: &Schema,
    ) -> Projection {
        let names: HashSet<String> = names.into_iter().map(Into::into).collect();
        let mut sources = HashSet::new();
        for column in schema.columns() {
            let Some(field) = column.field() else {
                continue;
            };
            if !field.kind.is_derived() || !names.contains(column.name()) {
                continue;
            }
            sources.insert(field.key);
            match field.kind {
                FieldKind::Timestamp { or } => sources.extend(or),
                FieldKind::Duration { since } => drop(sources.insert(since)),
                _ => {}
            }
        }
        Projection::Only { names, sources }
    }

    /// Returns whether record batches have the column.
    pub(crate) fn selects(&self, name: &str) -> bool {
        match self {
            Projection::All => true,
            Projection::Only { names, .. } => names.contains(name),
        }
    }

    /// Returns whether record batches have the overflow column.
    pub(crate) fn selects_overflow(&self) -> bool {
        self.selects(OVERFLOW)
    }

    /// Returns whether the values of the column are needed. The overflow column needs all of them, because it has
    /// those that do not fit their columns.
    pub(crate) fn needs(&self, column: &Column) -> bool {
        let Projection::Only { sources, .. } = self else {
            return true;
        };
        let is_source = |key| sources.contains(&key);
        self.selects(column.name())
            || self.selects_overflow()
            || column.field().is_some_and(|field| is_source(field.key))
    }
}
