//! Requests as OTLP/JSON, in all the ways that senders write it. The code uses neither serde nor
//! otlake, so that it is an independent oracle.

mod common;
mod document;
mod logs;
mod metrics;
mod traces;
mod write;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;

use crate::canonical::{CanonicalRow, CanonicalValue};
use crate::request::Request;
use crate::rng::Rng;

/// A request that can be written as OTLP/JSON.
pub trait JsonRequest: Request {
    /// Writes the request in a random dialect. Every choice that the encoding or the habits of
    /// senders leave open is made anew at every place: camel case or proto names, any order of
    /// members, integers as strings or numbers, enums by number or name, ids in upper or lower case
    /// hex or base64, escapes, white space, unknown members, and unset fields that are left out,
    /// null or written with their default.
    ///
    /// The text means the same as the request, except that it cannot tell one NaN from another.
    fn json(&self, rng: &mut Rng) -> String;
}

impl JsonRequest for ExportLogsServiceRequest {
    fn json(&self, rng: &mut Rng) -> String {
        write::write(&logs::request(self), rng)
    }
}

impl JsonRequest for ExportTraceServiceRequest {
    fn json(&self, rng: &mut Rng) -> String {
        write::write(&traces::request(self), rng)
    }
}

impl JsonRequest for ExportMetricsServiceRequest {
    fn json(&self, rng: &mut Rng) -> String {
        write::write(&metrics::request(self), rng)
    }
}

/// Replaces every NaN with the same one, because JSON cannot tell them apart.
pub fn one_nan(mut rows: Vec<CanonicalRow>) -> Vec<CanonicalRow> {
    for row in &mut rows {
        for cells in [
            &mut row.fields,
            &mut row.resource,
            &mut row.scope,
            &mut row.attributes,
        ] {
            cells.iter_mut().for_each(|(_, value)| unify(value));
        }
    }
    rows
}

fn unify(value: &mut CanonicalValue) {
    match value {
        CanonicalValue::Double(bits) if f64::from_bits(*bits).is_nan() => {
            *bits = f64::NAN.to_bits();
        }
        CanonicalValue::Array(values) => values.iter_mut().for_each(unify),
        CanonicalValue::KvList(entries) => entries.iter_mut().for_each(|(_, value)| unify(value)),
        _ => {}
    }
}
