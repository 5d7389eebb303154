//! The times of generated rows.

use std::collections::HashMap;

use otlake_row::{Key, Row, Signal, Value, fields};
use otlake_testkit::Rng;

/// Moves rows to a part of the time: a trace, and what an instance exports at once, stay together.
pub struct Times {
    begin: i64,
    length: i64,
    rng: Rng,
    shifts: HashMap<String, i64>,
}

impl Times {
    pub fn new(begin: i64, length: i64, seed: u64) -> Self {
        Self {
            begin,
            length,
            rng: Rng::new(seed),
            shifts: HashMap::new(),
        }
    }

    pub fn move_row(&mut self, row: &mut Row<'_>) {
        const TIMES: [Key; 4] = [
            fields::START_TIME_UNIX_NANO,
            fields::TIME_UNIX_NANO,
            fields::END_TIME_UNIX_NANO,
            fields::OBSERVED_TIME_UNIX_NANO,
        ];
        let time = match row.signal() {
            Signal::Traces => fields::START_TIME_UNIX_NANO,
            _ => fields::TIME_UNIX_NANO,
        };
        let Some(Value::Int(time)) = row.get(time) else {
            return;
        };
        let at = self.begin + self.rng.below(self.length as usize) as i64;
        let shift = match row.signal() {
            Signal::Traces => {
                let trace = format!("{:?}", row.get(fields::TRACE_ID));
                *self.shifts.entry(trace).or_insert(at - time)
            }
            Signal::Metrics => {
                let resource = format!("{:?}", row.resource().id());
                *self.shifts.entry(resource).or_insert(at - time)
            }
            _ => at - time,
        };
        for cell in row.cells_mut() {
            if let Value::Int(time) = &mut cell.value
                && TIMES.contains(&cell.key)
                && *time > 0
            {
                *time += shift;
            }
        }
    }
}
