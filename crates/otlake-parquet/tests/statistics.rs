//! Statistics, page index and bloom filters say what is true of the values.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, Float64Array, RecordBatch, StringArray, StructArray, UInt64Array,
};
use arrow_cast::cast;
use arrow_schema::{DataType, Field};
use otlake_parquet::{SortingColumn, WriterOptions};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::BoundaryOrder;
use parquet::file::metadata::PageIndexPolicy;
use proptest::prelude::*;
use support::{Kind, Nulls, batch, column, write};

const COMPARED: [Kind; 18] = [
    Kind::DictionaryRuns,
    Kind::DictionaryMixed,
    Kind::DictionaryUnique,
    Kind::DictionaryUnclean,
    Kind::TextUnique,
    Kind::TextFew,
    Kind::TextLong,
    Kind::Binary,
    Kind::IntConstant,
    Kind::IntFew,
    Kind::IntSpread,
    Kind::IntAscending,
    Kind::IntAny,
    Kind::Int32,
    Kind::Timestamp,
    Kind::FloatFew,
    Kind::FloatAny,
    Kind::Boolean,
];

/// A value with the order that the format gives it.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
enum Value {
    Int(i64),
    Float(f64),
    Bytes(Vec<u8>),
}

/// The values of an array, nulls left out, and what is none for statistics: NaN.
fn values(array: &ArrayRef) -> Vec<Value> {
    match array.data_type() {
        DataType::Dictionary(_, value) => values(&cast(array, value).unwrap()),
        DataType::Utf8 | DataType::Binary => {
            let bytes = cast(array, &DataType::Binary).unwrap();
            bytes
                .as_binary::<i32>()
                .iter()
                .flatten()
                .map(|v| Value::Bytes(v.to_vec()))
                .collect()
        }
        DataType::Float64 => {
            let floats = array.as_primitive::<Float64Type>();
            floats
                .iter()
                .flatten()
                .filter(|v| !v.is_nan())
                .map(Value::Float)
                .collect()
        }
        _ => {
            let integers = cast(array, &DataType::Int64).unwrap();
            integers
                .as_primitive::<Int64Type>()
                .iter()
                .flatten()
                .map(Value::Int)
                .collect()
        }
    }
}

fn has_nan(array: &ArrayRef) -> bool {
    let floats = array.as_primitive_opt::<Float64Type>();
    floats.is_some_and(|floats| floats.iter().flatten().any(f64::is_nan))
}

/// Which of the bounds are values that occur, as a chunk says of its own.
struct Exact {
    min: bool,
    max: bool,
}

/// `mins[at]` and `maxes[at]` must bound the values of `of`, as their least and greatest where that is
/// said. Pages say nothing: theirs are so unless the least or greatest is longer than bounds may be.
/// A chunk's may be of a longer value that begins as the greatest does, cut in its page to what is greater
/// still. So a chunk may call them inexact if any value is that long, else never.
fn check(
    of: &ArrayRef,
    (mins, maxes): (&ArrayRef, &ArrayRef),
    at: usize,
    truncate: usize,
    said: Option<Exact>,
) {
    let values = values(of);
    let bound = |bounds: &ArrayRef| self::values(&bounds.slice(at, 1)).pop();
    let (min, max) = (bound(mins), bound(maxes));
    if values.is_empty() || has_nan(of) {
        assert_eq!((min, max), (None, None));
        return;
    }
    let (min, max) = (min.unwrap(), max.unwrap());
    assert!(
        values.iter().all(|value| *value >= min && *value <= max),
        "{min:?} {max:?}"
    );
    let short = |value: &Value| !matches!(value, Value::Bytes(bytes) if bytes.len() > truncate);
    let least = values
        .iter()
        .min_by(|a, b| a.partial_cmp(b).unwrap())
        .unwrap();
    let greatest = values
        .iter()
        .max_by(|a, b| a.partial_cmp(b).unwrap())
        .unwrap();
    if let Some(said) = &said {
        assert!(
            (said.min && said.max) || !values.iter().all(short),
            "no value is cut, so the bounds occur"
        );
    }
    let exact = said.unwrap_or(Exact {
        min: short(least),
        max: short(greatest),
    });
    if exact.min {
        assert_eq!(*least, min);
    }
    if exact.max {
        assert_eq!(*greatest, max);
    }
}

