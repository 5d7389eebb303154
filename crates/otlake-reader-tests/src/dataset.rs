use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use otlake::dataset::{BatchId, BatchStart};
use otlake::otlp::Summary;
use otlake::row::Signal;
use otlake::storage::LocalDirectory;
use otlake::{FingerprintStage, IngestError, Pipeline};
use prost::Message;

use crate::drift::{Day, Drift};

/// Full names of the promoted attributes, which get a column whatever the column budget.
pub const PROMOTED: [&str; 4] = [
    "attr.record.number",
    "attr.drift.tenant",
    "attr.late.promoted",
    "resource.service.name",
];

/// The differences between the tables of the dataset.
const TABLES: [Table; 3] = [
    Table {
        signal: Signal::Logs,
        partitioning: "signal={signal}/date={date}",
        compression: "zstd:1",
    },
    Table {
        signal: Signal::Traces,
        partitioning: "signal={signal}/year={year}/month={month}",
        compression: "snappy",
    },
    Table {
        signal: Signal::Metrics,
        partitioning: "signal={signal}/date={date}/hour={hour}",
        compression: "lz4",
    },
];

struct Table {
    signal: Signal,
    partitioning: &'static str,
    compression: &'static str,
}

/// Writes a dataset to `lake` in a directory, and the requests it is made from to `payloads`. There
/// is one file of requests per signal; each request follows its length as a big-endian `u32`.
/// Returns the number of records.
///
/// Each day and signal uses a new pipeline, like a process that is started every day.
///
/// # Errors
///
/// Fails if a file can't be written, or if the pipeline fails.
pub fn write(drift: Drift, directory: &Path) -> Result<u64, Box<dyn Error>> {
    let mut records = 0;
    let mut payloads = Vec::new();
    for table in &TABLES {
        let directory = directory.join("payloads").join(table.signal.name());
        fs::create_dir_all(&directory)?;
        payloads.push(BufWriter::new(File::create(
            directory.join("requests.bin"),
        )?));
    }
    for day in drift {
        for (table, payloads) in TABLES.iter().zip(&mut payloads) {
            if !day.has(table.signal) {
                continue;
            }
            let request = table.request_of(&day);
            let length = u32::try_from(request.len())?;
            payloads.write_all(&length.to_be_bytes())?;
            payloads.write_all(&request)?;
            records += table.write(&directory.join("lake"), day.number, request)?;
        }
    }
    for mut payloads in payloads {
        payloads.flush()?;
    }
    Ok(records)
}

impl Table {
    fn request_of(&self, day: &Day) -> Vec<u8> {
        match self.signal {
            Signal::Logs => day.logs.encode_to_vec(),
            Signal::Traces => day.traces.encode_to_vec(),
            Signal::Metrics => day.metrics.encode_to_vec(),
        }
    }

    fn write(&self, lake: &Path, day: usize, request: Vec<u8>) -> Result<u64, Box<dyn Error>> {
        let mut pipeline = Pipeline::builder()
            .partitioning(self.partitioning.parse()?)
            .compression(self.compression.parse()?)
            .promote(PROMOTED)
            .fingerprint()
            .build(LocalDirectory::new(lake))?;
        // The batches of a source finish in order, so each signal is a source.
        let batch = BatchId::new(self.signal.name(), day as u64)?;
        if pipeline.begin_batch(&batch)? == BatchStart::AlreadyFinished {
            return Err(format!("{}: {batch} has been written before", lake.display()).into());
        }
        let taken = self.ingest(&mut pipeline, request)?;
        pipeline.finish_batch()?;
        Ok(taken.accepted)
    }

    fn ingest(
        &self,
        pipeline: &mut Pipeline<(FingerprintStage,)>,
        request: Vec<u8>,
    ) -> Result<Summary, IngestError> {
        match self.signal {
            Signal::Logs => pipeline.ingest_logs(request),
            Signal::Traces => pipeline.ingest_traces(request),
            Signal::Metrics => pipeline.ingest_metrics(request),
        }
    }
}
