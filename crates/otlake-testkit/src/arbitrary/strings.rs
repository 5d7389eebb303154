use otlake_row::Signal;

use super::schema::{Content, Message};
use super::wire::{fields, push_delimited};
use crate::rng::Rng;

/// Bytes that make a string invalid at any position: a byte that never occurs, a lone continuation
/// byte, a truncated character, a surrogate, an overlong encoding.
const INVALID: [&[u8]; 5] = [b"\xff", b"\x80", b"\xe2\x82", b"\xed\xa0\x80", b"\xc0\xaf"];

/// Makes some strings of a payload invalid UTF-8 and returns how many. Leaves everything else
/// unchanged.
pub fn break_utf8(payload: &mut Vec<u8>, signal: Signal, rng: &mut Rng) -> usize {
    let mut broken = 0;
    *payload = rewrite(payload, Message::Request(signal), &mut |string| {
        if !rng.chance(0.05) {
            return None;
        }
        let text = std::str::from_utf8(string).ok()?;
        // Insert at a character boundary, so that exactly these bytes are invalid. Splitting a
        // character would make its parts invalid, too.
        let mut at = rng.below(string.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        broken += 1;
        let invalid: &[u8] = rng.pick::<&[u8]>(&INVALID);
        Some([&string[..at], invalid, &string[at..]].concat())
    });
    broken
}

/// Replaces invalid sequences in the strings of a payload with U+FFFD, as
/// [`String::from_utf8_lossy`] does, and returns the number of changed strings. Leaves a malformed
/// payload unchanged.
pub fn repair_utf8(payload: &[u8], signal: Signal) -> (Vec<u8>, usize) {
    let mut repaired = 0;
    let payload = rewrite(payload, Message::Request(signal), &mut |string| {
        if std::str::from_utf8(string).is_ok() {
            return None;
        }
        repaired += 1;
        Some(String::from_utf8_lossy(string).into_owned().into_bytes())
    });
    (payload, repaired)
}

/// Rewrites each string for which `other` returns a replacement.
fn rewrite(
    bytes: &[u8],
    message: Message,
    other: &mut impl FnMut(&[u8]) -> Option<Vec<u8>>,
) -> Vec<u8> {
    let Some(fields) = fields(bytes) else {
        return bytes.to_vec();
    };
    let mut out = Vec::with_capacity(bytes.len());
    for field in fields {
        let content = &bytes[field.content.clone()];
        let changed = match message.content(field.number) {
            _ if field.wire_type != 2 => None,
            Some(Content::String) => other(content),
            Some(Content::Message(inside)) => {
                Some(rewrite(content, inside, other)).filter(|changed| changed != content)
            }
            None => None,
        };
        match changed {
            Some(changed) => push_delimited(&mut out, field.number, &changed, 0),
            None => out.extend_from_slice(&bytes[field.whole]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Request;
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;

    fn breaks_and_repairs<R: Request>() {
        let mut all = 0;
        for seed in 0..500 {
            let mut rng = Rng::new(seed);
            let mut payload = R::arbitrary(&mut rng).encode_to_vec();
            assert_eq!(repair_utf8(&payload, R::SIGNAL), (payload.clone(), 0));
            let broken = break_utf8(&mut payload, R::SIGNAL, &mut rng);
            assert_eq!(R::decode(&payload[..]).is_err(), broken > 0, "seed {seed}");
            let (repaired, count) = repair_utf8(&payload, R::SIGNAL);
            assert_eq!(count, broken);
            assert!(R::decode(&repaired[..]).is_ok(), "seed {seed}");
            all += broken;
        }
        assert!(all > 500, "{all}");
    }

    #[test]
    fn prost_accepts_repaired_payloads_and_rejects_broken_ones() {
        breaks_and_repairs::<ExportLogsServiceRequest>();
        breaks_and_repairs::<ExportTraceServiceRequest>();
        breaks_and_repairs::<ExportMetricsServiceRequest>();
    }
}
