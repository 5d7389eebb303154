//! Datasets whose schemas drift over a year, and tests of the engines that read them.
//!
//! ```text
//!                   ┌─▶ Pipeline, a new one each day ─────────────────▶ lake/      what engines read
//! Drift ──▶ Day ────┤
//!                   └─▶ the requests, unchanged ──────────────────────▶ payloads/  what they should find
//! ```
//!
//! [`write()`] writes both. The program `drift` calls it for the readers in `.ci/readers`, and a test in this
//! crate calls it for DataFusion. Both compare with payloads that were decoded by code other than ours.

mod attributes;
mod dataset;
mod drift;
mod keys;
mod records;
mod values;

pub use dataset::{PROMOTED, write};
pub use drift::{Day, Drift};
