//! Rows as numbers that compare as the rows do.
//!
//! Values become numbers without gaps or nearly so: text its rank among all values, integers their distance from the
//! least one. So a service and a time fit into one number with the number of the row, and sorting compares no strings.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type};
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, SortOptions};
use foldhash::{HashMap, HashMapExt};

use super::strings::Values;

/// The bits of a key that are left next to the number of the row.
const BITS: u32 = 96;

/// The largest number of distinct texts that are ranked. Ranking more takes longer than comparing them.
const MOST_TEXTS: usize = 100_000;

/// A column of the sort order.
pub(crate) struct Column<'a> {
    /// The values in each block; `None` if all of them are null.
    pub(crate) arrays: Vec<Option<&'a ArrayRef>>,
    pub(crate) options: SortOptions,
}

/// The values of a column in one block, as numbers.
enum Numbers<'a> {
    Null,
    /// Integers, as bits that compare as they do.
    Integers(ScalarBuffer<i64>),
    Doubles(&'a [f64]),
    Booleans(&'a BooleanArray),
    /// The rank of each row.
    Text(Vec<u32>),
    /// The key of each row, and the rank of each key.
    Dictionary(&'a [i32], Vec<u32>),
}

/// Returns a sorted number for each row of blocks with the given numbers of rows. Its low 32 bits are the number of the
/// row across blocks. Returns `None` if the rows do not fit into such numbers.
pub(crate) fn sorted(rows: &[usize], columns: &[Column<'_>]) -> Option<Vec<u128>> {
    let total: usize = rows.iter().sum();
    u32::try_from(total).ok()?;
    let mut keys = vec![0_u128; total];
    // The number of different keys so far.
    let mut span = 1_u128;
    for column in columns {
        let numbers = Numbers::of(&column.arrays)?;
        let (least, greatest) = range(&numbers, &column.arrays);
        // One more for nulls.
        let values = u128::from(greatest.wrapping_sub(least)) + 1;
        let SortOptions {
            descending,
            nulls_first,
        } = column.options;
        span = span.checked_mul(values + 1)?;
        if span > 1 << BITS {
            return None;
        }
        let first = u128::from(nulls_first);
        let null = if nulls_first { 0 } else { values };
        let mut keys = keys.iter_mut();
        for ((numbers, array), rows) in numbers.iter().zip(&column.arrays).zip(rows) {
            let nulls = array.and_then(|array| array.nulls());
            for row in 0..*rows {
                let number = match numbers.get(row, nulls) {
                    None => null,
                    Some(number) if descending => u128::from(greatest.wrapping_sub(number)) + first,
                    Some(number) => u128::from(number.wrapping_sub(least)) + first,
                };
                if let Some(key) = keys.next() {
                    *key = *key * (values + 1) + number;
                }
            }
        }
    }
    for (row, key) in keys.iter_mut().enumerate() {
        *key = *key << 32 | row as u128;
    }
    keys.sort_unstable();
    Some(keys)
}

/// Returns the least and the greatest number of all blocks.
fn range(numbers: &[Numbers<'_>], arrays: &[Option<&ArrayRef>]) -> (u64, u64) {
    let (mut least, mut greatest) = (u64::MAX, 0);
    for (numbers, array) in numbers.iter().zip(arrays) {
        let Some(array) = array else { continue };
        for row in 0..array.len() {
            if let Some(number) = numbers.get(row, array.nulls()) {
                least = least.min(number);
                greatest = greatest.max(number);
            }
        }
    }
    if least > greatest {
        (0, 0)
    } else {
        (least, greatest)
    }
}

impl<'a> Numbers<'a> {
    /// Returns the numbers of each block; `None` for types and values that have none.
    fn of(arrays: &[Option<&'a ArrayRef>]) -> Option<Vec<Self>> {
        let mut known = arrays.iter().flatten();
        let data_type = match known.next() {
            None => return Some(arrays.iter().map(|_| Self::Null).collect()),
            Some(array) => array.data_type(),
        };
        if let DataType::Utf8 | DataType::Binary | DataType::Dictionary(..) = data_type {
            return Self::ranks(arrays);
        }
        let numbers = arrays.iter().map(|array| {
            Some(match array {
                None => Self::Null,
                Some(array) => match array.data_type() {
                    DataType::Boolean => Self::Booleans(array.as_boolean()),
                    DataType::Float64 => {
                        Self::Doubles(array.as_primitive::<Float64Type>().values())
                    }
                    DataType::Int64 | DataType::Timestamp(..) => {
                        let data = array.to_data();
                        let buffer = data.buffers()[0].clone();
                        Self::Integers(ScalarBuffer::new(buffer, data.offset(), data.len()))
                    }
                    _ => return None,
                },
            })
        });
        numbers.collect()
    }

    /// Returns the rank of each text among all of them.
    fn ranks(arrays: &[Option<&'a ArrayRef>]) -> Option<Vec<Self>> {
        let mut numbers: HashMap<&[u8], u32> = HashMap::new();
        let mut blocks = Vec::with_capacity(arrays.len());
        for array in arrays {
            let Some(array) = array else {
                blocks.push(Self::Null);
                continue;
            };
            let dictionary = array.as_dictionary_opt::<Int32Type>();
            let values = dictionary.map_or(*array, |dictionary| dictionary.values());
            let values = Values::of(values).ok()?;
            if dictionary.is_some() && values.nulls.is_some() {
                return None;
            }
            let mut found = Vec::with_capacity(values.len());
            for value in 0..values.len() {
                if values.nulls.is_some_and(|nulls| nulls.is_null(value)) {
                    found.push(0);
                    continue;
                }
                let next = numbers.len() as u32;
                found.push(*numbers.entry(values.get(value)).or_insert(next));
            }
            if numbers.len() > MOST_TEXTS {
                return None;
            }
            blocks.push(match dictionary {
                Some(dictionary) => Self::Dictionary(dictionary.keys().values(), found),
                None => Self::Text(found),
            });
        }
        let mut sorted: Vec<(&[u8], u32)> = numbers.into_iter().collect();
        sorted.sort_unstable();
        let mut ranks = vec![0; sorted.len()];
        for (rank, (_, number)) in sorted.into_iter().enumerate() {
            ranks[number as usize] = rank as u32;
        }
        for block in &mut blocks {
            if let Self::Text(found) | Self::Dictionary(_, found) = block {
                for number in found.iter_mut() {
                    // There is no rank if all texts are null.
                    *number = ranks.get(*number as usize).copied().unwrap_or(0);
                }
            }
        }
        Some(blocks)
    }

    /// Returns the number of a row; `None` if it is null.
    fn get(&self, row: usize, nulls: Option<&NullBuffer>) -> Option<u64> {
        if nulls.is_some_and(|nulls| nulls.is_null(row)) {
            return None;
        }
        Some(match self {
            Self::Null => return None,
            Self::Integers(values) => order_of_integer(values[row]),
            Self::Doubles(values) => {
                // The order of `f64::total_cmp`.
                let bits = values[row].to_bits() as i64;
                order_of_integer(bits ^ ((bits >> 63) as u64 >> 1) as i64)
            }
            Self::Booleans(values) => u64::from(values.value(row)),
            Self::Text(ranks) => u64::from(ranks[row]),
            Self::Dictionary(keys, ranks) => u64::from(ranks[keys[row] as usize]),
        })
    }
}

fn order_of_integer(value: i64) -> u64 {
    value as u64 ^ 1 << 63
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{DictionaryArray, Float64Array, Int64Array, StringArray};

    use super::*;

    const OPTIONS: SortOptions = SortOptions {
        descending: false,
        nulls_first: false,
    };

    fn rows_of(
        columns: &[(Vec<Option<ArrayRef>>, SortOptions)],
        rows: &[usize],
    ) -> Option<Vec<u32>> {
        let columns: Vec<Column<'_>> = columns
            .iter()
            .map(|(arrays, options)| Column {
                arrays: arrays.iter().map(Option::as_ref).collect(),
                options: *options,
            })
            .collect();
        let sorted = sorted(rows, &columns)?;
        Some(sorted.into_iter().map(|key| key as u32).collect())
    }

    /// Text with and without dictionaries, blocks without a column, nulls at either end, and descending orders.
    #[test]
    fn rows_are_sorted_across_blocks() {
        let few: DictionaryArray<Int32Type> = [Some("b"), None, Some("a")].into_iter().collect();
        let plain = StringArray::from(vec![Some("aa"), None, Some("b")]);
        let texts: Vec<Option<ArrayRef>> = vec![Some(Arc::new(few)), None, Some(Arc::new(plain))];
        let numbers = Int64Array::from(vec![5, i64::MIN, -1]);
        let numbers: Vec<Option<ArrayRef>> = vec![None, None, Some(Arc::new(numbers))];
        let rows = [3, 1, 3];
        let by_text = |options| rows_of(&[(texts.clone(), options)], &rows).unwrap();
        assert_eq!(by_text(OPTIONS), [2, 4, 0, 6, 1, 3, 5]);
        let descending = SortOptions {
            descending: true,
            nulls_first: true,
        };
        assert_eq!(by_text(descending), [1, 3, 5, 0, 6, 4, 2]);
        let both = [(numbers, OPTIONS), (texts, OPTIONS)];
        assert_eq!(rows_of(&both, &rows).unwrap(), [5, 6, 4, 2, 0, 1, 3]);
    }

    /// Doubles are ordered as by `f64::total_cmp`.
    #[test]
    fn doubles_have_a_total_order() {
        let values = vec![0.0, -0.0, f64::NAN, -f64::NAN, -1.5, f64::INFINITY, 2.0];
        let mut expected: Vec<u32> = (0..values.len() as u32).collect();
        expected.sort_by(|a, b| values[*a as usize].total_cmp(&values[*b as usize]));
        let array: ArrayRef = Arc::new(Float64Array::from(values.clone()));
        let found = rows_of(&[(vec![Some(array)], OPTIONS)], &[values.len()]);
        assert_eq!(found, Some(expected));
    }

    /// Two columns that need more bits than a key has are left to the comparison of bytes.
    #[test]
    fn keys_that_are_too_wide_are_not_made() {
        let wide: ArrayRef = Arc::new(Int64Array::from(vec![i64::MIN, i64::MAX]));
        let one = (vec![Some(wide)], OPTIONS);
        assert!(rows_of(std::slice::from_ref(&one), &[2]).is_some());
        assert_eq!(rows_of(&[one.clone(), one], &[2]), None);
    }
}
