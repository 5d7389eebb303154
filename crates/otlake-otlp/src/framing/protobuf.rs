//! Reads a file that is one protobuf request.

use std::io::Read;

use super::error::PayloadErrorKind;
use super::input::Input;
use super::payload::Format;
use super::reader::{Found, Next};

/// Reads the request, unless the file is empty.
pub(super) fn next<R: Read>(input: &mut Input<R>, limit: usize) -> Next {
    let offset = input.offset();
    loop {
        let length = input.buffered().len();
        if length > limit {
            let kind = PayloadErrorKind::TooLarge {
                bytes: None,
                limit,
                file: true,
            };
            return Next::Broken(offset, kind);
        }
        match input.fill() {
            Ok(true) => {}
            Ok(false) if length == 0 => return Next::End,
            Ok(false) => {
                return Next::Found(Found {
                    bytes: input.take(length),
                    format: Format::Protobuf,
                    offset,
                });
            }
            Err(kind) => return Next::Broken(offset, kind),
        }
    }
}
