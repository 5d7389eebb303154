use bumpalo::Bump;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::exemplar::Value as ExemplarValue;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as NumberValue;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint,
    SummaryDataPoint,
};
use otlake_row::{MetricKind, Row, RowSink, Signal, Value};

use super::common::{self, entries, list, push_attributes};
use crate::attributes::Attributes;
use crate::record::{self, Number};
use crate::run::{Arenas, Groups, Run, Walk};
use crate::values::Values;

super::request! {
    ExportMetricsServiceRequest, resource_metrics, scope_metrics,
    |run, arenas, groups, scope_metrics| {
        for metric in &scope_metrics.metrics {
            arenas.metric.reset();
            push_metric(run, metric, groups, &arenas.metric, &mut arenas.record)?;
        }
    }
}

fn push_metric<S: RowSink>(
    run: &mut Run<'_, S>,
    typed: &Metric,
    groups: Groups<'_>,
    arena: &Bump,
    record: &mut Bump,
) -> Walk<S::Error> {
    let (kind, aggregation_temporality, is_monotonic) = match &typed.data {
        None => return Ok(()),
        Some(Data::Gauge(_)) => (MetricKind::Gauge, 0, false),
        Some(Data::Sum(sum)) => (
            MetricKind::Sum,
            sum.aggregation_temporality,
            sum.is_monotonic,
        ),
        Some(Data::Histogram(histogram)) => (
            MetricKind::Histogram,
            histogram.aggregation_temporality,
            false,
        ),
        Some(Data::ExponentialHistogram(histogram)) => (
            MetricKind::ExponentialHistogram,
            histogram.aggregation_temporality,
            false,
        ),
        Some(Data::Summary(_)) => (MetricKind::Summary, 0, false),
    };
    let mut values = Values::new(arena, run.rules);
    let metadata = entries(&typed.metadata, &mut values, 0);
    let metadata = values.metadata(metadata);
    let metric = record::Metric {
        name: values.text(&typed.name),
        description: values.text(&typed.description),
        unit: values.text(&typed.unit),
        metadata,
        kind,
        aggregation_temporality,
        is_monotonic,
    };
    let groups = groups.or_reject(values.noted().rejection, arena);
    let mut points = Points {
        run,
        repeated: metric.repeated_bytes(),
        metric,
        groups,
        arena,
        record,
    };
    match &typed.data {
        Some(Data::Gauge(gauge)) => points.push(&gauge.data_points, number_data_point),
        Some(Data::Sum(sum)) => points.push(&sum.data_points, number_data_point),
        Some(Data::Histogram(histogram)) => {
            points.push(&histogram.data_points, histogram_data_point)
        }
        Some(Data::ExponentialHistogram(histogram)) => {
            points.push(&histogram.data_points, exponential_histogram_data_point)
        }
        Some(Data::Summary(summary)) => points.push(&summary.data_points, summary_data_point),
        None => Ok(()),
    }
}

/// The context in which the points of a metric are pushed into the sink.
struct Points<'a, 'd, 'r, S> {
    run: &'a mut Run<'d, S>,
    metric: record::Metric<'r>,
    /// The bytes of the metric that each point repeats.
    repeated: usize,
    groups: Groups<'r>,
    arena: &'r Bump,
    record: &'a mut Bump,
}

impl<S: RowSink> Points<'_, '_, '_, S> {
    fn push<T>(
        &mut self,
        points: &[T],
        push: impl for<'r> Fn(&'r T, &mut Attributes<'_, 'r>, &mut Row<'r>),
    ) -> Walk<S::Error> {
        let Points {
            run,
            metric,
            repeated,
            groups,
            arena,
            record,
        } = self;
        for point in points {
            *groups = run.repeat(*repeated, *groups, arena);
            run.record(Signal::Metrics, *groups, record, |attributes, row| {
                metric.push(row);
                push(point, attributes, row);
                Ok(())
            })?;
            record.reset();
        }
        Ok(())
    }
}

