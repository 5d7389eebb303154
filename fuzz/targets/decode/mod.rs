//! Decodes arbitrary bytes with our decoder and with prost: both return the same rows, or both
//! fail.

use otlake::otlp::{DecodeError, Limits};
use otlake::row::{Decoder, Keys, Summary};
use otlake_testkit::{CanonicalRows, Decoded, Request, compare_with_prost};

/// Compares the rows of `decoder`, which is [`generous`], with prost's, and with those it makes
/// from prost's request.
pub fn check<R: Request, D: Decoder<Error = DecodeError>>(
    mut decoder: D,
    payload: &[u8],
    decode_request: impl FnOnce(&mut D, &R, &mut CanonicalRows) -> Summary,
) {
    let ours = compare_with_prost::<R, D>(&mut decoder, payload)
        .unwrap_or_else(|disagreement| panic!("{disagreement}"));
    // The second time, the decoder predicts names from the first.
    assert_eq!(Decoded::by(&mut decoder, payload), ours);
    match (&ours.result, R::decode(payload)) {
        (Ok(summary), Ok(request)) if summary.rejected == 0 => {
            let mut rows = CanonicalRows::default();
            assert_eq!(decode_request(&mut decoder, &request, &mut rows), *summary);
            assert_eq!(rows.0, ours.rows, "from the typed request");
        }
        (Ok(_), _) => {}
        (Err(error), _) => assert!(error.offset() <= payload.len(), "{error}"),
    }
}

/// Returns limits as wide as prost's, so that only malformed payloads fail.
pub fn generous() -> (Limits, Keys) {
    let limits = Limits::default()
        .with_attributes(1 << 20)
        .with_nesting_depth(64)
        .with_nested_values(1 << 20);
    (limits, Keys::new())
}
