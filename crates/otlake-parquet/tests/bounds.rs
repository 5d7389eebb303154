//! Minima and maxima of a file are those of its footer, and true of the values.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, FixedSizeBinaryArray, Float64Array, Int64Array, ListArray, RecordBatch,
    StringArray, StructArray, new_null_array,
};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use bytes::Bytes;
use otlake_parquet::{Bound, ColumnSummary, Encoder, FileWriter, WriterOptions};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::file::metadata::ColumnChunkMetaData;
use proptest::prelude::*;
use support::{Kind, Nulls, batch, batches, column, write};

/// The values of an array as bounds, without nulls; `None` if its type has no bounds.
fn values(array: &ArrayRef) -> Option<Vec<Bound>> {
    let cast = |data_type| cast(array, &data_type).unwrap();
    Some(match array.data_type() {
        DataType::Dictionary(_, value) => return values(&cast((**value).clone())),
        DataType::Boolean => {
            let values = array.as_boolean().iter().flatten();
            values.map(Bound::Boolean).collect()
        }
        DataType::UInt64 => {
            let values = array.as_primitive::<UInt64Type>().iter().flatten();
            values.map(Bound::UInt64).collect()
        }
        DataType::Float32 | DataType::Float64 => {
            let floats = cast(DataType::Float64);
            let values = floats.as_primitive::<Float64Type>().iter().flatten();
            values.map(Bound::Float64).collect()
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let strings = cast(DataType::Utf8);
            let values = strings.as_string::<i32>().iter().flatten();
            values.map(|value| Bound::Utf8(value.to_owned())).collect()
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            let binary = cast(DataType::Binary);
            let values = binary.as_binary::<i32>().iter().flatten();
            let bytes = values.map(Bytes::copy_from_slice);
            bytes.map(Bound::Binary).collect()
        }
        DataType::FixedSizeBinary(_) => return None,
        data_type if data_type.is_nested() => return None,
        data_type => {
            let narrow = data_type.primitive_width() == Some(4) && data_type.is_temporal();
            let array = if narrow {
                cast(DataType::Int32)
            } else {
                Arc::clone(array)
            };
            let integers = arrow_cast::cast(&array, &DataType::Int64).unwrap();
            let values = integers.as_primitive::<Int64Type>().iter().flatten();
            values.map(Bound::Int64).collect()
        }
    })
}

fn is_nan(value: &Bound) -> bool {
    matches!(value, Bound::Float64(value) if value.is_nan())
}

fn compare(a: &Bound, b: &Bound) -> Ordering {
    match (a, b) {
        (Bound::Boolean(a), Bound::Boolean(b)) => a.cmp(b),
        (Bound::Int64(a), Bound::Int64(b)) => a.cmp(b),
        (Bound::UInt64(a), Bound::UInt64(b)) => a.cmp(b),
        (Bound::Float64(a), Bound::Float64(b)) => a.partial_cmp(b).unwrap(),
        (Bound::Utf8(a), Bound::Utf8(b)) => a.cmp(b),
        (Bound::Binary(a), Bound::Binary(b)) => a.cmp(b),
        _ => panic!("{a:?} and {b:?} are of two types"),
    }
}

