use otlake_row::Signal;

/// The messages of OTLP, in as much detail as mutations need.
#[derive(Clone, Copy, Debug)]
pub(super) enum Message {
    Request(Signal),
    Resources(Signal),
    Resource,
    EntityRef,
    Scopes(Signal),
    Scope,
    LogRecord,
    Span,
    Event,
    Link,
    Status,
    Metric,
    NumberData,
    HistogramData,
    ExponentialHistogramData,
    SummaryData,
    NumberDataPoint,
    HistogramDataPoint,
    ExponentialHistogramDataPoint,
    Buckets,
    SummaryDataPoint,
    ValueAtQuantile,
    Exemplar,
    KeyValue,
    AnyValue,
    ArrayValue,
    KeyValueList,
}

/// The content of a length-delimited field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    Message(Message),
    String,
}

impl Message {
    /// Returns what field `number` contains. Returns `None` for numbers, bytes and fields that the
    /// message does not have.
    pub(super) fn content(self, number: u32) -> Option<Content> {
        use Content::String;
        let message = match (self, number) {
            (Self::Request(signal), 1) => Self::Resources(signal),
            (Self::Resources(_), 1) => Self::Resource,
            (Self::Resources(signal), 2) => Self::Scopes(signal),
            (Self::Resource, 1) => Self::KeyValue,
            (Self::Resource, 3) => Self::EntityRef,
            (Self::EntityRef, 1..=4) => return Some(String),
            (Self::Scopes(_), 1) => Self::Scope,
            (Self::Scopes(Signal::Logs), 2) => Self::LogRecord,
            (Self::Scopes(Signal::Traces), 2) => Self::Span,
            (Self::Scopes(Signal::Metrics), 2) => Self::Metric,
            (Self::Resources(_) | Self::Scopes(_), 3) => return Some(String),
            (Self::Scope, 1 | 2) => return Some(String),
            (Self::Scope, 3) => Self::KeyValue,

            (Self::LogRecord, 3 | 12) => return Some(String),
            (Self::LogRecord, 5) => Self::AnyValue,
            (Self::LogRecord, 6) => Self::KeyValue,

            (Self::Span, 3 | 5) => return Some(String),
            (Self::Span, 9) => Self::KeyValue,
            (Self::Span, 11) => Self::Event,
            (Self::Span, 13) => Self::Link,
            (Self::Span, 15) => Self::Status,
            (Self::Event, 2) | (Self::Link, 3) | (Self::Status, 2) => return Some(String),
            (Self::Event, 3) | (Self::Link, 4) => Self::KeyValue,

            (Self::Metric, 1..=3) => return Some(String),
            (Self::Metric, 12) => Self::KeyValue,
            (Self::Metric, 5 | 7) => Self::NumberData,
            (Self::Metric, 9) => Self::HistogramData,
            (Self::Metric, 10) => Self::ExponentialHistogramData,
            (Self::Metric, 11) => Self::SummaryData,
            (Self::NumberData, 1) => Self::NumberDataPoint,
            (Self::HistogramData, 1) => Self::HistogramDataPoint,
            (Self::ExponentialHistogramData, 1) => Self::ExponentialHistogramDataPoint,
            (Self::SummaryData, 1) => Self::SummaryDataPoint,
            (Self::NumberDataPoint | Self::SummaryDataPoint, 7) => Self::KeyValue,
            (Self::HistogramDataPoint, 9) => Self::KeyValue,
            (Self::ExponentialHistogramDataPoint, 1) => Self::KeyValue,
            (Self::ExponentialHistogramDataPoint, 8 | 9) => Self::Buckets,
            (Self::SummaryDataPoint, 6) => Self::ValueAtQuantile,
            (Self::NumberDataPoint, 5)
            | (Self::HistogramDataPoint, 8)
            | (Self::ExponentialHistogramDataPoint, 11) => Self::Exemplar,
            (Self::Exemplar, 7) => Self::KeyValue,

            (Self::KeyValue, 1) | (Self::AnyValue, 1) => return Some(String),
            (Self::KeyValue, 2) => Self::AnyValue,
            (Self::AnyValue, 5) => Self::ArrayValue,
            (Self::AnyValue, 6) => Self::KeyValueList,
            (Self::ArrayValue, 1) => Self::AnyValue,
            (Self::KeyValueList, 1) => Self::KeyValue,
            _ => return None,
        };
        Some(Content::Message(message))
    }
}
