//! The cost of otlake's stages, compared with the floors below which no decoder can get and with
//! the peers it has to beat.
//!
//! ```text
//! Workload (payloads) ──▶ lineup: Case, Case, …  ──▶ Run: rounds over all of them ──▶ Figure ──▶ table, JSON
//! Bodies (lines)          stages · floors · peers
//! ```
//!
//! The report is `cargo run --release -p otlake-benches --features peers --bin report`. All cases
//! run in one process, on one thread, round after round, so that a noisy machine disturbs all of
//! them alike. Ratios are reliable where absolute figures are not.
//!
//! To add a case, add a [`Case`] in `stages.rs`: a name, a kind, and a closure that processes one
//! payload. A case about log text alone goes to `fingerprints.rs`, with a closure that processes
//! one line.
//!
//! # Features
//!
//! `peers` builds the other ways from OTLP to Parquet and from lines to templates. Without it, the
//! report has only stages and floors.

mod bodies;
mod case;
mod counted_storage;
mod figure;
mod fingerprints;
pub mod floors;
mod lineup;
#[cfg(feature = "peers")]
pub mod peers;
mod rows;
mod run;
mod stages;
mod table;
mod workers;
mod workload;

pub use bodies::Bodies;
pub use case::{Case, Error, Kind, Outcome};
pub use figure::{Figure, to_json};
pub use lineup::{lineup, lineup_of_bodies, lineup_of_workers};
pub use run::Run;
pub use table::write_table;
pub use workload::Workload;
