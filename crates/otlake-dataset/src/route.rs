//! Finds the partition of each row and record batch.

pub(crate) mod batch_partitions;
mod escape;
pub(crate) mod partition;
pub(crate) mod partition_value;
pub(crate) mod partitioner;
pub(crate) mod template;
mod time;

use std::collections::HashMap;

use otlake_row::Row;

use crate::files::open_file::PartitionValues;
use crate::route::partitioner::Partitioner;

/// Finds the slot of each row: the number under which a writer keeps the rows and files of a partition.
///
/// Slots are numbered from 0. A table without partitions has one slot. When a slot is removed, the last slot takes
/// its number; the lists of rows and files do the same.
#[derive(Debug)]
pub(crate) struct Route {
    partitioner: Option<Partitioner>,
    slots: Vec<Slot>,
    /// The slots by the key of their partition.
    by_key: HashMap<Vec<u8>, usize, foldhash::fast::RandomState>,
    /// The key of the previous row, and its slot.
    key: Vec<u8>,
    last: usize,
    /// The key of the current row.
    next_key: Vec<u8>,
    /// The number of times that a row had another slot than the previous row.
    clock: u64,
}

#[derive(Debug)]
struct Slot {
    key: Vec<u8>,
    /// The time of the slot's last row, on the clock of the route.
    used: u64,
}

impl Route {
    /// Creates a route. Without a partitioner, all rows have the same slot.
    pub(crate) fn new(partitioner: Option<Partitioner>) -> Self {
        Self {
            partitioner,
            slots: Vec::new(),
            by_key: HashMap::default(),
            key: Vec::new(),
            last: 0,
            next_key: Vec::new(),
            clock: 0,
        }
    }

    pub(crate) fn partitioner(&self) -> Option<&Partitioner> {
        self.partitioner.as_ref()
    }

    pub(crate) fn is_partitioned(&self) -> bool {
        self.partitioner.is_some()
    }

    /// Returns the number of slots.
    #[inline]
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Returns the slot of a row, if its partition has one.
    #[inline]
    pub(crate) fn find(&mut self, row: &Row<'_>) -> Option<usize> {
        let Some(partitioner) = &mut self.partitioner else {
            return (!self.slots.is_empty()).then_some(0);
        };
        partitioner.key(row, &mut self.next_key);
        if self.next_key == self.key && self.last < self.slots.len() {
            return Some(self.last);
        }
        let slot = *self.by_key.get(&self.next_key)?;
        self.turn_to(slot);
        Some(slot)
    }

    /// Opens a slot for the partition of a row that [`find`](Self::find) has just not found, and
    /// returns the directory and the values of the partition.
    pub(crate) fn open(&mut self, row: &Row<'_>) -> (usize, String, PartitionValues) {
        let slot = self.slots.len();
        let (directory, values) = match &self.partitioner {
            Some(partitioner) => (partitioner.directory(row), partitioner.values(row).into()),
            None => Default::default(),
        };
        self.by_key.insert(self.next_key.clone(), slot);
        self.slots.push(Slot {
            key: self.next_key.clone(),
            used: self.clock,
        });
        self.turn_to(slot);
        (slot, directory, values)
    }

    fn turn_to(&mut self, slot: usize) {
        self.clock += 1;
        self.slots[slot].used = self.clock;
        self.key.clone_from(&self.next_key);
        self.last = slot;
    }

    /// Returns the slot whose last row is oldest, preferably one without rows or an open file.
    pub(crate) fn least_recently_used(&self, is_open: impl Fn(usize) -> bool) -> Option<usize> {
        let slots = self.slots.iter().enumerate();
        let oldest = slots.min_by_key(|(slot, entry)| (is_open(*slot), entry.used));
        oldest.map(|(slot, _)| slot)
    }

    /// Removes a slot. The last slot takes its number.
    pub(crate) fn remove(&mut self, slot: usize) {
        let removed = self.slots.swap_remove(slot);
        self.by_key.remove(&removed.key);
        if let Some(moved) = self.slots.get(slot) {
            self.by_key.insert(moved.key.clone(), slot);
        }
        // The previous row's slot may be gone or have another number.
        self.last = usize::MAX;
    }
}
