use std::error::Error;
use std::fmt;
use std::io::Read;

use datafusion::error::DataFusionError;
use datafusion::object_store::path::Path;
use otlake_otlp::{
    DecodeError, OtlpDecoder, Payload, PayloadErrorKind, PayloadReader, SignalError, Summary,
};
use otlake_row::{RowSink, Signal};

use super::error::OtlpFileError;
use super::memory::ScanMemory;
use super::metrics::ScanMetrics;
use super::options::{Faults, OtlpOptions};

/// A file to decode, and what is known about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OtlpFile<'f> {
    pub(crate) path: &'f Path,
    pub(crate) signal: Signal,
    pub(crate) options: OtlpOptions,
    pub(crate) metrics: &'f ScanMetrics,
    pub(crate) memory: &'f ScanMemory,
}

/// The reason why a file was not decoded to its end.
pub(crate) enum FileError<E> {
    /// The file has a fault or cannot be read, or the session's memory pool is exhausted.
    Fault(Box<DataFusionError>),
    /// The sink failed.
    Sink(E),
}

impl<E> From<OtlpFileError> for FileError<E> {
    fn from(error: OtlpFileError) -> FileError<E> {
        FileError::Fault(Box::new(error.into()))
    }
}

impl OtlpFile<'_> {
    /// Decodes the payloads of the signal, and pushes their rows into `sink`.
    pub(crate) fn decode<S: RowSink>(
        &self,
        reader: impl Read,
        decoder: &mut OtlpDecoder,
        sink: &mut S,
    ) -> Result<(), FileError<S::Error>> {
        let mut faults = FaultLog {
            file: *self,
            damaged: false,
        };
        let limit = self.options.limits.payload_bytes();
        for payload in PayloadReader::new(reader).with_limit(limit) {
            let payload = match payload {
                Ok(payload) => payload,
                Err(error) if matches!(error.kind(), PayloadErrorKind::Read(_)) => {
                    // Not a fault of the file: its store has failed.
                    return Err(OtlpFileError::new(self.path, &error).into());
                }
                Err(error) => {
                    faults.fault(&error)?;
                    continue;
                }
            };
            let held = self.memory.hold_payload(payload.bytes.len());
            held.map_err(|error| FileError::Fault(Box::new(error)))?;
            match payload.signal() {
                Ok(Some(signal)) if signal != self.signal => {
                    self.metrics.payloads_of_other_signals.add(1);
                    continue;
                }
                Err(SignalError::Profiles) => {
                    self.metrics.payloads_of_other_signals.add(1);
                    continue;
                }
                Err(error) => {
                    faults.fault(&InPayload::new(&payload, &error))?;
                    continue;
                }
                Ok(_) => {}
            }
            self.metrics.payloads.add(1);
            match decoder.decode(self.signal, payload.format, &payload.bytes, sink) {
                Ok(summary) => faults.summary(&payload, &summary)?,
                Err(DecodeError::Payload { error, summary }) => {
                    faults.fault(&InPayload::new(&payload, &error))?;
                    faults.summary(&payload, &summary)?;
                }
                Err(DecodeError::Sink { error, .. }) => return Err(FileError::Sink(error)),
            }
        }
        Ok(())
    }
}

/// Fails at the first fault of a file, or counts it.
struct FaultLog<'f> {
    file: OtlpFile<'f>,
    damaged: bool,
}

impl FaultLog<'_> {
    fn fault(&mut self, fault: &(dyn Error + 'static)) -> Result<(), OtlpFileError> {
        let OtlpFile {
            path,
            options,
            metrics,
            ..
        } = self.file;
        match options.faults {
            Faults::Fail => Err(OtlpFileError::new(path, fault)),
            Faults::Skip => {
                metrics.faults.add(1);
                self.count_file();
                Ok(())
            }
        }
    }

    fn summary(&mut self, payload: &Payload, summary: &Summary) -> Result<(), OtlpFileError> {
        let metrics = self.file.metrics;
        metrics
            .replaced_strings
            .add(count(summary.replaced_strings));
        let Some(rejection) = &summary.first_rejection else {
            return Ok(());
        };
        match self.file.options.faults {
            Faults::Fail => {
                let rejected = InPayload::new(payload, rejection);
                Err(OtlpFileError::new(self.file.path, &rejected))
            }
            Faults::Skip => {
                metrics.rejected_records.add(count(summary.rejected));
                self.count_file();
                Ok(())
            }
        }
    }

    fn count_file(&mut self) {
        if !self.damaged {
            self.damaged = true;
            self.file.metrics.damaged_files.add(1);
        }
    }
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The fault of a payload, with the position of the payload.
#[derive(Debug)]
pub(crate) struct InPayload {
    number: u64,
    offset: u64,
    fault: String,
}

impl InPayload {
    pub(crate) fn new(payload: &Payload, fault: &dyn fmt::Display) -> InPayload {
        InPayload {
            number: payload.number,
            offset: payload.offset,
            fault: fault.to_string(),
        }
    }
}

impl fmt::Display for InPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InPayload {
            number,
            offset,
            fault,
        } = self;
        write!(f, "payload {number}, at byte {offset}: {fault}")
    }
}

impl Error for InPayload {}
