//! Rows from the message types of the opentelemetry-proto crate. They are the same as those of the message's bytes.

mod common;
mod logs;
mod metrics;
mod traces;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otlake_row::{RowSink, Signal};

use crate::error::DecodeError;
use crate::run::Stop;
use crate::{OtlpDecoder, Summary};

/// A reference to a request of any signal, for [`OtlpDecoder::decode_request`]. Exhaustive, like [`Signal`].
///
/// ```
/// use otlake_otlp::opentelemetry_proto::tonic::{
///     collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest},
///     logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
/// };
/// use otlake_otlp::{ExportRequest, OtlpDecoder};
/// use otlake_row::{OwnedRow, Signal};
///
/// let record = LogRecord { severity_number: 9, ..Default::default() };
/// let scope = ScopeLogs { log_records: vec![record], ..Default::default() };
/// let resource = ResourceLogs { scope_logs: vec![scope], ..Default::default() };
/// let logs = ExportLogsServiceRequest { resource_logs: vec![resource] };
/// let traces = ExportTraceServiceRequest::default();
///
/// let mut decoder = OtlpDecoder::new();
/// let mut rows: Vec<OwnedRow> = Vec::new();
/// for request in [ExportRequest::from(&logs), ExportRequest::from(&traces)] {
///     let summary = decoder.decode_request(request, &mut rows)?;
///     assert_eq!(summary.accepted, u64::from(request.signal() == Signal::Logs));
/// }
/// # Ok::<(), otlake_otlp::DecodeError<std::convert::Infallible>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum ExportRequest<'a> {
    /// A request with logs.
    Logs(&'a ExportLogsServiceRequest),
    /// A request with spans.
    Traces(&'a ExportTraceServiceRequest),
    /// A request with metrics.
    Metrics(&'a ExportMetricsServiceRequest),
}

impl ExportRequest<'_> {
    /// Returns the signal of the request.
    pub fn signal(&self) -> Signal {
        match self {
            ExportRequest::Logs(_) => Signal::Logs,
            ExportRequest::Traces(_) => Signal::Traces,
            ExportRequest::Metrics(_) => Signal::Metrics,
        }
    }
}

impl<'a> From<&'a ExportLogsServiceRequest> for ExportRequest<'a> {
    fn from(request: &'a ExportLogsServiceRequest) -> ExportRequest<'a> {
        ExportRequest::Logs(request)
    }
}

impl<'a> From<&'a ExportTraceServiceRequest> for ExportRequest<'a> {
    fn from(request: &'a ExportTraceServiceRequest) -> ExportRequest<'a> {
        ExportRequest::Traces(request)
    }
}

impl<'a> From<&'a ExportMetricsServiceRequest> for ExportRequest<'a> {
    fn from(request: &'a ExportMetricsServiceRequest) -> ExportRequest<'a> {
        ExportRequest::Metrics(request)
    }
}

impl OtlpDecoder {
    /// Turns a request that has been decoded already, for example by a gRPC server, into rows. They are the same as
    /// those that [`OtlpDecoder::decode`] makes from its bytes, except that the limit for
    /// [repetition](crate::Limits::with_repetition) is that of the largest payload, because the size is not known.
    ///
    /// # Errors
    ///
    /// Returns only [`DecodeError::Sink`], because a decoded message cannot be malformed. The rows before the
    /// error have been delivered.
    pub fn decode_request<'a, S: RowSink>(
        &mut self,
        request: impl Into<ExportRequest<'a>>,
        sink: &mut S,
    ) -> Result<Summary, DecodeError<S::Error>> {
        let request = request.into();
        let (mut run, arenas) = self.state.run(request.signal(), None, sink);
        let result = match request {
            ExportRequest::Logs(request) => logs::request(request, &mut run, arenas),
            ExportRequest::Traces(request) => traces::request(request, &mut run, arenas),
            ExportRequest::Metrics(request) => metrics::request(request, &mut run, arenas),
        };
        arenas.release();
        let summary = run.finish(|_| String::new());
        match result {
            Ok(()) => Ok(summary),
            Err(Stop::Sink(error)) => Err(DecodeError::Sink { error, summary }),
            Err(Stop::Fault(_)) => unreachable!("a decoded message cannot be malformed"),
        }
    }
}

/// Defines `request`, which walks over the nesting that the requests of all signals share: resources contain
/// scopes, and scopes contain items, with names of the signal's own. The last argument reads the items of a scope.
macro_rules! request {
    (
        $request:ident, $resources:ident, $scopes:ident,
        |$run:ident, $arenas:ident, $groups:ident, $scope:ident| $items:block
    ) => {
        pub(super) fn request<S: RowSink>(
            request: &$request,
            $run: &mut Run<'_, S>,
            $arenas: &mut Arenas,
        ) -> Walk<S::Error> {
            for resource in &request.$resources {
                $arenas.resource.reset();
                let group = $run.resource(&$arenas.resource, |attributes, fields| {
                    let typed = resource.resource.as_ref();
                    common::resource(typed, &resource.schema_url, attributes, fields)
                })?;
                for $scope in &resource.$scopes {
                    $arenas.scope.reset();
                    let $groups = $run.scope(group, &$arenas.scope, |attributes, fields| {
                        let typed = $scope.scope.as_ref();
                        common::scope(typed, &$scope.schema_url, attributes, fields)
                    })?;
                    $items
                }
            }
            Ok(())
        }
    };
}
use request;
