//! The bloom filter of the chunk that is being encoded.

use parquet::bloom_filter::Sbbf;

/// Collects the chunk's values, if its column is to have a filter.
#[derive(Debug, Default)]
pub(crate) struct Bloom {
    wanted: Option<f64>,
    filter: Option<Sbbf>,
}

impl Bloom {
    /// For a chunk whose filter is to have the false-positive probability `wanted`, if any.
    pub(crate) fn new(wanted: Option<f64>) -> Self {
        Self {
            wanted,
            filter: None,
        }
    }

    /// Begins to collect at most `distinct` distinct values; nothing if no filter is wanted.
    pub(crate) fn start(&mut self, distinct: usize) -> Option<&mut Sbbf> {
        let fpp = self.wanted?;
        // The only error is a probability that is none, which the options don't let in.
        self.filter = Sbbf::new_with_ndv_fpp(distinct.max(1) as u64, fpp).ok();
        self.filter.as_mut()
    }

    /// The filter, made as small as its values allow: repeated ones were counted each time.
    pub(crate) fn finish(self) -> Option<Sbbf> {
        let mut filter = self.filter?;
        filter.fold_to_target_fpp(self.wanted?);
        Some(filter)
    }
}
