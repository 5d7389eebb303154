use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use prost::{DecodeError, Message};

/// The typed request, as prost decodes it: every string and every message in its own allocation.
///
/// # Errors
///
/// When the payload is malformed.
pub fn decode(payload: &[u8]) -> Result<ExportLogsServiceRequest, DecodeError> {
    ExportLogsServiceRequest::decode(payload)
}

/// Records in a request.
pub fn records(request: &ExportLogsServiceRequest) -> usize {
    let scopes = request
        .resource_logs
        .iter()
        .flat_map(|resource| &resource.scope_logs);
    scopes.map(|scope| scope.log_records.len()).sum()
}