fn open(file: &bytes::Bytes) -> ParquetRecordBatchReaderBuilder<bytes::Bytes> {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    ParquetRecordBatchReaderBuilder::try_new_with_options(file.clone(), options).unwrap()
}

fn check_file(options: WriterOptions, batches: &[RecordBatch]) {
    let truncate = options.statistics_truncate_length();
    let (file, _) = write(options, batches);
    let builder = open(&file);
    let metadata = builder.metadata();
    let schema = Arc::clone(builder.schema());
    for (leaf, field) in schema.fields().iter().enumerate() {
        let converter =
            StatisticsConverter::try_new(field.name(), &schema, builder.parquet_schema()).unwrap();
        let groups = metadata.row_groups();
        let mins = converter.row_group_mins(groups).unwrap();
        let maxes = converter.row_group_maxes(groups).unwrap();
        let nulls = converter.row_group_null_counts(groups).unwrap();
        for (group, batch) in batches.iter().enumerate() {
            let array = cast(
                batch.column_by_name(field.name()).unwrap(),
                field.data_type(),
            )
            .unwrap();
            let statistics = groups[group].column(leaf).statistics().unwrap();
            let exact = Exact {
                min: statistics.min_is_exact(),
                max: statistics.max_is_exact(),
            };
            check(&array, (&mins, &maxes), group, truncate, Some(exact));
            assert_eq!(nulls.value(group), array.null_count() as u64);

            if let Some(distinct) = statistics.distinct_count_opt() {
                let mut seen: Vec<String> = match array.data_type() {
                    // Both zeros and every NaN are entries of their own.
                    DataType::Float64 => array
                        .as_primitive::<Float64Type>()
                        .iter()
                        .flatten()
                        .map(|value| format!("{:x}", value.to_bits()))
                        .collect(),
                    _ => values(&array)
                        .iter()
                        .map(|value| format!("{value:?}"))
                        .collect(),
                };
                seen.sort();
                seen.dedup();
                assert_eq!(distinct, seen.len() as u64);
            }

            let (Some(columns), Some(offsets)) = (metadata.column_index(), metadata.offset_index())
            else {
                continue;
            };
            let index = &columns[group][leaf];
            let order = index.get_boundary_order();
            let locations = offsets[group][leaf].page_locations();
            // A page that has values but no bounds can't be in the index.
            assert_eq!(order.is_none(), has_nan(&array));
            let Some(order) = order else { continue };
            let mins = converter
                .data_page_mins(columns, offsets, [&group])
                .unwrap();
            let maxes = converter
                .data_page_maxes(columns, offsets, [&group])
                .unwrap();
            let mut last: Option<(Value, Value)> = None;
            for (page, location) in locations.iter().enumerate() {
                let first = location.first_row_index as usize;
                let end = locations
                    .get(page + 1)
                    .map_or(batch.num_rows(), |next| next.first_row_index as usize);
                let rows = array.slice(first, end - first);
                check(&rows, (&mins, &maxes), page, truncate, None);
                assert_eq!(index.null_count(page), Some(rows.null_count() as i64));
                let bound = |bounds: &ArrayRef| values(&bounds.slice(page, 1)).pop();
                if let (Some(min), Some(max)) = (bound(&mins), bound(&maxes)) {
                    if let Some((last_min, last_max)) = &last {
                        match order {
                            BoundaryOrder::ASCENDING => {
                                assert!(*last_min <= min && *last_max <= max)
                            }
                            BoundaryOrder::DESCENDING => {
                                assert!(*last_min >= min && *last_max >= max)
                            }
                            BoundaryOrder::UNORDERED => {}
                        }
                    }
                    last = Some((min, max));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn bounds_and_counts_are_true(
        kinds in prop::collection::vec(prop::sample::select(&COMPARED[..]), 1..4),
        groups in prop::collection::vec((1usize..600, support::nulls(), any::<u64>()), 1..3),
        page_rows in 1usize..300,
        page_bytes in 10usize..3000,
        truncate in 1usize..70,
    ) {
        let batches: Vec<RecordBatch> = groups
            .into_iter()
            .map(|(rows, nulls, seed)| {
                let columns = kinds.iter().enumerate().map(|(number, kind)| {
                    (format!("{number}"), column(*kind, rows, nulls, seed + number as u64 % 2))
                });
                batch(columns.collect())
            })
            .collect();
        let options = WriterOptions::new()
            .with_data_page_rows(page_rows)
            .with_data_page_bytes(page_bytes)
            .with_statistics_truncate_length(truncate);
        check_file(options, &batches);
    }

    #[test]
    fn bloom_filters_have_every_value(
        kind in prop::sample::select(&COMPARED[..17]),
        nulls in support::nulls(),
        rows in 1usize..400,
        seed in 0..u64::MAX,
    ) {
        let columns = vec![("a".to_owned(), column(kind, rows, nulls, seed)), ("b".to_owned(), column(kind, rows, nulls, seed))];
        let batch = batch(columns);
        let options = WriterOptions::new().with_bloom_filter_columns(["b"]);
        let (file, _) = write(options, &[batch.clone(), batch.clone()]);
        let builder = open(&file);
        let array = cast(batch.column(1), builder.schema().field(1).data_type()).unwrap();
        for group in 0..2 {
            prop_assert!(builder.get_row_group_column_bloom_filter(group, 0).unwrap().is_none());
            let filter = builder.get_row_group_column_bloom_filter(group, 1).unwrap();
            let values = values(&array);
            if values.is_empty() && array.null_count() == rows {
                continue;
            }
            let filter = filter.unwrap();
            for value in values {
                let found = match value {
                    Value::Int(value) => match array.data_type() {
                        DataType::Int32 => filter.check(&(value as i32)),
                        _ => filter.check(&value),
                    },
                    Value::Float(value) => filter.check(&value),
                    Value::Bytes(bytes) => filter.check(&bytes[..]),
                };
                prop_assert!(found);
            }
        }
    }
}

/// No character of one byte comes behind the last of them, so what is cut of the first page is "b", which
/// is greater than the second page's value, the greatest.
#[test]
fn a_truncated_maximum_is_not_marked_exact() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a\u{7f}\u{7f}b", "aß"]));
    let options = WriterOptions::new()
        .with_data_page_rows(1)
        .with_statistics_truncate_length(3);
    check_file(options, &[batch(vec![("text".to_owned(), texts)])]);
}

#[test]
fn a_bloom_filter_excludes_most_other_values() {
    let ids = column(Kind::IntAny, 5_000, Nulls::Half, 3);
    let (file, _) = write(
        WriterOptions::new(),
        &[batch(vec![("fingerprint".into(), ids)])],
    );
    let filter = open(&file)
        .get_row_group_column_bloom_filter(0, 0)
        .unwrap()
        .unwrap();
    let wrong = (0..10_000i64).filter(|other| filter.check(other)).count();
    assert!(wrong < 200, "{wrong} of 10,000 where 100 were asked for");
}

#[test]
fn sorting_is_recorded_by_name() {
    let sorted = |name: &str| SortingColumn {
        name: name.to_owned(),
        descending: true,
        nulls_first: false,
    };
    let options = WriterOptions::new().with_sorting_columns(vec![sorted("b"), sorted("c")]);
    let columns =
        ["a", "b"].map(|name| (name.to_owned(), column(Kind::IntFew, 10, Nulls::None, 1)));
    let (file, _) = write(options, &[batch(columns.into())]);
    let builder = open(&file);
    let recorded = builder.metadata().row_group(0).sorting_columns().unwrap();
    assert_eq!(recorded.len(), 1);
    assert_eq!((recorded[0].column_idx, recorded[0].descending), (1, true));
}

/// Readers disagree about NaN: one that orders it after all numbers would skip a row group whose maximum is
/// 2 when it looks for values above 5. So there are no bounds next to a NaN, in any type of floats,
/// however nested.
#[test]
fn there_are_no_bounds_next_to_a_nan() {
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![1.0, f64::NAN, 2.0, 3.0]));
    let unsigned: ArrayRef = Arc::new(UInt64Array::from(vec![1, 2, 3, 4]));
    let of = |data_type| cast(&floats, &data_type).unwrap();
    let fields = |item: DataType| {
        vec![
            Field::new("f", item, true),
            // No encoder of this crate: the whole struct goes through the parquet crate's.
            Field::new("u", DataType::UInt64, true),
        ]
    };
    let structs = |item: DataType| {
        let columns = vec![of(item.clone()), Arc::clone(&unsigned)];
        Arc::new(StructArray::new(fields(item).into(), columns, None)) as ArrayRef
    };
    let list = |item: DataType| of(DataType::List(Arc::new(Field::new("item", item, true))));
    let dictionary = |value: DataType| {
        of(DataType::Dictionary(
            Box::new(DataType::Int32),
            Box::new(value),
        ))
    };
    use DataType::{Float16, Float32, Float64};
    for data_type in [Float16, Float32, Float64] {
        let roles = [
            of(data_type.clone()),
            structs(data_type.clone()),
            list(data_type.clone()),
            dictionary(data_type.clone()),
        ];
        for array in roles {
            let message = array.data_type().to_string();
            let batch = batch(vec![("a".into(), array)]);
            // All values in one page, and a page for each value.
            for page_rows in [10, 1] {
                let options = WriterOptions::new().with_data_page_rows(page_rows);
                let (file, summary) = write(options, &[batch.slice(2, 2), batch.clone()]);
                let column = &summary.columns[0];
                assert_eq!((&column.min, &column.max), (&None, &None), "{message}");
                let builder = open(&file);
                let metadata = builder.metadata();
                for (group, bounded) in [(0, true), (1, false)] {
                    let chunk = metadata.row_group(group).column(0);
                    let statistics = chunk.statistics().unwrap();
                    assert_eq!(statistics.min_bytes_opt().is_some(), bounded, "{message}");
                    assert_eq!(statistics.max_bytes_opt().is_some(), bounded, "{message}");
                    assert_eq!(statistics.null_count_opt(), Some(0), "{message}");
                    // The parquet crate's encoder puts all four rows in one page nevertheless.
                    if let Some(index) = metadata.column_index() {
                        let order = index[group][0].get_boundary_order();
                        assert_eq!(order.is_some(), bounded, "{message}");
                    }
                }
                let other = builder.metadata().row_group(1).columns().get(1);
                let statistics = other.map(|chunk| chunk.statistics().unwrap());
                assert!(statistics.is_none_or(|known| known.max_bytes_opt().is_some()));
            }
        }
    }
}

/// Without a second page the index would repeat statistics; with one, readers need it for all chunks.
#[test]
fn the_page_index_exists_for_all_chunks_or_for_none() {
    let columns = |rows| {
        let columns = [("few", Nulls::None), ("null", Nulls::All)];
        columns.map(|(name, nulls)| (name.to_owned(), column(Kind::IntFew, rows, nulls, 1)))
    };
    for (rows, indexed) in [(20, false), (21, true)] {
        let options = WriterOptions::new().with_data_page_rows(20);
        let batches = [batch(columns(5).into()), batch(columns(rows).into())];
        let (file, _) = write(options, &batches);
        let builder = open(&file);
        let metadata = builder.metadata();
        for group in metadata.row_groups() {
            for chunk in group.columns() {
                assert_eq!(chunk.offset_index_offset().is_some(), indexed);
                assert_eq!(chunk.column_index_offset().is_some(), indexed);
            }
        }
        if indexed {
            let pages = &metadata.offset_index().unwrap()[1];
            let pages = pages.iter().map(|chunk| chunk.page_locations().len());
            assert_eq!(pages.collect::<Vec<_>>(), [2, 1]);
        }
    }
}
