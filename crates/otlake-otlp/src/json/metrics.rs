//! metrics.proto: `ExportMetricsServiceRequest` and `MetricsData`, which have the same members.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use otlake_row::{MetricKind, Row, RowSink, Signal, Value, enums};

use super::common::{push_entries, push_items, record_attributes};
use super::export::Export;
use super::node::{Items, Node};
use crate::attributes::Attributes;
use crate::error::{Result, Within};
use crate::record::{self, Number};
use crate::run::{Groups, Run, Walk};
use crate::values::Values;

pub(crate) struct Metrics;

impl Export for Metrics {
    const SIGNAL: Signal = Signal::Metrics;
    const SCOPES: &'static [&'static str] = &[
        "scopeMetrics",
        "scope_metrics",
        "instrumentationLibraryMetrics",
        "instrumentation_library_metrics",
    ];
    const ITEMS: &'static [&'static str] = &["metrics"];

    fn item<S: RowSink>(
        run: &mut Run<'_, S>,
        node: Node<'_>,
        groups: Groups<'_>,
        arena: &mut Bump,
        record: &mut Bump,
    ) -> Walk<S::Error> {
        arena.reset();
        metric(run, node, groups, arena, record)
    }
}

fn metric<S: RowSink>(
    run: &mut Run<'_, S>,
    node: Node<'_>,
    groups: Groups<'_>,
    arena: &Bump,
    record: &mut Bump,
) -> Walk<S::Error> {
    let mut values = Values::new(arena, run.rules);
    let metric = match read_metric(node.with_arena(arena), &mut values) {
        Ok(metric) => metric,
        Err(fault) => return run.contain_items(fault, || points_of(node)),
    };
    let Some(Read { metric, points }) = metric else {
        run.note(&values.noted());
        return Ok(());
    };
    let noted = values.noted();
    run.note(&noted);
    let mut groups = groups.or_reject(noted.rejection, arena);
    let repeated = metric.repeated_bytes();
    for (number, node) in points.iter().cloned().flatten().enumerate() {
        groups = run.repeat(repeated, groups, arena);
        let result = run.record(Signal::Metrics, groups, record, |attributes, row| {
            metric.push(row);
            let node = node.with_arena(attributes.values.arena);
            data_point(metric.kind, node, attributes, row)
        });
        run.contain(result).map_err(|stop| {
            stop.inside("dataPoints", number)
                .inside_field(json_name(metric.kind))
        })?;
        record.reset();
    }
    Ok(())
}

/// A metric before its points are read, because fields that concern all points may come after them.
struct Read<'r> {
    metric: record::Metric<'r>,
    /// Every list of points.
    points: BumpVec<'r, Items<'r>>,
}

/// Reads a metric without its points. Returns `None` if it has no data.
fn read_metric<'r>(node: Node<'r>, values: &mut Values<'r>) -> Result<Option<Read<'r>>> {
    let mut metric = record::Metric {
        name: "",
        description: "",
        unit: "",
        metadata: &[],
        kind: MetricKind::Gauge,
        aggregation_temporality: 0,
        is_monotonic: false,
    };
    let mut points = BumpVec::new_in(values.arena);
    let mut kind = None;
    let mut metadata = BumpVec::new_in(values.arena);
    for (name, node) in node.members()? {
        match name {
            b"name" => metric.name = values.string(node.text().within("name")?),
            b"description" => {
                metric.description = values.string(node.text().within("description")?);
            }
            b"unit" => metric.unit = values.string(node.text().within("unit")?),
            b"metadata" => push_entries(node, values, &mut metadata, 0, "metadata")?,
            _ => {
                let Some(of_name) = kind_of(name) else {
                    values.unknown(node.text_from_here());
                    continue;
                };
                if kind != Some(of_name) {
                    // The last member of a oneof counts.
                    points.clear();
                    metric.aggregation_temporality = 0;
                    metric.is_monotonic = false;
                    kind = Some(of_name);
                }
                let data = read_data(of_name, node, &mut metric, &mut points, values);
                data.within(json_name(of_name))?;
            }
        }
    }
    metric.metadata = values.metadata(metadata.into_bump_slice());
    Ok(kind.map(|kind| Read {
        metric: record::Metric { kind, ..metric },
        points,
    }))
}

