//! metrics.proto: `ExportMetricsServiceRequest` and `MetricsData`, which are the same on the wire.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use otlake_row::{Group, MetricKind, Row, RowSink, Signal, Value};

use super::common::{push_attribute, push_message};
use super::export::{Export, items, prefetch};
use super::wire::{Reader, fields};
use crate::attributes::Attributes;
use crate::error::{Result, Within};
use crate::record::{self, Number};
use crate::run::{Groups, Replaced, Run, Walk};
use crate::values::Values;

pub(crate) struct Metrics;

impl Export for Metrics {
    const SIGNAL: Signal = Signal::Metrics;
    const RESOURCES: &'static str = "resource_metrics";
    const SCOPES: &'static str = "scope_metrics";
    const ITEMS: &'static str = "metrics";

    fn item<S: RowSink>(
        run: &mut Run<'_, S>,
        bytes: &[u8],
        groups: Groups<'_>,
        arena: &mut Bump,
        record: &mut Bump,
    ) -> Walk<S::Error> {
        arena.reset();
        metric(run, bytes, groups, arena, record)
    }
}

/// The fields of `Metric`.
pub(crate) mod metric_fields {
    super::fields! {
        NAME = delimited(1),
        DESCRIPTION = delimited(2),
        UNIT = delimited(3),
        GAUGE = delimited(5),
        SUM = delimited(7),
        HISTOGRAM = delimited(9),
        EXPONENTIAL_HISTOGRAM = delimited(10),
        SUMMARY = delimited(11),
        METADATA = delimited(12),
    }
}

/// The fields of `Sum`. `Gauge`, `Histogram`, `ExponentialHistogram` and `Summary` have fewer fields, with the
/// same numbers.
mod data {
    super::fields! {
        DATA_POINTS = delimited(1),
        AGGREGATION_TEMPORALITY = varint(2),
        IS_MONOTONIC = varint(3),
    }
}

fn metric<S: RowSink>(
    run: &mut Run<'_, S>,
    bytes: &[u8],
    groups: Groups<'_>,
    arena: &Bump,
    record: &mut Bump,
) -> Walk<S::Error> {
    let mut values = Values::new(arena, run.rules);
    let metric = match read_metric(bytes, &mut values, run.replaced) {
        Ok(metric) => metric,
        Err(fault) => return run.contain_group(Err(fault.into()), || points_of(bytes)),
    };
    let noted = values.noted();
    run.note(&noted);
    let Some((metric, data)) = metric else {
        return Ok(());
    };
    let mut groups = groups.or_reject(noted.rejection, arena);
    let repeated = metric.repeated_bytes();
    let mut number = 0;
    for bytes in data.messages() {
        for bytes in items(bytes, data::DATA_POINTS) {
            groups = run.repeat(repeated, groups, arena);
            let result = run.record(Signal::Metrics, groups, record, |attributes, row| {
                metric.push(row);
                data_point(metric.kind, bytes, attributes, row)
            });
            run.contain_message(result).map_err(|stop| {
                stop.inside("data_points", number)
                    .inside_field(metric.kind.name())
            })?;
            record.reset();
            number += 1;
        }
    }
    Ok(())
}

/// The messages with the points of a metric. There is one, unless several merge.
#[derive(Clone, Copy)]
struct Data<'r> {
    kind: MetricKind,
    tag: u32,
    /// The metric's fields, from the first of these messages on.
    bytes: &'r [u8],
}

impl<'r> Data<'r> {
    fn messages(self) -> impl Iterator<Item = &'r [u8]> {
        items(self.bytes, self.tag)
    }

    /// Returns the messages before `rest`, where another member of the oneof begins.
    fn until(self, rest: &[u8]) -> Data<'r> {
        let bytes = &self.bytes[..self.bytes.len() - rest.len()];
        Data { bytes, ..self }
    }
}

