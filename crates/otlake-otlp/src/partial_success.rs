use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsPartialSuccess;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsPartialSuccess;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;

use otlake_row::Signal;

use crate::Summary;
use crate::response::{error_message, records_of};

impl Summary {
    /// Returns the `partial_success` of the response to a request that was decoded, or `None` if there is
    /// nothing to report and the field stays unset.
    ///
    /// If no record was rejected but strings were replaced, the message is a warning, as the protocol defines it.
    ///
    /// ```
    /// use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsPartialSuccess;
    /// # use otlake_otlp::opentelemetry_proto;
    ///
    /// let summary = otlake_otlp::Summary::default();
    /// assert_eq!(summary.partial_success::<ExportLogsPartialSuccess>(), None);
    /// ```
    pub fn partial_success<P: PartialSuccess>(&self) -> Option<P> {
        let message = error_message(self, records_of(P::SIGNAL))?;
        let rejected = i64::try_from(self.rejected).unwrap_or(i64::MAX);
        Some(P::new(rejected, message))
    }
}

/// The partial success of a signal's response, which [`Summary::partial_success`] returns.
///
/// It is implemented for the messages of the three signals and cannot be implemented outside of this
/// crate.
///
/// ```
/// use otlake_otlp::opentelemetry_proto::tonic::collector::logs::v1::ExportLogsPartialSuccess;
/// use otlake_otlp::{PartialSuccess, Summary};
///
/// /// Returns the part of a response, whatever the signal.
/// fn respond<P: PartialSuccess>(summary: &Summary) -> Option<P> {
///     summary.partial_success()
/// }
///
/// let mut summary = Summary::default();
/// summary.rejected = 3;
/// let logs: Option<ExportLogsPartialSuccess> = respond(&summary);
/// assert_eq!(logs.map(|success| success.rejected_log_records), Some(3));
/// ```
pub trait PartialSuccess: private::Sealed {
    #[doc(hidden)]
    const SIGNAL: Signal;

    #[doc(hidden)]
    fn new(rejected: i64, error_message: String) -> Self;
}

mod private {
    pub trait Sealed {}
}

macro_rules! partial_success {
    ($message:ident, $rejected:ident, $signal:expr) => {
        impl private::Sealed for $message {}

        impl PartialSuccess for $message {
            const SIGNAL: Signal = $signal;

            fn new($rejected: i64, error_message: String) -> $message {
                $message {
                    $rejected,
                    error_message,
                }
            }
        }
    };
}

partial_success! { ExportLogsPartialSuccess, rejected_log_records, Signal::Logs }
partial_success! { ExportTracePartialSuccess, rejected_spans, Signal::Traces }
partial_success! { ExportMetricsPartialSuccess, rejected_data_points, Signal::Metrics }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rejection, RejectionReason};

    #[test]
    fn the_response_says_how_many_records_were_rejected_and_why() {
        let mut summary = Summary {
            accepted: 98,
            ..Summary::default()
        };
        assert_eq!(summary.partial_success::<ExportLogsPartialSuccess>(), None);
        assert_eq!(summary.partial_success::<ExportTracePartialSuccess>(), None);
        assert_eq!(
            summary.partial_success::<ExportMetricsPartialSuccess>(),
            None
        );

        summary.replaced_strings = 3;
        let warning: ExportTracePartialSuccess = summary.partial_success().unwrap();
        assert_eq!(warning.rejected_spans, 0);
        assert_eq!(
            warning.error_message,
            "3 strings were not valid UTF-8, and U+FFFD replaced the invalid parts"
        );

        summary.rejected = 2;
        summary.first_rejection = Some(Rejection::new(4, RejectionReason::InvalidUtf8, None));
        let partial: ExportMetricsPartialSuccess = summary.partial_success().unwrap();
        assert_eq!(partial.rejected_data_points, 2);
        assert_eq!(
            partial.error_message,
            "2 of 100 data points were rejected, the first because: record 4 of the payload: a \
             string is not valid UTF-8; 3 strings were not valid UTF-8, and U+FFFD replaced the \
             invalid parts"
        );
    }
}
