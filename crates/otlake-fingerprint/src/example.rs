//! [`Example`]: a message that is kept to illustrate its fingerprint.

use std::cmp::Ordering;

use xxhash_rust::xxh3::xxh3_64;

use crate::level::{Level, level};
use crate::token::Tokenizer;

/// A message that was kept. A long one is cut off, and its header is left out, so that the text has all of the space.
///
/// Examples are ordered by length, because short ones are easy to read, and then by hash. They are not ordered by bytes, because
/// messages that differ only in a timestamp arrive in that order, so each would be a new largest one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Example {
    bytes: Vec<u8>,
    /// The facts about the whole message, if anything was cut off or left out.
    cut: Option<Cut>,
    /// The hash of the message as far as the limit.
    hash: u64,
}

/// Facts about a message beyond the limit that its example does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cut {
    /// The length of the message.
    pub(crate) len: usize,
    /// The level that the message names.
    pub(crate) level: Option<Level>,
}

/// Returns the hash by which messages of equal length are ordered.
pub(crate) fn hash(message: &[u8], limit: usize) -> u64 {
    xxh3_64(&message[..message.len().min(limit)])
}

/// Returns the bytes of a message that an example keeps, and the facts that they do not show.
fn kept<'m, T: Tokenizer>(
    tokenizer: &T,
    message: &'m [u8],
    limit: usize,
) -> (&'m [u8], Option<Cut>) {
    if message.len() <= limit {
        return (message, None);
    }
    let cut = Cut {
        len: message.len(),
        level: level(message),
    };
    let text = &message[tokenizer.header(message)..];
    // Without the header, the text must not seem to begin with another one: its tokens would change.
    let text = if tokenizer.header(text) > 0 {
        message
    } else {
        text
    };
    (&text[..text.len().min(limit)], Some(cut))
}

impl Example {
    /// Creates an example of a message.
    pub(crate) fn new<T: Tokenizer>(tokenizer: &T, message: &[u8], limit: usize) -> Self {
        let (bytes, cut) = kept(tokenizer, message, limit);
        Self {
            bytes: bytes.to_vec(),
            cut,
            hash: hash(message, limit),
        }
    }

    /// Creates an example that was saved. The hash of a whole message is not saved.
    pub(crate) fn saved(bytes: &[u8], cut: Option<(Cut, u64)>) -> Self {
        Self {
            bytes: bytes.to_vec(),
            cut: cut.map(|(cut, _)| cut),
            hash: cut.map_or_else(|| xxh3_64(bytes), |(_, hash)| hash),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the facts and the hash that have to be saved if the example is not a whole message.
    pub(crate) fn cut(&self) -> Option<(Cut, u64)> {
        self.cut.map(|cut| (cut, self.hash))
    }

    /// Returns the level that the message names.
    pub(crate) fn level(&self) -> Option<Level> {
        match self.cut {
            Some(cut) => cut.level,
            None => level(&self.bytes),
        }
    }

    /// Returns the length of the message.
    #[inline]
    pub(crate) fn message_len(&self) -> usize {
        self.cut.map_or(self.bytes.len(), |cut| cut.len)
    }

    /// Returns whether the example is `message` as a whole.
    pub(crate) fn is_whole(&self, message: &[u8]) -> bool {
        self.cut.is_none() && self.bytes == message
    }

    /// Returns whether some message could have produced this example.
    pub(crate) fn is_sound(&self, limit: usize) -> bool {
        self.bytes.len() <= limit && self.cut.is_none_or(|cut| cut.len > limit)
    }

    /// Compares two examples by length, hash and kept bytes.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        (self.message_len(), self.hash)
            .cmp(&(other.message_len(), other.hash))
            .then_with(|| (&self.bytes, self.cut).cmp(&(&other.bytes, other.cut)))
    }

    /// Replaces this example by `message`, whose hash is `hash`, if the message compares to it as `wanted`. Returns whether it did.
    pub(crate) fn replace<T: Tokenizer>(
        &mut self,
        tokenizer: &T,
        message: &[u8],
        limit: usize,
        hash: u64,
        wanted: Ordering,
    ) -> bool {
        let order = (message.len(), hash).cmp(&(self.message_len(), self.hash));
        if order != wanted && order != Ordering::Equal {
            return false;
        }
        let (bytes, cut) = kept(tokenizer, message, limit);
        if order == Ordering::Equal && (bytes, cut).cmp(&(&self.bytes, self.cut)) != wanted {
            return false;
        }
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        (self.cut, self.hash) = (cut, hash);
        true
    }
}
