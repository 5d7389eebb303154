use std::time::{Duration, Instant};

use otlake_testkit::measure;

use crate::case::{Case, Error};
use crate::figure::Figure;

/// The settings of a measurement.
#[derive(Clone, Debug)]
pub struct Run {
    /// Number of timings per case.
    pub rounds: usize,
    /// Minimum duration of one timing. Shorter passes are repeated to fill it, because clock and
    /// scheduler disturb short timings more.
    pub least: Duration,
    /// Whether the global allocator of the program counts. If it doesn't, the figures are absent
    /// rather than 0.
    pub count_allocations: bool,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            rounds: 15,
            least: Duration::from_millis(20),
            count_allocations: false,
        }
    }
}

impl Run {
    /// Measures all `cases` on the workload or bodies called `name`, which have `records` records.
    /// Each case runs a warm-up pass, then rounds in which every case is timed once, then a pass
    /// with counted allocations, because counting would slow down the timed ones.
    ///
    /// # Errors
    ///
    /// Fails if a case fails or loses a record. The error names the case.
    pub fn measure(
        &self,
        name: &str,
        records: usize,
        cases: &mut [Case<'_>],
    ) -> Result<Vec<Figure>, Error> {
        let mut passes = Vec::with_capacity(cases.len());
        for case in cases.iter_mut() {
            let start = Instant::now();
            checked_pass(case, records)?;
            let once = start.elapsed().as_secs_f64().max(1e-9);
            passes.push((self.least.as_secs_f64() / once).ceil().clamp(1.0, 1e6) as usize);
        }
        let mut times: Vec<Vec<f64>> = vec![Vec::with_capacity(self.rounds); cases.len()];
        for _ in 0..self.rounds.max(1) {
            for ((case, passes), times) in cases.iter_mut().zip(&passes).zip(&mut times) {
                let start = Instant::now();
                for _ in 0..*passes {
                    case.pass()?;
                }
                let all = (*passes * records) as f64;
                times.push(start.elapsed().as_secs_f64() * 1e9 / all);
            }
        }
        let mut figures = Vec::with_capacity(cases.len());
        for (case, times) in cases.iter_mut().zip(&mut times) {
            times.sort_by(f64::total_cmp);
            let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
            let (outcome, allocations) = measure(|| checked_pass(case, records));
            figures.push(Figure {
                payload: name.to_owned(),
                case: case.name(),
                kind: case.kind(),
                records,
                ns_per_record: at(0.5),
                spread: (at(0.75) - at(0.25)) / 2.0 / at(0.5),
                allocations: self.count_allocations.then_some(allocations),
                output_bytes: outcome?,
            });
        }
        Ok(figures)
    }
}

fn checked_pass(case: &mut Case<'_>, records: usize) -> Result<Option<usize>, Error> {
    let outcome = case
        .pass()
        .map_err(|error| format!("{}: {error}", case.name()))?;
    if outcome.records != records {
        let (name, through) = (case.name(), outcome.records);
        return Err(format!("{name}: {through} of {records} records were processed").into());
    }
    Ok(outcome.output_bytes)
}
