//! What a table remembers of the batches and flushes that were committed to it.

use std::collections::BTreeMap;
use std::time::Duration;

use iceberg::spec::{SnapshotRef, TableMetadata};
use otlake_dataset::BatchId;

/// The beginning of the names of the table properties that have watermarks; the source follows.
const WATERMARK: &str = "otlake.watermark.";

/// The summary entry that names the batches and flushes whose files a snapshot adds, separated by spaces.
pub(crate) const COMMITS: &str = "otlake.commits";

/// The number of sources up to which none is forgotten.
const SOURCES: usize = 1_000;

/// The age from which a watermark may be forgotten.
const MEMORY: Duration = Duration::from_secs(30 * 24 * 3600);

/// The last committed batch of each source, from the properties of a table.
///
/// Properties are changed in the same commit as the snapshot. Unlike the summary of a snapshot they stay when snapshots
/// expire, and other writers of the table carry them forward without knowing them. A property has the sequence number and
/// the time of the commit, `1048576 1795305600000`, so that sources which have ended can be forgotten: above
/// [`SOURCES`] sources, those that were silent for longer than [`MEMORY`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Watermarks(BTreeMap<String, Watermark>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Watermark {
    sequence: u64,
    /// The time of the commit, in milliseconds since the epoch.
    time: u64,
}

impl Watermark {
    fn parse(value: &str) -> Option<Self> {
        let (sequence, time) = value.split_once(' ')?;
        Some(Self {
            sequence: sequence.parse().ok()?,
            time: time.parse().ok()?,
        })
    }
}

fn damaged(name: &str, value: &str) -> iceberg::Error {
    let message = format!(
        "the table property {name} is {value:?}, not a sequence number and a time in milliseconds: correct it, or remove it if \
         its source has ended"
    );
    iceberg::Error::new(iceberg::ErrorKind::DataInvalid, message)
}

impl Watermarks {
    /// Reads the watermarks of a table.
    ///
    /// # Errors
    ///
    /// Returns an error if a property is damaged: without it, a late attempt of a batch would be added once more.
    pub(crate) fn of(metadata: &TableMetadata) -> iceberg::Result<Self> {
        let watermark = |(name, value): (&String, &String)| {
            let source = name.strip_prefix(WATERMARK)?;
            let watermark = Watermark::parse(value).ok_or_else(|| damaged(name, value));
            Some(watermark.map(|watermark| (source.to_owned(), watermark)))
        };
        let watermarks = metadata.properties().iter().filter_map(watermark);
        Ok(Self(watermarks.collect::<iceberg::Result<_>>()?))
    }

    /// Returns the sequence number of the last committed batch of a source.
    pub(crate) fn last(&self, source: &str) -> Option<u64> {
        self.0.get(source).map(|watermark| watermark.sequence)
    }

    /// Raises the watermark of a batch's source.
    pub(crate) fn raise(&mut self, batch: &BatchId, now: Duration) {
        let time = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let sequence = batch.sequence();
        let new = Watermark { sequence, time };
        let known = self.0.entry(batch.source().to_owned()).or_insert(new);
        if known.sequence <= sequence {
            *known = new;
        }
    }

    /// Returns the properties to set and the names of those to remove, to get from `before` to these watermarks.
    pub(crate) fn changes(
        &self,
        before: &Self,
        now: Duration,
    ) -> (Vec<(String, String)>, Vec<String>) {
        let name = |source: &String| format!("{WATERMARK}{source}");
        let changed = self.0.iter();
        let changed =
            changed.filter(|(source, watermark)| before.0.get(*source) != Some(watermark));
        let set = changed.map(|(source, Watermark { sequence, time })| {
            (name(source), format!("{sequence} {time}"))
        });
        let mut old: Vec<_> = before.0.iter().collect();
        old.retain(|(source, watermark)| {
            let silent = now.saturating_sub(Duration::from_millis(watermark.time));
            silent > MEMORY && self.0.get(*source) == Some(watermark)
        });
        old.sort_by_key(|(_, watermark)| watermark.time);
        let surplus = self.0.len().saturating_sub(SOURCES);
        let removed = old.into_iter().take(surplus);
        (
            set.collect(),
            removed.map(|(source, _)| name(source)).collect(),
        )
    }
}

/// Returns the snapshot that added the files of a batch or flush, if the table still has it.
pub(crate) fn snapshot_of<'a>(metadata: &'a TableMetadata, name: &str) -> Option<&'a SnapshotRef> {
    metadata.snapshots().find(|snapshot| {
        let properties = &snapshot.summary().additional_properties;
        let commits = properties.get(COMMITS);
        commits.is_some_and(|commits| commits.split(' ').any(|commit| commit == name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn batch(source: &str, sequence: u64) -> BatchId {
        BatchId::new(source, sequence).unwrap()
    }

    #[test]
    fn a_watermark_never_falls_and_only_changes_are_written() {
        let before = Watermarks::default();
        let mut after = before.clone();
        after.raise(&batch("a", 7), DAY);
        after.raise(&batch("a", 5), DAY);
        assert_eq!(after.last("a"), Some(7));
        let (set, removed) = after.changes(&before, DAY);
        let expected = ("otlake.watermark.a".to_owned(), "7 86400000".to_owned());
        assert_eq!((set, removed.len()), (vec![expected], 0));
        assert_eq!(after.changes(&after.clone(), DAY), (vec![], vec![]));
    }

    /// A thousand sources that have ended and one that has not: the table forgets the oldest, one for each new one.
    #[test]
    fn the_number_of_watermarks_is_bounded() {
        let mut before = Watermarks::default();
        for number in 0..SOURCES as u64 {
            before.raise(
                &batch(&format!("old-{number:04}"), 1),
                DAY + Duration::from_secs(number),
            );
        }
        let mut after = before.clone();
        after.raise(&batch("new", 1), 20 * DAY);
        assert_eq!(
            after.changes(&before, 20 * DAY).1,
            Vec::<String>::new(),
            "too young"
        );
        let (set, removed) = after.changes(&before, 100 * DAY);
        assert_eq!(set.len(), 1);
        assert_eq!(removed, ["otlake.watermark.old-0000"]);
    }
}
