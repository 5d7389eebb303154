//! A frozen file: what was written once is written and read for ever.
//!
//! When the encoding changes on purpose, say so in the changelog, keep the old file under another
//! name with a test that reads it, and write the new one with `OTLAKE_BLESS=1 cargo test -p
//! otlake-parquet --test golden`.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::path::Path;

use arrow_array::RecordBatch;
use arrow_cast::cast;
use bytes::Bytes;
use otlake_parquet::{Compression, Encoder, FileWriter, SortingColumn, WriterOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use support::{Kind, Nulls, batch, column};

/// The types with encoders of their own: what the `parquet` crate encodes may change with it.
const KINDS: [Kind; 15] = [
    Kind::DictionaryRuns,
    Kind::DictionaryMixed,
    Kind::DictionaryUnclean,
    Kind::TextUnique,
    Kind::TextFew,
    Kind::Binary,
    Kind::IntConstant,
    Kind::IntFew,
    Kind::IntAscending,
    Kind::IntAny,
    Kind::Int32,
    Kind::Timestamp,
    Kind::FloatFew,
    Kind::FloatAny,
    Kind::Boolean,
];

fn batches() -> Vec<RecordBatch> {
    let group = |rows, skip: usize| {
        let columns = KINDS
            .iter()
            .enumerate()
            .filter(|(number, _)| number % 3 >= skip);
        let nulls = |number| [Nulls::None, Nulls::Half, Nulls::Most][number % 3];
        batch(
            columns
                .map(|(number, kind)| {
                    (
                        format!("{kind:?}"),
                        column(*kind, rows, nulls(number), number as u64),
                    )
                })
                .collect(),
        )
    };
    vec![group(300, 1), group(40, 0), group(200, 2)]
}

fn options() -> WriterOptions {
    WriterOptions::new()
        .with_compression(Compression::None)
        .with_data_page_rows(128)
        .with_bloom_filter_columns(["IntFew", "TextUnique"])
        .with_sorting_columns(vec![SortingColumn {
            name: "IntFew".into(),
            descending: false,
            nulls_first: true,
        }])
        .with_created_by("golden")
}

fn write(encoder: &mut Encoder) -> Vec<u8> {
    let mut file = FileWriter::new(Vec::new());
    for batch in batches() {
        file.write_row_group(encoder, &batch).unwrap();
    }
    file.finish(encoder, &[("key".into(), "value".into())])
        .unwrap()
        .0
}

#[test]
fn the_frozen_file_is_written_and_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/v1.parquet");
    let mut encoder = Encoder::new(options()).unwrap();
    let written = write(&mut encoder);
    if std::env::var_os("OTLAKE_BLESS").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    let frozen = std::fs::read(&path).unwrap();
    assert!(
        written == frozen,
        "the encoding changed: see the head of this file"
    );
    // An encoder that has written files leaves no trace of them in the next.
    assert!(write(&mut encoder) == frozen);

    let frozen = Bytes::from(frozen);
    for (group, batch) in batches().iter().enumerate() {
        let builder = ParquetRecordBatchReaderBuilder::try_new(frozen.clone()).unwrap();
        let reader = builder.with_row_groups(vec![group]).build().unwrap();
        let read: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
        assert_eq!(read.len(), 1);
        for (field, array) in read[0].schema().fields().iter().zip(read[0].columns()) {
            match batch.column_by_name(field.name()) {
                Some(expected) => assert_eq!(array, &cast(expected, field.data_type()).unwrap()),
                None => assert_eq!(array.null_count(), array.len()),
            }
        }
    }
}
