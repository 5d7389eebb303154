use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::naming::{FlatNaming, Naming};

/// Options for a [`Schema`](crate::Schema).
///
/// ```
/// use otlake_row::Location;
/// use otlake_schema::{Resolved, Schema, SchemaOptions, Table, VerbatimNaming};
///
/// let options = SchemaOptions::new()
///     .with_naming(VerbatimNaming)
///     .with_column_budget(0)
///     .with_promoted(["resource.service.name"]);
/// let mut schema = Schema::new(Table::Traces, options);
/// let Resolved::Column(service) = schema.resolve(Location::Resource, "service.name") else {
///     panic!("it is promoted");
/// };
/// assert_eq!(schema.column(service).name(), "resource.service.name");
/// assert!(schema.column(service).is_promoted());
/// assert!(matches!(schema.resolve(Location::Attribute, "user.id"), Resolved::Overflow(_)));
/// ```
#[derive(Clone)]
pub struct SchemaOptions {
    pub(crate) naming: Arc<dyn Naming + Send + Sync>,
    pub(crate) column_budget: usize,
    pub(crate) promoted: Arc<HashSet<String>>,
}

impl SchemaOptions {
    /// Returns the default options: [`FlatNaming`], a column budget of 256, no promoted attributes.
    pub fn new() -> SchemaOptions {
        SchemaOptions {
            naming: Arc::new(FlatNaming),
            column_budget: 256,
            promoted: Arc::default(),
        }
    }

    /// Sets the naming of the columns of attributes. Default: [`FlatNaming`].
    #[must_use]
    pub fn with_naming(mut self, naming: impl Naming + Send + Sync + 'static) -> SchemaOptions {
        self.naming = Arc::new(naming);
        self
    }

    /// Sets the column budget: how many columns the attributes of resource, scope and record may have
    /// together; `usize::MAX` for any number. Default: 256.
    ///
    /// Each column adds about 200 bytes per row group to the footer of a file, and readers read the whole
    /// footer.
    #[must_use]
    pub fn with_column_budget(mut self, columns: usize) -> SchemaOptions {
        self.column_budget = columns;
        self
    }

    /// Sets the attributes that get a column in addition to the budget, by their
    /// [full names](crate::full_name): `resource.service.name`, `attr.user.id`.
    #[must_use]
    pub fn with_promoted<I>(mut self, full_names: I) -> SchemaOptions
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.promoted = Arc::new(full_names.into_iter().map(Into::into).collect());
        self
    }
}

impl Default for SchemaOptions {
    fn default() -> Self {
        SchemaOptions::new()
    }
}

impl fmt::Debug for SchemaOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchemaOptions")
            .field("column_budget", &self.column_budget)
            .field("promoted", &self.promoted)
            .finish_non_exhaustive()
    }
}
