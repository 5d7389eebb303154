//! The other ways from OTLP to Parquet, none of which computes a fingerprint, and from lines to
//! templates.

mod columns;
mod miners;
mod otlp2records;
mod prost;

pub use columns::{Columns, Table};
pub use otlp2records::{to_arrow, to_parquet};
pub use prost::{decode, records};

pub(crate) use miners::miners;

use ::parquet::basic::{Compression, ZstdLevel};

use crate::case::{Case, Error, Kind, Outcome};
use crate::workload::Workload;

/// The level of every `_zstd1` case.
fn zstd1() -> Result<Compression, Error> {
    Ok(Compression::ZSTD(ZstdLevel::try_new(1)?))
}

/// The cases `peer_…`.
pub(crate) fn peers(workload: &Workload) -> Vec<Case<'_>> {
    vec![
        Case::per_payload("peer_prost_decode", Kind::Peer, workload, |payload| {
            Ok(Outcome::records(records(&decode(payload)?)))
        }),
        Case::per_payload("peer_otlp2records_arrow", Kind::Peer, workload, |payload| {
            Ok(Outcome::records(to_arrow(payload)?.num_rows()))
        }),
        Case::per_payload("peer_otlp2records_zstd1", Kind::Peer, workload, |payload| {
            let batch = to_arrow(payload)?;
            Ok(Outcome::file(batch.num_rows(), to_parquet(&batch)?.len()))
        }),
        Case::per_payload("peer_columns_zstd1", Kind::Peer, workload, |payload| {
            columns_file(payload, zstd1()?)
        }),
        Case::per_payload("peer_columns_snappy", Kind::Peer, workload, |payload| {
            columns_file(payload, Compression::SNAPPY)
        }),
        Case::per_payload("peer_columns_none", Kind::Peer, workload, |payload| {
            columns_file(payload, Compression::UNCOMPRESSED)
        }),
    ]
}

fn columns_file(payload: &[u8], compression: Compression) -> Result<Outcome, Error> {
    let table = Columns::read(payload)?;
    Ok(Outcome::file(
        table.rows(),
        table.to_parquet(compression)?.len(),
    ))
}