fn check(batches: &[RecordBatch], options: WriterOptions) {
    let (file, summary) = write(options, batches);
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let (schema, groups) = (builder.schema(), builder.metadata().row_groups());
    assert_eq!(summary.columns.len(), schema.fields().len());
    for (column, field) in summary.columns.iter().zip(schema.fields()) {
        let ColumnSummary { name, min, max, .. } = column;
        assert_eq!(name, field.name());
        let arrays = batches
            .iter()
            .filter_map(|batch| batch.column_by_name(name));
        let all: Option<Vec<Vec<Bound>>> = arrays.map(values).collect();
        let Some(all) = all else {
            assert_eq!((min, max), (&None, &None), "{name} has no bounds");
            continue;
        };
        if all.iter().flatten().any(is_nan) {
            assert_eq!((min, max), (&None, &None), "{name} has a NaN");
            continue;
        }
        for value in all.iter().flatten() {
            let (min, max) = (min.as_ref().unwrap(), max.as_ref().unwrap());
            assert!(compare(min, value).is_le(), "{min:?} {value:?}");
            assert!(compare(max, value).is_ge(), "{max:?} {value:?}");
        }
        let converter =
            StatisticsConverter::try_new(name, schema, builder.parquet_schema()).unwrap();
        let mins = values(&converter.row_group_mins(groups).unwrap()).unwrap();
        let maxes = values(&converter.row_group_maxes(groups).unwrap()).unwrap();
        assert_eq!(*min, mins.into_iter().min_by(compare), "{name}");
        assert_eq!(*max, maxes.into_iter().max_by(compare), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// A summary of any file counts what the parquet crate reads in the footer, leaf by leaf.
    #[test]
    fn leaves_and_offsets_are_those_of_the_footer(batches in batches()) {
        check_leaves(&batches);
    }

    #[test]
    fn bounds_are_those_of_the_footer(batches in batches(), truncate in 1usize..70) {
        check(&batches, WriterOptions::new().with_statistics_truncate_length(truncate));
    }
}

fn check_leaves(batches: &[RecordBatch]) {
    let (file, summary) = write(WriterOptions::new(), batches);
    let metadata = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let groups = metadata.metadata().row_groups();
    let offsets: Vec<u64> = groups
        .iter()
        .map(|group| group.file_offset().unwrap() as u64)
        .collect();
    assert_eq!(summary.row_group_offsets, offsets);
    let mut number = 0;
    for column in &summary.columns {
        let own = [(column.nulls, summary.rows, column.compressed_bytes)];
        let leaves = column.leaves.iter();
        let leaves = leaves.map(|leaf| (leaf.nulls, leaf.values, leaf.compressed_bytes));
        let leaves = match column.leaves.len() {
            0 => own.to_vec(),
            _ => leaves.collect(),
        };
        for (nulls, values, bytes) in leaves {
            let chunks = || groups.iter().map(|group| group.column(number));
            let counted = |chunk: &ColumnChunkMetaData| chunk.statistics()?.null_count_opt();
            let expected: u64 = chunks().map(|chunk| counted(chunk).unwrap()).sum();
            assert_eq!(nulls, expected, "nulls of {}", column.name);
            let expected: i64 = chunks().map(|chunk| chunk.num_values()).sum();
            assert_eq!(values, expected as u64, "values of {}", column.name);
            let expected: i64 = chunks().map(|chunk| chunk.compressed_size()).sum();
            assert_eq!(bytes, expected as u64, "bytes of {}", column.name);
            number += 1;
        }
    }
    assert_eq!(number, metadata.parquet_schema().num_columns());
}

/// A nested column with field ids: its leaves have the ids of the file, a leaf in a list has no bounds, and one in
/// a struct has those of its values.
#[test]
fn leaves_of_nested_columns_have_ids_and_bounds_outside_of_lists() {
    let with_id = |field: Field, id: i32| {
        field.with_metadata([(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string())].into())
    };
    let item = Arc::new(with_id(Field::new("element", DataType::Int64, true), 3));
    let list = ListArray::from_iter_primitive::<Int64Type, _, _>([
        Some(vec![Some(7), None]),
        None,
        Some(vec![]),
    ]);
    let (_, offsets, values, nulls) = list.into_parts();
    let list: ArrayRef = Arc::new(ListArray::new(item, offsets, values, nulls));
    let fields = [
        with_id(Field::new("n", DataType::Int64, true), 4),
        with_id(Field::new("list", list.data_type().clone(), true), 2),
    ];
    let numbers = array(vec![Some(5), None, Some(-5)]);
    let message: ArrayRef = Arc::new(StructArray::new(
        fields.to_vec().into(),
        vec![numbers, list],
        None,
    ));
    let field = with_id(Field::new("message", message.data_type().clone(), true), 1);
    let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![message]).unwrap();
    let (_, summary) = write(WriterOptions::new(), &[batch]);

    let column = &summary.columns[0];
    assert_eq!(column.field_id, Some(1));
    let leaves: Vec<_> = column
        .leaves
        .iter()
        .map(|leaf| (&*leaf.path, leaf.field_id, leaf.values, leaf.nulls))
        .collect();
    let expected = [
        ("message.n", Some(4), 3, 1),
        ("message.list.list.element", Some(3), 4, 3),
    ];
    assert_eq!(leaves, expected);
    let bounds = |number: usize| (&column.leaves[number].min, &column.leaves[number].max);
    assert_eq!(bounds(0), (&Some(Bound::Int64(-5)), &Some(Bound::Int64(5))));
    assert_eq!(bounds(1), (&None, &None));
}

/// The columns of one file with the columns of each group as a row group.
fn summaries(groups: Vec<Vec<(&str, ArrayRef)>>) -> Vec<ColumnSummary> {
    let batches: Vec<RecordBatch> = groups
        .into_iter()
        .map(|columns| {
            let columns = columns.into_iter();
            batch(
                columns
                    .map(|(name, array)| (name.to_owned(), array))
                    .collect(),
            )
        })
        .collect();
    write(WriterOptions::new(), &batches).1.columns
}

fn array<T>(values: Vec<T>) -> ArrayRef
where
    Int64Array: From<Vec<T>>,
{
    Arc::new(Int64Array::from(values))
}

#[test]
fn every_type_of_numbers_has_bounds() {
    let numbers = array(vec![Some(3), None, Some(1), Some(2)]);
    let seconds = DataType::Timestamp(TimeUnit::Second, None);
    for (data_type, narrow) in [
        (DataType::Int8, false),
        (DataType::Int16, false),
        (DataType::Int32, false),
        (DataType::Int64, false),
        (DataType::UInt8, false),
        (DataType::UInt16, false),
        (DataType::UInt32, false),
        (DataType::Date32, true),
        (DataType::Time32(TimeUnit::Second), true),
        (DataType::Time32(TimeUnit::Millisecond), true),
        (DataType::Time64(TimeUnit::Microsecond), false),
        (DataType::Time64(TimeUnit::Nanosecond), false),
        (seconds, false),
        (DataType::Timestamp(TimeUnit::Millisecond, None), false),
        (
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            false,
        ),
        (DataType::Timestamp(TimeUnit::Nanosecond, None), false),
        (DataType::Duration(TimeUnit::Millisecond), false),
    ] {
        let integers = if narrow {
            cast(&numbers, &DataType::Int32).unwrap()
        } else {
            Arc::clone(&numbers)
        };
        let column = &summaries(vec![vec![("a", cast(&integers, &data_type).unwrap())]])[0];
        let bounds = (column.min.clone(), column.max.clone());
        assert_eq!(
            bounds,
            (Some(Bound::Int64(1)), Some(Bound::Int64(3))),
            "{data_type}"
        );
    }
    let large = cast(&numbers, &DataType::UInt64).unwrap();
    let column = &summaries(vec![vec![("a", large)]])[0];
    assert_eq!(column.max, Some(Bound::UInt64(3)));
}

#[test]
fn types_without_an_order_have_no_bounds() {
    let numbers = array(vec![1, 2]);
    let ids = FixedSizeBinaryArray::try_from_iter([[1u8, 2], [3, 4]].iter()).unwrap();
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "decimal",
            cast(&numbers, &DataType::Decimal128(10, 2)).unwrap(),
        ),
        ("date64", cast(&numbers, &DataType::Date64).unwrap()),
        ("id", Arc::new(ids)),
        ("nan", Arc::new(Float64Array::from(vec![f64::NAN; 2]))),
        ("null", new_null_array(&DataType::Int64, 2)),
    ];
    for column in summaries(vec![columns]) {
        assert_eq!((column.min, column.max), (None, None), "{}", column.name);
    }
}

