//! Arrays without the dictionaries and runs that the `parquet` crate's encoders don't write, or write
//! wrongly.
//!
//! Version 59.3 of that crate writes other values for dictionaries of `FixedSizeBinary`, rejects
//! dictionaries of numbers, and panics for dictionaries of views. It is right for dictionaries of text and
//! bytes. Runs are expanded because its code for them is as general as this one.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type, RunEndIndexType};
use arrow_array::{
    Array, ArrayRef, DictionaryArray, FixedSizeListArray, GenericListArray, GenericListViewArray,
    Int32Array, MapArray, OffsetSizeTrait, StructArray, downcast_dictionary_array,
};
use arrow_schema::{ArrowError, DataType, Field, FieldRef};
use arrow_select::take::take;

/// Returns `array` with dictionaries and runs decoded as far as necessary.
pub(crate) fn decode(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if !needs_decoding(array.data_type()) {
        return Ok(Arc::clone(array));
    }
    match array.data_type() {
        DataType::Dictionary(..) => decode_dictionary(array),
        DataType::RunEndEncoded(run_ends, _) => {
            let dictionary = match run_ends.data_type() {
                DataType::Int16 => runs_as_dictionary::<Int16Type>(array),
                DataType::Int64 => runs_as_dictionary::<Int64Type>(array),
                _ => runs_as_dictionary::<Int32Type>(array),
            };
            decode(&dictionary?)
        }
        DataType::List(item) => decode_list::<i32>(array, item),
        DataType::LargeList(item) => decode_list::<i64>(array, item),
        DataType::ListView(item) => decode_list_view::<i32>(array, item),
        DataType::LargeListView(item) => decode_list_view::<i64>(array, item),
        DataType::FixedSizeList(item, size) => {
            let list = array.as_fixed_size_list();
            let items = decode(list.values())?;
            let item = retyped(item, &items);
            let nulls = list.nulls().cloned();
            let list =
                FixedSizeListArray::try_new_with_length(item, *size, items, nulls, list.len())?;
            Ok(Arc::new(list))
        }
        DataType::Map(entry, sorted) => {
            let map = array.as_map();
            let entries: ArrayRef = Arc::new(map.entries().clone());
            let entries = decode(&entries)?;
            let entry = retyped(entry, &entries);
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            let entries = entries.as_struct().clone();
            let map = MapArray::try_new(entry, offsets, entries, nulls, *sorted)?;
            Ok(Arc::new(map))
        }
        DataType::Struct(fields) => {
            let array = array.as_struct();
            let columns: Vec<ArrayRef> = array
                .columns()
                .iter()
                .map(decode)
                .collect::<Result<_, _>>()?;
            let fields: Vec<FieldRef> = std::iter::zip(fields, &columns)
                .map(|(field, column)| retyped(field, column))
                .collect();
            let nulls = array.nulls().cloned();
            let array =
                StructArray::try_new_with_length(fields.into(), columns, nulls, array.len())?;
            Ok(Arc::new(array))
        }
        _ => Ok(Arc::clone(array)),
    }
}

/// Returns whether there is anything to decode in arrays of a type.
pub(crate) fn needs_decoding(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, value) => !matches!(
            **value,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary
        ),
        DataType::RunEndEncoded(..) => true,
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => needs_decoding(item.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| needs_decoding(field.data_type())),
        _ => false,
    }
}

fn decode_dictionary(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    downcast_dictionary_array!(
        array => decode(&take(array.values(), array.keys(), None)?),
        _ => Ok(Arc::clone(array)),
    )
}

/// Returns runs as a dictionary whose keys are the numbers of the runs. Values are not copied.
fn runs_as_dictionary<R: RunEndIndexType>(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let runs = array.as_run::<R>();
    let mut keys = Vec::with_capacity(runs.len());
    for row in 0..runs.len() {
        keys.push(runs.get_physical_index(row) as i32);
    }
    let keys = Int32Array::from(keys);
    let dictionary = DictionaryArray::<Int32Type>::try_new(keys, Arc::clone(runs.values()))?;
    Ok(Arc::new(dictionary))
}

fn decode_list<O: OffsetSizeTrait>(
    array: &ArrayRef,
    item: &FieldRef,
) -> Result<ArrayRef, ArrowError> {
    let list = array.as_list::<O>();
    let items = decode(list.values())?;
    let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
    let list = GenericListArray::try_new(retyped(item, &items), offsets, items, nulls)?;
    Ok(Arc::new(list))
}

fn decode_list_view<O: OffsetSizeTrait>(
    array: &ArrayRef,
    item: &FieldRef,
) -> Result<ArrayRef, ArrowError> {
    let list = array.as_list_view::<O>();
    let items = decode(list.values())?;
    let (offsets, sizes) = (list.offsets().clone(), list.sizes().clone());
    let nulls = list.nulls().cloned();
    let list = GenericListViewArray::try_new(retyped(item, &items), offsets, sizes, items, nulls)?;
    Ok(Arc::new(list))
}

fn retyped(field: &FieldRef, array: &ArrayRef) -> FieldRef {
    let field = Field::clone(field).with_data_type(array.data_type().clone());
    Arc::new(field)
}
