//! The agreement of groups with true events.

use std::collections::HashMap;
use std::hash::Hash;

use serde_json::{Value, json};

/// The figures of one grouping.
#[derive(Default)]
pub(crate) struct Score {
    pub(crate) ga: f64,
    pub(crate) fga: f64,
    pub(crate) pga: f64,
    pub(crate) rga: f64,
    pub(crate) ari: f64,
    pub(crate) groups: usize,
    pub(crate) events: usize,
    pub(crate) lines_per_s: f64,
}

impl Score {
    pub(crate) fn new<E: Eq + Hash, G: Eq + Hash>(
        events: &[E],
        groups: &[G],
        lines_per_s: f64,
    ) -> Self {
        let (events, event_count) = number(events);
        let (groups, group_count) = number(groups);
        let mut event_sizes = vec![0_u64; event_count];
        let mut group_sizes = vec![0_u64; group_count];
        let mut cells: HashMap<(usize, usize), u64> = HashMap::new();
        for (&event, &group) in events.iter().zip(&groups) {
            event_sizes[event] += 1;
            group_sizes[group] += 1;
            *cells.entry((event, group)).or_default() += 1;
        }
        let mut right_lines = 0;
        let mut right_groups = 0_u64;
        for (&(event, group), &size) in &cells {
            if size == event_sizes[event] && size == group_sizes[group] {
                right_lines += size;
                right_groups += 1;
            }
        }
        let pairs = |sizes: &mut dyn Iterator<Item = u64>| -> f64 {
            sizes.map(|n| n as f64 * (n as f64 - 1.0) / 2.0).sum()
        };
        let both = pairs(&mut cells.values().copied());
        let in_events = pairs(&mut event_sizes.iter().copied());
        let in_groups = pairs(&mut group_sizes.iter().copied());
        let expected =
            in_events * in_groups / pairs(&mut std::iter::once(events.len() as u64)).max(1.0);
        let largest = f64::midpoint(in_events, in_groups);
        let pga = right_groups as f64 / group_count as f64;
        let rga = right_groups as f64 / event_count as f64;
        Self {
            ga: right_lines as f64 / events.len() as f64,
            fga: if right_groups == 0 {
                0.0
            } else {
                2.0 * pga * rga / (pga + rga)
            },
            pga,
            rga,
            ari: if largest == expected {
                1.0
            } else {
                (both - expected) / (largest - expected)
            },
            groups: group_count,
            events: event_count,
            lines_per_s,
        }
    }

    pub(crate) fn average<'s>(scores: impl Iterator<Item = &'s Self>) -> Self {
        let mut sum = Self::default();
        let mut count = 0.0;
        for score in scores {
            sum.ga += score.ga;
            sum.fga += score.fga;
            sum.pga += score.pga;
            sum.rga += score.rga;
            sum.ari += score.ari;
            sum.groups += score.groups;
            sum.events += score.events;
            sum.lines_per_s += score.lines_per_s;
            count += 1.0;
        }
        for figure in [
            &mut sum.ga,
            &mut sum.fga,
            &mut sum.pga,
            &mut sum.rga,
            &mut sum.ari,
            &mut sum.lines_per_s,
        ] {
            *figure /= count;
        }
        sum
    }

    pub(crate) fn row(&self) -> String {
        format!(
            "{:>7.3}{:>7.3}{:>7.3}{:>7.3}{:>7.3}{:>7}{:>10.0}",
            self.ga, self.fga, self.pga, self.rga, self.ari, self.groups, self.lines_per_s
        )
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "GA": self.ga, "FGA": self.fga, "PGA": self.pga, "RGA": self.rga, "ARI": self.ari,
            "groups": self.groups, "events": self.events, "lines_per_s": self.lines_per_s,
        })
    }
}

/// Returns a small number for each label, equal for equal labels, and how many numbers there are.
fn number<L: Eq + Hash>(labels: &[L]) -> (Vec<usize>, usize) {
    let mut numbers = HashMap::new();
    let all = labels
        .iter()
        .map(|label| {
            let next = numbers.len();
            *numbers.entry(label).or_insert(next)
        })
        .collect();
    (all, numbers.len())
}
