//! Every Arrow type, at the top level, as a dictionary's or a run's value, and nested.
//!
//! The oracle is the `parquet` crate's writer, which is given the same values without dictionaries and runs:
//! with some of these it writes other values.
//!
//! If `OTLAKE_TYPES_DIRECTORY` names a directory, both files of each comparison are kept there, so that other
//! readers can compare them too (`.ci/readers/arrow_types.py`).

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::*;
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_cast::cast;
use arrow_data::ArrayData;
use arrow_schema::{
    DataType, Field, FieldRef, Fields, IntervalUnit, Schema, TimeUnit, UnionFields, UnionMode,
};
use bytes::Bytes;
use otlake_parquet::{Compression, Encoder, FileError, FileWriter, WriterOptions};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use support::{Random, batch, write};

/// Leaf types that Parquet has a type for.
fn leaf_types() -> Vec<DataType> {
    use DataType::*;
    use TimeUnit::*;
    let mut types = vec![
        Null,
        Boolean,
        Int8,
        Int16,
        Int32,
        Int64,
        UInt8,
        UInt16,
        UInt32,
        UInt64,
        Float16,
        Float32,
        Float64,
        Date32,
        Date64,
        Utf8,
        LargeUtf8,
        Utf8View,
        Binary,
        LargeBinary,
        BinaryView,
    ];
    types.extend([1, 3, 16].map(FixedSizeBinary));
    types.extend([
        Time32(Second),
        Time32(Millisecond),
        Time64(Microsecond),
        Time64(Nanosecond),
    ]);
    for unit in [Second, Millisecond, Microsecond, Nanosecond] {
        types.extend([
            Timestamp(unit, None),
            Timestamp(unit, Some("UTC".into())),
            Duration(unit),
        ]);
    }
    types.extend([IntervalUnit::YearMonth, IntervalUnit::DayTime].map(Interval));
    types.extend([(5, 2), (9, 3)].map(|(precision, scale)| Decimal32(precision, scale)));
    types.extend([(5, 2), (18, 4)].map(|(precision, scale)| Decimal64(precision, scale)));
    types
        .extend([(5, 2), (18, 4), (38, 10)].map(|(precision, scale)| Decimal128(precision, scale)));
    types
        .extend([(5, 2), (18, 4), (76, 10)].map(|(precision, scale)| Decimal256(precision, scale)));
    types
}

/// A type, at most `depth` levels deep.
fn any_type(random: &mut Random, depth: u64) -> DataType {
    let leaves = leaf_types();
    let leaf = |random: &mut Random| leaves[random.below(leaves.len() as u64) as usize].clone();
    let field = |random: &mut Random, name: &str, depth| -> FieldRef {
        Arc::new(Field::new(name, any_type(random, depth), true))
    };
    if depth == 0 {
        return leaf(random);
    }
    let deeper = depth - 1;
    match random.below(10) {
        0 => DataType::List(field(random, "item", deeper)),
        1 => DataType::LargeList(field(random, "item", deeper)),
        2 => DataType::FixedSizeList(field(random, "item", deeper), random.below(3) as i32 + 1),
        3 => DataType::ListView(field(random, "item", deeper)),
        4 => {
            let key = Arc::new(Field::new("keys", DataType::Utf8, false));
            let fields = Fields::from(vec![key, field(random, "values", deeper)]);
            DataType::Map(
                Arc::new(Field::new("entries", DataType::Struct(fields), false)),
                false,
            )
        }
        5 => {
            let count = random.below(3) + 1;
            let fields = (0..count).map(|number| field(random, &format!("f{number}"), deeper));
            DataType::Struct(fields.collect())
        }
        6 => {
            let run_ends = random.one_of(&[0, 1, 2]);
            let run_ends = [DataType::Int16, DataType::Int32, DataType::Int64][run_ends].clone();
            let run_ends = Arc::new(Field::new("run_ends", run_ends, false));
            DataType::RunEndEncoded(run_ends, Arc::new(Field::new("values", leaf(random), true)))
        }
        7 | 8 => {
            let keys = [
                DataType::Int8,
                DataType::Int16,
                DataType::Int32,
                DataType::Int64,
                DataType::UInt8,
                DataType::UInt16,
                DataType::UInt32,
                DataType::UInt64,
            ];
            let key = keys[random.below(8) as usize].clone();
            DataType::Dictionary(Box::new(key), Box::new(leaf(random)))
        }
        _ => leaf(random),
    }
}

