use std::collections::HashMap;
use std::time::Duration;

use otlake_row::{Row, Value, fields};

/// The maximum number of fingerprints that are counted at once, which bounds the memory. When there are more,
/// those without a log in the latest window are forgotten, or all if each has one.
const MOST_FINGERPRINTS: usize = 1 << 16;

/// How late a log may be. Of two logs that are further apart, the clock of the later one was wrong.
const LATEST: Duration = Duration::from_secs(86_400);

/// Keeps the first logs of each fingerprint in each window of time.
#[derive(Clone, Debug)]
pub(super) struct RateByFingerprint {
    logs: u64,
    window_nanos: i64,
    /// The windows in [`LATEST`].
    late_windows: i64,
    counts: HashMap<i64, Count, foldhash::fast::RandomState>,
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
        RateByFingerprint {
            logs,
            window_nanos,
            late_windows: LATEST.as_nanos() as i64 / window_nanos + 1,
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
        if begins(window, self.latest_window, self.late_windows) {
            self.latest_window = window;
        }
        if self.counts.len() >= MOST_FINGERPRINTS && !self.counts.contains_key(&fingerprint) {
            self.make_room();
        }
        let late_windows = self.late_windows;
        let count = self
            .counts
            .entry(fingerprint)
            .or_insert(Count { window, logs: 0 });
        // A late log counts towards the window that has begun since.
        if begins(window, count.window, late_windows) {
            *count = Count { window, logs: 0 };
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
        self.counts.retain(|_, count| count.window == latest);
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

/// Returns whether a log begins a window of its own, after a log of another one. A late log does not.
fn begins(window: i64, latest: i64, late_windows: i64) -> bool {
    window > latest || window < latest.saturating_sub(late_windows)
}
