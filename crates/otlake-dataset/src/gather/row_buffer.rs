//! Keeps copies of rows in a few large pieces of memory, to push them into a sink later.

mod interner;
mod packed;
mod read;
mod write;

use bumpalo::Bump;

use self::interner::Origin;
pub use self::interner::RowInterner;
use self::packed::Packed;
use self::read::Reader;
use self::write::Writer;
use otlake_row::{Cell, Group, KeysId, Row, RowSink, Signal};

/// Copies of rows, packed one after another until they are pushed into a sink.
///
/// Use it for a stage that has to hold rows back, to sort, sample or partition them. A cell takes about ten
/// bytes plus the text of its string, and a key that a row lacks takes nothing. Where many keys are rare, that
/// is less than columns take. It is always much less than [`OwnedRow`](otlake_row::OwnedRow)s take, which keep
/// whole payloads alive. Names, resources and scopes are stored once for all buffers, in a [`RowInterner`].
///
/// # Example
///
/// ```
/// use otlake_dataset::{RowBuffer, RowInterner};
/// use otlake_row::{Group, Row, Signal, Value, fields, sink_fn};
///
/// let mut interner = RowInterner::new();
/// let mut buffer = RowBuffer::new();
/// {
///     let payload = String::from("order placed");
///     let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
///     row.push(fields::BODY, Value::String(&payload));
///     buffer.push(&row, &mut interner);
/// }
/// assert_eq!(buffer.rows(), 1);
///
/// let mut bodies = Vec::new();
/// buffer.replay(&interner, &mut sink_fn(|row: &mut Row<'_>| {
///     bodies.push(row.get(fields::BODY).and_then(|body| body.as_str()).map(str::to_owned));
///     Ok::<_, std::convert::Infallible>(())
/// }))?;
/// assert_eq!(bodies, [Some("order placed".to_owned())]);
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Debug, Default)]
pub struct RowBuffer {
    full: Vec<Packed>,
    open: Packed,
    runs: Vec<Run>,
    rows: usize,
    /// The bytes of [`Self::full`].
    bytes: usize,
    /// The bytes of the resources and scopes of [`Self::runs`].
    origin_bytes: usize,
    /// The bytes of the largest row, with its resource and scope.
    largest: usize,
    /// The interner that made the keys of the rows.
    keys: Option<KeysId>,
}

/// A run of consecutive rows with the same resource and scope.
#[derive(Debug)]
struct Run {
    /// The number of rows before the run.
    begin: usize,
    origin: Origin,
}

/// The bytes at which a piece is full. Pieces are small so that thousands of buffers waste little at their
/// ends, and so that memory is freed while rows are replayed.
const PIECE: usize = 16 << 10;

impl RowBuffer {
    /// Creates an empty buffer, which allocates nothing yet.
    pub fn new() -> RowBuffer {
        RowBuffer::default()
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the bytes of memory that the rows take up, without those that [`RowInterner::memory_size`] counts
    /// for all buffers. Costs nothing.
    #[inline]
    pub fn memory_size(&self) -> usize {
        self.bytes
            + self.open.memory_size()
            + self.full.capacity() * size_of::<Packed>()
            + self.runs.capacity() * size_of::<Run>()
    }

    /// Returns [`memory_size`](Self::memory_size) plus the bytes of the rows' resources and scopes, as if no
    /// other buffer shared them. This is the most that the rows keep in memory. Costs nothing.
    #[inline]
    pub fn memory_size_alone(&self) -> usize {
        self.memory_size() + self.origin_bytes
    }

    /// Returns the bytes of the largest row, with its resource and scope.
    pub(crate) fn largest(&self) -> usize {
        self.largest
    }

    /// Appends a copy of a row.
    ///
    /// # Panics
    ///
    /// Panics if earlier rows were pushed with another `interner`, or if a value is larger than 4 GiB.
    #[inline]
    pub fn push(&mut self, row: &Row<'_>, interner: &mut RowInterner) {
        let keys = *self.keys.get_or_insert(interner.keys().id());
        assert_eq!(
            keys,
            interner.keys().id(),
            "the rows have the keys of another interner"
        );
        interner.bind(row.keys());
        let origin = interner.origin(row);
        if !self.runs.last().is_some_and(|last| last.origin.is(origin)) {
            self.origin_bytes += origin.memory_size();
            self.runs.push(Run {
                begin: self.rows,
                origin: origin.clone(),
            });
        }
        let (before, with_origin) = (self.open.len(), origin.memory_size());
        Writer::new(&mut self.open).row(row, interner.names());
        self.largest = self.largest.max(self.open.len() - before + with_origin);
        self.rows += 1;
        if self.open.len() >= PIECE {
            self.close_piece();
        }
    }

    fn close_piece(&mut self) {
        let next = Packed::like(&self.open, PIECE);
        let mut piece = std::mem::replace(&mut self.open, next);
        piece.shrink();
        self.bytes += piece.memory_size();
        self.full.push(piece);
    }

    /// Pushes the rows into `sink`, in the order in which they were appended. `interner` must be the one that
    /// they were appended with. Memory is freed piece by piece. Rows whose resources or scopes have the same
    /// cells get the same [`Group`], even if they came from different payloads.
    ///
    /// # Errors
    ///
    /// Returns the first error of the sink. The remaining rows are dropped.
    ///
    /// # Panics
    ///
    /// Panics if the rows were appended with another `interner`.
    pub fn replay<S: RowSink>(self, interner: &RowInterner, sink: &mut S) -> Result<(), S::Error> {
        let keys = interner.keys();
        assert!(
            self.keys.is_none_or(|own| own == keys.id()),
            "the rows have the keys of another interner"
        );
        let (mut run, mut next) = (0, 0);
        for piece in self.full.into_iter().chain([self.open]) {
            let arena = Bump::new();
            let mut reader = Reader::new(piece.all(), &arena);
            let nothing = Group::new(&[]);
            let mut row = Row::new(Signal::Logs, nothing, nothing);
            row.set_keys(keys);
            let mut origin = None;
            while let Some((signal, cells)) = reader.row() {
                if self.runs.get(run + 1).is_some_and(|run| run.begin == next) {
                    run += 1;
                    origin = None;
                }
                next += 1;
                let (resource, scope) =
                    *origin.get_or_insert_with(|| self.runs[run].origin.read(&arena));
                row.restart(signal, resource, scope);
                for _ in 0..cells {
                    let Cell { key, value } = reader.cell();
                    row.push(key, value);
                }
                sink.row(&mut row)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
