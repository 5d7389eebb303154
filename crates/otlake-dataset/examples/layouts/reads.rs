//! Reads that are counted.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use otlake_dataset::ManifestFile;
use otlake_storage::{Documents, InMemoryStorage};
use parquet::DecodeResult;
use parquet::bloom_filter::Sbbf;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataPushDecoder};

use crate::Result;

/// The end of a file that is read first.
const TAIL: u64 = 64 << 10;
/// Ranges that are less than this apart are read with one request.
const GAP: u64 = 1 << 20;

/// Reads that are counted.
pub struct Reads<'a> {
    storage: &'a InMemoryStorage,
    pub requests: u64,
    pub bytes: u64,
}

impl<'a> Reads<'a> {
    pub fn new(storage: &'a InMemoryStorage) -> Self {
        Self {
            storage,
            requests: 0,
            bytes: 0,
        }
    }

    fn read(&mut self, name: &str, range: Range<u64>) -> Result<Bytes> {
        self.requests += 1;
        self.bytes += range.end - range.start;
        Ok(self
            .storage
            .read_range(name, range)?
            .ok_or("a file is gone")?)
    }

    /// Reads several ranges, those that are close to each other with one request.
    pub fn read_all(&mut self, name: &str, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let mut sorted = ranges.to_vec();
        sorted.sort_unstable_by_key(|range| range.start);
        let mut pieces: Vec<(Range<u64>, Bytes)> = Vec::new();
        let mut merged: Vec<Range<u64>> = Vec::new();
        for range in sorted {
            match merged.last_mut() {
                Some(last) if range.start <= last.end + GAP => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        for range in merged {
            pieces.push((range.clone(), self.read(name, range)?));
        }
        let slice = |range: &Range<u64>| {
            let (piece, bytes) = pieces
                .iter()
                .find(|(piece, _)| piece.start <= range.start && range.end <= piece.end)?;
            let start = (range.start - piece.start) as usize;
            Some(bytes.slice(start..start + (range.end - range.start) as usize))
        };
        let slices = ranges.iter().map(slice);
        slices
            .collect::<Option<_>>()
            .ok_or_else(|| "every range was read".into())
    }

    /// Reads the footer and the page index.
    pub fn metadata(&mut self, file: &ManifestFile) -> Result<Arc<ParquetMetaData>> {
        let mut decoder = ParquetMetaDataPushDecoder::try_new(file.bytes)?;
        let tail = file.bytes.saturating_sub(TAIL)..file.bytes;
        decoder.push_range(tail.clone(), self.read(&file.name, tail)?)?;
        loop {
            match decoder.try_decode()? {
                DecodeResult::NeedsData(ranges) => {
                    let bytes = self.read_all(&file.name, &ranges)?;
                    decoder.push_ranges(ranges, bytes)?;
                }
                DecodeResult::Data(metadata) => return Ok(Arc::new(metadata)),
                DecodeResult::Finished => return Err("a file has no footer".into()),
            }
        }
    }

    /// Returns whether the bloom filter of a chunk has a value, if there is one.
    pub fn may_contain(
        &mut self,
        name: &str,
        chunk: &ColumnChunkMetaData,
        text: &str,
    ) -> Result<bool> {
        let (Some(offset), Some(length)) =
            (chunk.bloom_filter_offset(), chunk.bloom_filter_length())
        else {
            return Ok(true);
        };
        let begin = u64::try_from(offset)?;
        let bytes = self.read(name, begin..begin + u64::try_from(length)?)?;
        Ok(Sbbf::from_bytes(&bytes)?.check(text))
    }
}
