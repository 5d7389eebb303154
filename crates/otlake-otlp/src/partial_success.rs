use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsPartialSuccess;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsPartialSuccess;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;

use crate::Summary;

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
        let message = error_message(self, P::RECORDS)?;
        let rejected = i64::try_from(self.rejected).unwrap_or(i64::MAX);
        Some(P::new(rejected, message))
    }
}

/// The partial success of a signal's response, which [`Summary::partial_success`] returns.
///
/// It is implemented for the messages of the three signals and cannot be implemented outside of this
/// crate.
pub trait PartialSuccess: private::Sealed {
    #[doc(hidden)]
    const RECORDS: &'static str;

    #[doc(hidden)]
    fn new(rejected: i64, error_message: String) -> Self;
}

mod private {
    pub trait Sealed {}
}

macro_rules! partial_success {
    ($message:ident, $rejected:ident, $records:literal) => {
        impl private::Sealed for $message {}

        impl PartialSuccess for $message {
            const RECORDS: &'static str = $records;

            fn new($rejected: i64, error_message: String) -> $message {
                $message {
                    $rejected,
                    error_message,
                }
            }
        }
    };
}

partial_success! { ExportLogsPartialSuccess, rejected_log_records, "log records" }
partial_success! { ExportTracePartialSuccess, rejected_spans, "spans" }
partial_success! { ExportMetricsPartialSuccess, rejected_data_points, "data points" }

fn error_message(summary: &Summary, records: &str) -> Option<String> {
    let mut sentences = Vec::new();
    if summary.rejected > 0 {
        let (rejected, all) = (summary.rejected, summary.accepted + summary.rejected);
        let mut sentence = format!("{rejected} of {all} {records} were rejected");
        if let Some(first) = &summary.first_rejection {
            sentence.push_str(&format!(", the first because: {first}"));
        }
        sentences.push(sentence);
    }
    if summary.replaced_strings > 0 {
        let strings = summary.replaced_strings;
        sentences.push(format!(
            "{strings} strings were not valid UTF-8, and U+FFFD replaced the invalid parts"
        ));
    }
    (!sentences.is_empty()).then(|| sentences.join("; "))
}

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
