//! Batches of every type, and files read back.

// Helpers are no tests to clippy; and not every test uses all of them.
#![allow(clippy::unwrap_used, dead_code)]

use std::sync::Arc;

use arrow_array::builder::{
    FixedSizeBinaryBuilder, Int64Builder, ListBuilder, MapBuilder, StringBuilder,
    StringDictionaryBuilder, StructBuilder, UInt64Builder,
};
use arrow_array::types::Int32Type;
use arrow_array::*;
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use otlake_parquet::{Encoder, FileSummary, FileWriter, WriterOptions};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::PageIndexPolicy;
use proptest::prelude::*;

/// A type of column, and how its values are distributed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    DictionaryRuns,
    DictionaryMixed,
    DictionaryUnique,
    /// With null values, duplicates and values that no key has.
    DictionaryUnclean,
    TextUnique,
    TextFew,
    TextLong,
    Binary,
    LargeText,
    IntConstant,
    IntFew,
    IntSpread,
    IntAscending,
    IntAny,
    Int32,
    Int16,
    UInt64,
    Timestamp,
    Date,
    FloatFew,
    FloatAny,
    Float32,
    Boolean,
    FixedSizeBinary,
    List,
    Map,
    EmptyMap,
    Struct,
    /// Of a type that has no encoder of its own.
    ListOfUInt64,
}

pub const KINDS: [Kind; 29] = [
    Kind::DictionaryRuns,
    Kind::DictionaryMixed,
    Kind::DictionaryUnique,
    Kind::DictionaryUnclean,
    Kind::TextUnique,
    Kind::TextFew,
    Kind::TextLong,
    Kind::Binary,
    Kind::LargeText,
    Kind::IntConstant,
    Kind::IntFew,
    Kind::IntSpread,
    Kind::IntAscending,
    Kind::IntAny,
    Kind::Int32,
    Kind::Int16,
    Kind::UInt64,
    Kind::Timestamp,
    Kind::Date,
    Kind::FloatFew,
    Kind::FloatAny,
    Kind::Float32,
    Kind::Boolean,
    Kind::FixedSizeBinary,
    Kind::List,
    Kind::Map,
    Kind::EmptyMap,
    Kind::Struct,
    Kind::ListOfUInt64,
];

/// The kinds of columns that are not nested, without bytes of a fixed size.
pub const FLAT: &[Kind] = KINDS.split_at(23).0;

/// splitmix64: a column's values follow from its seed, so that failures shrink by shape.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// How many rows are null.
#[derive(Clone, Copy, Debug)]
pub enum Nulls {
    None,
    Half,
    Runs,
    Most,
    All,
}

/// A column of `rows` rows, sliced out of a longer one.
pub fn column(kind: Kind, rows: usize, nulls: Nulls, seed: u64) -> ArrayRef {
    let mut random = Random::new(seed);
    let lead = random.below(70) as usize;
    let trail = random.below(5) as usize;
    let total = lead + rows + trail;
    let phase = random.below(300) as usize;
    let mut null_random = Random::new(seed ^ 0xabcd);
    let mut is_null = |row: usize| match nulls {
        Nulls::None => false,
        Nulls::Half => null_random.below(2) == 0,
        Nulls::Runs => ((row + phase) / 300).is_multiple_of(2),
        Nulls::Most => null_random.below(50) != 0,
        Nulls::All => true,
    };
    let valid: Vec<bool> = (0..total).map(|row| !is_null(row)).collect();
    build(kind, &valid, &mut random).slice(lead, rows)
}

