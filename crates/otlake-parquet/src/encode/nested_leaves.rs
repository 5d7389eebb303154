//! The arrays at the leaves of lists, maps and structs.

use std::rc::Rc;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use crate::encode::array_encoder::EncoderKind;
use crate::page::nested_levels::NestedLevels;

/// The array at a leaf of a column, with the levels of its slots.
#[derive(Debug)]
pub(crate) struct LeafArray {
    pub(crate) array: ArrayRef,
    pub(crate) kind: EncoderKind,
    pub(crate) levels: NestedLevels,
}

/// The leaves of a column, in their order in the file. The levels of a leaf are made when the iterator reaches
/// it, so only those and the levels of the structs around it are in memory.
#[derive(Debug)]
pub(crate) struct NestedLeaves {
    /// The arrays that are still to be entered, the next one last.
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    array: ArrayRef,
    nullable: bool,
    /// The levels of the array that contains this one.
    levels: Rc<NestedLevels>,
}

impl NestedLeaves {
    /// Returns `None` if this crate has no encoder for one of the leaves.
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
        leaf => EncoderKind::of(leaf).is_some(),
    }
}

impl Iterator for NestedLeaves {
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
                    // The entry is the repeated group, so it can't be null.
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
                    let Some(kind) = EncoderKind::of(leaf) else {
                        unreachable!("the column was found to be encodable");
                    };
                    return Some(LeafArray {
                        array,
                        kind,
                        levels,
                    });
                }
            }
        }
    }
}
