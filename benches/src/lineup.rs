use otlake_otlp::Format;

use crate::bodies::Bodies;
use crate::case::{Case, Error};
use crate::workload::Workload;
use crate::{fingerprints, floors, stages, workers};

/// Returns all cases on payloads, in the order of the table: stages, floors, and peers if they are
/// built.
///
/// # Errors
///
/// Fails if the workload cannot be prepared for a case.
pub fn lineup(workload: &Workload) -> Result<Vec<Case<'_>>, Error> {
    let mut cases = stages::stages(workload)?;
    // The floors walk over protobuf.
    if workload.format() == Format::Protobuf {
        cases.extend(floors::walks(workload));
        cases.push(floors::zstd1(
            workload,
            stages::finished_columns(workload)?,
        )?);
    }
    #[cfg(feature = "peers")]
    cases.extend(crate::peers::peers(workload)?);
    Ok(cases)
}

/// Returns all cases on bodies, in the order of the table: stages, and peers if they are built.
///
/// # Errors
///
/// Fails if a peer cannot be set up.
pub fn lineup_of_bodies(bodies: &Bodies) -> Result<Vec<Case<'_>>, Error> {
    #[allow(unused_mut, reason = "not without the feature `peers`")]
    let mut cases = fingerprints::stages(bodies);
    #[cfg(feature = "peers")]
    cases.extend(crate::peers::miners(bodies)?);
    Ok(cases)
}

/// Returns the cases with several workers on one dataset.
///
/// # Errors
///
/// Fails if the workload cannot be prepared for a case.
pub fn lineup_of_workers(workload: &Workload) -> Result<Vec<Case<'_>>, Error> {
    workers::workers(workload)
}
