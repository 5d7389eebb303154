//! Datasets whose schemas drift over a year, for the engines that read them.
//!
//! ```text
//!                   ┌─▶ Pipeline::build_dataset, a new one each day ──▶ lake/      what engines read
//! Drift ──▶ Day ────┤
//!                   └─▶ the requests as they are ─────────────────────▶ payloads/  what they should find
//! ```
//!
//! [`write()`] makes both. The program `drift` does so for the readers of `.ci/readers`, a test here for
//! DataFusion; what both compare with is decoded from the payloads by other code than ours.

mod attributes;
mod dataset;
mod drift;
mod keys;
mod records;
mod values;

pub use dataset::{PROMOTED, write};
pub use drift::{Day, Drift};