/// Reads a metric without its points. Returns it with the messages that have the points, or `None` if the metric
/// has no data.
fn read_metric<'r>(
    bytes: &'r [u8],
    values: &mut Values<'r>,
    replaced: &mut Option<Replaced>,
) -> Result<Option<(record::Metric<'r>, Data<'r>)>> {
    use metric_fields::{DESCRIPTION, KNOWN, METADATA, NAME, UNIT};
    prefetch(bytes);
    let mut metric = record::Metric {
        name: "",
        description: "",
        unit: "",
        metadata: &[],
        kind: MetricKind::Gauge,
        aggregation_temporality: 0,
        is_monotonic: false,
    };
    let mut data: Option<Data<'r>> = None;
    let mut metadata = BumpVec::new_in(values.arena);
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let rest = reader.rest();
        let tag = reader.tag()?;
        match tag {
            NAME => metric.name = values.string(reader.delimited().within("name")?),
            DESCRIPTION => {
                metric.description = values.string(reader.delimited().within("description")?);
            }
            UNIT => metric.unit = values.string(reader.delimited().within("unit")?),
            METADATA => values.push_entry(&mut reader, &mut metadata, "metadata")?,
            _ => {
                let Some(kind) = kind_of(tag) else {
                    values.skip(&mut reader, tag, KNOWN)?;
                    continue;
                };
                if data.is_none_or(|data| data.kind != kind) {
                    // The last member of a oneof counts. The previous one only has to be well formed.
                    if let Some(before) = data {
                        check_data(before.until(rest), values, replaced)?;
                    }
                    metric.aggregation_temporality = 0;
                    metric.is_monotonic = false;
                    let bytes = rest;
                    data = Some(Data { kind, tag, bytes });
                }
                let bytes = reader.delimited().within(kind.name())?;
                read_data(kind, bytes, &mut metric, values).within(kind.name())?;
            }
        }
    }
    metric.metadata = values.metadata(metadata.into_bump_slice());
    Ok(data.map(|data| {
        (
            record::Metric {
                kind: data.kind,
                ..metric
            },
            data,
        )
    }))
}

/// Returns the number of points of a metric. If it is malformed, those after the fault are not counted.
#[cold]
fn points_of(bytes: &[u8]) -> u64 {
    let (mut last, mut points) = (None, 0);
    let mut reader = Reader::new(bytes);
    while let Ok(tag) = reader.tag() {
        let kind = kind_of(tag);
        if kind.is_none() {
            if reader.skip(tag, &[]).is_err() {
                break;
            }
            continue;
        }
        if last != kind {
            (last, points) = (kind, 0);
        }
        let Ok(data) = reader.delimited() else { break };
        points += items(data, data::DATA_POINTS).count() as u64;
    }
    points
}

fn kind_of(tag: u32) -> Option<MetricKind> {
    use metric_fields::{EXPONENTIAL_HISTOGRAM, GAUGE, HISTOGRAM, SUM, SUMMARY};
    match tag {
        GAUGE => Some(MetricKind::Gauge),
        SUM => Some(MetricKind::Sum),
        HISTOGRAM => Some(MetricKind::Histogram),
        EXPONENTIAL_HISTOGRAM => Some(MetricKind::ExponentialHistogram),
        SUMMARY => Some(MetricKind::Summary),
        _ => None,
    }
}

/// Reads the fields of a metric's data that concern all points, and skips the points.
fn read_data<'r>(
    kind: MetricKind,
    bytes: &'r [u8],
    metric: &mut record::Metric<'r>,
    values: &mut Values<'r>,
) -> Result<()> {
    let (has_temporality, has_monotonicity) = (kind.has_temporality(), kind.has_monotonicity());
    let known = match (has_temporality, has_monotonicity) {
        (false, _) => &[data::DATA_POINTS][..],
        (true, false) => &[data::DATA_POINTS, data::AGGREGATION_TEMPORALITY],
        (true, true) => data::KNOWN,
    };
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        match reader.tag()? {
            data::DATA_POINTS => drop(reader.delimited().within("data_points")?),
            data::AGGREGATION_TEMPORALITY if has_temporality => {
                metric.aggregation_temporality =
                    reader.varint().within("aggregation_temporality")? as i32;
            }
            data::IS_MONOTONIC if has_monotonicity => {
                metric.is_monotonic = reader.varint().within("is_monotonic")? != 0;
            }
            tag => values.skip(&mut reader, tag, known)?,
        }
    }
    Ok(())
}

