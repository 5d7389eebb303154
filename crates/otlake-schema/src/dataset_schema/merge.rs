use super::{DatasetColumn, DatasetSchema};

/// The error of [`DatasetSchema::merge`]: why two published schemas cannot be merged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// The schemas are of different tables.
    #[error("one schema is of table {0:?}, the other of {1:?}")]
    Tables(&'static str, &'static str),
    /// A column has different types.
    #[error("the column {column:?} has type {left:?} in one schema and {right:?} in the other")]
    Types {
        /// The name of the column.
        column: String,
        /// The type in the first schema.
        left: String,
        /// The type in the second schema.
        right: String,
    },
    /// A column belongs to different attributes.
    #[error(
        "the column {column:?} belongs to {left:?} in one schema and to {right:?} in the other"
    )]
    Owners {
        /// The name of the column.
        column: String,
        /// The full name in the first schema; empty for a field.
        left: String,
        /// The full name in the second schema; empty for a field.
        right: String,
    },
    /// An attribute has columns with different names.
    #[error("the column of {full_name:?} is {left:?} in one schema and {right:?} in the other")]
    Names {
        /// The full name of the attribute.
        full_name: String,
        /// The name of its column in the first schema.
        left: String,
        /// The name of its column in the second schema.
        right: String,
    },
    /// All field ids are in use.
    #[error("the column {column:?} gets no field id: all are in use")]
    NoIds {
        /// The name of the column.
        column: String,
    },
}

/// A difference between two published schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// A column that only the first schema has.
    Removed(DatasetColumn),
    /// A column that only the second schema has.
    Added(DatasetColumn),
    /// A column that is not the same in both schemas.
    Changed(DatasetColumn, DatasetColumn),
}

impl DatasetSchema {
    /// Returns a schema with the columns of both. Where the two disagree on a field id, the id of this
    /// schema wins; a column that only `other` has gets a new id if its own is taken.
    ///
    /// ```
    /// use otlake_schema::{DatasetColumn, DatasetSchema, Difference, MergeError, Table};
    ///
    /// let with = |type_name: &str| {
    ///     let user = DatasetColumn::new(10_000, "attr_user", type_name).with_full_name("attr.user");
    ///     DatasetSchema::from_columns(Table::Logs, 1, [user])
    /// };
    /// let none = DatasetSchema::new(Table::Logs);
    /// let (int, text) = (with("int64")?, with("utf8")?);
    ///
    /// let merged = none.merge(&int)?;
    /// assert!(matches!(&none.diff(&merged)[..], [Difference::Added(column)] if column.name() == "attr_user"));
    /// assert!(matches!(int.diff(&text)[..], [Difference::Changed(..)]));
    /// assert!(matches!(int.merge(&text), Err(MergeError::Types { .. })));
    /// assert_eq!(merged.table(), Table::Logs);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the schemas are of different tables, or do not agree on the type of a column or
    /// on the attribute it belongs to, if an attribute has columns with different names, or if no field id is left.
    pub fn merge(&self, other: &DatasetSchema) -> Result<DatasetSchema, MergeError> {
        if self.table != other.table {
            return Err(MergeError::Tables(self.table.name(), other.table.name()));
        }
        let mut merged = self.clone();
        for column in &other.columns {
            match merged.by_name.get(&column.name) {
                Some(&index) => {
                    let known = &mut merged.columns[index];
                    check(known, column)?;
                    known.promoted |= column.promoted;
                }
                None => {
                    let mut column = column.clone();
                    merged.check_new(&column)?;
                    if merged.ids.contains(&column.id) {
                        // Not an id of the second schema either, so that its other columns keep theirs.
                        let next = merged.next_id().max(other.next_id());
                        column.id = next.ok_or_else(|| MergeError::NoIds {
                            column: column.name.clone(),
                        })?;
                    }
                    merged.add(column);
                }
            }
        }
        if merged != *self {
            merged.version = self.version.max(other.version).wrapping_add(1);
        }
        Ok(merged)
    }

    /// Returns the differences between this schema and `other`: first the columns that only this one has,
    /// then the others in the order of `other`.
    pub fn diff(&self, other: &DatasetSchema) -> Vec<Difference> {
        let removed = self
            .columns
            .iter()
            .filter(|column| other.column(&column.name).is_none());
        let removed = removed.map(|column| Difference::Removed(column.clone()));
        let changed = other
            .columns
            .iter()
            .filter_map(|column| match self.column(&column.name) {
                None => Some(Difference::Added(column.clone())),
                Some(known) if known != column => {
                    Some(Difference::Changed(known.clone(), column.clone()))
                }
                Some(_) => None,
            });
        removed.chain(changed).collect()
    }

    /// Checks that a column which this schema does not have can be added.
    fn check_new(&self, column: &DatasetColumn) -> Result<(), MergeError> {
        let full_name = column.full_name().unwrap_or_default();
        if let Some(known) = self.column_of(full_name) {
            return Err(MergeError::Names {
                full_name: full_name.to_owned(),
                left: known.name.clone(),
                right: column.name.clone(),
            });
        }
        let folded = crate::naming::fold(&column.name);
        let same = |known: &&DatasetColumn| crate::naming::fold(&known.name) == folded;
        match self.columns.iter().find(same) {
            Some(known) => Err(owners(known, column)),
            None => Ok(()),
        }
    }
}

/// Checks that two columns with the same name are the same column.
fn check(known: &DatasetColumn, column: &DatasetColumn) -> Result<(), MergeError> {
    if known.full_name != column.full_name {
        return Err(owners(known, column));
    }
    if known.r#type != column.r#type {
        return Err(MergeError::Types {
            column: column.name.clone(),
            left: known.r#type.clone(),
            right: column.r#type.clone(),
        });
    }
    Ok(())
}

fn owners(known: &DatasetColumn, column: &DatasetColumn) -> MergeError {
    let full_name = |column: &DatasetColumn| column.full_name.clone().unwrap_or_default();
    MergeError::Owners {
        column: column.name.clone(),
        left: full_name(known),
        right: full_name(column),
    }
}
