//! Row groups that are encoded on their own, on any thread, and appended to one file.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field};
use bytes::Bytes;
use otlake_parquet::{
    EncodedRowGroup, Encoder, FileError, FileSummary, FileWriter, SortingColumn, WriterOptions,
};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, RowGroupMetaData};
use proptest::prelude::*;
use support::{Kind, Nulls, assert_same, batch, batches, column, write};

fn options() -> WriterOptions {
    WriterOptions::new()
        .with_data_page_rows(100)
        .with_bloom_filter_columns(["IntFew", "TextUnique", "DictionaryMixed"])
        .with_sorting_columns(
            ["IntFew", "TextUnique"]
                .map(|name| SortingColumn {
                    name: name.into(),
                    descending: false,
                    nulls_first: true,
                })
                .into(),
        )
}

/// Encodes each batch on a thread of its own and appends the row groups in the order of the batches.
fn append_all(options: &WriterOptions, batches: &[RecordBatch]) -> (Bytes, FileSummary) {
    let groups: Vec<EncodedRowGroup> = std::thread::scope(|scope| {
        let encode = |batch| {
            scope.spawn(move || {
                let mut encoder = Encoder::new(options.clone()).unwrap();
                encoder.encode_row_group(batch).unwrap()
            })
        };
        let threads: Vec<_> = batches.iter().map(encode).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let mut file = FileWriter::new(Vec::new());
    for (group, batch) in std::iter::zip(&groups, batches) {
        assert_eq!(group.rows(), batch.num_rows());
        let before = file.bytes_written();
        file.append(group).unwrap();
        let magic = if before == 0 && group.rows() > 0 {
            4
        } else {
            0
        };
        assert_eq!(file.bytes_written() - before, group.size() as u64 + magic);
    }
    let mut encoder = Encoder::new(options.clone()).unwrap();
    let (bytes, summary) = file.finish(&mut encoder, &[]).unwrap();
    (Bytes::from(bytes), summary)
}

fn metadata(file: &Bytes) -> ParquetMetaData {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file.clone(), options);
    builder.unwrap().metadata().as_ref().clone()
}

/// Everything that a file says of its chunks, but for the places where they are, by row group and column.
fn described(metadata: &ParquetMetaData) -> Vec<Vec<String>> {
    let leaves = metadata.file_metadata().schema_descr().columns();
    let groups = metadata.row_groups().iter().enumerate();
    groups
        .map(|(number, group)| {
            let mut chunks: Vec<String> = std::iter::zip(leaves, group.columns())
                .enumerate()
                .map(|(leaf, (descriptor, chunk))| {
                    let pages = metadata.offset_index().map(|index| {
                        let pages = index[number][leaf].page_locations().iter();
                        let relative = pages.map(|page| {
                            let offset = page.offset - chunk.data_page_offset();
                            (offset, page.compressed_page_size, page.first_row_index)
                        });
                        relative.collect::<Vec<_>>()
                    });
                    let dictionary = chunk.dictionary_page_offset();
                    format!(
                        "{} {:?} {:?} {:?} {} {} {} {:?} {:?} {:?} {pages:?}",
                        descriptor.path(),
                        chunk.statistics(),
                        chunk.encodings().collect::<Vec<_>>(),
                        chunk.compression(),
                        chunk.num_values(),
                        chunk.compressed_size(),
                        chunk.uncompressed_size(),
                        dictionary.map(|offset| chunk.data_page_offset() - offset),
                        chunk.bloom_filter_length(),
                        metadata.column_index().map(|index| &index[number][leaf]),
                    )
                })
                .collect();
            chunks.sort();
            chunks.push(format!(
                "{} {:?}",
                group.num_rows(),
                group.sorting_columns()
            ));
            chunks
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Row groups of several threads, whose columns differ in set and order, come back, and the file says
    /// the same of them as one that was written directly.
    #[test]
    fn row_groups_of_many_threads_make_one_file(batches in batches()) {
        let (appended, summary) = append_all(&options(), &batches);
        assert_same(&appended, &batches);
        let (direct, mut expected) = write(options(), &batches);
        prop_assert_eq!(described(&metadata(&appended)), described(&metadata(&direct)));
        expected.bytes = appended.len() as u64;
        // The nulls of columns that a row group lacks are at the end of the appended file, so its row groups begin elsewhere.
        let groups = metadata(&appended).row_groups().to_vec();
        let begin = |group: &RowGroupMetaData| group.file_offset().and_then(|offset| offset.try_into().ok());
        expected.row_group_offsets = groups.iter().filter_map(begin).collect();
        prop_assert_eq!(summary, expected);
    }

    /// Where the columns are those of the file, and in its order, so are the bytes.
    #[test]
    fn appended_row_groups_have_the_bytes_of_written_ones(
        kinds in prop::sample::subsequence(support::KINDS.to_vec(), 1..6),
        groups in prop::collection::vec((1usize..400, support::nulls(), any::<u64>()), 1..4),
    ) {
        let batches: Vec<RecordBatch> = groups
            .iter()
            .map(|(rows, nulls, seed)| {
                let columns = kinds.iter().map(|kind| {
                    (format!("{kind:?}"), column(*kind, *rows, *nulls, *seed))
                });
                batch(columns.collect())
            })
            .collect();
        let (appended, summary) = append_all(&options(), &batches);
        let (direct, expected) = write(options(), &batches);
        prop_assert_eq!(appended, direct);
        prop_assert_eq!(summary, expected);
    }
}

#[test]
fn bloom_filters_move_with_their_row_group() {
    let group = |seed| {
        batch(vec![
            ("n".into(), column(Kind::IntAny, 500, Nulls::None, seed)),
            (
                "TextUnique".into(),
                column(Kind::TextUnique, 500, Nulls::None, seed),
            ),
        ])
    };
    let batches = [group(1), group(2), group(3)];
    let (file, _) = append_all(&options(), &batches);
    for (number, batch) in batches.iter().enumerate() {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file.clone()).unwrap();
        let filter = builder
            .get_row_group_column_bloom_filter(number, 1)
            .unwrap()
            .unwrap();
        let texts = batch.column(1);
        let texts = texts.as_any().downcast_ref::<arrow_array::StringArray>();
        assert!(
            texts
                .unwrap()
                .iter()
                .flatten()
                .all(|text| filter.check(text))
        );
        assert!(!filter.check("not there"));
    }
}

/// A row group that a file rejects can go to another file, and the file goes on.
#[test]
fn a_rejected_row_group_is_kept() {
    let mut encoder = Encoder::new(options()).unwrap();
    let of = |kind| batch(vec![("a".into(), column(kind, 10, Nulls::None, 1))]);
    let integers = encoder.encode_row_group(&of(Kind::IntAny)).unwrap();
    let texts = encoder.encode_row_group(&of(Kind::TextFew)).unwrap();

    let mut file = FileWriter::new(Vec::new());
    file.append(&integers).unwrap();
    let error = file.append(&texts).unwrap_err();
    assert!(matches!(error, FileError::ColumnType { .. }), "{error}");
    assert!(!file.is_broken());
    file.append(&integers).unwrap();
    let (bytes, _) = file.finish(&mut encoder, &[]).unwrap();
    assert_same(&bytes.into(), &[of(Kind::IntAny), of(Kind::IntAny)]);

    let mut other = FileWriter::new(Vec::new());
    other.append(&texts).unwrap();
    let (bytes, _) = other.finish(&mut encoder, &[]).unwrap();
    assert_same(&bytes.into(), &[of(Kind::TextFew)]);
}

#[test]
fn a_batch_with_two_columns_of_one_name_is_rejected() {
    let mut encoder = Encoder::new(options()).unwrap();
    let twice = batch(vec![
        ("a".into(), column(Kind::IntAny, 10, Nulls::None, 1)),
        ("a".into(), column(Kind::IntAny, 10, Nulls::None, 2)),
    ]);
    let error = encoder.encode_row_group(&twice).unwrap_err();
    assert!(matches!(error, FileError::DuplicateColumn { .. }));
}

/// Columns that are made one by one become the same file, and one that does not fit is an error.
#[test]
fn columns_may_be_made_one_by_one() {
    let columns = support::KINDS.map(|kind| {
        let array = column(kind, 300, Nulls::Half, kind as u64);
        (format!("{kind:?}"), array)
    });
    let batch = batch(columns.to_vec());
    let (expected, _) = write(WriterOptions::new(), std::slice::from_ref(&batch));
    let schema = batch.schema();
    let fields = || schema.fields().iter().map(|field| &**field);
    let mut encoder = Encoder::new(WriterOptions::new()).unwrap();
    let mut file = FileWriter::new(Vec::new());
    file.write_columns(&mut encoder, 300, fields(), |place| {
        Ok::<_, FileError>(batch.column(place).clone())
    })
    .unwrap();
    let (bytes, _) = file.finish(&mut encoder, &[]).unwrap();
    assert_eq!(bytes, expected);

    for (kind, rows, expected) in [
        (Kind::TextFew, 299, "299 rows instead of 300"),
        (Kind::FloatAny, 300, "Float64"),
    ] {
        let mut file = FileWriter::new(Vec::new());
        let texts = [Field::new("a", DataType::Utf8, true)];
        let wrong = column(kind, rows, Nulls::None, 1);
        let error = file
            .write_columns(&mut encoder, 300, texts.iter(), |_| {
                Ok::<_, FileError>(wrong.clone())
            })
            .unwrap_err();
        let source = std::error::Error::source(&error).map(|source| source.to_string());
        let text = format!("{error}: {source:?}");
        assert!(text.contains(expected), "{text}");
        assert!(file.is_broken());
    }
}
