use crate::case::{Case, Error};
use crate::workload::Workload;

/// The stages of otlake, in the order in which a record passes them. One entry each:
///
/// ```text
/// cases.push(Case::per_payload("decode", Kind::Stage, workload, |payload| {
///     let summary = decoder.decode(payload, &mut NullSink)?;
///     Ok(Outcome::records(summary.accepted))
/// }));
/// ```
///
/// A case that writes several payloads into one rolling file is a [`Case::new`] with the loop
/// inside.
pub(crate) fn stages(_workload: &Workload) -> Result<Vec<Case<'_>>, Error> {
    Ok(Vec::new())
}
