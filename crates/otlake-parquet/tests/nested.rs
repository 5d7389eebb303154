//! Lists, maps and structs within one another: what is written is what the `parquet` crate's reader
//! reads, and each page says of its leaves what that crate's writer says of the same rows.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type};
use arrow_array::*;
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Fields};
use bytes::Bytes;
use otlake_parquet::WriterOptions;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use parquet::column::page::{Page, PageReader};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::properties::WriterProperties;
use parquet::file::serialized_reader::SerializedPageReader;
use proptest::prelude::*;
use support::{Random, batch, write};

/// A type as Parquet has it. Which of its types Arrow has for it, each array chooses.
#[derive(Clone, Debug)]
enum Type {
    Leaf(Leaf),
    List(Box<Nullable>),
    Map(Leaf, Box<Nullable>),
    Struct(Vec<Nullable>),
}

#[derive(Clone, Debug)]
struct Nullable {
    of: Type,
    nullable: bool,
}

#[derive(Clone, Copy, Debug)]
enum Leaf {
    Int64,
    Int32,
    Double,
    Boolean,
    Text,
    Binary,
    Date,
    Time32,
    Time64,
    Millis,
    Nanos,
}

const LEAVES: [Leaf; 11] = [
    Leaf::Int64,
    Leaf::Int32,
    Leaf::Double,
    Leaf::Boolean,
    Leaf::Text,
    Leaf::Binary,
    Leaf::Date,
    Leaf::Time32,
    Leaf::Time64,
    Leaf::Millis,
    Leaf::Nanos,
];

/// A type that is no leaf, four levels deep at most.
fn nested() -> impl Strategy<Value = Type> {
    let leaf = || prop::sample::select(&LEAVES[..]);
    fn nullable(of: impl Strategy<Value = Type>) -> impl Strategy<Value = Nullable> {
        (of, any::<bool>()).prop_map(|(of, nullable)| Nullable { of, nullable })
    }
    let within = |inner: BoxedStrategy<Type>| {
        let key = prop::sample::select(&[Leaf::Int64, Leaf::Text][..]);
        prop_oneof![
            nullable(inner.clone()).prop_map(|item| Type::List(Box::new(item))),
            (key, nullable(inner.clone())).prop_map(|(key, value)| Type::Map(key, Box::new(value))),
            prop::collection::vec(nullable(inner), 1..4).prop_map(Type::Struct),
        ]
    };
    let inner = leaf()
        .prop_map(Type::Leaf)
        .prop_recursive(3, 12, 3, move |inner| within(inner.boxed()));
    within(inner.boxed())
}

impl Nullable {
    /// An array of `len` values, cut out of a longer one.
    fn array(&self, random: &mut Random, len: usize) -> ArrayRef {
        let (before, behind) = (random.below(30) as usize, random.below(3) as usize);
        let len_of_all = before + len + behind;
        let nulls = if self.nullable {
            nulls(random, len_of_all)
        } else {
            None
        };
        self.of.array(random, len_of_all, nulls).slice(before, len)
    }

    fn field(&self, name: impl Into<String>, array: &ArrayRef) -> Field {
        Field::new(name, array.data_type().clone(), self.nullable)
    }
}

fn nulls(random: &mut Random, len: usize) -> Option<NullBuffer> {
    let often = match random.below(6) {
        0 => return None,
        1 => return Some(NullBuffer::new_valid(len)),
        2 => return Some(NullBuffer::new_null(len)),
        3 => 20,
        _ => 2,
    };
    Some((0..len).map(|_| !random.one_in(often)).collect())
}

impl Type {
    fn array(&self, random: &mut Random, len: usize, nulls: Option<NullBuffer>) -> ArrayRef {
        match self {
            Type::Leaf(leaf) => leaf.array(random, len, nulls),
            Type::List(item) => {
                if random.one_in(2) {
                    list::<i32>(item, random, len, nulls)
                } else {
                    list::<i64>(item, random, len, nulls)
                }
            }
            Type::Map(key, value) => {
                let (offsets, entries) = offsets::<i32>(random, len, nulls.as_ref());
                let before = random.below(3) as usize;
                let keys = key.array(random, before + entries, None);
                let values = value.array(random, before + entries);
                let fields = Fields::from(vec![
                    Field::new("keys", keys.data_type().clone(), false),
                    value.field("values", &values),
                ]);
                let entries = StructArray::new(fields.clone(), vec![keys, values], None);
                let entries = entries.slice(before, entries.len() - before);
                let entry = Field::new("entries", DataType::Struct(fields), false);
                Arc::new(MapArray::new(
                    Arc::new(entry),
                    offsets,
                    entries,
                    nulls,
                    false,
                ))
            }
            Type::Struct(members) => {
                let arrays: Vec<ArrayRef> = members
                    .iter()
                    .map(|member| member.array(random, len))
                    .collect();
                let fields = std::iter::zip(members, &arrays).enumerate();
                let fields: Fields = fields
                    .map(|(number, (member, array))| member.field(number.to_string(), array))
                    .collect();
                Arc::new(StructArray::new(fields, arrays, nulls))
            }
        }
    }
}

