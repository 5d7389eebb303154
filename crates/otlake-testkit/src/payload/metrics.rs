use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge,
    Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
    Summary, SummaryDataPoint, exemplar, number_data_point,
};
use prost::Message;

use super::instruments::{INSTRUMENTS, Instrument, Points};
use super::resources::{Resources, key_value};
use super::shape::MetricShape;
use crate::rng::Rng;

/// The bounds in seconds that the semantic conventions recommend for durations.
const BOUNDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
const QUANTILES: [f64; 4] = [0.5, 0.9, 0.99, 1.0];
/// The interval of an instance's exports, and the time since the first one started.
const INTERVAL: u64 = 60_000_000_000;
const UPTIME: u64 = 400 * INTERVAL;

/// Returns the bytes of the `ExportMetricsServiceRequest` from [`metrics_request`].
pub fn metrics_payload(shape: &MetricShape) -> Vec<u8> {
    metrics_request(shape).encode_to_vec()
}

/// Returns a request of data points with the given shape.
///
/// Each resource contains what one instance of a service exports at the end of an interval: the
/// metrics of its runtime, of its libraries and its own, each with one point per attribute
/// combination in use. Most are sums and gauges, some are histograms, few are exponential
/// histograms and summaries. A third of the instances use delta temporality, the others cumulative.
pub fn metrics_request(shape: &MetricShape) -> ExportMetricsServiceRequest {
    let mut rng = Rng::new(shape.seed);
    let resources = Resources::new(shape.resource_attributes);
    let mut clock = 1_760_000_000_000_000_000 + shape.seed * 3_600_000_000_000;
    let mut left = shape.points;
    let mut resource_metrics = Vec::new();
    while left > 0 {
        let number = rng.below(resources.len());
        clock += 1 + rng.skewed(4_000_000_000) as u64;
        let mut export = Export {
            clock,
            temporality: if number.is_multiple_of(3) {
                AggregationTemporality::Delta
            } else {
                AggregationTemporality::Cumulative
            },
            exemplar_share: shape.exemplar_share,
            left,
            rng: &mut rng,
        };
        let scope_metrics = export.scopes();
        left = export.left;
        resource_metrics.push(ResourceMetrics {
            resource: Some(resources.get(number).resource.clone()),
            scope_metrics,
            schema_url: "https://opentelemetry.io/schemas/1.37.0".to_owned(),
        });
    }
    ExportMetricsServiceRequest { resource_metrics }
}

/// The data that one instance exports at one time.
struct Export<'a> {
    clock: u64,
    temporality: AggregationTemporality,
    exemplar_share: f64,
    left: usize,
    rng: &'a mut Rng,
}

