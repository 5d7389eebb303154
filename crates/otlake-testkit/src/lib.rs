//! Payload generator, oracles and a counting allocator for the tests and benches of otlake.
//!
//! ```text
//! Shape ──▶ logs_request ──▶ logs_payload          what production sends, the same bytes on every machine
//! Rng ──▶ arbitrary_logs_request ──▶ mutate        what the wire format allows, and what it does not allow
//! canonical_logs, CanonicalRows ──▶ CanonicalRow   rows of prost and of a decoder, in comparable form
//! Request, compare_with_prost                      the comparison, for any signal
//! JsonRequest, one_nan                             the dialects of OTLP/JSON
//! measure(|| work) ──▶ Allocations                 counts from a CountingAllocator
//! ```
//!
//! ```
//! use otlake_row::Signal;
//! use otlake_testkit::{Rng, Shape, arbitrary_logs_request, logs_payload, mutate};
//! use prost::Message;
//!
//! let payload = logs_payload(&Shape { records: 100, ..Shape::ten_thousand() });
//! assert!((40_000..50_000).contains(&payload.len()));
//!
//! let mut rng = Rng::new(1);
//! let mut bytes = arbitrary_logs_request(&mut rng).encode_to_vec();
//! mutate(&mut bytes, Signal::Logs, &mut rng);
//! ```
//!
//! This crate is never published. Of the otlake crates it only depends on `otlake-row` and `otlake-otlp`, so that
//! the tests of all others can use it.

mod agreement;
mod allocator;
mod arbitrary;
mod canonical;
mod json;
mod payload;
mod request;
mod rng;
mod rpc;

pub use agreement::{Decoded, Disagreement, compare_with_prost};
pub use allocator::{Allocations, CountingAllocator, measure};
pub use arbitrary::{
    arbitrary_logs_request, arbitrary_metrics_request, arbitrary_traces_request, break_utf8,
    delimited_field, fixed64_field, mutate, repair_utf8, varint_field,
};
pub use canonical::{
    CanonicalRow, CanonicalRows, CanonicalValue, canonical_logs, canonical_metrics,
    canonical_traces,
};
pub use json::{JsonRequest, one_nan};
pub use payload::{
    MetricShape, Shape, TraceShape, logs_payload, logs_request, metrics_payload, metrics_request,
    traces_payload, traces_request,
};
pub use request::Request;
pub use rng::Rng;
pub use rpc::{Any, BadRequest, FieldViolation, RetryDelay, RetryInfo, Status};