fn build(kind: Kind, valid: &[bool], random: &mut Random) -> ArrayRef {
    let text = |random: &mut Random| -> String {
        let len = random.below(20) as usize;
        let alphabet = ['a', 'b', 'ß', '€', '😀', '\0', '\u{7f}'];
        (0..len)
            .map(|_| alphabet[random.below(7) as usize])
            .collect()
    };
    macro_rules! primitive {
        ($array:ty, $value:expr) => {{
            #[allow(unused_mut)]
            let mut value = $value;
            Arc::new(
                valid
                    .iter()
                    .map(|v| {
                        let value = value();
                        v.then_some(value)
                    })
                    .collect::<$array>(),
            )
        }};
    }
    match kind {
        Kind::DictionaryRuns | Kind::DictionaryMixed | Kind::DictionaryUnique => {
            let mut builder = StringDictionaryBuilder::<Int32Type>::new();
            let run = 1 + random.below(120) as usize;
            for (row, valid) in valid.iter().enumerate() {
                let value = match kind {
                    Kind::DictionaryRuns => format!("service-{}", row / run),
                    Kind::DictionaryMixed => format!("level-{}", random.below(5)),
                    _ => format!("{}-{row}", text(random)),
                };
                builder.append_option(valid.then_some(value));
            }
            Arc::new(builder.finish())
        }
        Kind::DictionaryUnclean => {
            let values: StringArray = [
                Some("b"),
                None,
                Some("a"),
                Some("b"),
                Some("never"),
                Some(""),
                None,
            ]
            .into_iter()
            .collect();
            let usable = [0, 1, 2, 3, 5, 6];
            let keys: Int32Array = valid
                .iter()
                .map(|v| v.then(|| usable[random.below(6) as usize]))
                .collect();
            Arc::new(DictionaryArray::new(keys, Arc::new(values)))
        }
        Kind::TextUnique => Arc::new(
            valid
                .iter()
                .map(|v| v.then(|| text(random)))
                .collect::<StringArray>(),
        ),
        Kind::TextFew => Arc::new(
            valid
                .iter()
                .map(|v| v.then(|| format!("value {}", random.below(7))))
                .collect::<StringArray>(),
        ),
        Kind::TextLong => Arc::new(
            valid
                .iter()
                .map(|v| v.then(|| "€".repeat(random.below(80) as usize)))
                .collect::<StringArray>(),
        ),
        Kind::LargeText => Arc::new(
            valid
                .iter()
                .map(|v| v.then(|| text(random)))
                .collect::<LargeStringArray>(),
        ),
        Kind::Binary => Arc::new(
            valid
                .iter()
                .map(|v| {
                    let len = random.below(100) as usize;
                    let high = random.below(3) == 0;
                    let bytes: Vec<u8> = (0..len)
                        .map(|_| if high { 0xff } else { random.next() as u8 })
                        .collect();
                    v.then_some(bytes)
                })
                .collect::<BinaryArray>(),
        ),
        Kind::IntConstant => primitive!(Int64Array, || -7),
        Kind::IntFew => primitive!(Int64Array, || [i64::MIN, -1, 0, 5_000_000_000, i64::MAX]
            [random.below(5) as usize]),
        Kind::IntSpread => primitive!(Int64Array, || random.below(3000) as i64 - 1500),
        Kind::IntAscending => {
            let mut now = 1_700_000_000_000_000_000;
            primitive!(Int64Array, || {
                now += random.below(1_000_000) as i64;
                now
            })
        }
        Kind::IntAny => primitive!(Int64Array, || random.next() as i64),
        Kind::Int32 => {
            let any = random.below(2) == 0;
            primitive!(Int32Array, || if any {
                random.next() as i32
            } else {
                random.below(9) as i32
            })
        }
        Kind::Int16 => primitive!(Int16Array, || random.next() as i16),
        Kind::UInt64 => primitive!(UInt64Array, || random.next()),
        Kind::Timestamp => {
            let array = valid
                .iter()
                .map(|v| v.then(|| random.below(1 << 50) as i64))
                .collect::<TimestampMicrosecondArray>();
            Arc::new(array.with_timezone("UTC"))
        }
        Kind::Date => primitive!(Date32Array, || random.below(40_000) as i32),
        Kind::FloatFew => primitive!(Float64Array, || [0.0, -0.0, 1.5, f64::NAN, f64::INFINITY]
            [random.below(5) as usize]),
        Kind::FloatAny => primitive!(Float64Array, || f64::from_bits(random.next())),
        Kind::Float32 => primitive!(Float32Array, || f32::from_bits(random.next() as u32)),
        Kind::Boolean => {
            let of = 1 + random.below(3);
            primitive!(BooleanArray, || random.below(of) == 0)
        }
        Kind::FixedSizeBinary => {
            let mut builder = FixedSizeBinaryBuilder::new(3);
            for valid in valid {
                if *valid {
                    builder.append_value([random.next() as u8, 1, 2]).unwrap();
                } else {
                    builder.append_null();
                }
            }
            Arc::new(builder.finish())
        }
        Kind::List => {
            let mut builder = ListBuilder::new(Int64Builder::new());
            for valid in valid {
                if *valid {
                    for _ in 0..random.below(4) {
                        let value = random.below(10) as i64;
                        builder.values().append_option((value > 2).then_some(value));
                    }
                }
                builder.append(*valid);
            }
            Arc::new(builder.finish())
        }
        Kind::Map | Kind::EmptyMap => {
            let mut builder = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
            for valid in valid {
                if *valid && kind == Kind::Map {
                    for key in 0..random.below(4) {
                        builder.keys().append_value(format!("key {key}"));
                        builder
                            .values()
                            .append_option((random.below(4) > 0).then(|| text(random)));
                    }
                }
                builder.append(*valid).unwrap();
            }
            Arc::new(builder.finish())
        }
        Kind::Struct => {
            let fields = vec![
                Field::new("number", DataType::Int64, true),
                Field::new("text", DataType::Utf8, true),
            ];
            let mut builder = StructBuilder::from_fields(fields, valid.len());
            for valid in valid {
                let number = builder.field_builder::<Int64Builder>(0).unwrap();
                number.append_option(valid.then(|| random.next() as i64));
                let string = builder.field_builder::<StringBuilder>(1).unwrap();
                string.append_option((*valid && random.below(3) > 0).then(|| text(random)));
                builder.append(*valid);
            }
            Arc::new(builder.finish())
        }
        Kind::ListOfUInt64 => {
            let mut builder = ListBuilder::new(UInt64Builder::new());
            for valid in valid {
                if *valid {
                    for _ in 0..random.below(4) {
                        let value = random.next();
                        let values = builder.values();
                        values.append_option((!random.one_in(4)).then_some(value));
                    }
                }
                builder.append(*valid);
            }
            Arc::new(builder.finish())
        }
    }
}

