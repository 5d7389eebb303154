use std::fmt;

use otlake_otlp::{DecodeError, Format, InvalidPayload, OtlpDecoder, Summary};
use otlake_row::{Bytes, Signal};

use crate::arbitrary::repair_utf8;
use crate::canonical::{CanonicalRow, CanonicalRows};
use crate::request::Request;

/// What a decoder made of one payload.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// Its summary, or why it refused the payload.
    pub result: Result<Summary, InvalidPayload>,
    /// The rows; those before the fault, where there is one.
    pub rows: Vec<CanonicalRow>,
}

impl Decoded {
    /// Decodes a payload.
    ///
    /// # Panics
    ///
    /// When the decoder counts other rows than it delivered.
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
        assert_eq!(accepted, rows.0.len() as u64, "the rows are counted");
        Self {
            result,
            rows: rows.0,
        }
    }
}

/// Compares what a decoder makes of a payload with what prost makes of it: the same rows, or both
/// refuse. Says what the decoder made of it, or how they disagree.
///
/// prost refuses strings that are not UTF-8. A decoder that replaces what is invalid in them is
/// compared with what prost makes of the payload in which [`repair_utf8`] has done that.
///
/// Records that were rejected are the caller's to judge: then no rows are compared. So it is where
/// prost gives up because of its limit of messages inside one another.
///
/// # Errors
///
/// How they disagree.
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
        (Ok(summary), _) if summary.rejected > 0 => return Ok(ours),
        // Fewer where a string comes twice and the last counts.
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
        (Ok(_), Err(theirs)) => format!("taken, but prost refuses it: {theirs}"),
        (Err(error), Ok(_)) => format!("refused, but prost takes it: {error}"),
    };
    Err(Disagreement(disagreement))
}

fn first_difference(ours: &[CanonicalRow], theirs: &[CanonicalRow]) -> Option<String> {
    if ours.len() != theirs.len() {
        return Some(format!("{} rows, prost's are {}", ours.len(), theirs.len()));
    }
    let row = ours.iter().zip(theirs).position(|(a, b)| a != b)?;
    let (ours, theirs) = (&ours[row], &theirs[row]);
    Some(format!(
        "row {row} is\n{ours:#?}\nand prost's is\n{theirs:#?}"
    ))
}

/// How a decoder and prost disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement(String);

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Disagreement {}
