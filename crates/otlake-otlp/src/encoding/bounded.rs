use std::io::{self, Read};

/// The first allocation if the size is not known. Most requests of SDKs are smaller.
const FIRST: usize = 64 << 10;

/// Reads everything from `reader`, or returns `None` if that is more than `bound` bytes.
///
/// Unlike [`Read::read_to_end`] on a [`Read::take`], it never allocates more than `bound + 1` bytes.
pub(super) fn read_to_bound(mut reader: impl Read, bound: usize) -> io::Result<Option<Vec<u8>>> {
    let mut read = Vec::new();
    loop {
        let left = bound.saturating_add(1) - read.len();
        let room = read.len().max(FIRST).min(left);
        read.reserve_exact(room);
        let before = read.len();
        reader.by_ref().take(room as u64).read_to_end(&mut read)?;
        if read.len() > bound {
            return Ok(None);
        }
        if read.len() - before < room {
            return Ok(Some(read));
        }
    }
}
