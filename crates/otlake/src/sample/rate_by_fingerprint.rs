use std::collections::HashMap;
use std::time::Duration;

use otlake_row::{Row, Value, fields};

/// The maximum number of fingerprints that are counted at once, which bounds the memory. When there are more,
/// those without a log in the latest window are forgotten, or all if each has one.
const MOST_FINGERPRINTS: usize = 1 << 16;

/// The time by which two clocks differ that are counted apart. Not measured: longer than senders hold logs back, short
/// enough that a wrong clock shows.
const CLOCK_DIFFERENCE: Duration = Duration::from_secs(3600);

/// Keeps the first logs of each fingerprint in each window of time.
#[derive(Clone, Debug)]
pub(super) struct RateByFingerprint {
    logs: u64,
    window_nanos: i64,
    /// [`CLOCK_DIFFERENCE`] in windows, at least one.
    clock_windows: u64,
    /// The counts of each fingerprint for two clocks, the one of its last log first. One log with a wrong time can't end
    /// the windows of the others, and logs of two clocks in turns can't restart the windows either.
    counts: HashMap<i64, [Count; 2], foldhash::fast::RandomState>,
    latest_window: i64,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    window: i64,
    logs: u64,
}

impl RateByFingerprint {
    pub(super) fn new(logs: u64, window: Duration) -> RateByFingerprint {
        let window_nanos = i64::try_from(window.as_nanos()).unwrap_or(i64::MAX).max(1);
        let clock_windows = CLOCK_DIFFERENCE.as_nanos() / window_nanos.unsigned_abs() as u128;
        RateByFingerprint {
            logs,
            window_nanos,
            clock_windows: u64::try_from(clock_windows).unwrap_or(u64::MAX).max(1),
            counts: HashMap::default(),
            latest_window: i64::MIN,
        }
    }

    pub(super) fn keeps(&mut self, row: &Row<'_>) -> bool {
        let int = |key| row.get(key).and_then(Value::as_int);
        let Some(fingerprint) = int(fields::FINGERPRINT) else {
            return true;
        };
        let time = int(fields::TIME_UNIX_NANO).or_else(|| int(fields::OBSERVED_TIME_UNIX_NANO));
        let window = time.unwrap_or(0).div_euclid(self.window_nanos);
        if window > self.latest_window || self.latest_window.abs_diff(window) > self.clock_windows {
            self.latest_window = window;
        }
        if self.counts.len() >= MOST_FINGERPRINTS && !self.counts.contains_key(&fingerprint) {
            self.make_room();
        }
        let begun = Count { window, logs: 0 };
        let clock_windows = self.clock_windows;
        let is_one_clock = |count: &Count| window.abs_diff(count.window) <= clock_windows;
        let counts = self.counts.entry(fingerprint).or_insert([begun; 2]);
        if !is_one_clock(&counts[0]) {
            counts.swap(0, 1);
            if !is_one_clock(&counts[0]) {
                counts[0] = begun;
            }
        }
        let count = &mut counts[0];
        // A late log counts towards the window that has begun since.
        if window > count.window {
            *count = begun;
        }
        if count.logs >= self.logs {
            return false;
        }
        count.logs += 1;
        true
    }

    #[cold]
    fn make_room(&mut self) {
        let latest = self.latest_window;
        self.counts.retain(|_, counts| counts[0].window == latest);
        if self.counts.len() >= MOST_FINGERPRINTS {
            self.counts.clear();
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    pub(super) fn clear(&mut self) {
        self.counts.clear();
    }
}