fn any_nulls(random: &mut Random, rows: usize) -> Option<NullBuffer> {
    let of = random.one_of(&[0, 2, 5]);
    (of > 0).then(|| NullBuffer::from_iter((0..rows).map(|_| !random.one_in(of))))
}

/// An array of a type with random values, few or many distinct ones.
fn any_array(random: &mut Random, data_type: &DataType, rows: usize) -> ArrayRef {
    let nulls = any_nulls(random, rows);
    let few = random.one_in(2);
    let mut number = |limit: u64| random.below(if few { limit.min(5) } else { limit });
    match data_type {
        DataType::Null => Arc::new(NullArray::new(rows)),
        DataType::Boolean => {
            let values = BooleanBuffer::collect_bool(rows, |_| number(2) == 0);
            Arc::new(BooleanArray::new(values, nulls))
        }
        DataType::FixedSizeBinary(size) => {
            let bytes: Vec<u8> = (0..rows * *size as usize)
                .map(|_| number(256) as u8)
                .collect();
            let array = FixedSizeBinaryArray::new(*size, Buffer::from_vec(bytes), nulls);
            Arc::new(array)
        }
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView => {
            let mut text = || {
                let repeat = number(12) as usize;
                format!("{}{}", number(1000), "é".repeat(repeat))
            };
            let valid = |row| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
            let texts: StringArray = (0..rows).map(|row| valid(row).then(&mut text)).collect();
            cast(&texts, data_type).unwrap()
        }
        DataType::List(item) => {
            let (offsets, items) = lists(random, item, rows);
            let offsets = OffsetBuffer::new(offsets.into_iter().map(|at| at as i32).collect());
            Arc::new(ListArray::new(Arc::clone(item), offsets, items, nulls))
        }
        DataType::LargeList(item) => {
            let (offsets, items) = lists(random, item, rows);
            let offsets = OffsetBuffer::new(offsets.into_iter().map(|at| at as i64).collect());
            Arc::new(LargeListArray::new(Arc::clone(item), offsets, items, nulls))
        }
        DataType::ListView(item) => {
            let (offsets, items) = lists(random, item, rows);
            let sizes: ScalarBuffer<i32> = offsets
                .windows(2)
                .map(|pair| (pair[1] - pair[0]) as i32)
                .collect();
            let starts: ScalarBuffer<i32> = offsets[..rows].iter().map(|at| *at as i32).collect();
            Arc::new(ListViewArray::new(
                Arc::clone(item),
                starts,
                sizes,
                items,
                nulls,
            ))
        }
        DataType::FixedSizeList(item, size) => {
            let items = any_array(random, item.data_type(), rows * *size as usize);
            Arc::new(FixedSizeListArray::new(
                Arc::clone(item),
                *size,
                items,
                nulls,
            ))
        }
        DataType::Map(entry, _) => {
            let DataType::Struct(fields) = entry.data_type() else {
                unreachable!()
            };
            let (offsets, values) = lists(random, &fields[1], rows);
            let mut keys = StringBuilder::new();
            (0..values.len()).for_each(|key| keys.append_value(format!("key {key}")));
            let columns: Vec<ArrayRef> = vec![Arc::new(keys.finish()), values];
            let entries = StructArray::new(fields.clone(), columns, None);
            let offsets = OffsetBuffer::new(offsets.into_iter().map(|at| at as i32).collect());
            Arc::new(MapArray::new(
                Arc::clone(entry),
                offsets,
                entries,
                nulls,
                false,
            ))
        }
        DataType::Struct(fields) => {
            let columns = fields
                .iter()
                .map(|f| any_array(random, f.data_type(), rows))
                .collect();
            Arc::new(StructArray::new(fields.clone(), columns, nulls))
        }
        DataType::Dictionary(key, value) => {
            let count = random.below(20) as usize + 1;
            let values = any_array(random, value, count);
            let keys: Int8Array = (0..rows)
                .map(|row| {
                    let valid = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
                    valid.then(|| random.below(count as u64) as i8)
                })
                .collect();
            let keys = cast(&keys, key).unwrap();
            let data = ArrayData::builder(data_type.clone())
                .len(rows)
                .add_buffer(keys.to_data().buffers()[0].clone())
                .nulls(keys.nulls().cloned())
                .add_child_data(values.to_data());
            make_array(data.build().unwrap())
        }
        DataType::RunEndEncoded(run_ends, value) => {
            let mut ends: Vec<i32> = Vec::new();
            let mut end = 0;
            while end < rows {
                end = (end + 1 + random.below(9) as usize).min(rows);
                ends.push(end as i32);
            }
            let values = any_array(random, value.data_type(), ends.len());
            let ends = Int32Array::from(ends);
            match run_ends.data_type() {
                DataType::Int16 => {
                    let ends = cast(&ends, &DataType::Int16).unwrap();
                    let ends = ends.as_primitive::<Int16Type>();
                    Arc::new(RunArray::<Int16Type>::try_new(ends, &values).unwrap())
                }
                DataType::Int64 => {
                    let ends = cast(&ends, &DataType::Int64).unwrap();
                    let ends = ends.as_primitive::<Int64Type>();
                    Arc::new(RunArray::<Int64Type>::try_new(ends, &values).unwrap())
                }
                _ => Arc::new(RunArray::<Int32Type>::try_new(&ends, &values).unwrap()),
            }
        }
        fixed => {
            let width = fixed.primitive_width().unwrap();
            let mut bytes = Vec::with_capacity(rows * width);
            for _ in 0..rows {
                let value: i128 = match fixed {
                    DataType::Decimal32(..)
                    | DataType::Decimal64(..)
                    | DataType::Decimal128(..)
                    | DataType::Decimal256(..) => i128::from(number(99_999)) - 50_000,
                    // Whole days.
                    DataType::Date64 => i128::from(number(40_000)) * 86_400_000,
                    DataType::Time32(_) | DataType::Time64(_) => i128::from(number(86_400)),
                    DataType::Interval(_) => i128::from(number(1 << 40)),
                    _ => i128::from(number(u64::MAX) as i64),
                };
                let sign = if value < 0 { 0xff } else { 0 };
                let mut all = [sign; 32];
                all[..16].copy_from_slice(&value.to_le_bytes());
                bytes.extend_from_slice(&all[..width]);
            }
            let data = ArrayData::builder(fixed.clone())
                .len(rows)
                .add_buffer(Buffer::from_vec(bytes))
                .nulls(nulls);
            make_array(data.align_buffers(true).build().unwrap())
        }
    }
}

