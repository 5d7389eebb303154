use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otlake::row::Signal;
use otlake_testkit::{
    MetricShape, Rng, Shape, TraceShape, logs_request, metrics_request, traces_request,
};

use crate::keys::Keys;
use crate::records::Records;

/// 2025-01-01.
const BEGIN: u64 = 1_735_689_600_000_000_000;
const HOUR: u64 = 3_600_000_000_000;
const DAY: u64 = 24 * HOUR;
/// Late records come from this day on, and none belongs to the first day: the oldest file of a
/// table has the fewest columns.
const FIRST_LATE_DAY: usize = 60;
const LATE_DAYS: usize = 40;

/// A system over some days, while it changes: attribute names come and go and change their types.
///
/// The same days and records give the same requests.
#[derive(Clone, Debug)]
pub struct Drift {
    days: usize,
    records: usize,
    next_day: usize,
    /// Number of records of each signal so far.
    numbers: [u64; 3],
}

/// The requests of a day.
#[derive(Clone, Debug)]
pub struct Day {
    /// Number of the day, from 0.
    pub number: usize,
    /// Log records of any hour.
    pub logs: ExportLogsServiceRequest,
    /// Spans of any hour.
    pub traces: ExportTraceServiceRequest,
    /// Data points of one or two hours.
    pub metrics: ExportMetricsServiceRequest,
}

impl Day {
    /// Returns whether a signal is sent that day. Log records are sent every day. Spans and data
    /// points are sent every third day, which gives as much drift with a third of the files.
    pub fn has(&self, signal: Signal) -> bool {
        signal == Signal::Logs || self.number.is_multiple_of(3)
    }
}

impl Drift {
    /// Creates a drift of so many days, with `records` records of each signal per day.
    pub fn new(days: usize, records: usize) -> Drift {
        Drift {
            days,
            records,
            next_day: 0,
            numbers: [0; 3],
        }
    }

    fn drift(&mut self, signal: usize, fleeting: usize, request: &mut dyn Records) {
        let (day, days) = (self.next_day, self.days);
        let keys = Keys { fleeting, days };
        let rng = &mut Rng::new((day * 3 + signal) as u64);
        let number = &mut self.numbers[signal];
        request.each_resource(&mut |mut resource| keys.add_to_resource(day, rng, &mut resource));
        let mut turn = 0;
        request.each_record(&mut |mut record| {
            keys.add(day, turn, *number, rng, &mut record.attributes);
            let hour = match signal {
                // Two hours on every eighth day, otherwise one.
                2 => day % 4 * 6 + turn % 2 / (1 + day % 8),
                _ => rng.below(24),
            };
            let late = match day >= FIRST_LATE_DAY && rng.chance(0.005) {
                true => 1 + rng.below(LATE_DAYS),
                false => 0,
            };
            let within = rng.next_u64() % HOUR;
            let time = BEGIN + (day - late) as u64 * DAY + hour as u64 * HOUR + within;
            *record.time = time;
            *record.other_time = time + 1_000_000;
            match rng.below(200) {
                0 => *record.time = 0,
                1 => (*record.time, *record.other_time) = (0, 0),
                2 => *record.time = u64::MAX - rng.next_u64() % HOUR,
                3 => *record.other_time = 1 << 63,
                _ => {}
            }
            turn += 1;
            *number += 1;
        });
    }
}

impl Iterator for Drift {
    type Item = Day;

    fn next(&mut self) -> Option<Day> {
        if self.next_day == self.days {
            return None;
        }
        let seed = self.next_day as u64;
        let mut logs = logs_request(&Shape {
            records: self.records,
            records_per_resource: 10,
            ..Shape::small_groups().with_seed(seed)
        });
        let mut traces = traces_request(&TraceShape {
            spans: self.records,
            ..TraceShape::ten_thousand().with_seed(seed)
        });
        let mut metrics = metrics_request(&MetricShape {
            points: self.records,
            ..MetricShape::ten_thousand().with_seed(seed)
        });
        // Log records have 5,000 names over a year, the other signals a few more than fit into the
        // column budget.
        self.drift(0, 4_900 * self.days / 365, &mut logs);
        self.drift(1, 900 * self.days / 365, &mut traces);
        self.drift(2, 900 * self.days / 365, &mut metrics);
        let number = self.next_day;
        self.next_day += 1;
        Some(Day {
            number,
            logs,
            traces,
            metrics,
        })
    }
}
