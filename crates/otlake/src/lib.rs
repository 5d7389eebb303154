//! OpenTelemetry in, lake-ready Parquet out, in one pass.
//!
//! ```text
//!             otlp                stages                      dataset
//! payload ──▶ OtlpDecoder ──▶ Row ──▶ Redact ──▶ … ──▶ DatasetWriter ──▶ columns ──▶ Parquet ──▶ storage
//! ```
//!
//! A [`Pipeline`] does all of this: it decodes payloads, passes each record through the stages that you choose,
//! and writes the files of a [`Dataset`](dataset::Dataset).
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
//!     .fingerprint()
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
//! # Stages
//!
//! A [`Stage`](row::Stage) changes rows, adds to them, or drops them. Rows pass stages in the order in which they
//! were appended, so redaction can come before patterns are learned, and sampling after fingerprints are known:
//!
//! ```
//! # #[cfg(feature = "pipeline")] {
//! use std::time::Duration;
//!
//! use otlake::{Filter, FingerprintStage, Pipeline, Redact, Sample, Sensitive};
//! use otlake::fingerprint::PatternOptions;
//! use otlake::storage::InMemoryStorage;
//!
//! let pipeline = Pipeline::builder()
//!     .stage(Filter::min_severity(9))
//!     .stage(Redact::builder().key("password").sensitive(Sensitive::ALL).build()?)
//!     .stage(FingerprintStage::new().with_patterns(PatternOptions::default()))
//!     .stage(Sample::per_fingerprint(100, Duration::from_secs(1)))
//!     .build(InMemoryStorage::new())?;
//! # drop(pipeline);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | stage | what it does |
//! |---|---|
//! | [`FingerprintStage`] | adds a fingerprint to log messages, the same for similar ones, and learns their patterns |
//! | [`Redact`] | removes secrets and personal data |
//! | [`Rename`] | renames attributes |
//! | [`Filter`] | drops rows by severity, attribute, or a function |
//! | [`Sample`] | keeps a share of all traces, or some logs of each fingerprint |
//!
//! A stage of your own is one method. This one adds a column:
//!
//! ```
//! # #[cfg(feature = "pipeline")] {
//! use otlake::Pipeline;
//! use otlake::row::{Key, Location, Row, RowSink, Stage, Value, fields};
//! use otlake::schema::Table;
//! use otlake::storage::InMemoryStorage;
//!
//! struct BodyLength {
//!     key: Key,
//! }
//!
//! impl Stage for BodyLength {
//!     fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
//!         if let Some(Value::String(body)) = row.get(fields::BODY) {
//!             row.push(self.key, Value::Int(body.len() as i64));
//!         }
//!         next.row(row)
//!     }
//! }
//!
//! # let payload: &[u8] = b"\x0a\x14\x12\x12\x12\x10\x2a\x0e\x0a\x0cdisk is full";
//! let key = Key::register(Location::Field, "body_length")?;
//! let mut pipeline = Pipeline::builder().stage(BodyLength { key }).build(InMemoryStorage::new())?;
//! pipeline.ingest_logs(payload)?;
//! let schema = pipeline.schema(Table::Logs).expect("there is a row");
//! assert!(schema.columns().iter().any(|column| column.name() == "body_length"));
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Without a pipeline
//!
//! A pipeline is made of parts that you can put together yourself, for example to ingest a format other than
//! OTLP. A [`DatasetWriter`](dataset::DatasetWriter) takes the rows of all signals, and has the memory limit, batches,
//! counts and reports of a pipeline:
//!
//! ```
//! # #[cfg(feature = "pipeline")] {
//! use std::sync::Arc;
//!
//! use otlake::dataset::Dataset;
//! use otlake::otlp::{Format, OtlpDecoder};
//! use otlake::row::{Bytes, RowSink, Signal, Stage};
//! use otlake::storage::InMemoryStorage;
//! use otlake::{Filter, FingerprintStage};
//!
//! let dataset = Dataset::builder().memory_limit(256 << 20).open(Arc::new(InMemoryStorage::new()))?;
//! let stages = (Filter::min_severity(9), FingerprintStage::new());
//! let mut sink = stages.before(dataset.writer());
//!
//! let mut decoder = OtlpDecoder::new();
//! # let payload = |tag: u8| Bytes::from(vec![0x0a, 10, 0x12, 8, 0x12, 6, 0x2a, 4, 0x0a, 2, b'h', tag]);
//! for (signal, payload) in [(Signal::Logs, payload(b'i')), (Signal::Logs, payload(b'o'))] {
//!     decoder.decode(signal, Format::Protobuf, &payload, &mut sink)?;
//! }
//! sink.finish()?;
//! assert_eq!(sink.sink().stats()[0].rows, 2);
//! assert_eq!(sink.sink_mut().report()[0].files.len(), 1);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Pipeline::ingest_rows`] takes the rows of a decoder of your own, with observers and reports. [`Pipeline::on`]
//! builds a pipeline on an open dataset, so that the workers of a service can share it.
//!
//! # When to use this crate
//!
//! Use it to go from OTLP to files. To embed one step only, use the crate of that step: decoding
//! (`otlake-otlp`), fingerprints (`otlake-fingerprint`), record batches (`otlake-arrow`), Parquet files
//! (`otlake-parquet`), storages (`otlake-storage`) or datasets (`otlake-dataset`). They are re-exported here.
//!
//! # Features
//!
//! * `pipeline` (on): [`Pipeline`], and with it `otlp`, `fingerprint`, `stages` and `dataset`. Each of these features
//!   alone gives its module and its dependencies only; `dataset` includes `arrow`, `parquet` and `storage`.
//!   `fingerprint` and `dataset` together give [`PatternsTable`].
//! * `gzip`, `zstd` (on): compressed payloads. `zstd`, `snappy`, `lz4` (on): compressed files.
//! * `object-store`, `aws`, `azure`, `gcp` (off): files in object stores; see [`storage`].
//! * `tracing` (off): `TracingObserver`, which records activities as events of the `tracing` crate.
//! * `metrics` (off): `MetricsObserver`, which counts activities in the recorder of the `metrics` crate.
//! * `tokio` (off): `Service`, pipelines on threads of their own behind an asynchronous handle.
//! * `http` (off): `Receiver`, which answers the requests of OTLP/HTTP in any server with the types of the `http` crate.
//! * `grpc` (off): `Receiver` also answers the calls of OTLP/gRPC, and is a service of tower.
//! * `opentelemetry-proto` (off): requests as that crate's message types.