fn lists(random: &mut Random, item: &Field, rows: usize) -> (Vec<usize>, ArrayRef) {
    let mut offsets = vec![0];
    for row in 0..rows {
        offsets.push(offsets[row] + random.below(4) as usize);
    }
    let items = any_array(random, item.data_type(), offsets[rows]);
    (offsets, items)
}

/// The array and its type without dictionaries and runs, made in another way than the writer does it: row by
/// row.
fn plain(array: &ArrayRef) -> ArrayRef {
    let list = |field: &FieldRef, items: &ArrayRef| {
        Arc::new(Field::clone(field).with_data_type(items.data_type().clone()))
    };
    match array.data_type() {
        DataType::Dictionary(_, value) => {
            let dictionary = array.as_any_dictionary();
            let keys = dictionary.normalized_keys();
            let rows = (0..array.len()).map(|row| array.is_valid(row).then(|| keys[row]));
            gather(dictionary.values(), value, rows)
        }
        DataType::RunEndEncoded(run_ends, value) => {
            macro_rules! rows {
                ($kind:ty) => {{
                    let runs = array.as_run::<$kind>();
                    let rows = (0..runs.len()).map(|row| Some(runs.get_physical_index(row)));
                    gather(runs.values(), value.data_type(), rows)
                }};
            }
            match run_ends.data_type() {
                DataType::Int16 => rows!(Int16Type),
                DataType::Int64 => rows!(Int64Type),
                _ => rows!(Int32Type),
            }
        }
        DataType::List(item) => {
            let array = array.as_list::<i32>();
            let items = plain(array.values());
            let (offsets, nulls) = (array.offsets().clone(), array.nulls().cloned());
            Arc::new(ListArray::new(list(item, &items), offsets, items, nulls))
        }
        DataType::LargeList(item) => {
            let array = array.as_list::<i64>();
            let items = plain(array.values());
            let (offsets, nulls) = (array.offsets().clone(), array.nulls().cloned());
            Arc::new(LargeListArray::new(
                list(item, &items),
                offsets,
                items,
                nulls,
            ))
        }
        DataType::ListView(item) => {
            let array = array.as_list_view::<i32>();
            let items = plain(array.values());
            let (offsets, sizes) = (array.offsets().clone(), array.sizes().clone());
            let nulls = array.nulls().cloned();
            Arc::new(ListViewArray::new(
                list(item, &items),
                offsets,
                sizes,
                items,
                nulls,
            ))
        }
        DataType::FixedSizeList(item, size) => {
            let array = array.as_fixed_size_list();
            let items = plain(array.values());
            let nulls = array.nulls().cloned();
            Arc::new(FixedSizeListArray::new(
                list(item, &items),
                *size,
                items,
                nulls,
            ))
        }
        DataType::Map(entry, _) => {
            let array = array.as_map();
            let entries: ArrayRef = Arc::new(array.entries().clone());
            let entries = plain(&entries);
            let (offsets, nulls) = (array.offsets().clone(), array.nulls().cloned());
            let field = list(entry, &entries);
            Arc::new(MapArray::new(
                field,
                offsets,
                entries.as_struct().clone(),
                nulls,
                false,
            ))
        }
        DataType::Struct(fields) => {
            let array = array.as_struct();
            let columns: Vec<ArrayRef> = array.columns().iter().map(plain).collect();
            let fields: Vec<FieldRef> = std::iter::zip(fields, &columns)
                .map(|(field, column)| list(field, column))
                .collect();
            Arc::new(StructArray::new(
                fields.into(),
                columns,
                array.nulls().cloned(),
            ))
        }
        _ => Arc::clone(array),
    }
}

