use std::fmt;

use otlake_otlp::{
    DecodeError, Format, InvalidPayload, OtlpDecoder, Rejection, RejectionReason, Summary,
};
use otlake_row::{Bytes, Signal};

use crate::arbitrary::repair_utf8;
use crate::canonical::{CanonicalRow, CanonicalRows};
use crate::request::Request;

/// The result of decoding one payload.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The summary, or the fault of the payload.
    pub result: Result<Summary, InvalidPayload>,
    /// The rows; if there is a fault, those before it.
    pub rows: Vec<CanonicalRow>,
}

impl Decoded {
    /// Decodes a payload.
    ///
    /// # Panics
    ///
    /// Panics if the decoder counts more or fewer rows than it delivered.
    #[track_caller]
    pub fn by(decoder: &mut OtlpDecoder, signal: Signal, format: Format, payload: &[u8]) -> Self {
        let mut rows = CanonicalRows::default();
        let payload = Bytes::copy_from_slice(payload);
        let (result, accepted) = match decoder.decode(signal, format, &payload, &mut rows) {
            Ok(summary) => {
                let accepted = summary.accepted;
                (Ok(summary), accepted)
            }
            Err(DecodeError::Payload { error, summary }) => (Err(error), summary.accepted),
            Err(DecodeError::Sink { error, .. }) => match error {},
        };
        assert_eq!(accepted, rows.0.len() as u64, "the decoder counts its rows");
        Self {
            result,
            rows: rows.0,
        }
    }
}

/// Compares a decoder with prost on one payload: they must return the same rows, or both fail.
/// Returns the decoder's result.
///
/// prost rejects strings that are not UTF-8. A decoder that repairs them is compared with prost's
/// result for the payload after [`repair_utf8`].
///
/// If records were rejected, no rows are compared, and the caller has to judge. The same holds if
/// prost fails because of its limit on nested messages.
///
/// # Errors
///
/// Returns how they disagree.
pub fn compare_with_prost<R: Request>(
    decoder: &mut OtlpDecoder,
    payload: &[u8],
) -> Result<Decoded, Disagreement> {
    let ours = Decoded::by(decoder, R::SIGNAL, Format::Protobuf, payload);
    let (theirs, strings) = match R::decode(payload) {
        Ok(theirs) => (Ok(theirs), 0),
        Err(_) => {
            let (repaired, strings) = repair_utf8(payload, R::SIGNAL);
            (R::decode(repaired.as_slice()), strings)
        }
    };
    let disagreement = match (&ours.result, theirs) {
        (Ok(summary), Ok(_)) if is_for_fault(summary) => {
            format!("a record is rejected, but prost accepts it: {summary:?}")
        }
        (Ok(summary), _) if summary.rejected > 0 => return Ok(ours),
        // There are fewer if a string field is repeated, because only the last one counts.
        (Ok(summary), Ok(_)) if summary.replaced_strings > strings as u64 => format!(
            "{} strings were replaced, of {strings} that are not UTF-8",
            summary.replaced_strings
        ),
        (Ok(_), Ok(theirs)) => match first_difference(&ours.rows, &theirs.canonical_rows()) {
            None => return Ok(ours),
            Some(difference) => difference,
        },
        (Err(_), Err(_)) => return Ok(ours),
        (Ok(_), Err(theirs)) if theirs.to_string().contains("recursion limit") => return Ok(ours),
        (Ok(_), Err(theirs)) => format!("accepted, but prost rejects it: {theirs}"),
        (Err(error), Ok(_)) => format!("rejected, but prost accepts it: {error}"),
    };
    Err(Disagreement(disagreement))
}

/// Returns whether the first rejection is for a fault, for which prost rejects the payload.
fn is_for_fault(summary: &Summary) -> bool {
    let first = summary.first_rejection.as_ref().map(Rejection::reason);
    matches!(
        first,
        Some(RejectionReason::Malformed { .. } | RejectionReason::WireType { .. })
    )
}

fn first_difference(ours: &[CanonicalRow], theirs: &[CanonicalRow]) -> Option<String> {
    if ours.len() != theirs.len() {
        return Some(format!(
            "{} rows, but {} from prost",
            ours.len(),
            theirs.len()
        ));
    }
    let row = ours.iter().zip(theirs).position(|(a, b)| a != b)?;
    let (ours, theirs) = (&ours[row], &theirs[row]);
    Some(format!(
        "row {row} is\n{ours:#?}\nbut from prost\n{theirs:#?}"
    ))
}

/// A disagreement between a decoder and prost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement(String);

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Disagreement {}
