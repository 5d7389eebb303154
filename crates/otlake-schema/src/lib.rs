//! The schema that nobody declared, found while the rows pass.
//!
//! ```text
//! (location, name) ──▶ Naming ──▶ column name ──▶ Schema::resolve ──▶ a column, within the budget
//! value ──▶ Inferred ──▶ join ──▶ ColumnType                    └─▶ overflow, beyond it
//! ```
//!
//! A column's type is the join of the types of its values in a small lattice ([`Inferred`]). It is
//! free to widen until the schema is frozen, which a writer does when it has written the first
//! rows; from then on a value that does not fit goes to the `overflow` column. So does the
//! attribute of a name beyond the column budget, and a second value for one column in a record.
//! Nothing is dropped, and [`OverflowCounts`] counts what overflows by reason.
//!
//! What the files of a dataset have published, whoever wrote them, is a [`DatasetSchema`]: columns are
//! only ever added to it, and none changes its type.
//!
//! # Example
//!
//! ```
//! use otlake_row::{Location, Value};
//! use otlake_schema::{ColumnType, Resolved, Schema};
//!
//! let mut schema = Schema::logs();
//! let Resolved::Column(column) = schema.resolve(Location::Attribute, "http.status") else {
//!     panic!("the budget is not used up");
//! };
//! assert_eq!(schema.column(column).name(), "attr_http_status");
//!
//! assert_eq!(schema.widen(column, &Value::Int(200)), Some(ColumnType::Int64));
//! assert_eq!(schema.widen(column, &Value::String("ok")), Some(ColumnType::Utf8));
//! schema.freeze();
//! assert_eq!(schema.widen(column, &Value::Bool(true)), Some(ColumnType::Utf8)); // as text
//! ```
//!
//! # When to use this crate alone
//!
//! To find columns for something that is neither Arrow nor Parquet: a database's tables, say.

mod columns;
mod dataset;
mod inference;
mod inferred;
mod naming;
mod overflow;
mod schema;

pub use crate::columns::{
    Absent, FieldColumn, FieldKind, Member, OVERFLOW_ID, Table, field_columns,
};
pub use crate::dataset::{
    DatasetColumn, DatasetSchema, DatasetSchemaError, Difference, MergeError,
};
pub use crate::inference::SchemaInference;
pub use crate::inferred::{ColumnType, Inferred};
pub use crate::naming::{FlatNaming, Naming, VerbatimNaming, full_name};
pub use crate::overflow::{OVERFLOW, OverflowCounts, OverflowReason};
pub use crate::schema::{Coercion, Column, ColumnId, Resolved, Schema, SchemaOptions};
