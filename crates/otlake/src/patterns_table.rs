use std::sync::Arc;

use otlake_arrow::arrow_array::{
    ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use otlake_arrow::arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use otlake_fingerprint::{Clusterer, Known, PatternSet, Patterns, Tokenizer};
use otlake_parquet::{Encoder, EncoderError, FileError, FileSummary, FileWriter, WriterOptions};
use otlake_storage::{Storage, StorageError};

/// The learned patterns as a table: one row for each known fingerprint, most frequent first. If two are equally
/// frequent, the smaller fingerprint comes first.
///
/// | column | type | |
/// |---|---|---|
/// | `fingerprint` | Int64 | the fingerprint, as in the data |
/// | `pattern_id` | Int64 | the pattern that it belongs to |
/// | `template` | Utf8 | the pattern's template |
/// | `level` | Utf8 | `TRACE` to `FATAL`: the most severe of its records, or else the one in its text |
/// | `severity_number` | Int64 | the first number of the level's range: 1, 5, 9, 13, 17 or 21 |
/// | `count` | Int64 | messages with this fingerprint |
/// | `first_seen`, `last_seen` | Timestamp(µs, UTC) | the earliest and the latest time of its messages |
/// | `example` | Utf8 | the shortest of its messages, possibly cut short |
///
/// The data has fingerprints, which never change, and this table says what they mean today. It can be
/// written again whenever something was learned, without changing a data file.
///
/// ```
/// # #[cfg(feature = "zstd")] {
/// use otlake::PatternsTable;
/// use otlake::arrow::arrow_array::cast::AsArray;
/// use otlake::fingerprint::Patterns;
/// use otlake::parquet::WriterOptions;
/// use otlake::storage::InMemoryStorage;
///
/// let mut patterns = Patterns::default();
/// for message in ["disk 1 is full", "user ann left", "disk 2 is full"] {
///     patterns.observe(message.as_bytes());
/// }
/// let table = PatternsTable::new(&patterns);
/// assert_eq!(table.batch().num_rows(), 2);
/// assert_eq!(table.batch()["template"].as_string::<i32>().value(0), "disk <num> is full");
///
/// let storage = InMemoryStorage::new();
/// let file = table.write(&storage, "patterns.parquet", WriterOptions::new())?;
/// assert_eq!(file.bytes, storage.files()["patterns.parquet"].len() as u64);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PatternsTable {
    batch: RecordBatch,
}

/// The error of [`PatternsTable::write`]. No file is visible then.
///
/// ```
/// use otlake::fingerprint::Patterns;
/// use otlake::parquet::WriterOptions;
/// use otlake::storage::InMemoryStorage;
/// use otlake::{PatternsTable, PatternsTableError};
///
/// let table = PatternsTable::new(&Patterns::default());
/// let error = table.write(&InMemoryStorage::new(), "../patterns.parquet", WriterOptions::new());
/// assert!(matches!(error, Err(PatternsTableError::Storage(_))), "it is outside the storage");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatternsTableError {
    /// The encoder could not be made with these options.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The bytes of the file could not be written.
    #[error("{name} could not be written")]
    File {
        /// The name of the file.
        name: String,
        /// The reason.
        source: FileError,
    },
    /// The file could not be created or made visible.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl PatternsTable {
    /// Returns the table of everything learned so far. This derives the patterns: see [`Patterns::patterns`]
    /// for the cost.
    pub fn new<T: Tokenizer, C: Clusterer>(patterns: &Patterns<T, C>) -> PatternsTable {
        PatternsTable::of(patterns, &patterns.patterns())
    }

    /// Returns the table of a state whose patterns have been derived.
    pub(crate) fn of<T: Tokenizer, C: Clusterer>(
        patterns: &Patterns<T, C>,
        set: &PatternSet,
    ) -> PatternsTable {
        let mut known: Vec<Known<'_>> = patterns.known().collect();
        // As signed numbers, like the column.
        known.sort_by_key(|known| (std::cmp::Reverse(known.count), known.fingerprint.as_i64()));
        let pattern = |known: &Known<'_>| set.pattern(known.fingerprint);
        let utc = |time: fn(&Known<'_>) -> Option<u64>| {
            let micros = known.iter().map(|known| time(known).map(micros));
            Arc::new(TimestampMicrosecondArray::from_iter(micros).with_timezone("UTC")) as ArrayRef
        };
        let int = |value: &dyn Fn(&Known<'_>) -> Option<i64>| {
            Arc::new(Int64Array::from_iter(known.iter().map(value))) as ArrayRef
        };
        let templates = known
            .iter()
            .map(|known| pattern(known).map(|pattern| &*pattern.template));
        let levels = known
            .iter()
            .map(|known| known.level.map(|level| level.as_str()));
        let examples = known
            .iter()
            .map(|known| Some(String::from_utf8_lossy(known.example)));
        let columns: Vec<ArrayRef> = vec![
            int(&|known| Some(known.fingerprint.as_i64())),
            int(&|known| pattern(known).map(|pattern| pattern.id.as_i64())),
            Arc::new(StringArray::from_iter(templates)),
            Arc::new(StringArray::from_iter(levels)),
            int(&|known| known.level.map(|level| level.severity_number().into())),
            int(&|known| Some(known.count.try_into().unwrap_or(i64::MAX))),
            utc(|known| known.first_seen_unix_nano),
            utc(|known| known.last_seen_unix_nano),
            Arc::new(StringArray::from_iter(examples)),
        ];
        #[allow(
            clippy::expect_used,
            reason = "the columns above are in the order of the schema below"
        )]
        let batch = RecordBatch::try_new(schema(), columns).expect("columns as in the schema");
        PatternsTable { batch }
    }

    /// Returns the rows.
    pub fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// Writes the table to the file `name`, which replaces one that exists. A table without rows becomes a file
    /// without rows.
    ///
    /// # Errors
    ///
    /// Returns an error when the codec is not in this build, or when the file can't be written.
    pub fn write(
        &self,
        storage: &dyn Storage,
        name: &str,
        options: WriterOptions,
    ) -> Result<FileSummary, PatternsTableError> {
        let mut encoder = Encoder::new(options)?;
        let mut file = FileWriter::new(storage.create(name)?);
        let failed = |source| PatternsTableError::File {
            name: name.to_owned(),
            source,
        };
        file.write_row_group(&mut encoder, &self.batch)
            .map_err(failed)?;
        let (file, mut summary) = file.finish(&mut encoder, &[]).map_err(failed)?;
        file.commit()?;
        summary.name = name.to_owned();
        Ok(summary)
    }
}

/// Returns whole microseconds, which fit: 2^64 nanoseconds are less than 2^63 microseconds.
fn micros(nanos: u64) -> i64 {
    (nanos / 1_000).cast_signed()
}

fn schema() -> SchemaRef {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let columns = [
        ("fingerprint", DataType::Int64),
        ("pattern_id", DataType::Int64),
        ("template", DataType::Utf8),
        ("level", DataType::Utf8),
        ("severity_number", DataType::Int64),
        ("count", DataType::Int64),
        ("first_seen", time.clone()),
        ("last_seen", time),
        ("example", DataType::Utf8),
    ];
    let fields = columns.map(|(name, data_type)| Field::new(name, data_type, true));
    Arc::new(Schema::new(Vec::from(fields)))
}