/// Returns the number of points of a metric.
#[cold]
fn points_of(node: Node<'_>) -> u64 {
    let (mut last, mut points) = (None, 0);
    for (name, data) in node.members().into_iter().flatten() {
        let kind = kind_of(name);
        if kind.is_none() {
            continue;
        }
        if last != kind {
            (last, points) = (kind, 0);
        }
        for (name, list) in data.members().into_iter().flatten() {
            if matches!(name, b"dataPoints" | b"data_points") {
                points += list.items().map_or(0, Iterator::count) as u64;
            }
        }
    }
    points
}

fn kind_of(name: &[u8]) -> Option<MetricKind> {
    match name {
        b"gauge" => Some(MetricKind::Gauge),
        b"sum" => Some(MetricKind::Sum),
        b"histogram" => Some(MetricKind::Histogram),
        b"exponentialHistogram" | b"exponential_histogram" => {
            Some(MetricKind::ExponentialHistogram)
        }
        b"summary" => Some(MetricKind::Summary),
        _ => None,
    }
}

/// Returns the name of the member of `Metric` that has data of a kind, as in paths.
fn json_name(kind: MetricKind) -> &'static str {
    match kind {
        MetricKind::ExponentialHistogram => "exponentialHistogram",
        kind => kind.name(),
    }
}

/// Reads the fields of a metric's data that concern all points, and finds the points.
fn read_data<'r>(
    kind: MetricKind,
    node: Node<'r>,
    metric: &mut record::Metric<'r>,
    points: &mut BumpVec<'r, Items<'r>>,
    values: &mut Values<'r>,
) -> Result<()> {
    for (name, node) in node.members()? {
        match name {
            b"dataPoints" | b"data_points" => points.push(node.items().within("dataPoints")?),
            b"aggregationTemporality" | b"aggregation_temporality" if kind.has_temporality() => {
                metric.aggregation_temporality = node
                    .enumeration(enums::AGGREGATION_TEMPORALITY)
                    .within("aggregationTemporality")?;
            }
            b"isMonotonic" | b"is_monotonic" if kind.has_monotonicity() => {
                metric.is_monotonic = node.boolean().within("isMonotonic")?;
            }
            _ => values.unknown(node.text_from_here()),
        }
    }
    Ok(())
}

#[inline]
fn data_point<'r>(
    kind: MetricKind,
    node: Node<'r>,
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) -> Result<()> {
    match kind {
        MetricKind::Gauge | MetricKind::Sum => number_data_point(node, attributes, row),
        MetricKind::Histogram => histogram_data_point(node, attributes, row),
        MetricKind::ExponentialHistogram => exponential_histogram_data_point(node, attributes, row),
        MetricKind::Summary => summary_data_point(node, attributes, row),
    }
}

#[inline]
fn number_data_point<'r>(
    node: Node<'r>,
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) -> Result<()> {
    let mut fields = record::NumberDataPoint::default();
    let mut exemplars = BumpVec::new_in(attributes.values.arena);
    for (name, node) in node.members()? {
        match name {
            b"attributes" => {
                record_attributes(node, attributes, row)?;
            }
            b"startTimeUnixNano" | b"start_time_unix_nano" => {
                fields.start_time_unix_nano = node.unsigned64().within("startTimeUnixNano")?;
            }
            b"timeUnixNano" | b"time_unix_nano" => {
                fields.time_unix_nano = node.unsigned64().within("timeUnixNano")?;
            }
            b"asDouble" | b"as_double" => {
                fields.value = Some(Number::Double(node.double().within("asDouble")?));
            }
            b"asInt" | b"as_int" => {
                fields.value = Some(Number::Int(node.signed64().within("asInt")?));
            }
            b"exemplars" => push_exemplars(node, &mut attributes.values, &mut exemplars)?,
            b"flags" => fields.flags = node.unsigned32().within("flags")?,
            _ => attributes.values.unknown(node.text_from_here()),
        }
    }
    fields.exemplars = exemplars.into_bump_slice();
    fields.push(&attributes.values, row);
    Ok(())
}

