//! Reads length-prefixed messages.

use std::io::Read;

use otlake_row::Bytes;

use super::compression;
use super::detect::skip_space;
use super::error::PayloadErrorKind;
use super::input::Input;
use super::payload::Format;
use super::reader::{Found, Next};
use crate::encoding::InflateLimits;

/// The size of a length.
const PREFIX: usize = 4;

/// Reads the next message with anything but white space in it.
pub(super) fn next<R: Read>(input: &mut Input<R>, limits: InflateLimits) -> Next {
    loop {
        let (offset, message) = match message(input, limits.bytes) {
            Ok(Some(message)) => message,
            Ok(None) => return Next::End,
            Err((offset, kind)) => return Next::Broken(offset, kind),
        };
        match inflate(message, limits) {
            Ok(bytes) if skip_space(&bytes).is_empty() => {}
            Ok(bytes) => {
                let format = Format::of(&bytes);
                let bytes = match format {
                    Format::Protobuf => bytes,
                    Format::Json => bytes.slice(bytes.len() - skip_space(&bytes).len()..),
                };
                return Next::Found(Found {
                    bytes,
                    format,
                    offset,
                });
            }
            Err(kind) => return Next::Broken(offset, kind),
        }
    }
}

/// Reads the next message, which may be compressed, and its offset. Returns `None` at the end of the file.
fn message<R: Read>(
    input: &mut Input<R>,
    limit: usize,
) -> Result<Option<(u64, Bytes)>, (u64, PayloadErrorKind)> {
    let offset = input.offset();
    let at = |offset| move |kind| (offset, kind);
    input.fill_to(PREFIX).map_err(at(offset))?;
    let Some(prefix) = input.buffered().first_chunk::<PREFIX>() else {
        let remaining = input.buffered().len();
        if remaining == 0 {
            return Ok(None);
        }
        let (expected, remaining) = (PREFIX as u64, remaining as u64);
        let kind = PayloadErrorKind::CutOff {
            expected,
            remaining,
        };
        return Err((offset, kind));
    };
    let length = u64::from(u32::from_be_bytes(*prefix));
    input.skip(PREFIX);
    let offset = input.offset();
    let taken = match usize::try_from(length) {
        Ok(length) if length <= limit => input
            .fill_to(length)
            .map(|is_whole| is_whole.then(|| input.take(length))),
        _ => skip(input, length).map(|_| None),
    };
    if let Some(message) = taken.map_err(at(offset))? {
        return Ok(Some((offset, message)));
    }
    let remaining = input.offset() + input.buffered().len() as u64 - offset;
    let kind = if remaining < length {
        PayloadErrorKind::CutOff {
            expected: length,
            remaining,
        }
    } else {
        PayloadErrorKind::TooLarge {
            bytes: Some(length),
            limit,
            file: false,
        }
    };
    Err((offset, kind))
}

/// Skips `length` bytes, or the rest of the file.
fn skip<R: Read>(input: &mut Input<R>, mut length: u64) -> Result<(), PayloadErrorKind> {
    loop {
        let buffered = input.buffered().len();
        let skipped = usize::try_from(length).map_or(buffered, |length| length.min(buffered));
        input.skip(skipped);
        length -= skipped as u64;
        if length == 0 || !input.fill()? {
            return Ok(());
        }
    }
}

fn inflate(message: Bytes, limits: InflateLimits) -> Result<Bytes, PayloadErrorKind> {
    match compression::detect(&message) {
        Ok(encoding) => encoding
            .inflate_within(&message, limits)
            .map_err(PayloadErrorKind::Inflate),
        Err(encoding) => Err(PayloadErrorKind::FeatureOff {
            encoding,
            message: true,
        }),
    }
}
