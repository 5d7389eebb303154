use std::convert::Infallible;

use bytes::Bytes;
use otlake::Pipeline;
use otlake::parquet::{Compression, Encoder, FileWriter, WriterOptions};
use otlake::storage::InMemoryStorage;
use otlake_arrow::BatchBuilder;
use otlake_dataset::{RowBuffer, RowInterner};
use otlake_fingerprint::Fingerprinter;
use otlake_otlp::{Format, OtlpDecoder};
use otlake_row::{Row, RowSink, Signal, Stage, sink_fn};
use otlake_schema::Schema;

use crate::case::{Case, Error, Kind, Outcome};
use crate::rows::Rows;
use crate::workload::Workload;

/// Returns the stages of otlake, in the order in which a record passes them, then all of them
/// together.
pub(crate) fn stages(workload: &Workload) -> Result<Vec<Case<'_>>, Error> {
    let pipeline = |compression: &str| -> Result<_, Error> {
        let builder = Pipeline::builder().fingerprint();
        Ok(builder.compression(compression.parse()?))
    };
    let mut cases = vec![decode(workload)];
    if workload.format() == Format::Json {
        // The stages after the decoder are the same for JSON.
        let zstd1 = pipeline("zstd:1")?;
        cases.push(end_to_end("end_to_end_zstd1", workload, zstd1)?);
        return Ok(cases);
    }
    if workload.signal() == Signal::Logs {
        cases.push(fingerprint(workload)?);
    }
    cases.extend([
        buffer(workload)?,
        shred(workload)?,
        parquet(workload)?,
        end_to_end("end_to_end_zstd1", workload, pipeline("zstd:1")?)?,
        end_to_end("end_to_end_snappy", workload, pipeline("snappy")?)?,
        end_to_end("end_to_end_none", workload, pipeline("none")?)?,
    ]);
    if workload.signal() == Signal::Logs {
        let without = Pipeline::builder().compression("zstd:1".parse()?);
        cases.push(end_to_end(
            "end_to_end_zstd1_no_fingerprint",
            workload,
            without,
        )?);
    }
    let rolling = rolling("end_to_end_zstd1_rolling", workload, pipeline("zstd:1")?)?;
    cases.push(rolling);
    Ok(cases)
}

/// Decodes payloads to rows, which are discarded.
fn decode(workload: &Workload) -> Case<'_> {
    let mut decoder = OtlpDecoder::new();
    Case::per_payload("decode", Kind::Stage, workload, move |payload| {
        let mut cells = 0;
        let mut sink = sink_fn(|row: &mut Row<'_>| {
            cells += row.cells().len();
            Ok::<_, Infallible>(())
        });
        let summary = decoder.decode(workload.signal(), workload.format(), payload, &mut sink)?;
        std::hint::black_box(cells);
        Ok(Outcome::records(summary.accepted.try_into()?))
    })
}

/// Computes the fingerprints of bodies. A record without a text body takes no time, but counts.
fn fingerprint(workload: &Workload) -> Result<Case<'_>, Error> {
    let bodies = Rows::decode(workload)?.bodies();
    let mut fingerprinter = Fingerprinter::new();
    Ok(Case::new("fingerprint", Kind::Stage, move || {
        for body in &bodies {
            std::hint::black_box(fingerprinter.fingerprint(body.as_bytes()));
        }
        Ok(Outcome::records(workload.records()))
    }))
}

/// Packs decoded rows into a row buffer and replays them, as rows that wait in a partition are.
fn buffer(workload: &Workload) -> Result<Case<'_>, Error> {
    let mut rows = Rows::decode(workload)?;
    let mut waiting = Waiting::default();
    Ok(Case::new("buffer", Kind::Stage, move || {
        let records = rows.push(&mut waiting, |waiting| {
            let mut cells = 0;
            let mut sink = sink_fn(|row: &mut Row<'_>| {
                cells += row.cells().len();
                Ok::<_, Infallible>(())
            });
            std::mem::take(&mut waiting.buffer).replay(&waiting.interner, &mut sink)?;
            std::hint::black_box(cells);
            Ok(())
        })?;
        Ok(Outcome::records(records))
    }))
}

#[derive(Default)]
struct Waiting {
    buffer: RowBuffer,
    interner: RowInterner,
}

impl RowSink for Waiting {
    type Error = Infallible;