/// Reads the points of data that a later member of the oneof replaced, only to find faults.
#[cold]
fn check_data(data: Data<'_>, values: &Values<'_>, replaced: &mut Option<Replaced>) -> Result<()> {
    let Replaced { keys, names } = replaced.get_or_insert_with(Replaced::new);
    let mut arena = Bump::new();
    for bytes in data.messages() {
        for (index, bytes) in items(bytes, data::DATA_POINTS).enumerate() {
            let no_group = Group::new(&[]);
            let mut row = Row::new(Signal::Metrics, no_group, no_group);
            let values = Values::new(&arena, values.rules);
            let mut attributes = Attributes::new(values, keys, names);
            let read = data_point(data.kind, bytes, &mut attributes, &mut row);
            read.within_item("data_points", index)
                .within(data.kind.name())?;
            drop((attributes, row));
            arena.reset();
        }
    }
    Ok(())
}

#[inline]
fn data_point<'r>(
    kind: MetricKind,
    bytes: &'r [u8],
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) -> Result<()> {
    match kind {
        MetricKind::Gauge | MetricKind::Sum => number_data_point(bytes, attributes, row),
        MetricKind::Histogram => histogram_data_point(bytes, attributes, row),
        MetricKind::ExponentialHistogram => {
            exponential_histogram_data_point(bytes, attributes, row)
        }
        MetricKind::Summary => summary_data_point(bytes, attributes, row),
    }
}

#[inline]
fn number_data_point<'r>(
    bytes: &'r [u8],
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) -> Result<()> {
    fields! {
        START_TIME_UNIX_NANO = fixed64(2),
        TIME_UNIX_NANO = fixed64(3),
        AS_DOUBLE = fixed64(4),
        EXEMPLARS = delimited(5),
        AS_INT = fixed64(6),
        ATTRIBUTES = delimited(7),
        FLAGS = varint(8),
    }
    let mut fields = record::NumberDataPoint::default();
    let mut exemplars = BumpVec::new_in(attributes.values.arena);
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        match reader.tag()? {
            ATTRIBUTES => push_attribute(&mut reader, attributes, row)?,
            START_TIME_UNIX_NANO => {
                fields.start_time_unix_nano = reader.fixed64().within("start_time_unix_nano")?;
            }
            TIME_UNIX_NANO => fields.time_unix_nano = reader.fixed64().within("time_unix_nano")?,
            AS_DOUBLE => {
                let bits = reader.fixed64().within("as_double")?;
                fields.value = Some(Number::Double(f64::from_bits(bits)));
            }
            AS_INT => {
                let int = reader.fixed64().within("as_int")? as i64;
                fields.value = Some(Number::Int(int));
            }
            EXEMPLARS => push_exemplar(&mut reader, &mut attributes.values, &mut exemplars)?,
            FLAGS => fields.flags = reader.varint().within("flags")? as u32,
            tag => attributes.values.skip(&mut reader, tag, KNOWN)?,
        }
    }
    fields.exemplars = exemplars.into_bump_slice();
    fields.push(&attributes.values, row);
    Ok(())
}

