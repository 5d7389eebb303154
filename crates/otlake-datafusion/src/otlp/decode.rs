use std::fmt::Write;
use std::io::Read;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::{DataFusionError, Result};
use datafusion::object_store::path::Path;
use otlake_arrow::BatchBuilder;
use otlake_fingerprint::Fingerprinter;
use otlake_otlp::OtlpDecoder;
use otlake_row::{Row, RowSink, Signal, Value, fields};
use otlake_schema::{DatasetSchema, ValueText};

use super::columns;
use super::file::{FileError, OtlpFile};
use super::memory::ScanMemory;
use super::metrics::ScanMetrics;
use super::options::OtlpOptions;

/// The number of bytes of texts and lists after which a record batch ends before it has all of its rows. It was not
/// measured.
const BATCH_BYTES: usize = 8 << 20;

/// Number of record batches that a decoder may be ahead of the query.
pub(crate) const AHEAD: usize = 2;

/// Decodes files to record batches. Keeps names and scratch memory from file to file.
pub(crate) struct FileDecoder {
    signal: Signal,
    options: OtlpOptions,
    decoder: OtlpDecoder,
    batches: Batches,
}

/// The sink of the decoder, which gathers rows and hands over record batches.
struct Batches {
    builder: BatchBuilder,
    fingerprints: Option<Fingerprints>,
    schema: SchemaRef,
    rows: usize,
}

/// Computes the fingerprints of bodies, if the query asks for them.
#[derive(Default)]
struct Fingerprints {
    fingerprinter: Fingerprinter,
    text: String,
}

/// A consumer of record batches. It returns an error when it needs no more of them.
pub(crate) type Consumer<'c> = dyn FnMut(RecordBatch) -> Result<(), Stopped> + 'c;

/// The consumer needs no more record batches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopped;

/// The reason why a file was not read to its end.
pub(crate) enum End {
    Stopped,
    Failed(Box<DataFusionError>),
}

impl From<DataFusionError> for End {
    fn from(error: DataFusionError) -> End {
        End::Failed(Box::new(error))
    }
}

impl From<Stopped> for End {
    fn from(_: Stopped) -> End {
        End::Stopped
    }
}

impl FileDecoder {
    /// Returns a decoder for the columns of `schema`, in record batches of at most `rows` rows.
    pub(crate) fn new(
        dataset: &DatasetSchema,
        schema: SchemaRef,
        rows: usize,
        options: OtlpOptions,
    ) -> FileDecoder {
        let fingerprint = fields::NAMES[fields::FINGERPRINT.index()];
        let mut decoder = OtlpDecoder::builder().limits(options.limits);
        if !columns::have_record_attributes(dataset, &schema) {
            decoder = decoder.without_record_attributes();
        }
        FileDecoder {
            signal: dataset.table().signal(),
            options,
            decoder: decoder.build(),
            batches: Batches {
                builder: columns::builder(dataset, &schema),
                fingerprints: schema
                    .index_of(fingerprint)
                    .is_ok()
                    .then(Fingerprints::default),
                schema,
                rows: rows.max(1),
            },
        }
    }

    /// Decodes a file, and passes its record batches on.
    pub(crate) fn decode(
        &mut self,
        path: &Path,
        reader: impl Read,
        metrics: &ScanMetrics,
        memory: &ScanMemory,
        consumer: &mut Consumer<'_>,
    ) -> Result<(), End> {
        let mut sink = Sink {
            batches: &mut self.batches,
            memory,
            consumer,
        };
        let file = OtlpFile {
            path,
            signal: self.signal,
            options: self.options,
            metrics,
            memory,
        };
        match file.decode(reader, &mut self.decoder, &mut sink) {
            Ok(()) => self.batches.hand_over(memory, consumer),
            Err(FileError::Fault(error)) => Err((*error).into()),
            Err(FileError::Sink(error)) => Err(error.end),
        }
    }

    /// Drops the rows of a file that was not read to its end.
    pub(crate) fn discard(&mut self) {
        drop(self.batches.builder.finish_batch());
    }
}

/// Takes the rows of one file.
struct Sink<'s, 'c> {
    batches: &'s mut Batches,
    memory: &'s ScanMemory,
    consumer: &'s mut Consumer<'c>,
}

/// The error of a [`Sink`].
struct SinkError {
    end: End,
}

impl RowSink for Sink<'_, '_> {
    type Error = SinkError;

    #[inline]
    fn row(&mut self, row: &mut Row<'_>) -> Result<(), SinkError> {
        if let Some(fingerprints) = &mut self.batches.fingerprints {
            fingerprints.push(row);
        }
        let builder = &mut self.batches.builder;
        builder.row(row).map_err(|error| SinkError {
            end: DataFusionError::External(Box::new(error)).into(),
        })?;
        if builder.rows() >= self.batches.rows || builder.stored_bytes() >= BATCH_BYTES {
            let handed_over = self.batches.hand_over(self.memory, self.consumer);
            return handed_over.map_err(|end| SinkError { end });
        }
        Ok(())
    }
}

impl Batches {
    /// Passes on the rows that were gathered, if there are any.
    fn hand_over(&mut self, memory: &ScanMemory, consumer: &mut Consumer<'_>) -> Result<(), End> {
        if self.builder.rows() == 0 {
            return Ok(());
        }
        let batch = columns::with_table_types(self.builder.finish_batch(), &self.schema)?;
        // The one that is being built, those that wait, and the one that the query has.
        memory.hold_batches((AHEAD + 2) * batch.get_array_memory_size())?;
        Ok(consumer(batch)?)
    }
}

impl Fingerprints {
    /// Adds the fingerprint of its body to a row that does not have one, as the pipeline of `otlake` does.
    fn push(&mut self, row: &mut Row<'_>) {
        let message = match row.get(fields::BODY) {
            None | Some(Value::Empty) => return,
            Some(Value::String(body)) => body,
            Some(body) => {
                self.text.clear();
                // Writing to a String does not fail.
                let _ = write!(self.text, "{}", ValueText(body));
                self.text.as_str()
            }
        };
        let fingerprint = self.fingerprinter.fingerprint(message.as_bytes());
        row.push(fields::FINGERPRINT, Value::Int(fingerprint.as_i64()));
    }
}

/// The columns that a [`FileDecoder`] is made for, shared by the files of a scan.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) dataset: Arc<DatasetSchema>,
    pub(crate) schema: SchemaRef,
    pub(crate) rows: usize,
    pub(crate) options: OtlpOptions,
}

impl Plan {
    pub(crate) fn decoder(&self) -> FileDecoder {
        let schema = Arc::clone(&self.schema);
        FileDecoder::new(&self.dataset, schema, self.rows, self.options)
    }
}