#![cfg_attr(docsrs, feature(doc_cfg))]

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
#[cfg(feature = "http")]
mod receiver;
#[cfg(feature = "stages")]
mod redact;
#[cfg(feature = "stages")]
mod rename;
#[cfg(feature = "stages")]
mod sample;
#[cfg(feature = "tokio")]
mod service;

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
pub use crate::pipeline::{
    Batch, BatchError, BatchOutcome, BeginBatchError, DatasetOptions, EncodedPayload,
    FinishBatchError, FlushError, IngestError, MalformedPayload, Pipeline, PipelineBuilder,
    PipelineSink, Report, Retry,
};
#[cfg(feature = "http")]
pub use crate::receiver::{
    Acknowledge, Failure, FailureKind, HttpExport, Outcome, Protocol, Receiver, ReceiverBody,
    ReceiverBuilder,
};
#[cfg(feature = "stages")]
pub use crate::redact::{Redact, RedactBuilder, RedactError, Sensitive};
#[cfg(feature = "stages")]
pub use crate::rename::{Rename, RenameBuilder};
#[cfg(feature = "stages")]
pub use crate::sample::{InvalidProbability, Sample};
#[cfg(feature = "tokio")]
pub use crate::service::{
    Reservation, Response, Service, ServiceBuilder, ServiceError, ServiceHandle, TryIngestError,
    WorkerPanic,
};

#[cfg(all(doctest, feature = "pipeline", feature = "zstd"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(all(doctest, feature = "pipeline", feature = "zstd"))]
#[doc = include_str!("../../../README.md")]
struct ReadmeOfTheRepository;
