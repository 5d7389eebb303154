//! [`Entry`]: the learned facts about one fingerprint.

use std::cmp::Ordering;
use std::sync::OnceLock;

use crate::budget;
use crate::counter::Counter;
use crate::example::{self, Example};
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

impl Entry {
    /// Creates the entry of a fingerprint that was seen once.
    pub(crate) fn new<T: Tokenizer>(
        tokenizer: &T,
        signature: &[u8],
        message: &[u8],
        stratum: u16,
        source: u64,
    ) -> Self {
        let example = Example::new(tokenizer, message, example_limit(signature.len()));
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
    pub(crate) fn exemplify<T: Tokenizer>(&mut self, tokenizer: &T, message: &[u8]) {
        let (shortest, longest) = (self.example.message_len(), self.longest.message_len());
        if message.len() <= shortest || message.len() >= longest {
            self.improve(tokenizer, message);
        }
    }

    #[inline(never)]
    fn improve<T: Tokenizer>(&mut self, tokenizer: &T, message: &[u8]) {
        if self.example.is_whole(message) || self.longest.is_whole(message) {
            return;
        }
        let limit = example_limit(self.signature.len());
        let hash = example::hash(message, limit);
        let changed = self
            .example
            .replace(tokenizer, message, limit, hash, Ordering::Less)
            || self
                .longest
                .replace(tokenizer, message, limit, hash, Ordering::Greater);
        if changed {
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
            && self.example.is_sound(example_limit(self.signature.len()))
            && self.longest.is_sound(example_limit(self.signature.len()))
            && self.longest.order(&self.example) != Ordering::Less
            && self.count.total() > 0
            && (self.first_seen == 0) == (self.last_seen == 0)
            && self.first_seen <= self.last_seen
            && self.severity_number >= 0
    }

    /// Returns the template of both examples.
    pub(crate) fn template<T: Tokenizer>(&self, tokenizer: &T) -> Template {
        let mut template = Template::of(tokenizer, &self.signature, self.example.bytes());
        // Only different texts are evidence of what they share.
        let (first, last) = (self.example.bytes(), self.longest.bytes());
        if first[tokenizer.header(first)..] != last[tokenizer.header(last)..] {
            join(
                &mut template,
                &Template::of(tokenizer, &self.signature, self.longest.bytes()),
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
