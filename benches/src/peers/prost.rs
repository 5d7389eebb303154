use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use otlake_row::Signal;
use prost::{DecodeError, Message};

/// Decodes a request with prost, which allocates every string and every message.
///
/// # Errors
///
/// Fails if the payload is malformed.
pub fn decode<R: Message + Default>(payload: &[u8]) -> Result<R, DecodeError> {
    R::decode(payload)
}

/// Decodes a request of the signal and returns the number of its records.
///
/// # Errors
///
/// Fails if the payload is malformed.
pub fn records(signal: Signal, payload: &[u8]) -> Result<usize, DecodeError> {
    Ok(match signal {
        Signal::Logs => log_records(&decode(payload)?),
        Signal::Traces => spans(&decode(payload)?),
        Signal::Metrics => all_data_points(&decode(payload)?),
    })
}

/// Decodes an OTLP/JSON request of the signal to the same types with serde_json, and returns the
/// number of its records.
///
/// # Errors
///
/// Fails if the payload is malformed.
pub fn json_records(signal: Signal, payload: &[u8]) -> serde_json::Result<usize> {
    Ok(match signal {
        Signal::Logs => log_records(&serde_json::from_slice(payload)?),
        Signal::Traces => spans(&serde_json::from_slice(payload)?),
        Signal::Metrics => all_data_points(&serde_json::from_slice(payload)?),
    })
}

fn log_records(request: &ExportLogsServiceRequest) -> usize {
    let resources = request.resource_logs.iter();
    let scopes = resources.flat_map(|resource| &resource.scope_logs);
    scopes.map(|scope| scope.log_records.len()).sum()
}

fn spans(request: &ExportTraceServiceRequest) -> usize {
    let resources = request.resource_spans.iter();
    let scopes = resources.flat_map(|resource| &resource.scope_spans);
    scopes.map(|scope| scope.spans.len()).sum()
}

fn all_data_points(request: &ExportMetricsServiceRequest) -> usize {
    let resources = request.resource_metrics.iter();
    let scopes = resources.flat_map(|resource| &resource.scope_metrics);
    let metrics = scopes.flat_map(|scope| &scope.metrics);
    metrics.map(data_points).sum()
}

fn data_points(metric: &Metric) -> usize {
    match &metric.data {
        None => 0,
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Summary(summary)) => summary.data_points.len(),
    }
}
