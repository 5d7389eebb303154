//! The columns and types that all files of a dataset share.

pub(crate) mod published_schema;
pub(crate) mod schema_document;
pub(crate) mod table_catalog;
