//! Other ways from OTLP to Parquet, none of which computes a fingerprint, and from lines to
//! templates.

mod columns;
mod miners;
mod otlp2records;
mod prost;

pub use columns::{Columns, Table};
pub use otlp2records::{to_arrow, to_parquet};
pub use prost::{decode, json_records, records};

pub(crate) use miners::miners;

use ::parquet::basic::{Compression, ZstdLevel};
use otlake_otlp::Format;
use otlake_row::Signal;

use crate::case::{Case, Error, Kind, Outcome};
use crate::workload::Workload;

/// Returns the compression of every `_zstd1` case.
fn zstd1() -> Result<Compression, Error> {
    Ok(Compression::ZSTD(ZstdLevel::try_new(1)?))
}

/// Returns the `peer_…` cases.
///
/// # Errors
///
/// Fails if a peer rejects a payload.
pub(crate) fn peers(workload: &Workload) -> Result<Vec<Case<'_>>, Error> {
    let signal = workload.signal();
    if workload.format() == Format::Json {
        let peer = Case::per_payload("peer_serde_json", Kind::Peer, workload, move |payload| {
            Ok(Outcome::records(json_records(signal, payload)?))
        });
        return Ok(vec![peer]);
    }
    let mut cases = vec![
        Case::per_payload("peer_prost_decode", Kind::Peer, workload, move |payload| {
            Ok(Outcome::records(records(signal, payload)?))
        }),
        otlp2records(workload, "peer_otlp2records_arrow", false)?,
        otlp2records(workload, "peer_otlp2records_zstd1", true)?,
    ];
    // The afternoon's version exists for logs only.
    if signal == Signal::Logs {
        cases.extend([
            Case::per_payload("peer_columns_zstd1", Kind::Peer, workload, |payload| {
                columns_file(payload, zstd1()?)
            }),
            Case::per_payload("peer_columns_snappy", Kind::Peer, workload, |payload| {
                columns_file(payload, Compression::SNAPPY)
            }),
            Case::per_payload("peer_columns_none", Kind::Peer, workload, |payload| {
                columns_file(payload, Compression::UNCOMPRESSED)
            }),
        ]);
    }
    Ok(cases)
}

/// Converts to Arrow, and on to Parquet if `files` is set. Data points that otlp2records omits
/// count as processed: they cost it next to nothing.
fn otlp2records<'a>(
    workload: &'a Workload,
    name: &'static str,
    files: bool,
) -> Result<Case<'a>, Error> {
    let signal = workload.signal();
    let mut rows = 0;
    for payload in workload.payloads() {
        let batches = to_arrow(signal, payload)?;
        rows += batches.iter().map(|batch| batch.num_rows()).sum::<usize>();
    }
    let left_out = match signal {
        Signal::Metrics => workload.records() - rows,
        Signal::Logs | Signal::Traces => 0,
    };
    Ok(Case::new(name, Kind::Peer, move || {
        let mut outcome = Outcome::records(left_out);
        for payload in workload.payloads() {
            for batch in to_arrow(signal, payload)? {
                outcome.records += batch.num_rows();
                if files {
                    *outcome.output_bytes.get_or_insert(0) += to_parquet(&batch)?.len();
                }
            }
        }
        Ok(outcome)
    }))
}

fn columns_file(payload: &[u8], compression: Compression) -> Result<Outcome, Error> {
    let table = Columns::read(payload)?;
    Ok(Outcome::file(
        table.rows(),
        table.to_parquet(compression)?.len(),
    ))
}
