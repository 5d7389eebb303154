//! Raw OTLP files to a dataset, as a query.
//!
//! ```text
//!              lists files, distributes them          for each file: a batch with the identity of the file
//! Backfill ──▶ BackfillExec ── partition ──▶ FileWriter ──▶ Pipeline ──▶ Dataset
//!                                                 └──▶ a row: what was written, or why not
//! ```

pub(crate) mod exec;
mod file_writer;
pub(crate) mod function;
mod identity;
pub(crate) mod options;
mod outcome;
pub(crate) mod table;
mod target;
