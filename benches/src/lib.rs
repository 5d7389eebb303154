//! What the stages of otlake cost, beside the floors no decoder gets below and the peers it has to
//! beat.
//!
//! ```text
//! Workload (payloads) ──▶ lineup: Case, Case, …  ──▶ Run: rounds over all of them ──▶ Figure ──▶ table, JSON
//! Bodies (lines)          stages · floors · peers
//! ```
//!
//! The report is `cargo run --release -p otlake-benches --features peers --bin report`. All cases
//! run in one process, on one thread, round after round, so that a noisy machine is noisy for all
//! of them; the ratios hold where the absolute figures do not.
//!
//! A new case is a [`Case`] in `stages.rs`: a name, a kind, and a closure that does one payload; one
//! about log text alone stands in `fingerprints.rs`, with a closure that does one line.
//!
//! # Features
//!
//! `peers` builds the other ways from OTLP to Parquet and from lines to templates. Without it the
//! report has stages and floors only.

mod bodies;
mod case;
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
mod workload;

pub use bodies::Bodies;
pub use case::{Case, Error, Kind, Outcome};
pub use figure::{Figure, to_json};
pub use lineup::{lineup, lineup_of_bodies};
pub use run::Run;
pub use table::write_table;
pub use workload::Workload;
