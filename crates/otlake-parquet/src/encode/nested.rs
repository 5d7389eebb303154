//! Lists, maps and structs: the arrays at their leaves, and the levels that say of which row and of
//! which list a value is.
//!
//! <https://parquet.apache.org/docs/file-format/nestedencoding/>

use std::rc::Rc;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, OffsetSizeTrait};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer};
use arrow_schema::DataType;

use crate::encode::flat::Family;

/// The levels of an array inside a column: one of each kind for every value, and for every null or
/// empty list in the place of one.
#[derive(Clone, Debug)]
pub(crate) struct NestedLevels {
    /// 0 where a row begins, else which of the lists goes on, counted from the outermost.
    pub(crate) repetition: Vec<u16>,
    /// How much of the way to the array is there.
    pub(crate) definition: Vec<u16>,
    /// How many lists are on the way.
    pub(crate) max_repetition: u16,
    /// The definition level of what is there.
    pub(crate) max_definition: u16,
    /// The slots of the array that are not there: null, or in a list or struct that is. None if every slot
    /// is there.
    pub(crate) nulls: Option<NullBuffer>,
}

/// The array at a leaf of a column, and the levels of its slots.
#[derive(Debug)]
pub(crate) struct LeafArray {
    pub(crate) array: ArrayRef,
    pub(crate) family: Family,
    pub(crate) levels: NestedLevels,
}

/// The leaves of a column, in their order in the file. Levels are made when their leaf's turn comes, so
/// that only its own are in memory, and those of the structs around it.
#[derive(Debug)]
pub(crate) struct Leaves {
    /// What is still to be gone into, the next on top.
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    array: ArrayRef,
    nullable: bool,
    /// Those of what is around it.
    levels: Rc<NestedLevels>,
}

impl Leaves {
    /// None if a leaf has no encoder here.
    pub(crate) fn of(column: &ArrayRef) -> Option<Self> {
        is_encodable(column.data_type()).then(|| Self {
            nodes: vec![Node {
                array: Arc::clone(column),
                // All columns are `OPTIONAL`.
                nullable: true,
                levels: Rc::new(NestedLevels::of_rows(column.len())),
            }],
        })
    }

    fn push(&mut self, array: &ArrayRef, nullable: bool, levels: &Rc<NestedLevels>) {
        self.nodes.push(Node {
            array: Arc::clone(array),
            nullable,
            levels: Rc::clone(levels),
        });
    }
}

fn is_encodable(data_type: &DataType) -> bool {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) => is_encodable(item.data_type()),
        DataType::Map(entry, _) => is_encodable(entry.data_type()),
        DataType::Struct(fields) => fields.iter().all(|field| is_encodable(field.data_type())),
        leaf => Family::of(leaf).is_some(),
    }
}

impl Iterator for Leaves {
    type Item = LeafArray;

    fn next(&mut self) -> Option<LeafArray> {
        loop {
            let Node {
                array,
                nullable,
                levels,
            } = self.nodes.pop()?;
            let mut levels = Rc::unwrap_or_clone(levels);
            if nullable {
                levels.enter_optional(array.logical_nulls());
            }
            match array.data_type() {
                DataType::List(item) => {
                    let list = array.as_list::<i32>();
                    let items = levels.enter_repeated(list.offsets(), list.values());
                    self.push(&items, item.is_nullable(), &Rc::new(levels));
                }
                DataType::LargeList(item) => {
                    let list = array.as_list::<i64>();
                    let items = levels.enter_repeated(list.offsets(), list.values());
                    self.push(&items, item.is_nullable(), &Rc::new(levels));
                }
                DataType::Map(..) => {
                    let map = array.as_map();
                    let entries: ArrayRef = Arc::new(map.entries().clone());
                    let entries = levels.enter_repeated(map.offsets(), &entries);
                    // An entry is what repeats, so it can't be null.
                    self.push(&entries, false, &Rc::new(levels));
                }
                DataType::Struct(fields) => {
                    let levels = Rc::new(levels);
                    let columns = array.as_struct().columns();
                    for (field, column) in std::iter::zip(fields, columns).rev() {
                        self.push(column, field.is_nullable(), &levels);
                    }
                }
                leaf => {
                    let Some(family) = Family::of(leaf) else {
                        unreachable!("the column was found to be encodable");
                    };
                    return Some(LeafArray {
                        array,
                        family,
                        levels,
                    });
                }
            }
        }
    }
}

impl NestedLevels {
    /// Those of as many rows, before anything is gone into.
    fn of_rows(rows: usize) -> Self {
        Self {
            repetition: vec![0; rows],
            definition: vec![0; rows],
            max_repetition: 0,
            max_definition: 0,
            nulls: None,
        }
    }

    /// What is there and no null counts one more.
    fn enter_optional(&mut self, own: Option<NullBuffer>) {
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

    /// `valid` says it of all that is there.
    fn define(&mut self, mut valid: impl Iterator<Item = bool>) {
        let depth = self.max_definition;
        self.max_definition += 1;
        for level in &mut self.definition {
            if *level == depth {
                *level += u16::from(valid.next() == Some(true));
            }
        }
    }

    /// Each list that is there gives way to its items, unless it has none. Returns those of all lists.
    fn enter_repeated<O: OffsetSizeTrait>(&mut self, offsets: &[O], items: &ArrayRef) -> ArrayRef {
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
                let there = self.repeat(nulls.valid_indices().map(length), all);
                // Lists that are null are empty, mostly.
                (there != all).then(|| {
                    let mut valid = BooleanBufferBuilder::new(all);
                    (0..lists).for_each(|slot| valid.append_n(length(slot), nulls.is_valid(slot)));
                    NullBuffer::new(valid.finish())
                })
            }
        };
        items.slice(offset(0), all)
    }

    /// `lengths` are those of all lists that are there, which have up to `room` items. How many they have.
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

    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        match self.max_repetition {
            0 => self.repetition.len(),
            _ => self.repetition.iter().filter(|level| **level == 0).count(),
        }
    }

    /// How many values are there.
    pub(crate) fn values(&self) -> usize {
        let there = self.definition.iter();
        there.filter(|level| **level == self.max_definition).count()
    }

    /// Whether the value at this level is there.
    pub(crate) fn is_there(&self, at: usize) -> bool {
        self.definition[at] == self.max_definition
    }

    /// Whether the level at this place is the last of its row.
    pub(crate) fn ends_row(&self, at: usize) -> bool {
        self.repetition.get(at + 1).is_none_or(|level| *level == 0)
    }
}
