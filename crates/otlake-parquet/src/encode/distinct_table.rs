//! The distinct values of a chunk, as long as there are few of them.

/// The number of slots after which a search gives up: values that collide on purpose make a column plain,
/// not slow.
const PROBES: usize = 64;

/// An open-addressed hash table of the numbers of distinct values. The caller keeps the values themselves.
/// The table is reused for every chunk.
#[derive(Debug, Default)]
pub(crate) struct DistinctTable {
    /// The upper half of the hash, and the number plus one; 0 is a free slot.
    slots: Vec<u64>,
    count: u32,
    limit: u32,
}

impl DistinctTable {
    /// Removes all values and makes room for at most `limit` distinct ones.
    pub(crate) fn reset(&mut self, limit: usize) {
        let limit = limit.clamp(1, 1 << 24);
        self.slots.clear();
        self.slots.resize((limit * 2).next_power_of_two(), 0);
        self.count = 0;
        self.limit = limit as u32;
    }

    /// Returns the number of the value with `hash`: the number of an equal value, for which `equal` returns
    /// true, or else the next free one. Returns `None` when there are too many values.
    #[inline]
    pub(crate) fn number(&mut self, hash: u64, equal: impl Fn(u32) -> bool) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let tag = hash & !0xffff_ffff;
        for probe in 0..PROBES {
            let slot = &mut self.slots[(hash as usize).wrapping_add(probe) & mask];
            if *slot == 0 {
                if self.count == self.limit {
                    return None;
                }
                let number = self.count;
                self.count += 1;
                *slot = tag | u64::from(number + 1);
                return Some(number);
            }
            if *slot & !0xffff_ffff == tag {
                let number = *slot as u32 - 1;
                if equal(number) {
                    return Some(number);
                }
            }
        }
        None
    }

    pub(crate) fn memory_size(&self) -> usize {
        self.slots.capacity() * size_of::<u64>()
    }
}

/// Spreads the bits of an integer over both halves of the hash.
#[inline]
pub(crate) fn hash_integer(value: u64) -> u64 {
    let product = u128::from(value ^ 0x243f_6a88_85a3_08d3) * 0x9e37_79b9_7f4a_7c15;
    (product >> 64) as u64 ^ product as u64
}

/// Hashes with a fixed seed, so that the same input gives the same file.
#[inline]
pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    use std::hash::BuildHasher;
    foldhash::fast::FixedState::with_seed(0x6f74_6c61_6b65).hash_one(bytes)
}
