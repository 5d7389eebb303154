//! Decodes arbitrary bytes with our decoder and with prost: both return the same rows, or both
//! fail.

use otlake::otlp::{ExportRequest, Format, Limits, OtlpDecoder};
use otlake_testkit::{CanonicalRows, Decoded, Request, compare_with_prost};

/// Compares the rows of our decoder with prost's, and with those it makes from prost's request.
pub fn check<R: Request>(payload: &[u8])
where
    for<'a> &'a R: Into<ExportRequest<'a>>,
{
    let mut decoder = generous();
    let ours = compare_with_prost::<R>(&mut decoder, payload)
        .unwrap_or_else(|disagreement| panic!("{disagreement}"));
    // The second time, the decoder predicts names from the first.
    let again = Decoded::by(&mut decoder, R::SIGNAL, Format::Protobuf, payload);
    assert_eq!(again, ours);
    match (&ours.result, R::decode(payload)) {
        (Ok(summary), Ok(request)) if summary.rejected == 0 => {
            let mut rows = CanonicalRows::default();
            let of_typed = decoder.decode_request(&request, &mut rows);
            // prost has dropped the fields that it does not know.
            let mut known = summary.clone();
            (known.unknown_fields, known.first_unknown_field) = (0, None);
            assert_eq!(of_typed.as_ref(), Ok(&known));
            assert_eq!(rows.0, ours.rows, "from the typed request");
        }
        (Ok(_), _) => {}
        (Err(error), _) => assert!(error.offset() <= payload.len(), "{error}"),
    }
}

/// Returns a decoder with limits as wide as prost's, so that only malformed payloads fail.
fn generous() -> OtlpDecoder {
    let limits = Limits::default()
        .with_attributes(1 << 20)
        .with_nesting_depth(64)
        .with_nested_values(1 << 20);
    OtlpDecoder::builder().limits(limits).build()
}