fn list<O: OffsetSizeTrait>(
    item: &Nullable,
    random: &mut Random,
    len: usize,
    nulls: Option<NullBuffer>,
) -> ArrayRef {
    let (offsets, items) = offsets::<O>(random, len, nulls.as_ref());
    let items = item.array(random, items);
    let name = random.one_of(&["element", "item"]);
    let field = Arc::new(item.field(name, &items));
    Arc::new(GenericListArray::new(field, offsets, items, nulls))
}

/// The offsets of lists, and how many items there are for them. Some items are before the first list
/// or behind the last; and lists that are null may have some.
fn offsets<O: OffsetSizeTrait>(
    random: &mut Random,
    len: usize,
    nulls: Option<&NullBuffer>,
) -> (OffsetBuffer<O>, usize) {
    let longest = random.one_of(&[1, 2, 4, 9]);
    let of_nulls = random.one_in(2);
    let mut end = random.below(3) as usize;
    let mut offsets = vec![O::usize_as(end)];
    for slot in 0..len {
        if of_nulls || nulls.is_none_or(|nulls| nulls.is_valid(slot)) {
            end += random.below(longest) as usize;
        }
        offsets.push(O::usize_as(end));
    }
    let items = end + random.below(3) as usize;
    (OffsetBuffer::new(offsets.into()), items)
}

impl Leaf {
    fn array(self, random: &mut Random, len: usize, nulls: Option<NullBuffer>) -> ArrayRef {
        let spread = random.one_of(&[3, 40, 1 << 40]);
        let wide: Vec<i64> = (0..len).map(|_| random.below(spread) as i64 - 1).collect();
        let narrow = |most: i64| {
            wide.iter()
                .map(|value| value.rem_euclid(most) as i32)
                .collect()
        };
        match self {
            Leaf::Int64 => Arc::new(Int64Array::new(wide.into(), nulls)),
            Leaf::Int32 => Arc::new(Int32Array::new(narrow(1 << 31), nulls)),
            Leaf::Double => {
                let double = |value: &i64| if *value == 1 { f64::NAN } else { *value as f64 };
                Arc::new(Float64Array::new(wide.iter().map(double).collect(), nulls))
            }
            Leaf::Boolean => {
                let bits = wide.iter().map(|value| value % 2 == 0).collect();
                Arc::new(BooleanArray::new(bits, nulls))
            }
            Leaf::Text => text(random, &wide, nulls),
            Leaf::Binary => {
                let bytes = wide
                    .iter()
                    .map(|value| vec![*value as u8; *value as usize & 15]);
                let (offsets, bytes, _) = BinaryArray::from_iter_values(bytes).into_parts();
                Arc::new(BinaryArray::new(offsets, bytes, nulls))
            }
            Leaf::Date => Arc::new(Date32Array::new(narrow(40_000), nulls)),
            Leaf::Time32 => Arc::new(Time32MillisecondArray::new(narrow(86_400_000), nulls)),
            Leaf::Time64 => {
                let of_day = wide.iter().map(|value| value.rem_euclid(86_400_000_000));
                Arc::new(Time64NanosecondArray::new(of_day.collect(), nulls))
            }
            Leaf::Millis => Arc::new(TimestampMillisecondArray::new(wide.into(), nulls)),
            Leaf::Nanos => {
                let times = TimestampNanosecondArray::new(wide.into(), nulls);
                Arc::new(times.with_timezone("UTC"))
            }
        }
    }
}

