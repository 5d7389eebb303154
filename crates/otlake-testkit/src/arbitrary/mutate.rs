use std::ops::Range;

use otlake_row::Signal;

use super::schema::{Content, Message};
use super::wire::{Field, fields, push_delimited, push_varint};
use crate::rng::Rng;

/// Mutates a payload of a signal. Some mutations leave it valid (fields reordered or repeated,
/// unknown fields added, lengths encoded longer than needed); others make it malformed or change
/// its meaning (bits flipped, truncated, wire types changed).
///
/// The oracle decides which one it was: a decoder under test and prost must either agree on the
/// rows or both fail.
pub fn mutate(payload: &mut Vec<u8>, signal: Signal, rng: &mut Rng) {
    for _ in 0..1 + rng.below(3) {
        match rng.below(10) {
            0 => flip_bits(payload, rng),
            1 => {
                let len = rng.below(payload.len() + 1);
                payload.truncate(len);
            }
            2 => splice(payload, rng),
            _ => *payload = rewrite(payload, Message::Request(signal), rng),
        }
    }
}

fn flip_bits(payload: &mut [u8], rng: &mut Rng) {
    if payload.is_empty() {
        return;
    }
    for _ in 0..1 + rng.below(4) {
        let at = rng.below(payload.len());
        payload[at] ^= 1 << rng.below(8);
    }
}

/// Replaces a few bytes with a different number of other bytes.
fn splice(payload: &mut Vec<u8>, rng: &mut Rng) {
    let start = rng.below(payload.len() + 1);
    let end = (start + rng.below(6)).min(payload.len());
    let len = rng.below(6);
    payload.splice(start..end, rng.bytes(len));
}

/// Applies one change to `bytes` or, more often, to one of the messages inside. The enclosing
/// lengths are recomputed, so that the change is the only thing wrong.
fn rewrite(bytes: &[u8], message: Message, rng: &mut Rng) -> Vec<u8> {
    let Some(fields) = fields(bytes) else {
        return bytes.to_vec();
    };
    let inner: Vec<(&Field, Message)> = fields
        .iter()
        .filter(|field| field.wire_type == 2)
        .filter_map(|field| match message.content(field.number)? {
            Content::Message(inside) => Some((field, inside)),
            Content::String => None,
        })
        .collect();
    if inner.is_empty() || rng.chance(0.2) {
        return change(bytes, &fields, rng);
    }
    let (field, inside) = *rng.pick(&inner);
    let content = rewrite(&bytes[field.content.clone()], inside, rng);
    let padding = if rng.chance(0.05) {
        1 + rng.below(3)
    } else {
        0
    };
    let mut out = bytes[..field.whole.start].to_vec();
    push_delimited(&mut out, field.number, &content, padding);
    out.extend_from_slice(&bytes[field.whole.end..]);
    out
}