fn histogram_data_point<'r>(
    node: Node<'r>,
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) -> Result<()> {
    let mut fields = record::HistogramDataPoint::default();
    let arena = attributes.values.arena;
    let mut exemplars = BumpVec::new_in(arena);
    let (mut counts, mut bounds) = (BumpVec::new_in(arena), BumpVec::new_in(arena));
    for (name, node) in node.members()? {
        let values = &mut attributes.values;
        match name {
            b"attributes" => {
                record_attributes(node, attributes, row)?;
            }
            b"startTimeUnixNano" | b"start_time_unix_nano" => {
                fields.start_time_unix_nano = node.unsigned64().within("startTimeUnixNano")?;
            }
            b"timeUnixNano" | b"time_unix_nano" => {
                fields.time_unix_nano = node.unsigned64().within("timeUnixNano")?;
            }
            b"count" => fields.count = node.unsigned64().within("count")?,
            b"sum" => fields.sum = Some(node.double().within("sum")?),
            b"min" => fields.min = Some(node.double().within("min")?),
            b"max" => fields.max = Some(node.double().within("max")?),
            b"bucketCounts" | b"bucket_counts" => push_counts(node, values, &mut counts)?,
            b"explicitBounds" | b"explicit_bounds" => push_bounds(node, values, &mut bounds)?,
            b"exemplars" => push_exemplars(node, values, &mut exemplars)?,
            b"flags" => fields.flags = node.unsigned32().within("flags")?,
            _ => values.unknown(node.text_from_here()),
        }
    }
    fields.bucket_counts = counts.into_bump_slice();
    fields.explicit_bounds = bounds.into_bump_slice();
    fields.exemplars = exemplars.into_bump_slice();
    fields.push(&attributes.values, row);
    Ok(())
}

fn exponential_histogram_data_point<'r>(
    node: Node<'r>,
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) -> Result<()> {
    let mut fields = record::ExponentialHistogramDataPoint::default();
    let mut exemplars = BumpVec::new_in(attributes.values.arena);
    for (name, node) in node.members()? {
        let values = &mut attributes.values;
        match name {
            b"attributes" => {
                record_attributes(node, attributes, row)?;
            }
            b"startTimeUnixNano" | b"start_time_unix_nano" => {
                fields.start_time_unix_nano = node.unsigned64().within("startTimeUnixNano")?;
            }
            b"timeUnixNano" | b"time_unix_nano" => {
                fields.time_unix_nano = node.unsigned64().within("timeUnixNano")?;
            }
            b"count" => fields.count = node.unsigned64().within("count")?,
            b"sum" => fields.sum = Some(node.double().within("sum")?),
            b"min" => fields.min = Some(node.double().within("min")?),
            b"max" => fields.max = Some(node.double().within("max")?),
            b"scale" => fields.scale = node.signed32().within("scale")?,
            b"zeroCount" | b"zero_count" => {
                fields.zero_count = node.unsigned64().within("zeroCount")?;
            }
            b"zeroThreshold" | b"zero_threshold" => {
                fields.zero_threshold = node.double().within("zeroThreshold")?;
            }
            b"positive" => {
                let buckets = buckets(node, fields.positive, values);
                fields.positive = Some(buckets.within("positive")?);
            }
            b"negative" => {
                let buckets = buckets(node, fields.negative, values);
                fields.negative = Some(buckets.within("negative")?);
            }
            b"exemplars" => push_exemplars(node, values, &mut exemplars)?,
            b"flags" => fields.flags = node.unsigned32().within("flags")?,
            _ => values.unknown(node.text_from_here()),
        }
    }
    fields.exemplars = exemplars.into_bump_slice();
    fields.push(&attributes.values, row);
    Ok(())
}

/// Reads `Buckets`, which merge with those of an earlier occurrence.
fn buckets<'r>(
    node: Node<'r>,
    before: Option<record::Buckets<'r>>,
    values: &mut Values<'r>,
) -> Result<record::Buckets<'r>> {
    let mut buckets = before.unwrap_or_default();
    let mut counts = values.merged(buckets.bucket_counts);
    for (name, node) in node.members()? {
        match name {
            b"offset" => buckets.offset = node.signed32().within("offset")?,
            b"bucketCounts" | b"bucket_counts" => push_counts(node, values, &mut counts)?,
            _ => values.unknown(node.text_from_here()),
        }
    }
    buckets.bucket_counts = counts.into_bump_slice();
    Ok(buckets)
}