fn number_data_point<'r>(
    typed: &'r NumberDataPoint,
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) {
    push_attributes(&typed.attributes, attributes, row);
    let values = &mut attributes.values;
    let fields = record::NumberDataPoint {
        start_time_unix_nano: typed.start_time_unix_nano,
        time_unix_nano: typed.time_unix_nano,
        value: typed.value.map(|value| match value {
            NumberValue::AsInt(int) => Number::Int(int),
            NumberValue::AsDouble(double) => Number::Double(double),
        }),
        exemplars: list(&typed.exemplars, values, exemplar),
        flags: typed.flags,
    };
    fields.push(values, row);
}

fn histogram_data_point<'r>(
    typed: &'r HistogramDataPoint,
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) {
    push_attributes(&typed.attributes, attributes, row);
    let values = &mut attributes.values;
    let fields = record::HistogramDataPoint {
        start_time_unix_nano: typed.start_time_unix_nano,
        time_unix_nano: typed.time_unix_nano,
        count: typed.count,
        sum: typed.sum,
        bucket_counts: counts(&typed.bucket_counts, values),
        explicit_bounds: list(&typed.explicit_bounds, values, |bound, _| {
            Value::Double(*bound)
        }),
        exemplars: list(&typed.exemplars, values, exemplar),
        flags: typed.flags,
        min: typed.min,
        max: typed.max,
    };
    fields.push(values, row);
}

fn exponential_histogram_data_point<'r>(
    typed: &'r ExponentialHistogramDataPoint,
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) {
    push_attributes(&typed.attributes, attributes, row);
    let values = &mut attributes.values;
    let fields = record::ExponentialHistogramDataPoint {
        start_time_unix_nano: typed.start_time_unix_nano,
        time_unix_nano: typed.time_unix_nano,
        count: typed.count,
        sum: typed.sum,
        scale: typed.scale,
        zero_count: typed.zero_count,
        positive: typed.positive.as_ref().map(|side| buckets(side, values)),
        negative: typed.negative.as_ref().map(|side| buckets(side, values)),
        flags: typed.flags,
        exemplars: list(&typed.exemplars, values, exemplar),
        min: typed.min,
        max: typed.max,
        zero_threshold: typed.zero_threshold,
    };
    fields.push(values, row);
}

fn summary_data_point<'r>(
    typed: &'r SummaryDataPoint,
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) {
    push_attributes(&typed.attributes, attributes, row);
    let values = &mut attributes.values;
    let fields = record::SummaryDataPoint {
        start_time_unix_nano: typed.start_time_unix_nano,
        time_unix_nano: typed.time_unix_nano,
        count: typed.count,
        sum: typed.sum,
        quantile_values: list(&typed.quantile_values, values, |typed, values| {
            record::quantile_value(values.arena, typed.quantile, typed.value)
        }),
        flags: typed.flags,
    };
    fields.push(values, row);
}

fn buckets<'r>(typed: &'r Buckets, values: &mut Values<'r>) -> record::Buckets<'r> {
    record::Buckets {
        offset: typed.offset,
        bucket_counts: counts(&typed.bucket_counts, values),
    }
}

fn counts<'r>(typed: &'r [u64], values: &mut Values<'r>) -> &'r [Value<'r>] {
    list(typed, values, |count, values| values.unsigned(*count))
}

fn exemplar<'r>(typed: &'r Exemplar, values: &mut Values<'r>) -> Value<'r> {
    let fields = record::Exemplar {
        time_unix_nano: typed.time_unix_nano,
        value: typed.value.map(|value| match value {
            ExemplarValue::AsInt(int) => Number::Int(int),
            ExemplarValue::AsDouble(double) => Number::Double(double),
        }),
        span_id: values.id(&typed.span_id),
        trace_id: values.id(&typed.trace_id),
        filtered_attributes: entries(&typed.filtered_attributes, values, 0),
    };
    fields.into_value(values)
}
