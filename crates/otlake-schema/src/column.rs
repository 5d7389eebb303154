use crate::column_type::ColumnType;
use crate::columns::FieldColumn;
use crate::dataset_schema::DatasetColumn;
use crate::inferred::Inferred;
use crate::overflow::OverflowReason;

/// The number of a column in its [`Schema`](crate::Schema), from 0, in the order in which the columns
/// were found.
///
/// ```
/// use otlake_row::Location;
/// use otlake_schema::{ColumnId, Resolved, Schema};
///
/// let mut schema = Schema::logs();
/// let Resolved::Column(id) = schema.resolve(Location::Attribute, "user.id") else {
///     panic!("the budget is not used up");
/// };
/// let builders = vec!["a builder"; schema.columns().len()];
/// assert_eq!(builders[id.index()], "a builder");
/// let all: Vec<ColumnId> = (0..builders.len()).map(|index| schema.column_id(index)).collect();
/// assert_eq!(all.last(), Some(&id));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnId(pub(crate) u32);

impl ColumnId {
    /// Returns the number as an index.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A column of a [`Schema`](crate::Schema). It belongs to one field or to one attribute.
///
/// ```
/// use otlake_row::{Location, Value, fields};
/// use otlake_schema::{ColumnType, Resolved, Schema};
///
/// let mut schema = Schema::logs();
/// let Resolved::Column(id) = schema.resolve(Location::Attribute, "user.id") else {
///     panic!("the budget is not used up");
/// };
/// assert_eq!(schema.column(id).column_type(), None, "it has no value yet");
/// schema.widen(id, &Value::Int(17));
/// let column = schema.column(id);
/// assert_eq!((column.name(), column.full_name()), ("attr_user_id", Some("attr.user.id")));
/// assert_eq!(column.column_type(), Some(ColumnType::Int64));
/// assert_eq!(column.id(), None, "it is not published yet");
/// assert!(!column.is_promoted());
///
/// // A field of the protocol has the same column everywhere.
/// let body = schema.field_column(fields::BODY).expect("logs have bodies");
/// let body = schema.column(body);
/// assert_eq!((body.id(), body.full_name()), (Some(6), None));
/// assert_eq!(body.field().map(|field| field.key), Some(fields::BODY));
/// ```
#[derive(Clone, Debug)]
pub struct Column {
    pub(crate) name: String,
    pub(crate) full_name: Option<String>,
    pub(crate) inferred: Inferred,
    pub(crate) frozen: bool,
    pub(crate) field: Option<FieldColumn>,
    pub(crate) id: Option<u32>,
    /// Whether the column counts against the column budget.
    pub(crate) budgeted: bool,
    pub(crate) promoted: bool,
    /// The reason for which all values overflow, if the dataset has rejected the column.
    pub(crate) overflows: Option<OverflowReason>,
}

impl Column {
    /// Returns the name of the column in files. It may still change when a dataset is merged in which the
    /// name belongs to another attribute; the name of a column with an [`id`](Column::id) is final.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the [full name](crate::full_name) of the attribute that the column belongs to; `None` for
    /// the columns of fields that every file has.
    pub fn full_name(&self) -> Option<&str> {
        self.full_name.as_deref()
    }

    /// Returns the type of the column so far. It is `None` until the column has a value, and for the
    /// lists and maps of fields: [`FieldColumn::kind`] is their type.
    pub fn column_type(&self) -> Option<ColumnType> {
        match self.field {
            Some(field) => field.kind.column_type(),
            None => self.inferred.column_type(),
        }
    }

    /// Returns the field id. The protocol's own fields always have one, other columns once they are
    /// published in a [`DatasetSchema`](crate::DatasetSchema).
    pub fn id(&self) -> Option<u32> {
        self.id
    }

    /// Returns whether the column exists by configuration, in addition to the column budget.
    pub fn is_promoted(&self) -> bool {
        self.promoted
    }

    /// Returns the description of the field, if the column belongs to one that every file of the table has.
    pub fn field(&self) -> Option<&FieldColumn> {
        self.field.as_ref()
    }

    /// Sets the name, the id and the type that were published for the column, permanently.
    pub(crate) fn publish(&mut self, published: &DatasetColumn) {
        published.name().clone_into(&mut self.name);
        self.id = Some(published.id());
        self.overflows = None;
        if let Some(column_type) = published.column_type() {
            self.inferred = column_type.into();
            self.frozen = true;
        }
    }
}

/// The column for a name, or why it has none; see [`Schema::resolve`](crate::Schema::resolve).
///
/// Exhaustive on purpose: a caller has to handle every answer.
///
/// ```
/// use otlake_row::Location;
/// use otlake_schema::{OverflowReason, Resolved, Schema, SchemaOptions, Table};
///
/// let mut schema = Schema::new(Table::Logs, SchemaOptions::new().with_column_budget(1));
/// let first = schema.resolve(Location::Attribute, "user.id");
/// assert!(matches!(first, Resolved::Column(_)));
/// let second = schema.resolve(Location::Attribute, "user.name");
/// assert_eq!(second, Resolved::Overflow(OverflowReason::Budget));
/// assert_eq!(schema.resolve(Location::Field, "body"), Resolved::Reserved);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// The name has this column.
    Column(ColumnId),
    /// The values of the name go to the overflow column.
    Overflow(OverflowReason),
    /// The name of the field is not free: a column of the protocol has it, or it could be the full name of
    /// an attribute. Only a custom decoder or stage can register such a field.
    Reserved,
}

/// The treatment of the values that a column already has; see [`Schema::coerce`](crate::Schema::coerce).
/// Exhaustive on purpose, like [`Resolved`].
///
/// ```
/// use otlake_row::{Location, Value};
/// use otlake_schema::{Coercion, ColumnType, DatasetSchema, Resolved, Schema, Table};
///
/// let found = |value: Value<'_>| {
///     let mut schema = Schema::logs();
///     if let Resolved::Column(id) = schema.resolve(Location::Attribute, "status") {
///         schema.widen(id, &value);
///     }
///     schema
/// };
///
/// // One writer has published an integer, another one has seen text.
/// let mut dataset = DatasetSchema::new(Table::Logs);
/// dataset.extend(&found(Value::Int(200)));
/// let mut schema = found(Value::String("ok"));
/// let coercions = schema.coerce(&dataset);
///
/// let [(id, coercion)] = coercions[..] else { panic!("one column changes") };
/// assert_eq!(schema.column(id).name(), "attr_status");
/// assert_eq!(coercion, Coercion::To(ColumnType::Int64), "\"ok\" goes to the overflow column");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coercion {
    /// The values are coerced to this type, and those that do not fit overflow.
    To(ColumnType),
    /// All values overflow, because the dataset's column budget or its free names are used up.
    Overflow(OverflowReason),
}
