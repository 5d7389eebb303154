//! SQL over OTLP with DataFusion: raw OTLP files and datasets as tables, and functions for log patterns.
//!
//! ```text
//!                       files, one after another             only the columns of the query
//! read_otlp(…) ──▶ OtlpTable ──▶ OtlpSource ──▶ OtlpDecoder ──▶ BatchBuilder ──▶ RecordBatch ──▶ DataFusion
//!                  columns       a thread for    of otlake-otlp   of otlake-arrow
//!                                each partition
//! ```
//!
//! A [`DatasetTable`] is a table of a dataset: it finds and excludes files by manifests, and DataFusion reads them.
//!
//! # Example
//!
//! ```
//! use datafusion::arrow::array::AsArray;
//! use datafusion::prelude::SessionContext;
//!
//! # #[tokio::main]
//! # async fn main() -> datafusion::error::Result<()> {
//! # let files = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/logs");
//! let context = SessionContext::new();
//! otlake_datafusion::register(&context);
//! let sql = format!(
//!     "SELECT pattern['template'] AS template
//!      FROM (SELECT unnest(patterns(body)) AS pattern FROM read_otlp('{files}', 'logs'))
//!      ORDER BY pattern['count'] DESC LIMIT 1"
//! );
//! let batches = context.sql(&sql).await?.collect().await?;
//! let template = batches[0].column(0).as_string::<i32>().value(0);
//! assert_eq!(template, "Cart item sku=<*> qty=<*> unit_price=<*> currency=<*>");
//! # Ok(())
//! # }
//! ```
//!
//! A [`Backfill`] writes OTLP files to a dataset, as a query that Ballista distributes.
//!
//! # When to use this crate alone
//!
//! Use it to query OTLP files that nobody has converted, to convert many of them, and to query datasets.
//!
//! # Features
//!
//! | feature | |
//! |---|---|
//! | `ballista` | codecs for Ballista |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod attributes;
mod backfill;
#[cfg(feature = "ballista")]
mod ballista;
mod dataset_table;
mod functions;
mod otlp;
mod register;

pub use crate::backfill::function::OtlpToDataset;
pub use crate::backfill::table::{Backfill, BackfillBuilder};
#[cfg(feature = "ballista")]
pub use crate::ballista::{OtlakeLogicalCodec, OtlakePhysicalCodec};
pub use crate::dataset_table::error::DatasetTableError;
pub use crate::dataset_table::{DatasetFiles, DatasetTable, DatasetTableBuilder};
pub use crate::functions::fingerprint::FingerprintFunction;
pub use crate::functions::patterns::PatternsFunction;
pub use crate::functions::severity::SeverityFunction;
pub use crate::functions::template::TemplateFunction;
pub use crate::otlp::error::OtlpFileError;
pub use crate::otlp::format::OtlpFormat;
pub use crate::otlp::options::{Faults, OtlpOptions};
pub use crate::otlp::read_otlp::ReadOtlp;
pub use crate::otlp::source::OtlpSource;
pub use crate::otlp::table::{OtlpTable, OtlpTableBuilder};
pub use crate::register::{
    aggregate_functions, register, register_backfill, register_dataset, scalar_functions,
};

pub use datafusion;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

// Tables and functions are shared by the threads of a session.
const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Backfill>();
    is_send_and_sync::<BackfillBuilder>();
    is_send_and_sync::<DatasetTable>();
    is_send_and_sync::<DatasetTableBuilder>();
    is_send_and_sync::<DatasetTableError>();
    is_send_and_sync::<OtlpTable>();
    is_send_and_sync::<OtlpTableBuilder>();
    is_send_and_sync::<OtlpFormat>();
    is_send_and_sync::<OtlpSource>();
    is_send_and_sync::<OtlpOptions>();
    is_send_and_sync::<OtlpFileError>();
    is_send_and_sync::<ReadOtlp>();
    is_send_and_sync::<PatternsFunction>();
};
