//! What the stages of otlake cost, beside the floors no decoder gets below and the peers it has to
//! beat.
//!
//! ```text
//! Workload (payloads) ──▶ lineup: Case, Case, …  ──▶ Run: rounds over all of them ──▶ Figure ──▶ table, JSON
//!                         stages · floors · peers
//! ```
//!
//! The report is `cargo run --release -p otlake-benches --features peers --bin report`. All cases
//! run in one process, on one thread, round after round, so that a noisy machine is noisy for all
//! of them; the ratios hold where the absolute figures do not.
//!
//! A new case is a [`Case`] in `stages.rs`: a name, a kind, and a closure that does one payload.
//!
//! # Features
//!
//! `peers` builds the other ways from OTLP to Parquet. Without it the report has stages and floors
//! only.

mod case;
mod figure;
pub mod floors;
mod lineup;
#[cfg(feature = "peers")]
pub mod peers;
mod rows;
mod run;
mod stages;
mod table;
mod workload;

pub use case::{Case, Error, Kind, Outcome};
pub use figure::{Figure, to_json};
pub use lineup::lineup;
pub use run::Run;
pub use table::write_table;
pub use workload::Workload;
