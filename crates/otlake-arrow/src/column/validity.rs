use arrow_buffer::{NullBuffer, NullBufferBuilder};

/// Which values of a column are null. Costs nothing for a value that is not: those are counted
/// when a null or the end of the batch comes.
pub(super) struct Validity {
    builder: NullBufferBuilder,
}

impl Default for Validity {
    fn default() -> Self {
        Validity {
            builder: NullBufferBuilder::new(0),
        }
    }
}

impl Validity {
    /// Notes `count` nulls behind the `len` values that the column has.
    pub(super) fn push_nulls(&mut self, len: usize, count: usize) {
        self.builder.append_n_non_nulls(len - self.builder.len());
        self.builder.append_n_nulls(count);
    }

    /// The nulls among the `len` values; `None` if there is none.
    pub(super) fn finish(&mut self, len: usize) -> Option<NullBuffer> {
        self.builder.append_n_non_nulls(len - self.builder.len());
        self.builder.finish()
    }
}
