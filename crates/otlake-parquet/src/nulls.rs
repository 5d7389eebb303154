//! Column chunks without a value: a column that is null throughout, or that the row group lacks, and
//! lists and maps that are all null or empty.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;

use crate::chunk::{Draft, Encoding, Page};
use crate::column::Leaf;
use crate::rle::{begin_levels, bit_width, end_levels, put_constant_levels, put_runs};

/// The rows of a chunk of which none has a value.
#[derive(Clone, Copy)]
pub(crate) enum Valueless<'a> {
    /// All null.
    Null,
    /// Lists or maps, empty where they are not null.
    Empty(Option<&'a NullBuffer>),
}

impl<'a> Valueless<'a> {
    /// If `array` is so.
    pub(crate) fn of(array: &'a ArrayRef) -> Option<Self> {
        let empty = match array.data_type() {
            DataType::List(_) => ends(array.as_list::<i32>().offsets()),
            DataType::LargeList(_) => ends(array.as_list::<i64>().offsets()),
            DataType::Map(_, _) => ends(array.as_map().offsets()),
            _ => false,
        };
        if array.logical_null_count() == array.len() {
            Some(Self::Null)
        } else if empty {
            Some(Self::Empty(array.nulls()))
        } else {
            None
        }
    }
}

/// Whether the first list begins where the last one ends.
fn ends<T: PartialEq>(offsets: &[T]) -> bool {
    offsets.first() == offsets.last()
}

/// Drafts the chunk of `leaf` as one page. It has few bytes whatever the rows, so no limit of a page
/// applies.
pub(crate) fn draft(
    draft: &mut Draft,
    leaf: &Leaf,
    rows: usize,
    valueless: Valueless<'_>,
    indices: &mut Vec<u32>,
) {
    let body = &mut draft.body;
    put_constant_levels(body, rows, 0, leaf.max_repetition_level);
    // A row that is there counts 1, as the column is `OPTIONAL`; the empty list adds nothing.
    match valueless {
        Valueless::Null => put_constant_levels(body, rows, 0, leaf.max_definition_level),
        Valueless::Empty(None) => put_constant_levels(body, rows, 1, leaf.max_definition_level),
        Valueless::Empty(Some(nulls)) => {
            indices.clear();
            indices.extend(nulls.iter().map(u32::from));
            let start = begin_levels(body);
            put_runs(body, indices, bit_width(leaf.max_definition_level));
            end_levels(body, start);
        }
    }
    draft.pages.push(Page {
        end: draft.body.len(),
        values: rows,
        first_row: 0,
        nulls: rows,
        encoding: Encoding::PLAIN,
        bounds: None,
    });
}
