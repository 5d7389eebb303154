//! Infers the schema of telemetry while its rows pass, because OTLP attributes do not declare one.
//!
//! ```text
//! (location, name) ──▶ Naming ──▶ column name ──▶ Schema::resolve ──▶ a column, within the budget
//!                                                                └──▶ overflow, beyond it
//! value ──▶ Inferred ──▶ join ──▶ ColumnType
//! ```
//!
//! A column belongs to one attribute. Its type is the join of the types of its values in a small lattice
//! ([`Inferred`]). The type may widen until the schema is frozen, which a writer does when it has written
//! the first rows. From then on a value that does not fit goes to the `overflow` column, and so do the
//! values of names beyond the column budget, and a second value for one column in a record. Nothing is
//! dropped, and [`OverflowCounts`] counts what overflows by reason.
//!
//! A [`DatasetSchema`] is the published schema of a dataset's table, which all of its writers share: columns
//! are only ever added to it, and none changes its name or its type.
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
//! Use it to find columns for something that is neither Arrow nor Parquet, such as the tables of a
//! database.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod column;
mod column_type;
mod columns;
mod dataset_schema;
mod inference;
mod inferred;
mod naming;
mod options;
mod overflow;
mod schema;
mod table;
mod text;

pub use crate::column::{Coercion, Column, ColumnId, Resolved};
pub use crate::column_type::ColumnType;
pub use crate::columns::{Absent, FieldColumn, FieldKind, Member, OVERFLOW_ID, field_columns};
pub use crate::dataset_schema::{
    DatasetColumn, DatasetSchema, DatasetSchemaError, Difference, MergeError,
};
pub use crate::inference::SchemaInference;
pub use crate::inferred::Inferred;
pub use crate::naming::{FlatNaming, Naming, VerbatimNaming, full_name};
pub use crate::options::SchemaOptions;
pub use crate::overflow::{OVERFLOW, OverflowCounts, OverflowReason};
pub use crate::schema::Schema;
pub use crate::table::Table;
pub use crate::text::ValueText;

// Schemas are moved to the threads of workers, and read by several of them.
const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Schema>();
    is_send_and_sync::<SchemaInference>();
    is_send_and_sync::<DatasetSchema>();
    is_send_and_sync::<DatasetSchemaError>();
    is_send_and_sync::<MergeError>();
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
