//! What is written is what the `parquet` crate's reader reads.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use arrow_array::{Array, RecordBatch};
use arrow_cast::cast;
use otlake_parquet::{Compression, WriterOptions};
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use proptest::prelude::*;
use support::{Kind, Nulls, assert_same, batch, batches, column, open, write};

fn options() -> impl Strategy<Value = WriterOptions> {
    let mut codecs = vec![
        Compression::ZSTD,
        Compression::Snappy,
        Compression::Lz4,
        Compression::None,
    ];
    codecs.retain(|codec| codec.is_available());
    let compression = prop::sample::select(codecs);
    (
        compression,
        1usize..400,
        1usize..3000,
        1usize..3000,
        1usize..80,
    )
        .prop_map(
            |(compression, page_rows, page_bytes, dictionary_bytes, truncate)| {
                WriterOptions::new()
                    .with_compression(compression)
                    .with_data_page_rows(page_rows)
                    .with_data_page_bytes(page_bytes)
                    .with_dictionary_page_bytes(dictionary_bytes)
                    .with_statistics_truncate_length(truncate)
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_batch_comes_back(batches in batches(), options in options()) {
        let (file, summary) = write(options, &batches);
        assert_same(&file, &batches);
        prop_assert_eq!(summary.bytes, file.len() as u64);
        prop_assert_eq!(summary.rows, batches.iter().map(|b| b.num_rows() as u64).sum::<u64>());
        for column in &summary.columns {
            let nulls: usize = batches
                .iter()
                .map(|batch| match batch.column_by_name(&column.name) {
                    Some(array) => array.logical_null_count(),
                    None => batch.num_rows(),
                })
                .sum();
            prop_assert_eq!(column.nulls, nulls as u64, "{}", &column.name);
        }
    }

    /// Skipping rows goes by the offset index.
    #[test]
    fn any_rows_can_be_selected(
        kinds in prop::collection::vec(prop::sample::select(&support::KINDS[..]), 1..4),
        nulls in support::nulls(),
        seed in any::<u64>(),
        selectors in prop::collection::vec((0usize..150, any::<bool>()), 1..8),
        options in options(),
    ) {
        let rows = 500;
        let columns = kinds.iter().enumerate().map(|(number, kind)| {
            (format!("{number}"), column(*kind, rows, nulls, seed.wrapping_add(number as u64)))
        });
        let batch = batch(columns.collect());
        let (file, _) = write(options, std::slice::from_ref(&batch));
        let mut taken = Vec::new();
        let mut at = 0;
        let mut within = Vec::new();
        for (count, skip) in selectors {
            let count = count.min(rows - at);
            if skip {
                within.push(RowSelector::skip(count));
            } else {
                within.push(RowSelector::select(count));
                taken.push(batch.slice(at, count));
            }
            at += count;
        }
        taken.retain(|batch| batch.num_rows() > 0);
        let reader = open(&file)
            .with_row_selection(RowSelection::from(within))
            .with_batch_size(rows)
            .build()
            .unwrap();
        let mut read = reader.map(Result::unwrap);
        let mut rest: Option<RecordBatch> = read.next();
        for expected in taken {
            let got = rest.take().unwrap();
            for (got, expected) in got.columns().iter().zip(expected.columns()) {
                let got = got.slice(0, expected.len());
                prop_assert_eq!(&got, &cast(expected, got.data_type()).unwrap());
            }
            let taken = expected.num_rows();
            rest = if got.num_rows() > taken {
                Some(got.slice(taken, got.num_rows() - taken))
            } else {
                read.next()
            };
        }
        prop_assert!(rest.is_none());
    }
}

#[test]
fn many_rows_of_every_type() {
    for nulls in [Nulls::None, Nulls::Half, Nulls::Runs, Nulls::Most] {
        let rows = 45_000;
        let columns = support::KINDS
            .iter()
            .map(|kind| {
                (
                    format!("{kind:?}"),
                    column(*kind, rows, nulls, *kind as u64),
                )
            })
            .collect();
        let batch = batch(columns);
        let (file, _) = write(WriterOptions::new(), std::slice::from_ref(&batch));
        assert_same(&file, std::slice::from_ref(&batch));
    }
}

#[test]
fn a_file_without_rows_has_its_columns() {
    let empty = batch(vec![("a".into(), column(Kind::TextFew, 0, Nulls::None, 1))]);
    let (file, summary) = write(WriterOptions::new(), &[empty]);
    let reader = open(&file);
    assert_eq!(reader.schema().fields().len(), 1);
    assert_eq!(reader.metadata().num_row_groups(), 0);
    assert_eq!(summary.columns[0].name, "a");
    let (file, _) = write(WriterOptions::new(), &[]);
    assert_eq!(open(&file).metadata().file_metadata().num_rows(), 0);
}
