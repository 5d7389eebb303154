use otlake_otlp::Format;

use crate::bodies::Bodies;
use crate::case::{Case, Error};
use crate::workload::Workload;
use crate::{fingerprints, floors, stages};

/// All cases on payloads, in the order of its table: stages, floors, and peers where they are
/// built.
///
/// # Errors
///
/// When what a case needs beforehand cannot be made from the workload.
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

/// All cases on bodies, in the order of the table: stages, and peers where they are built.
///
/// # Errors
///
/// When a peer can't be set up.
pub fn lineup_of_bodies(bodies: &Bodies) -> Result<Vec<Case<'_>>, Error> {
    #[allow(unused_mut, reason = "not without the feature `peers`")]
    let mut cases = fingerprints::stages(bodies);
    #[cfg(feature = "peers")]
    cases.extend(crate::peers::miners(bodies)?);
    Ok(cases)
}
