use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric,
    NumberDataPoint, ResourceMetrics, ScopeMetrics, SummaryDataPoint, exemplar, number_data_point,
};

use super::common::{attributes, resource, scope, span_id, trace_id};
use super::document::Json;

pub(super) fn request(request: &ExportMetricsServiceRequest) -> Json {
    let metrics = Json::array(&request.resource_metrics, resource_metrics);
    Json::message().field("resource_metrics", metrics)
}

fn resource_metrics(metrics: &ResourceMetrics) -> Json {
    Json::message()
        .set("resource", metrics.resource.as_ref().map(resource))
        .field(
            "scope_metrics",
            Json::array(&metrics.scope_metrics, scope_metrics),
        )
        .field("schema_url", Json::string(&metrics.schema_url))
}

fn scope_metrics(metrics: &ScopeMetrics) -> Json {
    Json::message()
        .set("scope", metrics.scope.as_ref().map(scope))
        .field("metrics", Json::array(&metrics.metrics, metric))
        .field("schema_url", Json::string(&metrics.schema_url))
}

fn metric(metric: &Metric) -> Json {
    let message = Json::message()
        .field("name", Json::string(&metric.name))
        .field("description", Json::string(&metric.description))
        .field("unit", Json::string(&metric.unit))
        .field("metadata", attributes(&metric.metadata));
    match &metric.data {
        None => message,
        Some(data) => {
            let (name, data) = self::data(data);
            message.set(name, Some(data))
        }
    }
}

fn data(data: &Data) -> (&'static str, Json) {
    let of = |points| Json::message().field("data_points", points);
    match data {
        Data::Gauge(gauge) => ("gauge", of(Json::array(&gauge.data_points, number))),
        Data::Sum(sum) => (
            "sum",
            of(Json::array(&sum.data_points, number))
                .field(
                    "aggregation_temporality",
                    temporality(sum.aggregation_temporality),
                )
                .field("is_monotonic", Json::Bool(sum.is_monotonic)),
        ),
        Data::Histogram(data) => (
            "histogram",
            of(Json::array(&data.data_points, histogram)).field(
                "aggregation_temporality",
                temporality(data.aggregation_temporality),
            ),
        ),
        Data::ExponentialHistogram(data) => (
            "exponential_histogram",
            of(Json::array(&data.data_points, exponential_histogram)).field(
                "aggregation_temporality",
                temporality(data.aggregation_temporality),
            ),
        ),
        Data::Summary(data) => ("summary", of(Json::array(&data.data_points, summary))),
    }
}

fn temporality(number: i32) -> Json {
    let known = AggregationTemporality::try_from(number).ok();
    Json::Enum(number, known.map(|known| known.as_str_name()))
}

fn number(point: &NumberDataPoint) -> Json {
    let message = Json::message()
        .field("attributes", attributes(&point.attributes))
        .field(
            "start_time_unix_nano",
            Json::integer(point.start_time_unix_nano),
        )
        .field("time_unix_nano", Json::integer(point.time_unix_nano))
        .field("exemplars", Json::array(&point.exemplars, exemplar))
        .field("flags", Json::integer(point.flags));
    match point.value {
        None => message,
        Some(number_data_point::Value::AsInt(int)) => {
            message.set("as_int", Some(Json::integer(int)))
        }
        Some(number_data_point::Value::AsDouble(double)) => {
            message.set("as_double", Some(Json::Double(double)))
        }
    }
}

fn histogram(point: &HistogramDataPoint) -> Json {
    let bounds = Json::array(&point.explicit_bounds, |bound| Json::Double(*bound));
    Json::message()
        .field("attributes", attributes(&point.attributes))
        .field(
            "start_time_unix_nano",
            Json::integer(point.start_time_unix_nano),
        )
        .field("time_unix_nano", Json::integer(point.time_unix_nano))
        .field("count", Json::integer(point.count))
        .set("sum", point.sum.map(Json::Double))
        .field("bucket_counts", counts(&point.bucket_counts))
        .field("explicit_bounds", bounds)
        .field("exemplars", Json::array(&point.exemplars, exemplar))
        .field("flags", Json::integer(point.flags))
        .set("min", point.min.map(Json::Double))
        .set("max", point.max.map(Json::Double))
}

fn exponential_histogram(point: &ExponentialHistogramDataPoint) -> Json {
    Json::message()
        .field("attributes", attributes(&point.attributes))
        .field(
            "start_time_unix_nano",
            Json::integer(point.start_time_unix_nano),
        )
        .field("time_unix_nano", Json::integer(point.time_unix_nano))
        .field("count", Json::integer(point.count))
        .set("sum", point.sum.map(Json::Double))
        .field("scale", Json::integer(point.scale))
        .field("zero_count", Json::integer(point.zero_count))
        .set("positive", point.positive.as_ref().map(buckets))
        .set("negative", point.negative.as_ref().map(buckets))
        .field("flags", Json::integer(point.flags))
        .field("exemplars", Json::array(&point.exemplars, exemplar))
        .set("min", point.min.map(Json::Double))
        .set("max", point.max.map(Json::Double))
        .field("zero_threshold", Json::Double(point.zero_threshold))
}

fn buckets(buckets: &Buckets) -> Json {
    Json::message()
        .field("offset", Json::integer(buckets.offset))
        .field("bucket_counts", counts(&buckets.bucket_counts))
}

fn counts(counts: &[u64]) -> Json {
    Json::array(counts, |count| Json::integer(*count))
}

fn summary(point: &SummaryDataPoint) -> Json {
    Json::message()
        .field("attributes", attributes(&point.attributes))
        .field(
            "start_time_unix_nano",
            Json::integer(point.start_time_unix_nano),
        )
        .field("time_unix_nano", Json::integer(point.time_unix_nano))
        .field("count", Json::integer(point.count))
        .field("sum", Json::Double(point.sum))
        .field(
            "quantile_values",
            Json::array(&point.quantile_values, quantile_value),
        )
        .field("flags", Json::integer(point.flags))
}

fn quantile_value(value: &ValueAtQuantile) -> Json {
    Json::message()
        .field("quantile", Json::Double(value.quantile))
        .field("value", Json::Double(value.value))
}

fn exemplar(exemplar: &Exemplar) -> Json {
    let message = Json::message()
        .field(
            "filtered_attributes",
            attributes(&exemplar.filtered_attributes),
        )
        .field("time_unix_nano", Json::integer(exemplar.time_unix_nano))
        .field("span_id", span_id(&exemplar.span_id))
        .field("trace_id", trace_id(&exemplar.trace_id));
    match exemplar.value {
        None => message,
        Some(exemplar::Value::AsInt(int)) => message.set("as_int", Some(Json::integer(int))),
        Some(exemplar::Value::AsDouble(double)) => {
            message.set("as_double", Some(Json::Double(double)))
        }
    }
}
