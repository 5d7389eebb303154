use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otlake_row::Signal;
use prost::Message;

use crate::arbitrary::{
    arbitrary_logs_request, arbitrary_metrics_request, arbitrary_traces_request,
};
use crate::canonical::{CanonicalRow, canonical_logs, canonical_metrics, canonical_traces};
use crate::rng::Rng;

/// An export request as a prost message, so that one test serves all signals.
pub trait Request: Message + Default {
    /// The signal of its records.
    const SIGNAL: Signal;

    /// Returns an arbitrary request, such as from [`arbitrary_logs_request`].
    fn arbitrary(rng: &mut Rng) -> Self;

    /// Returns the rows of the request, such as from [`canonical_logs`].
    fn canonical_rows(&self) -> Vec<CanonicalRow>;
}

impl Request for ExportLogsServiceRequest {
    const SIGNAL: Signal = Signal::Logs;

    fn arbitrary(rng: &mut Rng) -> Self {
        arbitrary_logs_request(rng)
    }

    fn canonical_rows(&self) -> Vec<CanonicalRow> {
        canonical_logs(self)
    }
}

impl Request for ExportTraceServiceRequest {
    const SIGNAL: Signal = Signal::Traces;

    fn arbitrary(rng: &mut Rng) -> Self {
        arbitrary_traces_request(rng)
    }

    fn canonical_rows(&self) -> Vec<CanonicalRow> {
        canonical_traces(self)
    }
}

impl Request for ExportMetricsServiceRequest {
    const SIGNAL: Signal = Signal::Metrics;

    fn arbitrary(rng: &mut Rng) -> Self {
        arbitrary_metrics_request(rng)
    }

    fn canonical_rows(&self) -> Vec<CanonicalRow> {
        canonical_metrics(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survive_prost<R: Request>() {
        let mut rows = 0;
        for seed in 0..500 {
            let request = R::arbitrary(&mut Rng::new(seed));
            let bytes = request.encode_to_vec();
            let decoded = R::decode(bytes.as_slice()).unwrap();
            // Compare bytes, because NaN is not equal to itself.
            assert_eq!(decoded.encode_to_vec(), bytes, "seed {seed}");
            rows += decoded.canonical_rows().len();
        }
        assert!(rows > 1_000, "{rows} rows");
    }

    #[test]
    fn arbitrary_requests_survive_prost() {
        survive_prost::<ExportLogsServiceRequest>();
        survive_prost::<ExportTraceServiceRequest>();
        survive_prost::<ExportMetricsServiceRequest>();
    }
}
