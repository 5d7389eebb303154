//! What `ChunkDecoder` reads is what the `parquet` crate reads.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeSet;
use std::panic::catch_unwind;

use arrow_array::{Array, ArrayRef};
use arrow_cast::cast;
use arrow_schema::DataType;
use bytes::Bytes;
use otlake_parquet::{ChunkDecoder, Compression, WriterOptions};
use parquet::arrow::ArrowWriter;
use parquet::basic::Encoding;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use proptest::prelude::*;
use support::{Kind, Nulls, batch, column, open, write};

fn dictionary(values: &DataType) -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(values.clone()))
}

fn bytes_of<'a>(file: &'a Bytes, chunk: &ColumnChunkMetaData) -> &'a [u8] {
    let (start, len) = chunk.byte_range();
    &file[start as usize..(start + len) as usize]
}

/// Compares all chunks that can be decoded, and returns the names of the columns of which a chunk was decoded to the type
/// of the column.
fn assert_decoded(file: &Bytes, decoder: &mut ChunkDecoder) -> BTreeSet<String> {
    let builder = open(file);
    let mut decoded = BTreeSet::new();
    for (number, group) in builder.metadata().row_groups().iter().enumerate() {
        let rows = group.num_rows() as usize;
        let reader = open(file).with_row_groups(vec![number]);
        let mut reader = reader.with_batch_size(rows).build().unwrap();
        let expected = reader.next().unwrap().unwrap();
        let mut leaf = 0;
        for (field, expected) in expected.schema().fields().iter().zip(expected.columns()) {
            let chunk = group.column(leaf);
            let root = group.schema_descr().get_column_root_idx(leaf);
            leaf += (leaf..group.num_columns())
                .take_while(|leaf| group.schema_descr().get_column_root_idx(*leaf) == root)
                .count();
            let mut types = vec![field.data_type().clone()];
            if let DataType::Utf8 | DataType::Binary = field.data_type() {
                types.push(dictionary(field.data_type()));
            }
            for data_type in types {
                let bytes = bytes_of(file, chunk);
                let found = decoder.decode(chunk, bytes, rows, &data_type).unwrap();
                if let Some(found) = found {
                    assert_eq!(found.data_type(), &data_type);
                    let found = cast(&found, expected.data_type()).unwrap();
                    assert_eq!(&found, expected, "{} as {data_type}", field.name());
                    if data_type == *field.data_type() {
                        decoded.insert(field.name().clone());
                    }
                }
            }
        }
    }
    decoded
}

/// Returns whether all chunks of a type are decoded that the parquet crate writes with its default encodings.
fn is_plain(data_type: &DataType) -> bool {
    let types = [
        DataType::Int64,
        DataType::Float64,
        DataType::Utf8,
        DataType::Binary,
    ];
    types.contains(data_type)
}