fn change(bytes: &[u8], fields: &[Field], rng: &mut Rng) -> Vec<u8> {
    let whole: Vec<Range<usize>> = fields.iter().map(|field| field.whole.clone()).collect();
    let mut out = Vec::with_capacity(bytes.len() + 64);
    match rng.below(6) {
        // Shuffle the fields.
        0 => {
            let mut order = whole;
            for last in (1..order.len()).rev() {
                order.swap(last, rng.below(last + 1));
            }
            order
                .into_iter()
                .for_each(|field| out.extend_from_slice(&bytes[field]));
        }
        // Repeat a field somewhere. A repeated field gains an element, otherwise the last
        // occurrence counts, and messages merge.
        1 if !whole.is_empty() => {
            let again = rng.pick(&whole).clone();
            let at = rng.pick(&whole).start;
            out.extend_from_slice(&bytes[..at]);
            out.extend_from_slice(&bytes[again]);
            out.extend_from_slice(&bytes[at..]);
        }
        // Remove a field.
        2 if !whole.is_empty() => {
            let gone = rng.pick(&whole).clone();
            out.extend_from_slice(&bytes[..gone.start]);
            out.extend_from_slice(&bytes[gone.end..]);
        }
        // Change the wire type and leave the content.
        3 if !fields.is_empty() => {
            let field = rng.pick(fields);
            out.extend_from_slice(&bytes[..field.whole.start]);
            push_varint(
                &mut out,
                u64::from(field.number) << 3 | rng.below(8) as u64,
                0,
            );
            out.extend_from_slice(&bytes[field.content.clone()]);
            out.extend_from_slice(&bytes[field.whole.end..]);
        }
        // Encode a length or number longer than needed, or make it too large.
        4 if !fields.is_empty() => {
            let field = rng.pick(fields);
            out.extend_from_slice(&bytes[..field.whole.start]);
            push_varint(
                &mut out,
                u64::from(field.number) << 3 | u64::from(field.wire_type),
                rng.below(3),
            );
            if field.wire_type == 2 {
                let len = field.content.len() as u64;
                let wrong = [
                    len,
                    len,
                    len + 1,
                    len.saturating_sub(1),
                    u64::from(u32::MAX),
                    u64::MAX,
                ];
                push_varint(&mut out, *rng.pick(&wrong), rng.below(3));
            }
            out.extend_from_slice(&bytes[field.content.clone()]);
            out.extend_from_slice(&bytes[field.whole.end..]);
        }
        // Add an unknown field.
        _ => {
            let at = if whole.is_empty() {
                0
            } else {
                rng.pick(&whole).start
            };
            out.extend_from_slice(&bytes[..at]);
            push_unknown(&mut out, rng);
            out.extend_from_slice(&bytes[at..]);
        }
    }
    out
}

fn push_unknown(out: &mut Vec<u8>, rng: &mut Rng) {
    let number = *rng.pick(&[13u32, 15, 16, 100, 2_047, 2_048, 19_999, (1 << 29) - 1]);
    let tag = u64::from(number) << 3;
    match rng.below(5) {
        0 => {
            push_varint(out, tag, 0);
            push_varint(out, rng.next_u64() >> rng.below(64), 0);
        }
        1 => {
            push_varint(out, tag | 1, 0);
            out.extend(rng.bytes(8));
        }
        2 => {
            let len = rng.below(30);
            push_delimited(out, number, &rng.bytes(len), 0);
        }
        3 => {
            push_varint(out, tag | 5, 0);
            out.extend(rng.bytes(4));
        }
        // A group: deprecated, but it must still be skipped as a whole.
        _ => {
            push_varint(out, tag | 3, 0);
            push_varint(out, 1 << 3, 0);
            push_varint(out, rng.next_u64(), 0);
            push_delimited(out, 2, b"inside a group", 0);
            push_varint(out, tag | 4, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;

    use super::*;
    use crate::Request;

    fn both_come_up<R: Request>() {
        let (mut changed, mut valid) = (0, 0);
        for seed in 0..2_000 {
            let mut rng = Rng::new(seed);
            let before = R::arbitrary(&mut rng).encode_to_vec();
            let mut after = before.clone();
            mutate(&mut after, R::SIGNAL, &mut rng);
            changed += usize::from(before != after);
            valid += usize::from(R::decode(after.as_slice()).is_ok());
        }
        assert!(changed > 1_500, "{changed} of 2000 changed");
        // The test is only useful if it produces both valid and malformed payloads.
        assert!((500..1_700).contains(&valid), "{valid} of 2000 valid");
    }

    #[test]
    fn valid_and_malformed_payloads_both_occur() {
        both_come_up::<ExportLogsServiceRequest>();
        both_come_up::<ExportTraceServiceRequest>();
        both_come_up::<ExportMetricsServiceRequest>();
    }

    #[test]
    fn any_bytes_can_be_mutated() {
        for seed in 0..6_000 {
            let mut rng = Rng::new(seed);
            let signal = *rng.pick(&Signal::ALL);
            let len = rng.below(40);
            let mut bytes = rng.bytes(len);
            mutate(&mut bytes, signal, &mut rng);
        }
    }
}