#[test]
fn row_groups_without_values_do_not_affect_bounds() {
    let null = new_null_array(&DataType::Float64, 1);
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![0.0]));
    let columns = summaries(vec![
        vec![("float", null)],
        vec![("float", floats), ("late", array(vec![5]))],
        vec![("late", array(vec![-5])), ("last", array(vec![1]))],
    ]);
    let bounds: Vec<_> = columns
        .iter()
        .map(|column| (column.min.clone().unwrap(), column.max.clone().unwrap()))
        .collect();
    assert_eq!(bounds[0], (Bound::Float64(-0.0), Bound::Float64(0.0)));
    assert_eq!(bounds[1], (Bound::Int64(-5), Bound::Int64(5)));
    assert_eq!(bounds[2], (Bound::Int64(1), Bound::Int64(1)));
}

/// A file with a NaN in one row group has no bounds, not those of the others.
#[test]
fn a_nan_in_one_row_group_leaves_the_file_without_bounds() {
    let floats = |values: Vec<f64>| Arc::new(Float64Array::from(values)) as ArrayRef;
    let columns = summaries(vec![
        vec![("float", floats(vec![1.0]))],
        vec![("float", floats(vec![2.0, f64::NAN]))],
    ]);
    assert_eq!((&columns[0].min, &columns[0].max), (&None, &None));
}

#[test]
fn long_text_is_cut_below_and_rounded_up_above() {
    let text = |character: &str| character.repeat(100);
    let strings: ArrayRef = Arc::new(StringArray::from(vec![text("a"), text("b")]));
    let column = &summaries(vec![vec![("text", strings)]])[0];
    let min = "a".repeat(64);
    let max = format!("{}c", "b".repeat(63));
    let bounds = (column.min.clone().unwrap(), column.max.clone().unwrap());
    assert_eq!(bounds, (Bound::Utf8(min), Bound::Utf8(max)));
}

#[test]
fn the_memory_of_an_open_file_grows_with_its_row_groups() {
    let columns = [Kind::TextUnique, Kind::IntAny, Kind::List]
        .map(|kind| (format!("{kind:?}"), column(kind, 100, Nulls::Half, 1)));
    let batch = batch(columns.into());
    let mut encoder = Encoder::new(WriterOptions::new()).unwrap();
    let mut file = FileWriter::new(Vec::new());
    assert_eq!(file.memory_size(), 0);
    let mut sizes = Vec::new();
    for _ in 0..100 {
        file.write_row_group(&mut encoder, &batch).unwrap();
        sizes.push(file.memory_size());
    }
    assert!(sizes.is_sorted() && sizes[0] > 300, "{sizes:?}");
    let footer = {
        let (bytes, _) = file.finish(&mut encoder, &[]).unwrap();
        let end = bytes.len() - 8;
        u32::from_le_bytes(bytes[end..end + 4].try_into().unwrap()) as usize
    };
    assert!(sizes[99] > footer, "{} for a footer of {footer}", sizes[99]);
}
