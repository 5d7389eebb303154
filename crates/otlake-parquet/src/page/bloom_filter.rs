//! The bloom filter of the chunk that is being encoded.

use parquet::bloom_filter::Sbbf;

/// Collects the values of a chunk, if its column is to have a bloom filter.
#[derive(Debug, Default)]
pub(crate) struct BloomFilter {
    fpp: Option<f64>,
    filter: Option<Sbbf>,
}

impl BloomFilter {
    /// Prepares a filter with the false-positive probability `fpp`, or none.
    pub(crate) fn new(fpp: Option<f64>) -> Self {
        Self { fpp, filter: None }
    }

    /// Starts to collect at most `distinct` distinct values. Returns `None` if no filter is wanted.
    pub(crate) fn start(&mut self, distinct: usize) -> Option<&mut Sbbf> {
        let fpp = self.fpp?;
        // The only error is an invalid probability, which the options rule out.
        self.filter = Sbbf::new_with_ndv_fpp(distinct.max(1) as u64, fpp).ok();
        self.filter.as_mut()
    }

    /// Returns the filter, made as small as its values allow: repeated values were counted each time.
    pub(crate) fn finish(self) -> Option<Sbbf> {
        let mut filter = self.filter?;
        filter.fold_to_target_fpp(self.fpp?);
        Some(filter)
    }
}