fn histogram_data_point<'r>(
    bytes: &'r [u8],
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) -> Result<()> {
    fields! {
        START_TIME_UNIX_NANO = fixed64(2),
        TIME_UNIX_NANO = fixed64(3),
        COUNT = fixed64(4),
        SUM = fixed64(5),
        BUCKET_COUNTS = delimited(6),
        BUCKET_COUNT = fixed64(6),
        EXPLICIT_BOUNDS = delimited(7),
        EXPLICIT_BOUND = fixed64(7),
        EXEMPLARS = delimited(8),
        ATTRIBUTES = delimited(9),
        FLAGS = varint(10),
        MIN = fixed64(11),
        MAX = fixed64(12),
    }
    let mut fields = record::HistogramDataPoint::default();
    let arena = attributes.values.arena;
    let mut exemplars = BumpVec::new_in(arena);
    let (mut counts, mut bounds) = (BumpVec::new_in(arena), BumpVec::new_in(arena));
    let push_count = |bits: u64, values: &Values<'r>, counts: &mut BumpVec<'r, Value<'r>>| {
        values.push_unsigned(bits, |value| counts.push(value));
    };
    let push_bound = |bits: u64, _: &Values<'r>, bounds: &mut BumpVec<'r, Value<'r>>| {
        bounds.push(Value::Double(f64::from_bits(bits)));
    };
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let tag = reader.tag()?;
        let values = &mut attributes.values;
        match tag {
            ATTRIBUTES => push_attribute(&mut reader, attributes, row)?,
            START_TIME_UNIX_NANO => {
                fields.start_time_unix_nano = reader.fixed64().within("start_time_unix_nano")?;
            }
            TIME_UNIX_NANO => fields.time_unix_nano = reader.fixed64().within("time_unix_nano")?,
            COUNT => fields.count = reader.fixed64().within("count")?,
            SUM => fields.sum = Some(double(&mut reader).within("sum")?),
            MIN => fields.min = Some(double(&mut reader).within("min")?),
            MAX => fields.max = Some(double(&mut reader).within("max")?),
            BUCKET_COUNTS => packed_fixed64(&mut reader, values, &mut counts, push_count)
                .within("bucket_counts")?,
            BUCKET_COUNT => push_fixed64(&mut reader, values, &mut counts, push_count)
                .within("bucket_counts")?,
            EXPLICIT_BOUNDS => packed_fixed64(&mut reader, values, &mut bounds, push_bound)
                .within("explicit_bounds")?,
            EXPLICIT_BOUND => push_fixed64(&mut reader, values, &mut bounds, push_bound)
                .within("explicit_bounds")?,
            EXEMPLARS => push_exemplar(&mut reader, values, &mut exemplars)?,
            FLAGS => fields.flags = reader.varint().within("flags")? as u32,
            tag => attributes.values.skip(&mut reader, tag, KNOWN)?,
        }
    }
    fields.bucket_counts = counts.into_bump_slice();
    fields.explicit_bounds = bounds.into_bump_slice();
    fields.exemplars = exemplars.into_bump_slice();
    fields.push(&attributes.values, row);
    Ok(())
}

fn exponential_histogram_data_point<'r>(
    bytes: &'r [u8],
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) -> Result<()> {
    fields! {
        ATTRIBUTES = delimited(1),
        START_TIME_UNIX_NANO = fixed64(2),
        TIME_UNIX_NANO = fixed64(3),
        COUNT = fixed64(4),
        SUM = fixed64(5),
        SCALE = varint(6),
        ZERO_COUNT = fixed64(7),
        POSITIVE = delimited(8),
        NEGATIVE = delimited(9),
        FLAGS = varint(10),
        EXEMPLARS = delimited(11),
        MIN = fixed64(12),
        MAX = fixed64(13),
        ZERO_THRESHOLD = fixed64(14),
    }
    let mut fields = record::ExponentialHistogramDataPoint::default();
    let mut exemplars = BumpVec::new_in(attributes.values.arena);
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let tag = reader.tag()?;
        let values = &mut attributes.values;
        match tag {
            ATTRIBUTES => push_attribute(&mut reader, attributes, row)?,
            START_TIME_UNIX_NANO => {
                fields.start_time_unix_nano = reader.fixed64().within("start_time_unix_nano")?;
            }
            TIME_UNIX_NANO => fields.time_unix_nano = reader.fixed64().within("time_unix_nano")?,
            COUNT => fields.count = reader.fixed64().within("count")?,
            SUM => fields.sum = Some(double(&mut reader).within("sum")?),
            MIN => fields.min = Some(double(&mut reader).within("min")?),
            MAX => fields.max = Some(double(&mut reader).within("max")?),
            SCALE => fields.scale = zigzag(reader.varint().within("scale")?),
            ZERO_COUNT => fields.zero_count = reader.fixed64().within("zero_count")?,
            ZERO_THRESHOLD => {
                fields.zero_threshold = double(&mut reader).within("zero_threshold")?;
            }
            POSITIVE => {
                let buckets = buckets(&mut reader, fields.positive, values);
                fields.positive = Some(buckets.within("positive")?);
            }
            NEGATIVE => {
                let buckets = buckets(&mut reader, fields.negative, values);
                fields.negative = Some(buckets.within("negative")?);
            }
            EXEMPLARS => push_exemplar(&mut reader, values, &mut exemplars)?,
            FLAGS => fields.flags = reader.varint().within("flags")? as u32,
            tag => attributes.values.skip(&mut reader, tag, KNOWN)?,
        }
    }
    fields.exemplars = exemplars.into_bump_slice();
    fields.push(&attributes.values, row);
    Ok(())
}

