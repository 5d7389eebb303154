use std::io::{self, Write};

use crate::case::Kind;
use crate::figure::Figure;

/// Writes the figures of one workload as a table.
///
/// `× peer` is the speed against the faster Parquet peer at ZSTD(1) or, for bodies, against
/// `peer_logdrain`: higher is better. `× floor` is the time relative to `floor_walk_utf8`: lower is
/// better.
///
/// # Errors
///
/// Returns the error of `out`.
pub fn write_table(out: &mut impl Write, figures: &[Figure]) -> io::Result<()> {
    let rival = figures
        .iter()
        .filter(|figure| figure.kind == Kind::Peer)
        .filter(|figure| figure.case.ends_with("_zstd1") || figure.case == "peer_logdrain")
        .map(Figure::records_per_s)
        .reduce(f64::max);
    let floor = figures
        .iter()
        .find(|figure| figure.case == "floor_walk_utf8")
        .map(|figure| figure.ns_per_record);
    writeln!(
        out,
        "{:<34} {:>5} {:>9} {:>9} {:>5} {:>7} {:>7} {:>9} {:>9} {:>9} {:>9}",
        "case",
        "kind",
        "records/s",
        "ns/record",
        "±",
        "× peer",
        "× floor",
        "heap B",
        "allocs",
        "peak MB",
        "out B"
    )?;
    for figure in figures {
        writeln!(
            out,
            "{:<34} {:>5} {:>8.0}k {:>9.1} {:>4.0}% {:>7} {:>7} {:>9} {:>9} {:>9} {:>9}",
            figure.case,
            figure.kind.to_string(),
            figure.records_per_s() / 1e3,
            figure.ns_per_record,
            figure.spread * 100.0,
            number(rival.map(|rival| figure.records_per_s() / rival), 2),
            number(floor.map(|floor| figure.ns_per_record / floor), 2),
            number(figure.bytes_per_record(), 0),
            number(figure.allocs_per_record(), 2),
            number(
                figure
                    .allocations
                    .map(|allocations| allocations.peak as f64 / 1e6),
                2
            ),
            number(figure.output_bytes_per_record(), 1),
        )?;
    }
    Ok(())
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.decimals$}"))
}
