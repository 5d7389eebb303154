/// The shape of a generated payload of log records. The two named shapes are taken from measured
/// payloads; change a field to get another one.
///
/// ```
/// use otlake_testkit::{Shape, logs_payload};
///
/// let shape = Shape { records: 50, ..Shape::ten_thousand() };
/// assert_eq!(logs_payload(&shape), logs_payload(&shape));
/// assert_ne!(logs_payload(&shape), logs_payload(&shape.with_seed(2)));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Seed of the generator. The same seed gives the same bytes.
    pub seed: u64,
    /// Number of records in the payload.
    pub records: usize,
    /// Records per resource. The last resource has the rest.
    pub records_per_resource: usize,
    /// Average number of attributes per resource.
    pub resource_attributes: f64,
    /// Average number of attributes per record.
    pub log_attributes: f64,
    /// Share of string attributes of a record. The others are integers, doubles and booleans.
    pub string_share: f64,
    /// Maximum number of distinct names of record attributes. A single record has some of them.
    pub attribute_names: usize,
    /// Factor for the frequency of record attributes whose values hardly repeat (ids, addresses).
    /// It determines how well a file compresses.
    pub high_cardinality: f64,
    /// Average length of a body, in bytes.
    pub body_bytes: usize,
    /// Share of records with a trace id and a span id.
    pub trace_share: f64,
}

impl Shape {
    /// Returns the shape of 10,000 records of about 448 bytes: 100 per resource, 12 resource
    /// attributes, 8.0 record attributes (90 % strings), a body of about 93 bytes, a trace id in
    /// every second record.
    pub fn ten_thousand() -> Self {
        Self {
            seed: 1,
            records: 10_000,
            records_per_resource: 100,
            resource_attributes: 12.0,
            log_attributes: 8.0,
            string_share: 0.9,
            attribute_names: 24,
            high_cardinality: 6.5,
            body_bytes: 93,
            trace_share: 0.5,
        }
    }

    /// Returns the shape of 500 records of about 928 bytes: 5 per resource, 9.4 resource
    /// attributes, 12.4 record attributes, a body of about 331 bytes. A collector that batches many
    /// services sends such payloads.
    ///
    /// The measured payload was decoded faster than its number of attributes suggests, so most of
    /// the attributes are numbers here.
    pub fn small_groups() -> Self {
        Self {
            seed: 1,
            records: 500,
            records_per_resource: 5,
            resource_attributes: 9.4,
            log_attributes: 12.4,
            string_share: 0.4,
            attribute_names: 44,
            high_cardinality: 0.5,
            body_bytes: 331,
            trace_share: 0.3,
        }
    }

    /// Returns the same shape with other values.
    #[must_use]
    pub fn with_seed(&self, seed: u64) -> Self {
        Self {
            seed,
            ..self.clone()
        }
    }
}

/// The shape of a generated payload of spans.
///
/// ```
/// use otlake_testkit::{TraceShape, traces_payload};
///
/// let shape = TraceShape { spans: 50, ..TraceShape::ten_thousand() };
/// assert_eq!(traces_payload(&shape), traces_payload(&shape));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TraceShape {
    /// Seed of the generator. The same seed gives the same bytes.
    pub seed: u64,
    /// Number of spans in the payload.
    pub spans: usize,
    /// Maximum number of spans per resource: an instance sends its spans when it has that many.
    pub spans_per_resource: usize,
    /// Average number of attributes per resource.
    pub resource_attributes: f64,
    /// Share of requests that fail, with an exception as an event.
    pub error_share: f64,
}

impl TraceShape {
    /// Returns the shape of 10,000 spans of about 494 bytes, up to 100 per resource, in traces of
    /// some dozen spans through several services.
    pub fn ten_thousand() -> Self {
        Self {
            seed: 1,
            spans: 10_000,
            spans_per_resource: 100,
            resource_attributes: 12.0,
            error_share: 0.1,
        }
    }

    /// Returns the same shape with other values.
    #[must_use]
    pub fn with_seed(&self, seed: u64) -> Self {
        Self {
            seed,
            ..self.clone()
        }
    }
}

/// The shape of a generated payload of data points.
///
/// ```
/// use otlake_testkit::{MetricShape, metrics_payload};
///
/// let shape = MetricShape { points: 50, ..MetricShape::ten_thousand() };
/// assert_eq!(metrics_payload(&shape), metrics_payload(&shape));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MetricShape {
    /// Seed of the generator. The same seed gives the same bytes.
    pub seed: u64,
    /// Number of data points in the payload.
    pub points: usize,
    /// Average number of attributes per resource.
    pub resource_attributes: f64,
    /// Share of points with an exemplar, among the kinds that can have one.
    pub exemplar_share: f64,
}

impl MetricShape {
    /// Returns the shape of 10,000 data points of about 239 bytes. Each instance of the system
    /// sends all its metrics at the end of an interval.
    pub fn ten_thousand() -> Self {
        Self {
            seed: 1,
            points: 10_000,
            resource_attributes: 12.0,
            exemplar_share: 0.1,
        }
    }

    /// Returns the same shape with other values.
    #[must_use]
    pub fn with_seed(&self, seed: u64) -> Self {
        Self {
            seed,
            ..self.clone()
        }
    }
}
