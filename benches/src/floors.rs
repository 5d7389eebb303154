//! The least work that any implementation has to do with a payload, written as tightly as the
//! stages are.

mod walk;
mod zstd;

pub use walk::{Counts, Malformed, walk, walk_utf8};
pub use zstd::{Zstd1, column_chunks};

use crate::case::{Case, Error, Kind, Outcome};
use crate::workload::Workload;

/// Returns `floor_walk` and `floor_walk_utf8`.
pub(crate) fn walks(workload: &Workload) -> Vec<Case<'_>> {
    let signal = workload.signal();
    vec![
        Case::per_payload("floor_walk", Kind::Floor, workload, move |payload| {
            Ok(Outcome::records(walk(signal, payload)?.records))
        }),
        Case::per_payload("floor_walk_utf8", Kind::Floor, workload, move |payload| {
            Ok(Outcome::records(walk_utf8(signal, payload)?.records))
        }),
    ]
}

/// Returns `floor_zstd1`, which compresses the uncompressed contents of a workload's files, column
/// chunk by column chunk.
pub(crate) fn zstd1(workload: &Workload, chunks: Vec<Vec<u8>>) -> Result<Case<'_>, Error> {
    let mut zstd = Zstd1::new()?;
    Ok(Case::new("floor_zstd1", Kind::Floor, move || {
        Ok(Outcome::file(
            workload.records(),
            zstd.compressed_size(&chunks)?,
        ))
    }))
}
