//! OpenTelemetry in, lake-ready Parquet out, in one pass.
//!
//! ```text
//!             otlp               fingerprint            schema, arrow           parquet
//! payload ──▶ decode ──▶ Row ──▶ FingerprintStage ──▶ columns ──▶ RecordBatch ──▶ file ──▶ storage
//! ```
//!
//! [`Pipeline`] is the whole of it. Each stage is a module here and a crate of its own, and they are
//! composed through traits: a stage is a [`RowSink`](row::RowSink) around a `RowSink`.
//!
//! # Example
//!
//! ```
//! # #[cfg(all(feature = "pipeline", feature = "zstd"))] {
//! use otlake::{Pipeline, storage::LocalDirectory};
//!
//! # let directory = std::env::temp_dir().join(format!("otlake-doc-{}", std::process::id()));
//! # let payload: &[u8] = b"\x0a\x14\x12\x12\x12\x10\x2a\x0e\x0a\x0cdisk is full";
//! let mut pipeline = Pipeline::builder()
//!     .compression("zstd:1".parse()?)
//!     .rows_per_file(1_000_000)
//!     .build(LocalDirectory::new(&directory))?;
//!
//! let summary = pipeline.ingest_logs(payload)?; // the body of an OTLP/HTTP request
//! assert_eq!((summary.accepted, summary.rejected), (1, 0));
//!
//! let report = pipeline.finish()?;
//! assert_eq!(report.tables[0].files[0].rows, 1); // logs/part-….parquet
//! # std::fs::remove_dir_all(directory)?;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Stages of your own
//!
//! Composed by hand, the stages are what [`Pipeline`] is made of:
//!
//! ```
//! # #[cfg(feature = "pipeline")] {
//! use otlake::otlp::{Format, OtlpDecoder};
//! use otlake::dataset::ParquetSink;
//! use otlake::parquet::WriterOptions;
//! use otlake::storage::InMemoryStorage;
//! use otlake::row::{Bytes, Row, RowSink, Signal, fields};
//! use otlake::schema::Schema;
//!
//! /// Drops the records below a severity.
//! struct AtLeast<S> {
//!     severity_number: i64,
//!     sink: S,
//! }
//!
//! impl<S: RowSink> RowSink for AtLeast<S> {
//!     type Error = S::Error;
//!
//!     fn row(&mut self, row: &mut Row<'_>) -> Result<(), S::Error> {
//!         let severity_number = row.get(fields::SEVERITY_NUMBER).and_then(|v| v.as_int());
//!         match severity_number.unwrap_or(0) >= self.severity_number {
//!             true => self.sink.row(row),
//!             false => Ok(()),
//!         }
//!     }
//!
//!     fn finish(&mut self) -> Result<(), S::Error> {
//!         self.sink.finish()
//!     }
//! }
//!
//! # let payload = Bytes::from_static(b"\x0a\x16\x12\x14\x12\x08\x10\x09\x2a\x04\x0a\x02hi\x12\x08\x10\x11\x2a\x04\x0a\x02no");
//! let storage = InMemoryStorage::new();
//! let parquet = ParquetSink::new(storage.clone(), Schema::logs(), WriterOptions::new())?;
//! let mut sink = AtLeast { severity_number: 17, sink: parquet };
//! OtlpDecoder::new().decode(Signal::Logs, Format::Protobuf, &payload, &mut sink)?;
//! sink.finish()?;
//! assert_eq!(sink.sink.take_finished()[0].rows, 1);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! * `pipeline` (on): [`Pipeline`], and with it `otlp`, `fingerprint`, `arrow` and `parquet`; each
//!   of them alone gives its module and its dependencies only. `fingerprint` and `parquet` together
//!   give [`PatternsTable`].
//! * `gzip`, `zstd` (on): compressed payloads. `zstd`, `snappy`, `lz4` (on): compressed files.
//! * `object-store`, `aws`, `azure`, `gcp` (off): files in object stores; see [`parquet`].
//! * `tracing`, `metrics` (off): what the pipeline does, as events of the one crate and in the
//!   recorder of the other.
//! * `opentelemetry-proto` (off): requests as that crate's message types.

#[cfg(feature = "stages")]
mod changed_group;
#[cfg(feature = "stages")]
mod filter;
#[cfg(feature = "fingerprint")]
mod fingerprint_stage;
#[cfg(feature = "stages")]
mod key_table;
#[cfg(feature = "pipeline")]
mod observer;
#[cfg(all(feature = "fingerprint", feature = "dataset"))]
mod patterns_table;
#[cfg(feature = "pipeline")]
mod pipeline;
#[cfg(feature = "stages")]
mod redact;
#[cfg(feature = "stages")]
mod rename;
#[cfg(feature = "stages")]
mod sample;
#[cfg(feature = "pipeline")]
mod tables;

#[cfg(feature = "arrow")]
pub use otlake_arrow as arrow;
#[cfg(feature = "dataset")]
pub use otlake_dataset as dataset;
#[cfg(feature = "fingerprint")]
pub use otlake_fingerprint as fingerprint;
#[cfg(feature = "otlp")]
pub use otlake_otlp as otlp;
#[cfg(feature = "parquet")]
pub use otlake_parquet as parquet;
pub use otlake_row as row;
#[cfg(feature = "arrow")]
pub use otlake_schema as schema;
#[cfg(feature = "storage")]
pub use otlake_storage as storage;

#[cfg(feature = "stages")]
pub use crate::filter::{Filter, HasAttribute, MinSeverity, Predicate};
#[cfg(feature = "fingerprint")]
pub use crate::fingerprint_stage::FingerprintStage;
#[cfg(all(feature = "pipeline", feature = "metrics"))]
pub use crate::observer::MetricsObserver;
#[cfg(all(feature = "pipeline", feature = "tracing"))]
pub use crate::observer::TracingObserver;
#[cfg(feature = "pipeline")]
pub use crate::observer::{Activity, Observer, Operation, TableActivity};
#[cfg(all(feature = "fingerprint", feature = "dataset"))]
pub use crate::patterns_table::{PatternsTable, PatternsTableError};
#[cfg(feature = "pipeline")]
pub use crate::pipeline::{IngestError, Pipeline, PipelineBuilder, Report};
#[cfg(feature = "stages")]
pub use crate::redact::{Redact, RedactBuilder, RedactError, Sensitive};
#[cfg(feature = "stages")]
pub use crate::rename::{Rename, RenameBuilder};
#[cfg(feature = "stages")]
pub use crate::sample::{InvalidProbability, Sample};
#[cfg(feature = "pipeline")]
pub use crate::tables::{MetricTables, TableReport};
