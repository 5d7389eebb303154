//! [`Entry`]: the learned facts about one fingerprint.

use std::cmp::Ordering;
use std::sync::OnceLock;

use xxhash_rust::xxh3::xxh3_64;

use crate::budget;
use crate::counter::Counter;
use crate::patterns::Sighting;
use crate::signature::MAX_SIGNATURE;
use crate::template::{Template, join};
use crate::token::Tokenizer;

/// The learned facts about one fingerprint. Every field can be merged: by minimum, by maximum, or by maximum per source.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) signature: Box<[u8]>,
    /// The smallest message seen, by the order of [`Example`], cut at [`example_limit`].
    pub(crate) example: Example,
    /// The largest message seen, by the same order. The template shows what the smallest and the largest have in common: a variable that
    /// is a number in one and a name in the other has neither kind.
    pub(crate) longest: Example,
    /// The text of the template of both examples. It is rendered on first use.
    template: OnceLock<Box<str>>,
    pub(crate) count: Counter,
    /// The time of the first message, in nanoseconds since the Unix epoch; 0 if it is unknown.
    pub(crate) first_seen: u64,
    pub(crate) last_seen: u64,
    pub(crate) severity_number: i32,
    /// The stratum of the signature.
    pub(crate) stratum: u16,
}

/// Returns the number of bytes of an example that are kept. It depends on the length of the signature alone, so that the size of an
/// entry never changes.
pub(crate) fn example_limit(signature: usize) -> usize {
    (128 + 2 * signature).min(1024)
}

/// Returns the number of bytes of a template that are kept.
fn template_limit(signature: usize) -> usize {
    (192 + 3 * signature).min(2048)
}

/// Returns the bytes that an entry of a size class counts against the memory bound: the entry, its share of a table that may be half
/// empty, its texts at their maximum length, and the allocator's overhead for each text.
pub(crate) fn unit(class: usize) -> usize {
    let signature = budget::longest(class).min(MAX_SIGNATURE);
    2 * std::mem::size_of::<Entry>()
        + 4 * 16
        + signature
        + 2 * example_limit(signature)
        + template_limit(signature)
}

/// A message that was kept, with its hash.
///
/// Examples are ordered by length, because short ones are easy to read, and then by hash. They are not ordered by bytes, because
/// messages that differ only in a timestamp arrive in that order, so each would be a new largest one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Example {
    pub(crate) bytes: Vec<u8>,
    hash: u64,
}

impl Example {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            hash: xxh3_64(bytes),
        }
    }

    /// Compares two examples by length, hash and bytes.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        self.bytes
            .len()
            .cmp(&other.bytes.len())
            .then(self.hash.cmp(&other.hash))
            .then_with(|| self.bytes.cmp(&other.bytes))
    }

    fn set(&mut self, bytes: &[u8], hash: u64) {
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        self.hash = hash;
    }
}

impl Entry {
    /// Creates the entry of a fingerprint that was seen once.
    pub(crate) fn new(signature: &[u8], message: &[u8], stratum: u16, source: u64) -> Self {
        let example = Example::new(&message[..message.len().min(example_limit(signature.len()))]);
        Self::from_parts(
            signature.into(),
            example.clone(),
            example,
            Counter::new(source, 1),
            stratum,
        )
    }

    /// Creates an entry without times and severity.
    pub(crate) const fn from_parts(
        signature: Box<[u8]>,
        example: Example,
        longest: Example,
        count: Counter,
        stratum: u16,
    ) -> Self {
        Self {
            signature,
            example,
            longest,
            template: OnceLock::new(),
            count,
            first_seen: 0,
            last_seen: 0,
            severity_number: 0,
            stratum,
        }
    }

    /// Keeps a message of this fingerprint as an example if it is smaller or larger than all others.
    #[inline]
    pub(crate) fn exemplify(&mut self, message: &[u8]) {
        let limit = example_limit(self.signature.len());
        let message = &message[..message.len().min(limit)];
        let (shortest, longest) = (self.example.bytes.len(), self.longest.bytes.len());
        if message.len() <= shortest || message.len() >= longest {
            self.improve(message);
        }
    }

    #[inline(never)]
    fn improve(&mut self, message: &[u8]) {
        if message == self.example.bytes || message == self.longest.bytes {
            return;
        }
        let hash = xxh3_64(message);
        let place = |example: &Example| {
            (message.len().cmp(&example.bytes.len()))
                .then(hash.cmp(&example.hash))
                .then_with(|| message.cmp(&example.bytes))
        };
        if place(&self.example) == Ordering::Less {
            self.example.set(message, hash);
            self.template.take();
        } else if place(&self.longest) == Ordering::Greater {
            self.longest.set(message, hash);
            self.template.take();
        }
    }

    #[inline]
    pub(crate) fn see(&mut self, sighting: Sighting) {
        let time = sighting.time_unix_nano;
        if time != 0 {
            // Zero means unknown and wraps to the largest number, so the minimum of a known and an unknown time is the known one.
            self.first_seen = (self.first_seen.wrapping_sub(1))
                .min(time - 1)
                .wrapping_add(1);
            self.last_seen = self.last_seen.max(time);
        }
        self.severity_number = self.severity_number.max(sighting.severity_number);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.count.merge(&other.count);
        self.see(Sighting {
            time_unix_nano: other.first_seen,
            severity_number: other.severity_number,
        });
        self.see(Sighting {
            time_unix_nano: other.last_seen,
            severity_number: other.severity_number,
        });
        if other.example.order(&self.example) == Ordering::Less {
            self.example.clone_from(&other.example);
            self.template.take();
        }
        if other.longest.order(&self.longest) == Ordering::Greater {
            self.longest.clone_from(&other.longest);
            self.template.take();
        }
    }

    /// Returns whether messages could have produced this entry. The memory bound and the laws of merging depend on that.
    pub(crate) fn is_sound(&self) -> bool {
        self.signature.len() <= MAX_SIGNATURE
            && self.longest.bytes.len() <= example_limit(self.signature.len())
            && self.longest.order(&self.example) != Ordering::Less
            && self.count.total() > 0
            && (self.first_seen == 0) == (self.last_seen == 0)
            && self.first_seen <= self.last_seen
            && self.severity_number >= 0
    }

    /// Returns the template of both examples.
    pub(crate) fn template<T: Tokenizer>(&self, tokenizer: &T) -> Template {
        let mut template = Template::of(tokenizer, &self.signature, &self.example.bytes);
        if self.example != self.longest {
            join(
                &mut template,
                &Template::of(tokenizer, &self.signature, &self.longest.bytes),
            );
        }
        template
    }

    /// Returns the template's text.
    pub(crate) fn template_text<T: Tokenizer>(&self, tokenizer: &T) -> &str {
        self.template.get_or_init(|| {
            self.template(tokenizer)
                .text(template_limit(self.signature.len()))
                .into()
        })
    }
}