fn codecs() -> Vec<Compression> {
    let mut codecs = vec![
        Compression::ZSTD,
        Compression::Snappy,
        Compression::Lz4,
        Compression::None,
    ];
    codecs.retain(|codec| codec.is_available());
    codecs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn chunks_of_the_encoder_come_back(
        batches in support::batches(),
        codec in prop::sample::select(codecs()),
        page_rows in 1usize..400,
        dictionary_bytes in 1usize..3000,
    ) {
        let options = WriterOptions::new()
            .with_compression(codec)
            .with_data_page_rows(page_rows)
            .with_dictionary_page_bytes(dictionary_bytes);
        let (file, _) = write(options, &batches);
        assert_decoded(&file, &mut ChunkDecoder::new());
    }

    /// Chunks of another writer are read or left to the parquet crate, but never misread.
    #[test]
    fn chunks_of_the_parquet_crate_come_back(
        batches in support::batches(),
        is_version_2 in any::<bool>(),
        has_dictionary in any::<bool>(),
        encoding in prop::sample::select(vec![
            None,
            Some(Encoding::DELTA_LENGTH_BYTE_ARRAY),
            Some(Encoding::DELTA_BYTE_ARRAY),
            Some(Encoding::DELTA_BINARY_PACKED),
            Some(Encoding::BYTE_STREAM_SPLIT),
        ]),
        page_rows in 1usize..400,
    ) {
        for batch in batches.iter().filter(|batch| batch.num_rows() > 0) {
            let mut properties = WriterProperties::builder()
                .set_writer_version(match is_version_2 {
                    true => WriterVersion::PARQUET_2_0,
                    false => WriterVersion::PARQUET_1_0,
                })
                .set_dictionary_enabled(has_dictionary)
                .set_statistics_enabled(EnabledStatistics::Page)
                .set_data_page_row_count_limit(page_rows)
                .set_dictionary_page_size_limit(2_000)
                .set_write_batch_size(64);
            for field in batch.schema().fields() {
                let fits = match encoding {
                    Some(Encoding::DELTA_BINARY_PACKED) => matches!(
                        field.data_type(),
                        DataType::Int64 | DataType::Int32 | DataType::Timestamp(..)
                    ),
                    Some(Encoding::BYTE_STREAM_SPLIT) => *field.data_type() == DataType::Float64,
                    Some(_) => matches!(field.data_type(), DataType::Utf8 | DataType::Binary),
                    None => false,
                };
                if let (true, Some(encoding)) = (fits, encoding) {
                    let path = field.name().as_str().into();
                    properties = properties.set_column_encoding(path, encoding);
                }
            }
            let properties = Some(properties.build());
            let writer = ArrowWriter::try_new(Vec::new(), batch.schema(), properties);
            let Ok(mut writer) = writer else { continue };
            writer.write(batch).unwrap();
            let file = Bytes::from(writer.into_inner().unwrap());
            let decoded = assert_decoded(&file, &mut ChunkDecoder::new());
            if !is_version_2 && encoding.is_none() {
                let fields = batch.schema();
                let names = fields.fields().iter().filter(|field| is_plain(field.data_type()));
                for field in names {
                    assert!(decoded.contains(field.name()), "{field}");
                }
            }
        }
    }

    /// Damage is an error, or other values, but no panic and no endless loop.
    #[test]
    fn damaged_chunks_are_errors(
        kind in prop::sample::select(support::FLAT),
        nulls in support::nulls(),
        codec in prop::sample::select(codecs()),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let options = WriterOptions::new().with_compression(codec).with_data_page_rows(200);
        let (file, _) = write(options, &[batch(vec![("a".into(), column(kind, 500, nulls, seed))])]);
        let reader = open(&file);
        let chunk = reader.metadata().row_group(0).column(0);
        let mut bytes = bytes_of(&file, chunk).to_vec();
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let data_type = reader.schema().field(0).data_type();
        for data_type in [data_type.clone(), dictionary(data_type)] {
            let decode = || ChunkDecoder::new().decode(chunk, &bytes, 500, &data_type);
            if let Ok(Some(array)) = catch_unwind(decode).unwrap() {
                assert_eq!(array.len(), 500);
            }
        }
    }
}

/// The kinds of columns that most files consist of are all decoded here, with one decoder.
#[test]
fn no_flat_column_is_left_to_the_parquet_crate() {
    let kinds = support::FLAT.iter();
    let kinds = kinds.filter(|kind| {
        let other = [Kind::Int16, Kind::UInt64, Kind::Float32, Kind::LargeText];
        !other.contains(kind)
    });
    let mut decoder = ChunkDecoder::new();
    for nulls in [
        Nulls::None,
        Nulls::Half,
        Nulls::Runs,
        Nulls::Most,
        Nulls::All,
    ] {
        let columns: Vec<(String, ArrayRef)> = kinds
            .clone()
            .map(|kind| {
                (
                    format!("{kind:?}"),
                    column(*kind, 45_000, nulls, *kind as u64),
                )
            })
            .collect();
        let names: BTreeSet<String> = columns.iter().map(|(name, _)| name.clone()).collect();
        for codec in codecs() {
            let options = WriterOptions::new().with_compression(codec);
            let (file, _) = write(options, &[batch(columns.clone())]);
            assert_eq!(assert_decoded(&file, &mut decoder), names);
        }
    }
}
