use crate::case::{Case, Error};
use crate::workload::Workload;
use crate::{floors, stages};

/// All cases of a report, in the order of its table: stages, floors, and peers where they are
/// built.
///
/// # Errors
///
/// When what a case needs beforehand cannot be made from the workload.
pub fn lineup(workload: &Workload) -> Result<Vec<Case<'_>>, Error> {
    let mut cases = stages::stages(workload)?;
    cases.extend(floors::walks(workload));
    cases.push(floors::zstd1(
        workload,
        stages::finished_columns(workload)?,
    )?);
    #[cfg(feature = "peers")]
    cases.extend(crate::peers::peers(workload));
    Ok(cases)
}
