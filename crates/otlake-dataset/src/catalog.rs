//! The columns and types that all files of a dataset share.

mod dataset_columns;
pub(crate) mod published_schema;
pub(crate) mod table_catalog;
