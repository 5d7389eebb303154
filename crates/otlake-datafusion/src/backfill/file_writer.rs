use std::error::Error;
use std::fmt;
use std::io::Read;
use std::sync::Arc;

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::object_store::path::Path;
use otlake::{FingerprintStage, IngestError, Pipeline};
use otlake_dataset::{BatchId, BatchStart};
use otlake_otlp::{Payload, PayloadErrorKind, PayloadReader};
use otlake_row::Signal;

use super::identity::batch_id;
use super::options::BackfillOptions;
use super::outcome::{FileOutcome, FileState};
use super::target::{Target, failed};
use crate::otlp::error::with_causes;
use crate::otlp::file::InPayload;
use crate::otlp::options::Faults;

/// Writes the records of files to a dataset, one file after another. It belongs to a partition of a backfill.
#[derive(Debug)]
pub(super) struct FileWriter {
    store: ObjectStoreUrl,
    target: Target,
    options: Arc<BackfillOptions>,
    /// A pipeline on the dataset, which is opened for the first file.
    pipeline: Option<Pipeline<(FingerprintStage,)>>,
}

impl FileWriter {
    /// Returns a writer for files of a store.
    pub(super) fn new(
        store: ObjectStoreUrl,
        target: Target,
        options: Arc<BackfillOptions>,
    ) -> FileWriter {
        FileWriter {
            store,
            target,
            options,
            pipeline: None,
        }
    }

    /// Writes a file as a batch. A file with a fault is left out, unless faults are skipped. This blocks.
    ///
    /// # Errors
    ///
    /// Returns an error if the file can't be read to its end, or if the dataset can't be written. Nothing of the file is
    /// visible then.
    pub(super) fn write(&mut self, path: &Path, reader: impl Read) -> Result<FileOutcome> {
        let error = |step: &str, error: &dyn Error| failed(&format!("{step} {path}"), error);
        let id = batch_id(&self.store, path).map_err(|cause| error("identify", &cause))?;
        let options = Arc::clone(&self.options);
        let pipeline = self.pipeline()?;
        let written = File {
            path,
            options: &options,
            outcome: FileOutcome::default(),
        }
        .write(pipeline, &id, reader);
        if written.is_err() {
            pipeline.discard_batch();
        }
        written
    }

    fn pipeline(&mut self) -> Result<&mut Pipeline<(FingerprintStage,)>> {
        let pipeline = match self.pipeline.take() {
            Some(pipeline) => pipeline,
            None => {
                let dataset = self.target.open(&self.options)?;
                let limits = self.options.input.limits;
                Pipeline::on(&dataset).limits(limits).fingerprint().build()
            }
        };
        Ok(self.pipeline.insert(pipeline))
    }
}

/// A file that is being written.
struct File<'f> {
    path: &'f Path,
    options: &'f BackfillOptions,
    outcome: FileOutcome,
}

impl File<'_> {
    fn write(
        mut self,
        pipeline: &mut Pipeline<(FingerprintStage,)>,
        id: &BatchId,
        reader: impl Read,
    ) -> Result<FileOutcome> {
        let start = pipeline.begin_batch(id);
        match start.map_err(|error| self.failed("begin the batch of", &error))? {
            BatchStart::Begun => {}
            BatchStart::AlreadyFinished => {
                pipeline.discard_batch();
                self.outcome.state = FileState::AlreadyWritten;
                return Ok(self.outcome);
            }
        }
        let limit = self.options.input.limits.payload_bytes();
        for payload in PayloadReader::new(reader).with_limit(limit) {
            match payload {
                Ok(payload) => self.ingest(pipeline, payload)?,
                Err(error) if matches!(error.kind(), PayloadErrorKind::Read(_)) => {
                    return Err(self.failed("read", &error));
                }
                Err(error) => self.fault(with_causes(&error)),
            }
            if self.is_left_out() {
                pipeline.discard_batch();
                self.outcome.state = FileState::LeftOut;
                self.outcome.records.accepted = 0;
                return Ok(self.outcome);
            }
        }
        let finished = pipeline.finish_batch();
        finished.map_err(|error| self.failed("finish the batch of", &error))?;
        Ok(self.outcome)
    }

    fn ingest(
        &mut self,
        pipeline: &mut Pipeline<(FingerprintStage,)>,
        payload: Payload,
    ) -> Result<()> {
        let fault = |fault: &dyn fmt::Display| InPayload::new(&payload, fault).to_string();
        let signal = match payload.signal() {
            Ok(Some(signal)) => signal,
            Ok(None) => match self.signal_of_path() {
                Some(signal) => signal,
                None => {
                    self.fault(fault(&UNKNOWN_SIGNAL));
                    return Ok(());
                }
            },
            Err(error) => {
                self.fault(fault(&with_causes(&error)));
                return Ok(());
            }
        };
        match pipeline.ingest(signal, payload.format, payload.bytes.clone()) {
            Ok(records) => self.outcome.records.merge(records),
            Err(error @ IngestError::Write { .. }) => return Err(self.failed("write", &error)),
            Err(error) => {
                self.outcome.records.merge(error.records().clone());
                self.fault(fault(&with_causes(&error)));
            }
        }
        Ok(())
    }

    /// Returns the signal that a directory or the file is named after.
    fn signal_of_path(&self) -> Option<Signal> {
        let named = |word: &str| Signal::ALL.into_iter().find(|signal| signal.name() == word);
        let parts: Vec<_> = self.path.parts().collect();
        parts.iter().rev().find_map(|part| {
            let mut words = part.as_ref().split(|c: char| !c.is_alphanumeric());
            words.find_map(named)
        })
    }

    fn fault(&mut self, fault: String) {
        self.outcome.faults += 1;
        self.outcome.first_fault.get_or_insert(fault);
    }

    /// Returns whether the file has a fault that must not be skipped.
    fn is_left_out(&self) -> bool {
        let faulty = self.outcome.faults > 0 || self.outcome.records.rejected > 0;
        faulty && self.options.input.faults == Faults::Fail
    }

    fn failed(&self, step: &str, error: &dyn Error) -> DataFusionError {
        failed(&format!("{step} {}", self.path), error)
    }
}

const UNKNOWN_SIGNAL: &str = "its records fit several signals, or none: put the file into a directory that is named \
                              after its signal: logs, traces or metrics";