impl Export<'_> {
    fn scopes(&mut self) -> Vec<ScopeMetrics> {
        let mut scopes = Vec::new();
        for instruments in INSTRUMENTS.chunk_by(|a, b| a.scope == b.scope) {
            let metrics: Vec<Metric> = instruments
                .iter()
                .filter_map(|instrument| self.metric(instrument))
                .collect();
            let (name, version) = instruments[0].scope;
            if !metrics.is_empty() {
                scopes.push(ScopeMetrics {
                    scope: Some(InstrumentationScope {
                        name: name.to_owned(),
                        version: version.to_owned(),
                        attributes: Vec::new(),
                        dropped_attributes_count: 0,
                    }),
                    metrics,
                    schema_url: String::new(),
                });
            }
        }
        scopes
    }

    /// Returns `None` if no point is left for the metric.
    fn metric(&mut self, instrument: &Instrument) -> Option<Metric> {
        // Not every instance has seen every combination.
        let fewer = self.rng.below(1 + instrument.series / 3);
        let series = (instrument.series - fewer).min(self.left);
        if series == 0 {
            return None;
        }
        self.left -= series;
        let series = 0..series;
        let aggregation_temporality = self.temporality.into();
        let data = match instrument.points {
            Points::Gauge => Data::Gauge(Gauge {
                data_points: series
                    .map(|number| self.gauge(instrument, number))
                    .collect(),
            }),
            Points::Counter | Points::UpDownCounter => Data::Sum(Sum {
                data_points: series.map(|number| self.sum(instrument, number)).collect(),
                aggregation_temporality,
                is_monotonic: instrument.points == Points::Counter,
            }),
            Points::Histogram => Data::Histogram(Histogram {
                data_points: series
                    .map(|number| self.histogram(instrument, number))
                    .collect(),
                aggregation_temporality,
            }),
            Points::ExponentialHistogram => Data::ExponentialHistogram(ExponentialHistogram {
                data_points: series
                    .map(|number| self.exponential_histogram(instrument, number))
                    .collect(),
                aggregation_temporality,
            }),
            Points::Summary => Data::Summary(Summary {
                data_points: series
                    .map(|number| self.summary(instrument, number))
                    .collect(),
            }),
        };
        Some(Metric {
            name: instrument.name.to_owned(),
            description: instrument.description.to_owned(),
            unit: instrument.unit.to_owned(),
            metadata: Vec::new(),
            data: Some(data),
        })
    }

    fn start(&self) -> u64 {
        match self.temporality {
            AggregationTemporality::Delta => self.clock - INTERVAL,
            _ => self.clock - UPTIME,
        }
    }

    fn gauge(&mut self, instrument: &Instrument, series: usize) -> NumberDataPoint {
        let value = (self.rng.unit() * 1e4).round() / 1e4;
        NumberDataPoint {
            attributes: instrument.attributes(series),
            start_time_unix_nano: 0,
            time_unix_nano: self.clock,
            exemplars: Vec::new(),
            flags: 0,
            value: Some(number_data_point::Value::AsDouble(value)),
        }
    }

    fn sum(&mut self, instrument: &Instrument, series: usize) -> NumberDataPoint {
        let value = self.rng.skewed(1 << 20) as i64;
        NumberDataPoint {
            attributes: instrument.attributes(series),
            start_time_unix_nano: self.start(),
            time_unix_nano: self.clock,
            exemplars: if instrument.points == Points::Counter {
                self.exemplars(exemplar::Value::AsInt(1))
            } else {
                Vec::new()
            },
            flags: 0,
            value: Some(number_data_point::Value::AsInt(value)),
        }
    }

    fn histogram(&mut self, instrument: &Instrument, series: usize) -> HistogramDataPoint {
        // Most requests are quick, and some buckets are empty.
        let bucket_counts: Vec<u64> = (0..=BOUNDS.len())
            .map(|bucket| self.rng.skewed(1 + 4_000 / (1 + bucket * bucket)) as u64)
            .collect();
        let count: u64 = bucket_counts.iter().sum();
        let slowest = self.rng.unit() * 3.0;
        HistogramDataPoint {
            attributes: instrument.attributes(series),
            start_time_unix_nano: self.start(),
            time_unix_nano: self.clock,
            count,
            sum: Some(count as f64 * slowest * 0.01),
            bucket_counts,
            explicit_bounds: BOUNDS.to_vec(),
            exemplars: self.exemplars(exemplar::Value::AsDouble(slowest)),
            flags: 0,
            min: Some(slowest * 0.001),
            max: Some(slowest),
        }
    }

    fn exponential_histogram(
        &mut self,
        instrument: &Instrument,
        series: usize,
    ) -> ExponentialHistogramDataPoint {
        let buckets = 20 + self.rng.below(60);
        let bucket_counts: Vec<u64> = (0..buckets).map(|_| self.rng.skewed(200) as u64).collect();
        let zero_count = self.rng.skewed(3) as u64;
        let count = zero_count + bucket_counts.iter().sum::<u64>();
        let largest = self.rng.unit() * 50.0;
        ExponentialHistogramDataPoint {
            attributes: instrument.attributes(series),
            start_time_unix_nano: self.start(),
            time_unix_nano: self.clock,
            count,
            sum: Some(count as f64 * largest * 0.1),
            scale: 3,
            zero_count,
            positive: Some(Buckets {
                offset: -(self.rng.below(40) as i32),
                bucket_counts,
            }),
            negative: Some(Buckets::default()),
            flags: 0,
            exemplars: self.exemplars(exemplar::Value::AsDouble(largest)),
            min: Some(0.0),
            max: Some(largest),
            zero_threshold: 0.0,
        }
    }

    fn summary(&mut self, instrument: &Instrument, series: usize) -> SummaryDataPoint {
        let count = 1 + self.rng.skewed(5_000) as u64;
        let slowest = self.rng.unit() * 80.0;
        let quantile = |quantile| ValueAtQuantile {
            quantile,
            value: slowest * quantile * quantile,
        };
        SummaryDataPoint {
            attributes: instrument.attributes(series),
            start_time_unix_nano: self.start(),
            time_unix_nano: self.clock,
            count,
            sum: count as f64 * slowest * 0.3,
            quantile_values: QUANTILES.map(quantile).into(),
            flags: 0,
        }
    }

    fn exemplars(&mut self, value: exemplar::Value) -> Vec<Exemplar> {
        if !self.rng.chance(self.exemplar_share) {
            return Vec::new();
        }
        let user = Value::StringValue(format!("u-{}", 10_000 + self.rng.skewed(80_000)));
        vec![Exemplar {
            filtered_attributes: vec![key_value("enduser.id", user)],
            time_unix_nano: self.clock - self.rng.below(INTERVAL as usize) as u64,
            span_id: self.rng.bytes(8),
            trace_id: self.rng.bytes(16),
            value: Some(value),
        }]
    }
}