fn gather(
    values: &ArrayRef,
    data_type: &DataType,
    rows: impl Iterator<Item = Option<usize>>,
) -> ArrayRef {
    let values = values.to_data();
    let mut gathered =
        arrow_data::transform::MutableArrayData::new(vec![&values], true, values.len());
    for row in rows {
        match row {
            Some(row) => gathered.try_extend(0, row, row + 1).unwrap(),
            None => gathered.try_extend_nulls(1).unwrap(),
        }
    }
    let array = make_array(gathered.freeze());
    assert_eq!(array.data_type(), data_type);
    array
}

/// The file that the `parquet` crate writes, in its simplest way.
fn oracle(batch: &RecordBatch) -> Bytes {
    let properties = WriterProperties::builder()
        .set_coerce_types(true)
        .set_dictionary_enabled(false)
        .build();
    // Like our files, it has no Arrow schema in its metadata.
    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true);
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut file, batch.schema(), options).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    file.into()
}

fn read(file: &Bytes) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file.clone());
    let reader = reader.unwrap().with_batch_size(1 << 20).build().unwrap();
    let mut batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    assert_eq!(batches.len(), 1);
    batches.remove(0)
}

/// Writes both files of a comparison to a directory, under the same number.
fn keep(directory: &Path, file: &Bytes, expected: &Bytes) {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    fs::create_dir_all(directory).unwrap();
    fs::write(directory.join(format!("{number}.parquet")), file).unwrap();
    fs::write(
        directory.join(format!("{number}.expected.parquet")),
        expected,
    )
    .unwrap();
}

