use std::collections::HashMap;
use std::time::Duration;

use otlake_row::{Row, Value, fields};

/// The maximum number of fingerprints that are counted at once, which bounds the memory. When there are more,
/// those without a log in the latest window are forgotten, or all if each has one.
const MOST_FINGERPRINTS: usize = 1 << 16;

/// Keeps the first logs of each fingerprint in each window of time.
#[derive(Clone, Debug)]
pub(super) struct RateByFingerprint {
    logs: u64,
    window_nanos: i64,
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
        RateByFingerprint {
            logs,
            window_nanos: i64::try_from(window.as_nanos()).unwrap_or(i64::MAX).max(1),
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
        self.latest_window = self.latest_window.max(window);
        if self.counts.len() >= MOST_FINGERPRINTS && !self.counts.contains_key(&fingerprint) {
            self.make_room();
        }
        let count = self
            .counts
            .entry(fingerprint)
            .or_insert(Count { window, logs: 0 });
        // A late log counts towards the window that has begun since.
        if window > count.window {
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
