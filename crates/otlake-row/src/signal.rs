/// The kind of telemetry that a row holds.
///
/// The enum is exhaustive on purpose: code that handles rows has to decide about each signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// Logs: a row is a log record.
    Logs,
    /// Traces: a row is a span.
    Traces,
    /// Metrics: a row is a data point.
    Metrics,
}

impl Signal {
    /// Every signal.
    pub const ALL: [Signal; 3] = [Signal::Logs, Signal::Traces, Signal::Metrics];

    /// Returns the name in lower case: `logs`, `traces`, `metrics`.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Logs => "logs",
            Signal::Traces => "traces",
            Signal::Metrics => "metrics",
        }
    }
}

/// The kind of a metric's data points: a member of `Metric.data`.
///
/// The enum is exhaustive on purpose: each kind has a table and columns of its own.
///
/// ```
/// use otlake_row::{MetricKind, Value, fields};
///
/// // A data point names the kind of its metric.
/// let kind = Value::String("exponential_histogram");
/// let kind = kind.as_str().and_then(MetricKind::from_name);
/// assert_eq!(kind, Some(MetricKind::ExponentialHistogram));
///
/// let with_temporality = MetricKind::ALL.into_iter().filter(|kind| kind.has_temporality());
/// let names: Vec<_> = with_temporality.map(MetricKind::name).collect();
/// assert_eq!(names, ["sum", "histogram", "exponential_histogram"]);
/// assert!(MetricKind::Sum.has_monotonicity());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MetricKind {
    /// A value at a point in time.
    Gauge,
    /// A value that is the sum of others over time.
    Sum,
    /// Counts of values in buckets with explicit bounds.
    Histogram,
    /// Counts of values in buckets whose bounds grow exponentially.
    ExponentialHistogram,
    /// Quantiles computed by the sender.
    Summary,
}

impl MetricKind {
    /// Every kind, in the order of the proto.
    pub const ALL: [MetricKind; 5] = [
        MetricKind::Gauge,
        MetricKind::Sum,
        MetricKind::Histogram,
        MetricKind::ExponentialHistogram,
        MetricKind::Summary,
    ];

    /// Returns the name of the proto's field, which is the value of a row's
    /// [`fields::KIND`](crate::fields::KIND): `gauge`, `sum`, `histogram`,
    /// `exponential_histogram`, `summary`.
    pub const fn name(self) -> &'static str {
        match self {
            MetricKind::Gauge => "gauge",
            MetricKind::Sum => "sum",
            MetricKind::Histogram => "histogram",
            MetricKind::ExponentialHistogram => "exponential_histogram",
            MetricKind::Summary => "summary",
        }
    }

    /// Returns whether metrics of this kind have an `aggregation_temporality`.
    pub const fn has_temporality(self) -> bool {
        match self {
            MetricKind::Sum | MetricKind::Histogram | MetricKind::ExponentialHistogram => true,
            MetricKind::Gauge | MetricKind::Summary => false,
        }
    }

    /// Returns whether metrics of this kind have an `is_monotonic`.
    pub const fn has_monotonicity(self) -> bool {
        matches!(self, MetricKind::Sum)
    }

    /// Returns the kind with a name.
    pub fn from_name(name: &str) -> Option<MetricKind> {
        MetricKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
