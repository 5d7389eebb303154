/// What a generated payload of log records looks like. Two named shapes exist, both taken from measured payloads;
/// change a field for another one.
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
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// Records in the payload.
    pub records: usize,
    /// Records under each resource; the last resource has what is left.
    pub records_per_resource: usize,
    /// Attributes of a resource, on average.
    pub resource_attributes: f64,
    /// Attributes of a record, on average.
    pub log_attributes: f64,
    /// The share of a record's attributes that are strings; the others are integers, doubles and
    /// booleans.
    pub string_share: f64,
    /// How many different names the records' attributes have, at most. Any one record carries some
    /// of them.
    pub attribute_names: usize,
    /// How often, against the catalogue, a record has attributes whose values hardly repeat (ids,
    /// addresses): the knob for how well a file compresses.
    pub high_cardinality: f64,
    /// Bytes of a body, on average.
    pub body_bytes: usize,
    /// The share of records with a trace id and a span id.
    pub trace_share: f64,
}

impl Shape {
    /// 10,000 records of about 448 bytes, 100 under each resource, 12 resource attributes, 8.0
    /// attributes of their own (90 % strings), a body of about 93 bytes, every second one with a
    /// trace id.
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

    /// 500 records of about 928 bytes, 5 under each resource, 9.4 resource attributes, 12.4
    /// attributes of their own, a body of about 331 bytes: what a collector sends that batches many
    /// services.
    ///
    /// The measured payload that this stands for was decoded faster than the larger number of
    /// attributes suggests, so most of its attributes are numbers here.
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

    /// The same shape with other values in it.
    #[must_use]
    pub fn with_seed(&self, seed: u64) -> Self {
        Self {
            seed,
            ..self.clone()
        }
    }
}

/// What a generated payload of spans looks like.
///
/// ```
/// use otlake_testkit::{TraceShape, traces_payload};
///
/// let shape = TraceShape { spans: 50, ..TraceShape::ten_thousand() };
/// assert_eq!(traces_payload(&shape), traces_payload(&shape));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TraceShape {
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// Spans in the payload.
    pub spans: usize,
    /// Spans under each resource, at most: the instances of a system send when they have that many.
    pub spans_per_resource: usize,
    /// Attributes of a resource, on average.
    pub resource_attributes: f64,
    /// The share of the requests that fail, with an exception as an event.
    pub error_share: f64,
}

impl TraceShape {
    /// 10,000 spans of about 494 bytes, up to 100 under each resource, in traces of some dozen
    /// spans through several services.
    pub fn ten_thousand() -> Self {
        Self {
            seed: 1,
            spans: 10_000,
            spans_per_resource: 100,
            resource_attributes: 12.0,
            error_share: 0.1,
        }
    }

    /// The same shape with other values in it.
    #[must_use]
    pub fn with_seed(&self, seed: u64) -> Self {
        Self {
            seed,
            ..self.clone()
        }
    }
}

/// What a generated payload of data points looks like.
///
/// ```
/// use otlake_testkit::{MetricShape, metrics_payload};
///
/// let shape = MetricShape { points: 50, ..MetricShape::ten_thousand() };
/// assert_eq!(metrics_payload(&shape), metrics_payload(&shape));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MetricShape {
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// Data points in the payload.
    pub points: usize,
    /// Attributes of a resource, on average.
    pub resource_attributes: f64,
    /// The share of the points with an exemplar, of those kinds that can have one.
    pub exemplar_share: f64,
}

impl MetricShape {
    /// 10,000 data points of about 239 bytes: what the instances of a system send at their intervals,
    /// each with all its metrics.
    pub fn ten_thousand() -> Self {
        Self {
            seed: 1,
            points: 10_000,
            resource_attributes: 12.0,
            exemplar_share: 0.1,
        }
    }

    /// The same shape with other values in it.
    #[must_use]
    pub fn with_seed(&self, seed: u64) -> Self {
        Self {
            seed,
            ..self.clone()
        }
    }
}