fn summary_data_point<'r>(
    node: Node<'r>,
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) -> Result<()> {
    let mut fields = record::SummaryDataPoint::default();
    let mut quantiles = BumpVec::new_in(attributes.values.arena);
    for (name, node) in node.members()? {
        match name {
            b"attributes" => {
                record_attributes(node, attributes, row)?;
            }
            b"startTimeUnixNano" | b"start_time_unix_nano" => {
                fields.start_time_unix_nano = node.unsigned64().within("startTimeUnixNano")?;
            }
            b"timeUnixNano" | b"time_unix_nano" => {
                fields.time_unix_nano = node.unsigned64().within("timeUnixNano")?;
            }
            b"count" => fields.count = node.unsigned64().within("count")?,
            b"sum" => fields.sum = node.double().within("sum")?,
            b"quantileValues" | b"quantile_values" => {
                let values = &mut attributes.values;
                push_items(
                    node,
                    values,
                    &mut quantiles,
                    "quantileValues",
                    quantile_value,
                )?;
            }
            b"flags" => fields.flags = node.unsigned32().within("flags")?,
            _ => attributes.values.unknown(node.text_from_here()),
        }
    }
    fields.quantile_values = quantiles.into_bump_slice();
    fields.push(&attributes.values, row);
    Ok(())
}

fn quantile_value<'r>(node: Node<'r>, values: &mut Values<'r>) -> Result<Value<'r>> {
    let (mut quantile, mut value) = (0.0, 0.0);
    for (name, node) in node.members()? {
        match name {
            b"quantile" => quantile = node.double().within("quantile")?,
            b"value" => value = node.double().within("value")?,
            _ => values.unknown(node.text_from_here()),
        }
    }
    Ok(record::quantile_value(values.arena, quantile, value))
}

fn push_exemplars<'r>(
    node: Node<'r>,
    values: &mut Values<'r>,
    exemplars: &mut BumpVec<'r, Value<'r>>,
) -> Result<()> {
    push_items(node, values, exemplars, "exemplars", exemplar)
}

fn exemplar<'r>(node: Node<'r>, values: &mut Values<'r>) -> Result<Value<'r>> {
    let mut fields = record::Exemplar::default();
    let mut attributes = BumpVec::new_in(values.arena);
    for (name, node) in node.members()? {
        match name {
            b"timeUnixNano" | b"time_unix_nano" => {
                fields.time_unix_nano = node.unsigned64().within("timeUnixNano")?;
            }
            b"asDouble" | b"as_double" => {
                fields.value = Some(Number::Double(node.double().within("asDouble")?));
            }
            b"asInt" | b"as_int" => {
                fields.value = Some(Number::Int(node.signed64().within("asInt")?));
            }
            b"spanId" | b"span_id" => {
                fields.span_id = values.id(node.span_id().within("spanId")?);
            }
            b"traceId" | b"trace_id" => {
                fields.trace_id = values.id(node.trace_id().within("traceId")?);
            }
            b"filteredAttributes" | b"filtered_attributes" => {
                push_entries(node, values, &mut attributes, 0, "filteredAttributes")?;
            }
            _ => values.unknown(node.text_from_here()),
        }
    }
    fields.filtered_attributes = attributes.into_bump_slice();
    Ok(fields.into_value(values))
}

fn push_counts<'r>(
    node: Node<'r>,
    values: &mut Values<'r>,
    counts: &mut BumpVec<'r, Value<'r>>,
) -> Result<()> {
    push_items(node, values, counts, "bucketCounts", |item, values| {
        Ok(values.unsigned(item.unsigned64()?))
    })
}

fn push_bounds<'r>(
    node: Node<'r>,
    values: &mut Values<'r>,
    bounds: &mut BumpVec<'r, Value<'r>>,
) -> Result<()> {
    push_items(node, values, bounds, "explicitBounds", |item, _| {
        item.double().map(Value::Double)
    })
}
