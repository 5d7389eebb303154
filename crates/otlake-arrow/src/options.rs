/// Options for a [`BatchBuilder`](crate::BatchBuilder).
///
/// ```
/// use otlake_arrow::arrow_schema::DataType;
/// use otlake_arrow::{BatchBuilder, BatchOptions};
/// use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
/// use otlake_schema::Schema;
///
/// let options = BatchOptions::new().with_plain_strings().with_field_ids(true);
/// let mut builder = BatchBuilder::with_options(Schema::logs(), options);
/// let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
/// row.push(fields::BODY, Value::String("ready"));
/// builder.row(&mut row)?;
/// let batch = builder.finish_batch();
/// let body = batch.schema_ref().field_with_name("body").expect("logs have bodies");
/// assert_eq!(body.data_type(), &DataType::Utf8);
/// assert_eq!(body.metadata()["PARQUET:field_id"], "6");
/// # Ok::<_, otlake_arrow::BatchError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchOptions {
    pub(crate) plain_strings: bool,
    pub(crate) field_ids: bool,
}

impl BatchOptions {
    /// Returns the default options: dictionaries for strings with few distinct values, and field ids for the
    /// protocol's own fields only.
    pub fn new() -> BatchOptions {
        BatchOptions::default()
    }

    /// Makes every column of strings `Utf8` and every column of bytes `Binary`, for consumers that do not
    /// know dictionaries or want the same types in all record batches.
    ///
    /// Strings of a resource or scope are then stored for each of its rows, so a
    /// [`BatchBuilder`](crate::BatchBuilder) [is full](crate::BatchBuilder::is_full) earlier.
    #[must_use]
    pub fn with_plain_strings(mut self) -> BatchOptions {
        self.plain_strings = true;
        self
    }

    /// Sets whether the columns of attributes have the field ids of the dataset that the builder
    /// [is coerced to](crate::BatchBuilder::coerce), in the metadata of their Arrow fields. The protocol's
    /// own fields always have theirs. Default: false.
    #[must_use]
    pub fn with_field_ids(mut self, field_ids: bool) -> BatchOptions {
        self.field_ids = field_ids;
        self
    }
}
