use std::collections::VecDeque;
use std::ops::Range;

use crate::Message;

/// A partition that this process consumes: what is committed, and the messages after it that have arrived.
#[derive(Default)]
pub struct KafkaPartition {
    /// The stored range. `None` if the broker has to be asked.
    pub committed: Option<Range<u64>>,
    /// Whether the client has to seek to the committed offset, because it would continue at another one.
    pub seek: bool,
    messages: VecDeque<Message>,
    bytes: usize,
}

impl KafkaPartition {
    /// Adds a message.
    ///
    /// # Errors
    ///
    /// Returns the committed offset if the message comes before it. Then the partition has lost that offset.
    pub fn push(&mut self, message: Message) -> Result<(), u64> {
        match &self.committed {
            Some(committed) if message.offset < committed.start => return Err(committed.start),
            _ => {}
        }
        self.bytes += message.payload.len();
        self.messages.push_back(message);
        Ok(())
    }

    /// Returns the bytes of the messages.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Forgets what is committed and what has arrived, so that the partition is read again from the committed offset.
    pub fn start_over(&mut self) {
        *self = KafkaPartition {
            seek: true,
            ..KafkaPartition::default()
        };
    }

    /// Returns the stored range if it is not empty: some of its messages may not have arrived yet.
    pub fn stored(&self) -> Option<Range<u64>> {
        self.committed.clone().filter(|range| !range.is_empty())
    }

    /// Returns a range that can be delivered, if there is one. A stored range is complete as soon as a message at its last offset or
    /// after it has arrived, or if `complete` says that no more can arrive. A new range ends with the last message that has arrived,
    /// so its last offset belongs to a message and not to a gap.
    pub fn ready(&self, messages: usize, bytes: usize, complete: bool) -> Option<Range<u64>> {
        if let Some(stored) = self.stored() {
            let arrived = self
                .messages
                .back()
                .is_some_and(|last| last.offset + 1 >= stored.end);
            return (arrived || complete).then_some(stored);
        }
        let start = self.committed.as_ref()?.start;
        let full = self.messages.len() >= messages || self.bytes >= bytes;
        if !(full || complete) {
            return None;
        }
        let last = self.messages.iter().take(messages).next_back()?;
        Some(start..last.offset + 1)
    }

    /// Returns the offset of the first message.
    pub fn first(&self) -> Option<u64> {
        self.messages.front().map(|message| message.offset)
    }

    /// Removes the messages of a range.
    pub fn take(&mut self, range: &Range<u64>) -> Vec<Message> {
        let count = self
            .messages
            .partition_point(|message| message.offset < range.end);
        let taken: Vec<Message> = self.messages.drain(..count).collect();
        self.bytes -= taken
            .iter()
            .map(|message| message.payload.len())
            .sum::<usize>();
        taken
    }
}

#[cfg(test)]
mod tests {
    use otlake::row::Signal;

    use super::*;

    fn partition(committed: Range<u64>, offsets: &[u64]) -> KafkaPartition {
        let mut partition = KafkaPartition {
            committed: Some(committed),
            ..KafkaPartition::default()
        };
        for &offset in offsets {
            let message = Message {
                offset,
                signal: Signal::Logs,
                payload: vec![0; 10],
            };
            partition.push(message).unwrap();
        }
        partition
    }

    /// Offsets are missing before, within, at the end of and after ranges: each message is in one range, and ranges are contiguous.
    #[test]
    fn gaps() {
        // (committed, arrived, no more can arrive, the range, its messages)
        type Case = (
            Range<u64>,
            &'static [u64],
            bool,
            Option<(Range<u64>, &'static [u64])>,
        );
        let cases: &[Case] = &[
            // New ranges, of at most 3 messages.
            (5..5, &[], true, None),
            (5..5, &[5, 6], false, None),
            (5..5, &[5, 6], true, Some((5..7, &[5, 6]))),
            (5..5, &[5, 6, 7, 8], false, Some((5..8, &[5, 6, 7]))),
            (5..5, &[7, 9], true, Some((5..10, &[7, 9]))),
            (5..5, &[7, 9, 30, 31], false, Some((5..31, &[7, 9, 30]))),
            // Stored ranges.
            (5..8, &[], false, None),
            (5..8, &[5, 6], false, None),
            (5..8, &[5, 6, 7], false, Some((5..8, &[5, 6, 7]))),
            (5..8, &[5, 8, 9], false, Some((5..8, &[5]))),
            (5..8, &[9], false, Some((5..8, &[]))),
            (5..8, &[7], false, Some((5..8, &[7]))),
            (5..8, &[6], true, Some((5..8, &[6]))),
            (5..8, &[], true, Some((5..8, &[]))),
            (
                5..15,
                &[5, 6, 7, 8, 9, 14, 20],
                false,
                Some((5..15, &[5, 6, 7, 8, 9, 14])),
            ),
        ];
        for (committed, arrived, complete, expected) in cases {
            let mut partition = partition(committed.clone(), arrived);
            let range = partition.ready(3, 1 << 20, *complete);
            let found = range.map(|range| {
                let messages = partition.take(&range);
                let offsets: Vec<u64> = messages.iter().map(|message| message.offset).collect();
                (range, offsets)
            });
            let expected = expected
                .clone()
                .map(|(range, offsets)| (range, offsets.to_vec()));
            assert_eq!(found, expected, "{committed:?} {arrived:?} {complete}");
            let left = arrived.len() - found.map_or(0, |(_, offsets)| offsets.len());
            assert_eq!(partition.bytes(), left * 10);
        }
    }

    /// Large messages end a range before it has the maximum number of messages.
    #[test]
    fn bytes() {
        assert_eq!(partition(0..0, &[0, 1]).ready(3, 21, false), None);
        assert_eq!(partition(0..0, &[0, 1]).ready(3, 20, false), Some(0..2));
    }

    /// A topic that was deleted and created again begins at offset 0: its messages are not taken for old ones.
    #[test]
    fn before_the_committed_offset() {
        let message = Message {
            offset: 4,
            signal: Signal::Logs,
            payload: Vec::new(),
        };
        assert_eq!(partition(5..5, &[]).push(message), Err(5));
    }
}
