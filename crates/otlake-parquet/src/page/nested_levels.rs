//! The levels of lists, maps and structs: to which row and to which list a value belongs.
//!
//! <https://parquet.apache.org/docs/file-format/nestedencoding/>

use arrow_array::{Array, ArrayRef, OffsetSizeTrait};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer};

/// The levels of an array inside a column: one of each kind for every value, and for every null or
/// empty list that takes the place of a value.
#[derive(Clone, Debug)]
pub(crate) struct NestedLevels {
    /// 0 where a row begins, else the list that continues, counted from the outermost.
    pub(crate) repetition: Vec<u16>,
    /// The number of optional and repeated groups around the value that are present.
    pub(crate) definition: Vec<u16>,
    /// The number of lists around the array.
    pub(crate) max_repetition: u16,
    /// The definition level of a value that is present.
    pub(crate) max_definition: u16,
    /// The slots of the array that are absent: null themselves, or inside a list or struct that is. `None` if
    /// every slot is present.
    pub(crate) nulls: Option<NullBuffer>,
}

impl NestedLevels {
    /// Returns the levels of a column, before any nesting.
    pub(crate) fn of_rows(rows: usize) -> Self {
        Self {
            repetition: vec![0; rows],
            definition: vec![0; rows],
            max_repetition: 0,
            max_definition: 0,
            nulls: None,
        }
    }

    /// Enters an optional group or value: slots that are present and not null in `own` get the next definition
    /// level.
    pub(crate) fn enter_optional(&mut self, own: Option<NullBuffer>) {
        let own = own.filter(|own| own.null_count() > 0);
        let around = self.nulls.take();
        match (&own, &around) {
            (None, _) => self.define(std::iter::repeat(true)),
            (Some(own), None) => self.define(own.iter()),
            (Some(own), Some(around)) => {
                self.define(around.valid_indices().map(|slot| own.is_valid(slot)));
            }
        }
        self.nulls = NullBuffer::union(around.as_ref(), own.as_ref());
    }

    /// Raises the definition level of the present slots for which `valid` returns true.
    fn define(&mut self, mut valid: impl Iterator<Item = bool>) {
        let depth = self.max_definition;
        self.max_definition += 1;
        for level in &mut self.definition {
            if *level == depth {
                *level += u16::from(valid.next() == Some(true));
            }
        }
    }

    /// Enters a repeated group: each list that is present is replaced by its items, unless it has none. Returns
    /// the items of all lists.
    pub(crate) fn enter_repeated<O: OffsetSizeTrait>(
        &mut self,
        offsets: &[O],
        items: &ArrayRef,
    ) -> ArrayRef {
        let offset = |slot: usize| offsets[slot].as_usize();
        let length = |slot| offset(slot + 1) - offset(slot);
        let lists = offsets.len() - 1;
        let all = offset(lists) - offset(0);
        self.nulls = match self.nulls.take() {
            None => {
                self.repeat((0..lists).map(length), all);
                None
            }
            Some(nulls) => {
                let present = self.repeat(nulls.valid_indices().map(length), all);
                // Lists that are null are mostly empty.
                (present != all).then(|| {
                    let mut valid = BooleanBufferBuilder::new(all);
                    (0..lists).for_each(|slot| valid.append_n(length(slot), nulls.is_valid(slot)));
                    NullBuffer::new(valid.finish())
                })
            }
        };
        items.slice(offset(0), all)
    }

    /// Replaces the lists that are present, with the given lengths, by their items. Returns the number of items,
    /// which is at most `room`.
    fn repeat(&mut self, mut lengths: impl Iterator<Item = usize>, room: usize) -> usize {
        let depth = self.max_definition;
        self.max_repetition += 1;
        self.max_definition += 1;
        let mut repetition = Vec::with_capacity(self.repetition.len() + room);
        let mut definition = Vec::with_capacity(repetition.capacity());
        let mut items = 0;
        for (&repeats, &defined) in std::iter::zip(&self.repetition, &self.definition) {
            let length = if defined == depth {
                lengths.next().unwrap_or(0)
            } else {
                0
            };
            repetition.push(repeats);
            definition.push(defined + u16::from(length > 0));
            if length > 1 {
                let filled = repetition.len() + length - 1;
                repetition.resize(filled, self.max_repetition);
                definition.resize(filled, self.max_definition);
            }
            items += length;
        }
        (self.repetition, self.definition) = (repetition, definition);
        items
    }

    /// Returns the number of rows.
    pub(crate) fn rows(&self) -> usize {
        match self.max_repetition {
            0 => self.repetition.len(),
            _ => self.repetition.iter().filter(|level| **level == 0).count(),
        }
    }

    /// Returns the number of values that are present.
    pub(crate) fn values(&self) -> usize {
        let present = self.definition.iter();
        present
            .filter(|level| **level == self.max_definition)
            .count()
    }

    /// Returns whether the value at this level is present.
    pub(crate) fn is_present(&self, at: usize) -> bool {
        self.definition[at] == self.max_definition
    }

    /// Returns whether this level is the last of its row.
    pub(crate) fn ends_row(&self, at: usize) -> bool {
        self.repetition.get(at + 1).is_none_or(|level| *level == 0)
    }
}