pub fn nulls() -> impl Strategy<Value = Nulls> {
    prop_oneof![
        3 => Just(Nulls::None),
        3 => Just(Nulls::Half),
        1 => Just(Nulls::Runs),
        1 => Just(Nulls::Most),
        1 => Just(Nulls::All),
    ]
}

/// Row groups; each has the columns that it has, in its own order.
pub fn batches() -> impl Strategy<Value = Vec<RecordBatch>> {
    let rows = prop_oneof![Just(0usize), 1usize..20, 50usize..700];
    let column = (prop::sample::select(&KINDS[..]), nulls(), any::<u64>());
    prop::collection::vec((rows, prop::collection::vec(column, 1..6)), 1..4).prop_map(|groups| {
        groups
            .into_iter()
            .map(|(rows, columns)| {
                let mut fields: Vec<(String, ArrayRef)> = Vec::new();
                for (kind, nulls, seed) in columns {
                    let name = format!("{kind:?}");
                    if fields.iter().all(|(other, _)| *other != name) {
                        fields.push((name, self::column(kind, rows, nulls, seed)));
                    }
                }
                batch(fields)
            })
            .collect()
    })
}

pub fn batch(columns: Vec<(String, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(name, array.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

pub fn write(options: WriterOptions, batches: &[RecordBatch]) -> (Bytes, FileSummary) {
    let mut encoder = Encoder::new(options).unwrap();
    let mut file = FileWriter::new(Vec::new());
    for batch in batches {
        file.write_row_group(&mut encoder, batch).unwrap();
    }
    let (bytes, summary) = file.finish(&mut encoder, &[]).unwrap();
    (Bytes::from(bytes), summary)
}

pub fn open(file: &Bytes) -> ParquetRecordBatchReaderBuilder<Bytes> {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    ParquetRecordBatchReaderBuilder::try_new_with_options(file.clone(), options).unwrap()
}

/// The row groups of `file` must be those of `batches` that have rows, nulls where they lack columns.
pub fn assert_same(file: &Bytes, batches: &[RecordBatch]) {
    let builder = open(file);
    let schema = Arc::clone(builder.schema());
    let groups: Vec<&RecordBatch> = batches
        .iter()
        .filter(|batch| batch.num_rows() > 0)
        .collect();
    assert_eq!(builder.metadata().num_row_groups(), groups.len());
    for (number, group) in groups.iter().enumerate() {
        let rows = group.num_rows();
        let reader = open(file)
            .with_row_groups(vec![number])
            .with_batch_size(rows)
            .build()
            .unwrap();
        let read: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
        assert_eq!(read.len(), 1);
        for (place, field) in schema.fields().iter().enumerate() {
            let expected: ArrayRef = match group.column_by_name(field.name()) {
                Some(array) => cast(array, field.data_type()).unwrap(),
                None => new_null_array(field.data_type(), rows),
            };
            assert_eq!(
                read[0].column(place),
                &expected,
                "{} of row group {number}",
                field.name()
            );
        }
    }
}