/// Plain, as a dictionary, or as one with nulls and duplicates among its values and with keys of no
/// value in the place of nulls.
fn text(random: &mut Random, numbers: &[i64], nulls: Option<NullBuffer>) -> ArrayRef {
    if random.one_in(3) {
        // Arrow wants no null among the values of what is not nullable.
        let of_null = nulls.is_none().then_some("");
        let values = [Some("b"), of_null, Some("a"), Some("b"), Some("never")];
        let values: StringArray = values.into_iter().collect();
        let is_null = |slot| nulls.as_ref().is_some_and(|nulls| nulls.is_null(slot));
        let keys = (0..numbers.len()).map(|slot| {
            random.one_of(if is_null(slot) {
                &[-5, 1000]
            } else {
                &[0, 1, 2, 3]
            })
        });
        let keys = Int32Array::new(keys.collect(), nulls.clone());
        return Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::new(values)));
    }
    let texts = numbers
        .iter()
        .map(|number| format!("{}{number}", "€".repeat(*number as usize & 7)));
    let (offsets, bytes, _) = StringArray::from_iter_values(texts).into_parts();
    let texts = StringArray::new(offsets, bytes, nulls);
    if random.one_in(2) {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        return cast(&texts, &dictionary).unwrap();
    }
    Arc::new(texts)
}

fn open(file: &Bytes) -> ParquetRecordBatchReaderBuilder<Bytes> {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    ParquetRecordBatchReaderBuilder::try_new_with_options(file.clone(), options).unwrap()
}

fn read(file: &Bytes, row_group: usize, selection: RowSelection) -> Option<ArrayRef> {
    let reader = open(file)
        .with_row_groups(vec![row_group])
        .with_row_selection(selection)
        .with_batch_size(10_000)
        .build()
        .unwrap();
    let mut batches = reader.map(Result::unwrap);
    batches.next().map(|batch| Arc::clone(batch.column(0)))
}

/// What is said of a leaf, or of a page of it.
#[derive(Debug, PartialEq)]
struct Said {
    values: i64,
    nulls: Option<u64>,
    min: Option<Vec<u8>>,
    max: Option<Vec<u8>>,
}

/// What a file says of the leaves of a row group.
fn said(file: &ParquetRecordBatchReaderBuilder<Bytes>, row_group: usize) -> Vec<Said> {
    let leaves = file.metadata().row_group(row_group).columns().iter();
    leaves
        .map(|leaf| {
            let statistics = leaf.statistics().unwrap();
            Said {
                values: leaf.num_values(),
                nulls: statistics.null_count_opt(),
                min: statistics.min_bytes_opt().map(<[u8]>::to_vec),
                max: statistics.max_bytes_opt().map(<[u8]>::to_vec),
            }
        })
        .collect()
}

/// What the `parquet` crate's writer says of the leaves of `column`.
fn oracle(column: ArrayRef) -> Vec<Said> {
    let batch = batch(vec![("column".to_owned(), column)]);
    let properties = WriterProperties::builder()
        .set_statistics_truncate_length(None)
        .set_coerce_types(true)
        .build();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    said(&open(&file.into()), 0)
}

/// Whether each leaf of an array has a NaN. The array was read from a file, so nothing is hidden below nulls.
fn nan_by_leaf(array: &ArrayRef) -> Vec<bool> {
    let children = |list: &[i32], items: &ArrayRef| {
        let (first, last) = (list[0] as usize, list[list.len() - 1] as usize);
        nan_by_leaf(&items.slice(first, last - first))
    };
    match array.data_type() {
        DataType::Float64 => {
            let mut values = array.as_primitive::<Float64Type>().iter().flatten();
            vec![values.any(f64::is_nan)]
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            children(list.offsets(), list.values())
        }
        DataType::Map(..) => {
            let map = array.as_map();
            children(
                map.offsets(),
                &(Arc::new(map.entries().clone()) as ArrayRef),
            )
        }
        DataType::Struct(_) => {
            let columns = array.as_struct().columns();
            columns.iter().flat_map(nan_by_leaf).collect()
        }
        _ => vec![false],
    }
}

/// What the column index says of a page.
fn bounds(index: &ColumnIndexMetaData, page: usize) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    macro_rules! bounds {
        ($index:expr, $bytes:expr) => {
            (
                $index.min_value(page).map($bytes),
                $index.max_value(page).map($bytes),
            )
        };
    }
    match index {
        ColumnIndexMetaData::BOOLEAN(index) => bounds!(index, |value| vec![u8::from(*value)]),
        ColumnIndexMetaData::INT32(index) => bounds!(index, |value| value.to_le_bytes().to_vec()),
        ColumnIndexMetaData::INT64(index) => bounds!(index, |value| value.to_le_bytes().to_vec()),
        ColumnIndexMetaData::DOUBLE(index) => bounds!(index, |value| value.to_le_bytes().to_vec()),
        ColumnIndexMetaData::BYTE_ARRAY(index) => bounds!(index, <[u8]>::to_vec),
        other => panic!("no leaf is of this type: {other:?}"),
    }
}

