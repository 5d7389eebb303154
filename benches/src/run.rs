use std::time::{Duration, Instant};

use otlake_testkit::measure;

use crate::case::{Case, Error};
use crate::figure::Figure;

/// How the cases are measured.
#[derive(Clone, Debug)]
pub struct Run {
    /// How often each case is timed.
    pub rounds: usize,
    /// The least time of one timing; short passes are repeated until they fill it, because a clock
    /// and a scheduler disturb short ones more.
    pub least: Duration,
    /// Whether the program's global allocator counts. Where it does not, the figures are absent and
    /// not 0.
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
    /// Measures all `cases` on the workload or bodies called `name`, with so many `records`: a
    /// warm-up pass each, then rounds in which every case is timed once, then one pass each with the
    /// allocations counted, which would slow down a timed one.
    ///
    /// # Errors
    ///
    /// When a case fails, or when it lost a record; the error names it.
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
        return Err(format!("{name}: {through} of {records} records came through").into());
    }
    Ok(outcome.output_bytes)
}
