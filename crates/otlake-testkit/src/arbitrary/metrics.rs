use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary,
    SummaryDataPoint, exemplar, number_data_point,
};

use super::groups::{resource, scope, some};
use super::values::{attributes, count, double, enumeration, id, integer, string, unsigned};
use crate::rng::Rng;

/// Returns a small request that uses everything the messages allow, like
/// [`arbitrary_logs_request`](super::arbitrary_logs_request): metrics of all five kinds and of
/// none, metrics without points, points without a value, any number of bounds in any order,
/// negative scales and offsets.
pub fn arbitrary_metrics_request(rng: &mut Rng) -> ExportMetricsServiceRequest {
    ExportMetricsServiceRequest {
        resource_metrics: some(rng, 4, resource_metrics),
    }
}

fn resource_metrics(rng: &mut Rng) -> ResourceMetrics {
    ResourceMetrics {
        resource: resource(rng),
        scope_metrics: some(rng, 3, scope_metrics),
        schema_url: string(rng),
    }
}

fn scope_metrics(rng: &mut Rng) -> ScopeMetrics {
    ScopeMetrics {
        scope: scope(rng),
        metrics: some(rng, 5, metric),
        schema_url: string(rng),
    }
}

fn metric(rng: &mut Rng) -> Metric {
    Metric {
        name: string(rng),
        description: string(rng),
        unit: string(rng),
        metadata: if rng.chance(0.2) {
            attributes(rng)
        } else {
            Vec::new()
        },
        data: rng.chance(0.95).then(|| data(rng)),
    }
}

fn data(rng: &mut Rng) -> Data {
    match rng.below(5) {
        0 => Data::Gauge(Gauge {
            data_points: some(rng, 4, number),
        }),
        1 => Data::Sum(Sum {
            data_points: some(rng, 4, number),
            aggregation_temporality: enumeration(rng, 3),
            is_monotonic: rng.chance(0.5),
        }),
        2 => Data::Histogram(Histogram {
            data_points: some(rng, 4, histogram),
            aggregation_temporality: enumeration(rng, 3),
        }),
        3 => Data::ExponentialHistogram(ExponentialHistogram {
            data_points: some(rng, 4, exponential_histogram),
            aggregation_temporality: enumeration(rng, 3),
        }),
        _ => Data::Summary(Summary {
            data_points: some(rng, 4, summary),
        }),
    }
}

fn number(rng: &mut Rng) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(rng),
        start_time_unix_nano: unsigned(rng),
        time_unix_nano: unsigned(rng),
        exemplars: some(rng, 3, exemplar),
        flags: count(rng),
        value: match rng.below(5) {
            0 => None,
            1 | 2 => Some(number_data_point::Value::AsInt(integer(rng))),
            _ => Some(number_data_point::Value::AsDouble(double(rng))),
        },
    }
}

fn histogram(rng: &mut Rng) -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: attributes(rng),
        start_time_unix_nano: unsigned(rng),
        time_unix_nano: unsigned(rng),
        count: unsigned(rng),
        sum: optional(rng),
        bucket_counts: some(rng, 20, unsigned),
        explicit_bounds: some(rng, 20, double),
        exemplars: some(rng, 3, exemplar),
        flags: count(rng),
        min: optional(rng),
        max: optional(rng),
    }
}

fn exponential_histogram(rng: &mut Rng) -> ExponentialHistogramDataPoint {
    ExponentialHistogramDataPoint {
        attributes: attributes(rng),
        start_time_unix_nano: unsigned(rng),
        time_unix_nano: unsigned(rng),
        count: unsigned(rng),
        sum: optional(rng),
        scale: integer(rng) as i32,
        zero_count: unsigned(rng),
        positive: rng.chance(0.8).then(|| buckets(rng)),
        negative: rng.chance(0.4).then(|| buckets(rng)),
        flags: count(rng),
        exemplars: some(rng, 3, exemplar),
        min: optional(rng),
        max: optional(rng),
        zero_threshold: double(rng),
    }
}

fn buckets(rng: &mut Rng) -> Buckets {
    Buckets {
        offset: integer(rng) as i32,
        bucket_counts: some(rng, 20, unsigned),
    }
}

fn summary(rng: &mut Rng) -> SummaryDataPoint {
    SummaryDataPoint {
        attributes: attributes(rng),
        start_time_unix_nano: unsigned(rng),
        time_unix_nano: unsigned(rng),
        count: unsigned(rng),
        sum: double(rng),
        quantile_values: some(rng, 5, |rng| ValueAtQuantile {
            quantile: double(rng),
            value: double(rng),
        }),
        flags: count(rng),
    }
}

fn exemplar(rng: &mut Rng) -> Exemplar {
    Exemplar {
        filtered_attributes: attributes(rng),
        time_unix_nano: unsigned(rng),
        span_id: id(rng, 8),
        trace_id: id(rng, 16),
        value: match rng.below(5) {
            0 => None,
            1 | 2 => Some(exemplar::Value::AsInt(integer(rng))),
            _ => Some(exemplar::Value::AsDouble(double(rng))),
        },
    }
}

fn optional(rng: &mut Rng) -> Option<f64> {
    rng.chance(0.7).then(|| double(rng))
}
