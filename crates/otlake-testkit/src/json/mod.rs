//! Requests as OTLP/JSON, in all the ways that senders write it. Made without serde and without any of
//! otlake's code, so that it is a second opinion.

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

/// A request that can be written in the JSON encoding.
pub trait JsonRequest: Request {
    /// The request in some dialect: each choice that the encoding or the habits of senders leave is
    /// taken anew at every place. Names in camel case or as in the proto, members in any order,
    /// integers as strings or numbers, enums by number or name, ids in hex of either case or base64,
    /// escapes, white space, members that nobody knows, fields that are not set left out, null or
    /// written out.
    ///
    /// The text means the request, but that it does not tell one NaN from another.
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

/// The rows with one NaN only: JSON does not tell one from another.
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
