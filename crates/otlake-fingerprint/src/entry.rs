//! [`Entry`]: what is known of one fingerprint.

use crate::budget;
use crate::counter::Counter;
use crate::patterns::Sighting;
use crate::signature::MAX_SIGNATURE;
use crate::template::{Template, join};
use crate::token::Tokenizer;

/// What is known of one fingerprint. Every field joins: minimum, maximum, or a maximum per source.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) signature: Box<[u8]>,
    /// The smallest message seen, by length and then by bytes, cut at [`example_limit`].
    pub(crate) example: Vec<u8>,
    /// The largest message seen in the same order. What both ends of the order have in common is what the template says: the kind of
    /// a variable that is a number in one and a name in the other is neither.
    pub(crate) longest: Vec<u8>,
    /// The template of the two.
    pub(crate) template: Box<str>,
    pub(crate) count: Counter,
    /// Zero when unknown.
    pub(crate) first_seen: u64,
    pub(crate) last_seen: u64,
    pub(crate) severity_number: i32,
    /// The stratum of the signature.
    pub(crate) stratum: u16,
}

/// How many bytes of an example are kept: a function of the signature alone, so that what an entry weighs never changes.
pub(crate) fn example_limit(signature: usize) -> usize {
    (128 + 2 * signature).min(1024)
}

/// How many bytes of a template are kept.
fn template_limit(signature: usize) -> usize {
    (192 + 3 * signature).min(2048)
}

/// What an entry of a size class counts against the memory bound: itself, its share of a table that may be half empty, its texts
/// at their longest, and the allocator's overhead for each of them.
pub(crate) fn unit(class: usize) -> usize {
    let signature = budget::longest(class).min(MAX_SIGNATURE);
    2 * std::mem::size_of::<Entry>()
        + 4 * 16
        + signature
        + 2 * example_limit(signature)
        + template_limit(signature)
}

impl Entry {
    #[inline]
    pub(crate) fn see(&mut self, sighting: Sighting) {
        let time = sighting.time_unix_nano;
        if time != 0 {
            // Zero is "unknown" and wraps to the largest: so the minimum of known and unknown is the known one.
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
        if smaller(&other.example, &self.example) {
            self.example.clone_from(&other.example);
        }
        if smaller(&self.longest, &other.longest) {
            self.longest.clone_from(&other.longest);
        }
    }

    /// Whether messages can have led to this: what the memory bound and the laws of merging rest on.
    pub(crate) fn is_sound(&self) -> bool {
        self.signature.len() <= MAX_SIGNATURE
            && self.longest.len() <= example_limit(self.signature.len())
            && !smaller(&self.longest, &self.example)
            && self.count.total() > 0
            && (self.first_seen == 0) == (self.last_seen == 0)
            && self.first_seen <= self.last_seen
            && self.severity_number >= 0
    }

    /// The template of both examples.
    pub(crate) fn template<T: Tokenizer>(&self, tokenizer: &T) -> Template {
        let mut template = Template::of(tokenizer, &self.signature, &self.example);
        if self.example != self.longest {
            join(
                &mut template,
                &Template::of(tokenizer, &self.signature, &self.longest),
            );
        }
        template
    }

    /// Writes the template's text.
    pub(crate) fn render<T: Tokenizer>(&mut self, tokenizer: &T) {
        self.template = self
            .template(tokenizer)
            .text(template_limit(self.signature.len()))
            .into();
    }
}

/// The order of examples: the shortest is the easiest to read, and an order makes the choice a minimum.
pub(crate) fn smaller(a: &[u8], b: &[u8]) -> bool {
    a.len() < b.len() || (a.len() == b.len() && a < b)
}
