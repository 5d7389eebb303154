//! Requests in the message types of opentelemetry-proto.

use otlake_otlp::Summary;
use otlake_otlp::opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use otlake_otlp::opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use otlake_otlp::opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otlake_row::Signal;

use super::{IngestError, Pipeline};
use crate::Operation;

impl Pipeline {
    /// Takes a request that was decoded already, by a gRPC server say.
    ///
    /// # Errors
    ///
    /// When a file can't be written.
    pub fn ingest_logs_request(
        &mut self,
        request: &ExportLogsServiceRequest,
    ) -> Result<Summary, IngestError> {
        self.observed(Operation::Ingest(Signal::Logs), 0, |this| {
            let result = this.decoder.decode_request(request, &mut this.stages);
            this.count(result)
        })
    }

    /// Takes a request that was decoded already, by a gRPC server say.
    ///
    /// # Errors
    ///
    /// When a file can't be written.
    pub fn ingest_traces_request(
        &mut self,
        request: &ExportTraceServiceRequest,
    ) -> Result<Summary, IngestError> {
        self.observed(Operation::Ingest(Signal::Traces), 0, |this| {
            let result = this.decoder.decode_request(request, &mut this.stages);
            this.count(result)
        })
    }

    /// Takes a request that was decoded already, by a gRPC server say.
    ///
    /// # Errors
    ///
    /// When a file can't be written.
    pub fn ingest_metrics_request(
        &mut self,
        request: &ExportMetricsServiceRequest,
    ) -> Result<Summary, IngestError> {
        self.observed(Operation::Ingest(Signal::Metrics), 0, |this| {
            let result = this.decoder.decode_request(request, &mut this.stages);
            this.count(result)
        })
    }
}