fn check(data_type: &DataType, seed: u64, rows: usize, options: WriterOptions) {
    let mut random = Random::new(seed);
    let lead = random.below(20) as usize;
    let array = any_array(&mut random, data_type, lead + rows + 3).slice(lead, rows);
    let plain = plain(&array);
    let (file, _) = write(options, &[batch(vec![("a".into(), array)])]);
    let expected = oracle(&batch(vec![("a".into(), plain)]));
    if let Some(directory) = std::env::var_os("OTLAKE_TYPES_DIRECTORY") {
        keep(Path::new(&directory), &file, &expected);
    }
    assert_eq!(read(&file), read(&expected), "{data_type} seed {seed}");
}

#[test]
fn every_leaf_type_is_written_in_every_role() {
    let field =
        |name: &str, data_type: &DataType| Arc::new(Field::new(name, data_type.clone(), true));
    for leaf in leaf_types() {
        let run_ends = Arc::new(Field::new("run_ends", DataType::Int32, false));
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(leaf.clone()));
        let roles = [
            leaf.clone(),
            dictionary.clone(),
            DataType::RunEndEncoded(run_ends, field("values", &leaf)),
            DataType::List(field("item", &leaf)),
            DataType::List(field("item", &dictionary)),
            DataType::Struct(Fields::from(vec![
                field("a", &leaf),
                field("b", &dictionary),
            ])),
        ];
        for role in roles {
            for seed in 0..4 {
                check(
                    &role,
                    seed,
                    300,
                    WriterOptions::new().with_compression(Compression::None),
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn nested_types_are_written(seed in any::<u64>(), depth in 0u64..4, rows in 1usize..200, page_rows in 1usize..100) {
        let data_type = any_type(&mut Random::new(seed ^ 1), depth);
        let options = WriterOptions::new().with_data_page_rows(page_rows);
        check(&data_type, seed, rows, options);
    }
}

#[test]
fn a_type_that_parquet_lacks_is_rejected() {
    let union = DataType::Union(
        UnionFields::try_new(vec![0], vec![Field::new("a", DataType::Int32, true)]).unwrap(),
        UnionMode::Sparse,
    );
    let interval = DataType::Interval(IntervalUnit::MonthDayNano);
    let mut encoder = Encoder::new(WriterOptions::new()).unwrap();
    for inner in [union, interval] {
        let field = Arc::new(Field::new("inner", inner.clone(), true));
        let types = [
            inner.clone(),
            DataType::List(Arc::clone(&field)),
            DataType::Struct(Fields::from(vec![field])),
        ];
        for data_type in types {
            let field = Field::new("a", data_type.clone(), true);
            let schema = Arc::new(Schema::new(vec![field]));
            for rows in [0, 2] {
                let array = new_null_array(&data_type, rows);
                let batch = RecordBatch::try_new(Arc::clone(&schema), vec![array]).unwrap();
                let mut file = FileWriter::new(Vec::new());
                for error in [
                    file.write_row_group(&mut encoder, &batch).unwrap_err(),
                    encoder.encode_row_group(&batch).unwrap_err(),
                ] {
                    assert!(
                        matches!(&error, FileError::NoParquetType { column, .. } if column == "a"),
                        "{error:?}"
                    );
                }
                assert!(!file.is_broken());
            }
        }
    }
}