/// Reads `Buckets`, which merge with those of an earlier occurrence.
fn buckets<'r>(
    reader: &mut Reader<'r>,
    before: Option<record::Buckets<'r>>,
    values: &mut Values<'r>,
) -> Result<record::Buckets<'r>> {
    fields! {
        OFFSET = varint(1),
        BUCKET_COUNTS = delimited(2),
        BUCKET_COUNT = varint(2),
    }
    let mut reader = Reader::new(reader.delimited()?);
    let mut buckets = before.unwrap_or_default();
    let mut counts = values.merged(buckets.bucket_counts);
    while !reader.is_empty() {
        match reader.tag()? {
            OFFSET => buckets.offset = zigzag(reader.varint().within("offset")?),
            BUCKET_COUNTS => {
                let mut packed = Reader::new(reader.delimited().within("bucket_counts")?);
                while !packed.is_empty() {
                    let count = packed.varint().within("bucket_counts")?;
                    if values.room() {
                        values.push_unsigned(count, |value| counts.push(value));
                    }
                }
            }
            BUCKET_COUNT => {
                let count = reader.varint().within("bucket_counts")?;
                if values.room() {
                    values.push_unsigned(count, |value| counts.push(value));
                }
            }
            tag => values.skip(&mut reader, tag, KNOWN)?,
        }
    }
    buckets.bucket_counts = counts.into_bump_slice();
    Ok(buckets)
}

fn summary_data_point<'r>(
    bytes: &'r [u8],
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) -> Result<()> {
    fields! {
        START_TIME_UNIX_NANO = fixed64(2),
        TIME_UNIX_NANO = fixed64(3),
        COUNT = fixed64(4),
        SUM = fixed64(5),
        QUANTILE_VALUES = delimited(6),
        ATTRIBUTES = delimited(7),
        FLAGS = varint(8),
    }
    let mut fields = record::SummaryDataPoint::default();
    let mut quantiles = BumpVec::new_in(attributes.values.arena);
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let tag = reader.tag()?;
        let values = &mut attributes.values;
        match tag {
            ATTRIBUTES => push_attribute(&mut reader, attributes, row)?,
            START_TIME_UNIX_NANO => {
                fields.start_time_unix_nano = reader.fixed64().within("start_time_unix_nano")?;
            }
            TIME_UNIX_NANO => fields.time_unix_nano = reader.fixed64().within("time_unix_nano")?,
            COUNT => fields.count = reader.fixed64().within("count")?,
            SUM => fields.sum = double(&mut reader).within("sum")?,
            QUANTILE_VALUES => push_message(
                &mut reader,
                values,
                &mut quantiles,
                "quantile_values",
                quantile_value,
            )?,
            FLAGS => fields.flags = reader.varint().within("flags")? as u32,
            tag => attributes.values.skip(&mut reader, tag, KNOWN)?,
        }
    }
    fields.quantile_values = quantiles.into_bump_slice();
    fields.push(&attributes.values, row);
    Ok(())
}

