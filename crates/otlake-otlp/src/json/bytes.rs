//! Bytes: base64, as in proto3's JSON, and ids in hex, which is OTLP's exception from it.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::node::Node;
use crate::error::Result;

// proto3: "Either standard or URL-safe base64 encoding with/without paddings are accepted."
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

impl<'r> Node<'r> {
    /// Returns bytes, which are in base64.
    pub(crate) fn bytes(self) -> Result<&'r [u8]> {
        let text = self.text()?;
        self.base64(text)
            .ok_or_else(|| self.invalid("bytes in base64"))
    }

    /// Returns a trace id.
    #[inline]
    pub(crate) fn trace_id(self) -> Result<&'r [u8]> {
        self.id(16, "16 bytes in hex")
    }

    /// Returns a span id.
    #[inline]
    pub(crate) fn span_id(self) -> Result<&'r [u8]> {
        self.id(8, "8 bytes in hex")
    }

    /// Returns an id: hex of any number of bytes, or else base64 of exactly `length` bytes. Senders write base64
    /// if they use proto3's JSON without OTLP's exception. One in 10^10 ids in unpadded base64 looks like hex.
    #[inline]
    fn id(self, length: usize, expected: &'static str) -> Result<&'r [u8]> {
        let text = self.text()?;
        let bytes = self.arena.alloc_slice_fill_copy(text.len() / 2, 0);
        if const_hex::decode_to_slice(text, bytes).is_ok() {
            return Ok(bytes);
        }
        self.base64(text)
            .filter(|bytes| bytes.len() == length)
            .ok_or_else(|| self.invalid(expected))
    }

    #[cold]
    fn base64(self, text: &[u8]) -> Option<&'r [u8]> {
        let url_safe = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
        let engine = if url_safe { URL_SAFE } else { STANDARD };
        let longest = base64::decoded_len_estimate(text.len());
        let bytes = self.arena.alloc_slice_fill_copy(longest, 0);
        let length = engine.decode_slice(text, bytes).ok()?;
        bytes.get(..length)
    }
}
