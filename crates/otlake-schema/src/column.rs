use crate::column_type::ColumnType;
use crate::columns::FieldColumn;
use crate::dataset_schema::DatasetColumn;
use crate::inferred::Inferred;
use crate::overflow::OverflowReason;

/// The number of a column in its [`Schema`](crate::Schema), from 0, in the order in which the columns
/// were found.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coercion {
    /// The values are coerced to this type, and those that do not fit overflow.
    To(ColumnType),
    /// All values overflow, because the dataset's column budget or its free names are used up.
    Overflow(OverflowReason),
}
