//! A Parquet file: row groups, schema and footer.

pub(crate) mod chunk_list;
pub(crate) mod column;
pub(crate) mod footer;
pub(crate) mod row_group;
pub(crate) mod schema;
pub(crate) mod summary;
pub(crate) mod thrift;
pub(crate) mod writer;
