//! What became of a payload, in the words of the OTLP response.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsPartialSuccess;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsPartialSuccess;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;
use otlake_row::Summary;

use crate::{LogsDecoder, MetricsDecoder, TracesDecoder};

impl LogsDecoder {
    /// The `partial_success` of the response to a request that was decoded; `None` when there is
    /// nothing to say, and the field stays unset.
    ///
    /// With no record rejected it is a warning, as the protocol has it: strings were replaced.
    pub fn partial_success(summary: &Summary) -> Option<ExportLogsPartialSuccess> {
        Some(ExportLogsPartialSuccess {
            error_message: error_message(summary, "log records")?,
            rejected_log_records: rejected(summary),
        })
    }
}

impl TracesDecoder {
    /// The `partial_success` of the response to a request that was decoded; `None` when there is
    /// nothing to say, and the field stays unset.
    ///
    /// With no span rejected it is a warning, as the protocol has it: strings were replaced.
    pub fn partial_success(summary: &Summary) -> Option<ExportTracePartialSuccess> {
        Some(ExportTracePartialSuccess {
            error_message: error_message(summary, "spans")?,
            rejected_spans: rejected(summary),
        })
    }
}

impl MetricsDecoder {
    /// The `partial_success` of the response to a request that was decoded; `None` when there is
    /// nothing to say, and the field stays unset.
    ///
    /// With no data point rejected it is a warning, as the protocol has it: strings were replaced.
    pub fn partial_success(summary: &Summary) -> Option<ExportMetricsPartialSuccess> {
        Some(ExportMetricsPartialSuccess {
            error_message: error_message(summary, "data points")?,
            rejected_data_points: rejected(summary),
        })
    }
}

fn rejected(summary: &Summary) -> i64 {
    i64::try_from(summary.rejected).unwrap_or(i64::MAX)
}

fn error_message(summary: &Summary, records: &str) -> Option<String> {
    let mut sentences = Vec::new();
    if summary.rejected > 0 {
        let (rejected, all) = (summary.rejected, summary.accepted + summary.rejected);
        let first = summary.first_rejection.as_deref().unwrap_or("not known");
        sentences.push(format!(
            "{rejected} of {all} {records} were rejected, the first because: {first}"
        ));
    }
    if summary.replaced_strings > 0 {
        let strings = summary.replaced_strings;
        sentences.push(format!(
            "{strings} strings were not valid UTF-8, which was replaced by U+FFFD"
        ));
    }
    (!sentences.is_empty()).then(|| sentences.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_says_how_many_and_why() {
        let mut summary = Summary {
            accepted: 98,
            ..Summary::default()
        };
        assert_eq!(LogsDecoder::partial_success(&summary), None);
        assert_eq!(TracesDecoder::partial_success(&summary), None);
        assert_eq!(MetricsDecoder::partial_success(&summary), None);

        summary.replaced_strings = 3;
        let warning = TracesDecoder::partial_success(&summary).unwrap();
        assert_eq!(warning.rejected_spans, 0);
        assert_eq!(
            warning.error_message,
            "3 strings were not valid UTF-8, which was replaced by U+FFFD"
        );

        summary.rejected = 2;
        summary.first_rejection = Some("record 4 of the payload: too long".to_owned());
        let partial = MetricsDecoder::partial_success(&summary).unwrap();
        assert_eq!(partial.rejected_data_points, 2);
        assert_eq!(
            partial.error_message,
            "2 of 100 data points were rejected, the first because: record 4 of the payload: too \
             long; 3 strings were not valid UTF-8, which was replaced by U+FFFD"
        );
    }
}