fn quantile_value<'r>(bytes: &'r [u8], values: &mut Values<'r>) -> Result<Value<'r>> {
    fields! {
        QUANTILE = fixed64(1),
        VALUE = fixed64(2),
    }
    let (mut quantile, mut value) = (0.0, 0.0);
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        match reader.tag()? {
            QUANTILE => quantile = double(&mut reader).within("quantile")?,
            VALUE => value = double(&mut reader).within("value")?,
            tag => values.skip(&mut reader, tag, KNOWN)?,
        }
    }
    Ok(record::quantile_value(values.arena, quantile, value))
}

fn push_exemplar<'r>(
    reader: &mut Reader<'r>,
    values: &mut Values<'r>,
    exemplars: &mut BumpVec<'r, Value<'r>>,
) -> Result<()> {
    push_message(reader, values, exemplars, "exemplars", exemplar)
}

fn exemplar<'r>(bytes: &'r [u8], values: &mut Values<'r>) -> Result<Value<'r>> {
    fields! {
        TIME_UNIX_NANO = fixed64(2),
        AS_DOUBLE = fixed64(3),
        SPAN_ID = delimited(4),
        TRACE_ID = delimited(5),
        AS_INT = fixed64(6),
        FILTERED_ATTRIBUTES = delimited(7),
    }
    let mut fields = record::Exemplar::default();
    let mut attributes = BumpVec::new_in(values.arena);
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        match reader.tag()? {
            TIME_UNIX_NANO => fields.time_unix_nano = reader.fixed64().within("time_unix_nano")?,
            AS_DOUBLE => {
                let double = double(&mut reader).within("as_double")?;
                fields.value = Some(Number::Double(double));
            }
            AS_INT => {
                let int = reader.fixed64().within("as_int")? as i64;
                fields.value = Some(Number::Int(int));
            }
            SPAN_ID => fields.span_id = values.id(reader.delimited().within("span_id")?),
            TRACE_ID => fields.trace_id = values.id(reader.delimited().within("trace_id")?),
            FILTERED_ATTRIBUTES => {
                values.push_entry(&mut reader, &mut attributes, "filtered_attributes")?;
            }
            tag => values.skip(&mut reader, tag, KNOWN)?,
        }
    }
    fields.filtered_attributes = attributes.into_bump_slice();
    Ok(fields.into_value(values))
}

#[inline]
fn double(reader: &mut Reader<'_>) -> Result<f64> {
    reader.fixed64().map(f64::from_bits)
}

/// Decodes a `sint32`.
fn zigzag(value: u64) -> i32 {
    let value = value as u32;
    (value >> 1) as i32 ^ -((value & 1) as i32)
}

/// Reads the numbers of eight bytes that are packed into one field.
fn packed_fixed64<'r>(
    reader: &mut Reader<'r>,
    values: &mut Values<'r>,
    into: &mut BumpVec<'r, Value<'r>>,
    push: impl Fn(u64, &Values<'r>, &mut BumpVec<'r, Value<'r>>),
) -> Result<()> {
    let mut packed = Reader::new(reader.delimited()?);
    into.reserve(values.room_for(packed.remaining() / size_of::<u64>()));
    while !packed.is_empty() {
        push_fixed64(&mut packed, values, into, &push)?;
    }
    Ok(())
}

/// Reads one number of eight bytes of a repeated field, which may also be sent unpacked.
#[inline]
fn push_fixed64<'r>(
    reader: &mut Reader<'r>,
    values: &mut Values<'r>,
    into: &mut BumpVec<'r, Value<'r>>,
    push: impl Fn(u64, &Values<'r>, &mut BumpVec<'r, Value<'r>>),
) -> Result<()> {
    let bits = reader.fixed64()?;
    if values.room() {
        push(bits, values, into);
    }
    Ok(())
}
