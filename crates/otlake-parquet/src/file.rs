//! A Parquet file: row groups, schema and footer.

pub(crate) mod chunk_list;
pub(crate) mod column;
pub(crate) mod column_metadata;
pub(crate) mod file_summary;
pub(crate) mod file_writer;
pub(crate) mod footer;
pub(crate) mod rolling_writer;
pub(crate) mod row_group;
pub(crate) mod schema;
pub(crate) mod sort_order;
pub(crate) mod thrift;
