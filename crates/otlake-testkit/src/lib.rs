//! Payload generator, oracles and a counting allocator for the tests and benches of otlake.
//!
//! ```text
//! Shape ──▶ logs_request ──▶ logs_payload          what production sends, the same bytes on every machine
//! Rng ──▶ arbitrary_logs_request ──▶ mutate        what the wire format allows, and what it does not
//! canonical_logs, CanonicalRows ──▶ CanonicalRow   the rows of prost and those of a decoder, to be compared
//! measure(|| work) ──▶ Allocations                 through a CountingAllocator
//! ```
//!
//! ```
//! use otlake_testkit::{Rng, Shape, arbitrary_logs_request, logs_payload, mutate};
//! use prost::Message;
//!
//! let payload = logs_payload(&Shape { records: 100, ..Shape::ten_thousand() });
//! assert!((40_000..50_000).contains(&payload.len()));
//!
//! let mut rng = Rng::new(1);
//! let mut bytes = arbitrary_logs_request(&mut rng).encode_to_vec();
//! mutate(&mut bytes, &mut rng);
//! ```
//!
//! Never published: it serves the other crates' tests, and so depends on the row alone.

mod allocator;
mod arbitrary;
mod canonical;
mod payload;
mod rng;

pub use allocator::{Allocations, CountingAllocator, measure};
pub use arbitrary::{arbitrary_logs_request, mutate};
pub use canonical::{CanonicalRow, CanonicalRows, CanonicalValue, canonical_logs};
pub use payload::{Shape, logs_payload, logs_request};
pub use rng::Rng;
