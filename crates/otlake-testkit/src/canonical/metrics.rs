use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint,
    SummaryDataPoint, exemplar, number_data_point,
};

use super::CanonicalRow;
use super::value::{CanonicalValue, array, attributes, message, string};

/// Converts a request decoded by prost to its rows, without any of otlake's decoding.
pub fn canonical_metrics(request: &ExportMetricsServiceRequest) -> Vec<CanonicalRow> {
    let mut rows = Vec::new();
    for resource in &request.resource_metrics {
        let of_resource =
            CanonicalRow::of_resource(resource.resource.as_ref(), &resource.schema_url);
        for scope in &resource.scope_metrics {
            let of_scope = of_resource.with_scope(scope.scope.as_ref(), &scope.schema_url);
            for metric in &scope.metrics {
                rows.extend(of_scope.data_points(metric));
            }
        }
    }
    rows
}

impl CanonicalRow {
    /// Returns the rows of all points of a metric.
    fn data_points(&self, metric: &Metric) -> Vec<CanonicalRow> {
        let mut row = self.clone();
        row.string("name", &metric.name);
        row.string("description", &metric.description);
        row.string("unit", &metric.unit);
        if !metric.metadata.is_empty() {
            let metadata = CanonicalValue::KvList(attributes(&metric.metadata));
            row.push("metadata", metadata);
        }
        match &metric.data {
            None => Vec::new(),
            Some(Data::Gauge(gauge)) => {
                row.push("kind", string("gauge"));
                rows(&gauge.data_points, |point| row.with_number(point))
            }
            Some(Data::Sum(sum)) => {
                row.push("kind", string("sum"));
                row.temporality(sum.aggregation_temporality);
                row.push("is_monotonic", sum.is_monotonic.into());
                rows(&sum.data_points, |point| row.with_number(point))
            }
            Some(Data::Histogram(histogram)) => {
                row.push("kind", string("histogram"));
                row.temporality(histogram.aggregation_temporality);
                rows(&histogram.data_points, |point| row.with_histogram(point))
            }
            Some(Data::ExponentialHistogram(histogram)) => {
                row.push("kind", string("exponential_histogram"));
                row.temporality(histogram.aggregation_temporality);
                rows(&histogram.data_points, |point| row.with_exponential(point))
            }
            Some(Data::Summary(summary)) => {
                row.push("kind", string("summary"));
                rows(&summary.data_points, |point| row.with_summary(point))
            }
        }
    }

    fn temporality(&mut self, temporality: i32) {
        self.push("aggregation_temporality", i64::from(temporality).into());
    }

    fn with_number(&self, point: &NumberDataPoint) -> CanonicalRow {
        let mut row = self.clone();
        row.attributes = attributes(&point.attributes);
        row.unsigned("start_time_unix_nano", point.start_time_unix_nano);
        row.unsigned("time_unix_nano", point.time_unix_nano);
        match point.value {
            None => {}
            Some(number_data_point::Value::AsInt(int)) => row.push("as_int", int.into()),
            Some(number_data_point::Value::AsDouble(double)) => {
                row.push("as_double", double.into());
            }
        }
        row.messages("exemplars", &point.exemplars, exemplar_value);
        row.int("flags", point.flags);
        row.sorted()
    }

    fn with_histogram(&self, point: &HistogramDataPoint) -> CanonicalRow {
        let mut row = self.clone();
        row.attributes = attributes(&point.attributes);
        row.unsigned("start_time_unix_nano", point.start_time_unix_nano);
        row.unsigned("time_unix_nano", point.time_unix_nano);
        row.push("count", point.count.into());
        row.double("sum", point.sum);
        row.double("min", point.min);
        row.double("max", point.max);
        row.push("bucket_counts", array(&point.bucket_counts));
        row.push("explicit_bounds", array(&point.explicit_bounds));
        row.messages("exemplars", &point.exemplars, exemplar_value);
        row.int("flags", point.flags);
        row.sorted()
    }

    fn with_exponential(&self, point: &ExponentialHistogramDataPoint) -> CanonicalRow {
        let mut row = self.clone();
        row.attributes = attributes(&point.attributes);
        row.unsigned("start_time_unix_nano", point.start_time_unix_nano);
        row.unsigned("time_unix_nano", point.time_unix_nano);
        row.push("count", point.count.into());
        row.double("sum", point.sum);
        row.double("min", point.min);
        row.double("max", point.max);
        row.push("scale", i64::from(point.scale).into());
        row.push("zero_count", point.zero_count.into());
        row.push("zero_threshold", point.zero_threshold.into());
        row.buckets("positive", point.positive.as_ref());
        row.buckets("negative", point.negative.as_ref());
        row.messages("exemplars", &point.exemplars, exemplar_value);
        row.int("flags", point.flags);
        row.sorted()
    }

    /// Adds the buckets on one side of zero. They are a message of their own, which may be missing.
    fn buckets(&mut self, side: &str, buckets: Option<&Buckets>) {
        if let Some(buckets) = buckets {
            self.push(&format!("{side}_offset"), i64::from(buckets.offset).into());
            self.push(
                &format!("{side}_bucket_counts"),
                array(&buckets.bucket_counts),
            );
        }
    }

    fn with_summary(&self, point: &SummaryDataPoint) -> CanonicalRow {
        let mut row = self.clone();
        row.attributes = attributes(&point.attributes);
        row.unsigned("start_time_unix_nano", point.start_time_unix_nano);
        row.unsigned("time_unix_nano", point.time_unix_nano);
        row.push("count", point.count.into());
        row.push("sum", point.sum.into());
        let quantiles = point.quantile_values.iter().map(value_at_quantile);
        row.push(
            "quantile_values",
            CanonicalValue::Array(quantiles.collect()),
        );
        row.int("flags", point.flags);
        row.sorted()
    }
}

fn rows<T>(points: &[T], row: impl Fn(&T) -> CanonicalRow) -> Vec<CanonicalRow> {
    points.iter().map(row).collect()
}

fn value_at_quantile(value: &ValueAtQuantile) -> CanonicalValue {
    message([
        ("quantile", value.quantile.into()),
        ("value", value.value.into()),
    ])
}

fn exemplar_value(exemplar: &Exemplar) -> CanonicalValue {
    let (as_int, as_double) = match exemplar.value {
        None => (CanonicalValue::Empty, CanonicalValue::Empty),
        Some(exemplar::Value::AsInt(int)) => (int.into(), CanonicalValue::Empty),
        Some(exemplar::Value::AsDouble(double)) => (CanonicalValue::Empty, double.into()),
    };
    message([
        ("time_unix_nano", exemplar.time_unix_nano.into()),
        ("as_int", as_int),
        ("as_double", as_double),
        ("span_id", exemplar.span_id.as_slice().into()),
        ("trace_id", exemplar.trace_id.as_slice().into()),
        (
            "filtered_attributes",
            CanonicalValue::KvList(attributes(&exemplar.filtered_attributes)),
        ),
    ])
}