/// Compares every page of a row group with what the oracle says of its rows.
fn check_pages(file: &Bytes, row_group: usize, column: &ArrayRef, page_rows: usize) {
    let opened = open(file);
    let metadata = opened.metadata();
    for (leaf, chunk) in metadata.row_group(row_group).columns().iter().enumerate() {
        // Without an index, every chunk of the file has one page.
        let index = metadata.column_index().map(|index| &index[row_group][leaf]);
        let first_rows: Vec<usize> = match metadata.offset_index() {
            Some(index) => {
                let locations = index[row_group][leaf].page_locations().iter();
                locations
                    .map(|page| page.first_row_index as usize)
                    .collect()
            }
            None => vec![0],
        };
        let file = Arc::new(file.clone());
        let mut pages = SerializedPageReader::new(file, chunk, column.len(), None).unwrap();
        let mut number = 0;
        while let Some(page) = pages.get_next_page().unwrap() {
            let Page::DataPage { num_values, .. } = page else {
                continue;
            };
            let end = first_rows.get(number + 1).copied();
            let first = first_rows[number];
            let rows = end.unwrap_or(column.len()) - first;
            // A chunk of nulls is one page.
            assert!(
                (1..=page_rows).contains(&rows) || first_rows.len() == 1,
                "{rows} rows"
            );

            let expected = oracle(column.slice(first, rows)).remove(leaf);
            assert_eq!(
                i64::from(num_values),
                expected.values,
                "leaf {leaf}, page {number}"
            );
            // Left out where a page has values but no bounds.
            if let Some(index) = index.filter(|index| index.get_boundary_order().is_some()) {
                let nulls = index.null_count(number).map(|nulls| nulls as u64);
                assert_eq!(nulls, expected.nulls, "leaf {leaf}, page {number}");
                let expected = (expected.min, expected.max);
                assert_eq!(
                    bounds(index, number),
                    expected,
                    "leaf {leaf}, page {number}"
                );
            }
            number += 1;
        }
        assert_eq!(number, first_rows.len(), "pages that the index has");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_column_comes_back(
        of in nested(),
        row_groups in prop::collection::vec(prop::sample::select(&[1, 2, 3, 9, 30, 100][..]), 1..4),
        page_rows in prop::sample::select(&[1, 2, 7, 50, 1000][..]),
        page_bytes in prop::sample::select(&[1, 8, 9, 30, 100, 1 << 20][..]),
        dictionary_bytes in prop::sample::select(&[1, 10, 100, 1 << 20][..]),
        selectors in prop::collection::vec((1usize..20, any::<bool>()), 1..8),
        seed in any::<u64>(),
    ) {
        let column = Nullable { of, nullable: true };
        let mut random = Random::new(seed);
        let batches: Vec<RecordBatch> = row_groups
            .iter()
            .map(|rows| batch(vec![("column".to_owned(), column.array(&mut random, *rows))]))
            .collect();
        let options = WriterOptions::new()
            .with_data_page_rows(page_rows)
            .with_data_page_bytes(page_bytes)
            .with_dictionary_page_bytes(dictionary_bytes)
            .with_statistics_truncate_length(1000);
        let (file, _) = write(options, &batches);
        let opened = open(&file);
        let data_type = opened.schema().field(0).data_type();
        for (number, batch) in batches.iter().enumerate() {
            let column = batch.column(0);
            let expected = cast(column, data_type).unwrap();
            let whole = RowSelection::from(vec![RowSelector::select(column.len())]);
            let whole = read(&file, number, whole).unwrap();
            prop_assert_eq!(&whole, &expected);

            let (mut row, mut selection, mut selected) = (0, Vec::new(), Vec::new());
            for &(rows, skip) in &selectors {
                let rows = rows.min(column.len() - row);
                selection.push(if skip { RowSelector::skip(rows) } else { RowSelector::select(rows) });
                if !skip {
                    selected.push((row, rows));
                }
                row += rows;
            }
            let found = read(&file, number, selection.into());
            let mut at = 0;
            for (row, rows) in selected.into_iter().filter(|(_, rows)| *rows > 0) {
                let found = found.as_ref().unwrap().slice(at, rows);
                prop_assert_eq!(&found, &expected.slice(row, rows));
                at += rows;
            }

            let mut oracle = oracle(Arc::clone(column));
            for (leaf, has_nan) in std::iter::zip(&mut oracle, nan_by_leaf(&whole)) {
                if has_nan {
                    // The parquet crate leaves NaN out of bounds.
                    (leaf.min, leaf.max) = (None, None);
                }
            }
            prop_assert_eq!(said(&opened, number), oracle);
            check_pages(&file, number, column, page_rows);
        }
    }
}