    fn row(&mut self, row: &mut Row<'_>) -> Result<(), Infallible> {
        self.buffer.push(row, &mut self.interner);
        Ok(())
    }
}

fn schema(workload: &Workload) -> Schema {
    match workload.signal() {
        Signal::Logs => Schema::logs(),
        Signal::Traces => Schema::traces(),
        Signal::Metrics => Schema::metrics(),
    }
}

/// Turns decoded rows into record batches, one per payload. The rows come from memory, whereas a pipeline
/// has them in the cache, so the stage costs less there.
fn shred(workload: &Workload) -> Result<Case<'_>, Error> {
    let mut rows = Rows::decode(workload)?;
    let mut builder = BatchBuilder::new(schema(workload));
    Ok(Case::new("shred", Kind::Stage, move || {
        let records = rows.push(&mut builder, |builder| {
            let batch = std::hint::black_box(builder.finish_batch());
            builder.recycle(batch);
            Ok(())
        })?;
        Ok(Outcome::records(records))
    }))
}

/// Writes finished record batches to files with ZSTD(1), one file each.
fn parquet(workload: &Workload) -> Result<Case<'_>, Error> {
    let mut batches = Vec::new();
    let mut builder = BatchBuilder::new(schema(workload));
    Rows::decode(workload)?.push(&mut builder, |builder| {
        batches.push(builder.finish_batch());
        Ok(())
    })?;
    let options = WriterOptions::new().with_compression("zstd:1".parse::<Compression>()?);
    let mut encoder = Encoder::new(options)?;
    Ok(Case::new("parquet", Kind::Stage, move || {
        let mut outcome = Outcome::file(0, 0);
        for batch in &batches {
            let mut writer = FileWriter::new(Vec::new());
            writer.write_row_group(&mut encoder, batch)?;
            let (file, _) = writer.finish(&mut encoder, &[])?;
            outcome.records += batch.num_rows();
            outcome.output_bytes = outcome.output_bytes.map(|bytes| bytes + file.len());
        }
        Ok(outcome)
    }))
}

/// Takes payloads to files, one file each.
fn end_to_end<'a, C: Stage + 'static>(
    name: &'static str,
    workload: &'a Workload,
    builder: otlake::PipelineBuilder<C>,
) -> Result<Case<'a>, Error> {
    let storage = InMemoryStorage::new();
    let mut pipeline = builder.build_files(storage.clone())?;
    Ok(Case::per_payload(
        name,
        Kind::Stage,
        workload,
        move |payload| {
            let summary = pipeline.ingest(workload.signal(), workload.format(), payload.clone())?;
            pipeline.flush()?;
            Ok(Outcome::file(
                summary.accepted.try_into()?,
                take_bytes(&storage),
            ))
        },
    ))
}

/// Takes all payloads to one file.
fn rolling<'a, C: Stage + 'static>(
    name: &'static str,
    workload: &'a Workload,
    builder: otlake::PipelineBuilder<C>,
) -> Result<Case<'a>, Error> {
    let storage = InMemoryStorage::new();
    let mut pipeline = builder.build_files(storage.clone())?;
    Ok(Case::new(name, Kind::Stage, move || {
        let mut outcome = Outcome::default();
        for payload in workload.payloads() {
            let summary = pipeline.ingest(workload.signal(), workload.format(), payload.clone())?;
            outcome.records += usize::try_from(summary.accepted)?;
        }
        pipeline.flush()?;
        Ok(Outcome::file(outcome.records, take_bytes(&storage)))
    }))
}

/// Returns the contents of our own columns before compression.
pub(crate) fn finished_columns(workload: &Workload) -> Result<Vec<Vec<u8>>, Error> {
    let storage = InMemoryStorage::new();
    let mut chunks = Vec::new();
    let options = Pipeline::builder().fingerprint();
    let options = options.compression(Compression::None);
    let mut pipeline = options.build_files(storage.clone())?;
    for payload in workload.payloads() {
        pipeline.ingest(workload.signal(), workload.format(), payload.clone())?;
        pipeline.flush()?;
        for file in storage.take_files().values() {
            chunks.extend(crate::floors::column_chunks(file)?);
        }
    }
    Ok(chunks)
}

/// Removes all files and returns their total size.
fn take_bytes(storage: &InMemoryStorage) -> usize {
    storage.take_files().values().map(Bytes::len).sum()
}
