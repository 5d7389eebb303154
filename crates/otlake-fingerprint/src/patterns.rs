//! [`Patterns`]: the learned state.

use std::collections::HashMap;

use crate::cluster::{Clusterer, WordSets};
use crate::counter::Counter;
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::hash::BuildIdentity;
use crate::level::{Level, level};
use crate::pattern_set::PatternSet;
use crate::scanner::Scanner;
use crate::template::{Template, join};
use crate::token::Tokenizer;

/// How [`Patterns`] behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PatternOptions {
    /// The memory bound in bytes. Default: 64 MiB.
    ///
    /// Beyond it the fingerprints with the largest bits are forgotten, and never learned again: see [`Patterns`].
    pub max_bytes: usize,
    /// Who counts. Default: 0.
    ///
    /// States that learn *different* messages and are merged later need different sources; then their counts add. Two
    /// states of one source are taken for two points in time of the same count.
    pub source: u64,
}

impl Default for PatternOptions {
    fn default() -> Self {
        Self {
            max_bytes: 64 << 20,
            source: 0,
        }
    }
}

impl PatternOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// With another memory bound.
    pub const fn with_max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// With another source.
    pub const fn with_source(mut self, source: u64) -> Self {
        self.source = source;
        self
    }
}

/// When a message was seen and how severe its record said it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sighting {
    /// Nanoseconds since the Unix epoch; 0 when unknown.
    pub time_unix_nano: u64,
    /// The OpenTelemetry severity number; 0 when the record has none.
    pub severity_number: i32,
}

/// One fingerprint of a learned state on its own: a row of a patterns table, beside its pattern's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Known<'p> {
    /// The fingerprint.
    pub fingerprint: Fingerprint,
    /// Its own template, before patterns join it with others.
    pub template: &'p str,
    /// How many messages had it.
    pub count: u64,
    /// The shortest message seen (of several the smallest by bytes), possibly cut short.
    pub example: &'p [u8],
    /// Nanoseconds since the Unix epoch, when sightings were given.
    pub first_seen_unix_nano: Option<u64>,
    /// Nanoseconds since the Unix epoch, when sightings were given.
    pub last_seen_unix_nano: Option<u64>,
    /// The most severe level of its records, or else the one in the example's text.
    pub level: Option<Level>,
}

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
}

/// How many bytes of an example are kept: a function of the signature alone, so that an entry's weight never changes.
pub(crate) const fn example_limit(signature: &[u8]) -> usize {
    128 + 2 * signature.len()
}

/// How many bytes of a template are kept.
const fn template_limit(signature: &[u8]) -> usize {
    192 + 3 * signature.len()
}

/// What an entry counts against the memory bound: itself, its share of a table that may be half empty, its texts at their longest,
/// and the allocator's overhead for each of them.
const fn weight(signature: &[u8]) -> usize {
    2 * std::mem::size_of::<Entry>()
        + 4 * 16
        + signature.len()
        + 2 * example_limit(signature)
        + template_limit(signature)
}

/// The patterns learned from a stream of messages.
///
/// Learning a message whose fingerprint is known is one hash lookup and a count. What is kept is a *set* of fingerprints, each
/// with its signature, an example, counts and times; the patterns are derived from that set when they are asked for.
///
/// The state is a join-semilattice: [`merge`](Self::merge) is commutative, associative and idempotent, and the state after a
/// set of messages depends neither on their order nor on how they were split between states.
///
/// Memory is bounded by [`PatternOptions::max_bytes`]. The eviction rule is *bottom-k by fingerprint*: when the bound is
/// reached, the fingerprints with the largest bits go, and everything from the smallest that went upwards is refused from then
/// on. A fingerprint is a hash, so this is a uniform sample of the distinct fingerprints, and the sample of a
/// union is the union of the samples, sampled again: no order of arrival can change it. What was refused is
/// [counted](Self::refused).
///
/// ```
/// use otlake_fingerprint::{Fingerprinter, Patterns};
///
/// let mut fingerprinter = Fingerprinter::new();
/// let mut patterns = Patterns::default();
/// for user in ["ann", "bob", "carol", "dave", "erin"] {
///     let message = format!("user {user} logged in from 10.0.0.7");
///     let fingerprint = fingerprinter.fingerprint(message.as_bytes());
///     patterns.learn(fingerprint, message.as_bytes());
/// }
/// let set = patterns.patterns();
/// assert_eq!(set.len(), 1);
/// assert_eq!(set[0].template, "user <*> logged in from <ip>");
/// assert_eq!(set[0].count, 5);
/// ```
#[derive(Clone, Debug)]
pub struct Patterns<T = Scanner, C = WordSets> {
    pub(crate) entries: HashMap<u64, Entry, BuildIdentity>,
    fingerprinter: Fingerprinter<T>,
    clusterer: C,
    options: PatternOptions,
    /// The sum of the entries' weights.
    weight: usize,
    /// The smallest fingerprint that was ever evicted; it and all above are refused.
    pub(crate) watermark: Option<u64>,
    /// Every message that came to be learned, kept or not.
    pub(crate) learned: Counter,
}

impl Default for Patterns {
    fn default() -> Self {
        Self::new(PatternOptions::default())
    }
}

impl Patterns {
    /// An empty state with the shipped tokenizer and clusterer.
    pub fn new(options: PatternOptions) -> Self {
        Self::with_parts(options, Scanner::new(), WordSets::default())
    }
}

impl<T: Tokenizer, C: Clusterer> Patterns<T, C> {
    /// An empty state with the caller's tokenizer and clusterer.
    pub fn with_parts(options: PatternOptions, tokenizer: T, clusterer: C) -> Self {
        Self {
            entries: HashMap::default(),
            fingerprinter: Fingerprinter::with_tokenizer(tokenizer),
            clusterer,
            options,
            weight: 0,
            watermark: None,
            learned: Counter::new(options.source, 0),
        }
    }

    /// Learns a message whose fingerprint was computed with the same tokenizer.
    #[inline]
    pub fn learn(&mut self, fingerprint: Fingerprint, message: &[u8]) {
        self.learn_seen(fingerprint, message, Sighting::default());
    }

    /// Learns a message together with when it was seen.
    #[inline]
    pub fn learn_seen(&mut self, fingerprint: Fingerprint, message: &[u8], sighting: Sighting) {
        self.learned.add(self.options.source, 1);
        let Some(entry) = self.entries.get_mut(&fingerprint.as_u64()) else {
            return self.learn_new(fingerprint, message, sighting);
        };
        entry.count.add(self.options.source, 1);
        entry.see(sighting);
        let example = &message[..message.len().min(example_limit(&entry.signature))];
        if smaller(example, &entry.example) || smaller(&entry.longest, example) {
            Self::improve(self.fingerprinter.tokenizer(), entry, example);
        }
    }

    /// Computes the fingerprint of `message` and learns it.
    pub fn observe(&mut self, message: &[u8]) -> Fingerprint {
        let fingerprint = self.fingerprinter.fingerprint(message);
        self.learn(fingerprint, message);
        fingerprint
    }

    /// The first sight of a fingerprint.
    #[inline(never)]
    fn learn_new(&mut self, fingerprint: Fingerprint, message: &[u8], sighting: Sighting) {
        if self
            .watermark
            .is_some_and(|mark| fingerprint.as_u64() >= mark)
        {
            return;
        }
        let _ = self.fingerprinter.fingerprint(message);
        let signature: Box<[u8]> = self.fingerprinter.signature().as_bytes().into();
        let example = message[..message.len().min(example_limit(&signature))].to_vec();
        let mut entry = Entry {
            template: Box::default(),
            signature,
            longest: example.clone(),
            example,
            count: Counter::new(self.options.source, 1),
            first_seen: 0,
            last_seen: 0,
            severity_number: 0,
        };
        entry.see(sighting);
        self.insert(fingerprint.as_u64(), entry);
        if self.weight > self.options.max_bytes {
            self.evict();
        }
    }

    /// A new end of the order of examples of a known fingerprint.
    #[cold]
    fn improve(tokenizer: &T, entry: &mut Entry, example: &[u8]) {
        let end = if smaller(example, &entry.example) {
            &mut entry.example
        } else {
            &mut entry.longest
        };
        end.clear();
        end.extend_from_slice(example);
        entry.render(tokenizer);
    }

    /// The share of the bound that an eviction leaves filled. The rest is room for a batch, which keeps eviction cheap; it is taken
    /// off before anyone looks, so that the state does not show when the last batch happened to run.
    const fn target(&self) -> usize {
        self.options.max_bytes - self.options.max_bytes / 8
    }

    /// The smallest fingerprint that is beyond the bound: the sum of the weights up to it exceeds the target.
    fn overflow(&self) -> Option<u64> {
        let target = self.target();
        if self.weight <= target {
            return None;
        }
        let mut keys: Vec<u64> = self.entries.keys().copied().collect();
        keys.sort_unstable();
        let mut sum = 0;
        keys.into_iter().find(|key| {
            sum += self
                .entries
                .get(key)
                .map_or(0, |entry| weight(&entry.signature));
            sum > target
        })
    }

    /// The entries within the bound, sorted by fingerprint.
    pub(crate) fn kept(&self) -> Vec<(u64, &Entry)> {
        let end = self.overflow();
        let mut entries: Vec<(u64, &Entry)> = self
            .entries
            .iter()
            .filter(|&(&key, _)| end.is_none_or(|end| key < end))
            .map(|(&key, entry)| (key, entry))
            .collect();
        entries.sort_unstable_by_key(|entry| entry.0);
        entries
    }

    /// The smallest fingerprint that is refused: what the watermark is after an eviction.
    pub(crate) fn bound(&self) -> Option<u64> {
        self.overflow().or(self.watermark)
    }

    /// Adds an entry that is not there yet, and renders its template.
    pub(crate) fn insert(&mut self, key: u64, mut entry: Entry) {
        let tokenizer = self.fingerprinter.tokenizer();
        entry.render(tokenizer);
        self.weight += weight(&entry.signature);
        self.entries.insert(key, entry);
    }

    /// Evicts what is beyond the bound.
    pub(crate) fn evict(&mut self) {
        if let Some(mark) = self.overflow() {
            self.refuse_from(mark);
        }
    }

    /// Forgets `mark` and everything above, for ever.
    fn refuse_from(&mut self, mark: u64) {
        let weight_left = &mut self.weight;
        self.entries.retain(|&key, entry| {
            if key >= mark {
                *weight_left -= weight(&entry.signature);
            }
            key < mark
        });
        self.watermark = Some(self.watermark.map_or(mark, |old| old.min(mark)));
    }

    /// Joins another state into this one.
    ///
    /// Commutative, associative and idempotent: counts are kept per [source](PatternOptions::source) and the larger one
    /// wins, all else is a minimum, a maximum or a union. Both states must come from the same tokenizer; the memory
    /// bound is this state's.
    pub fn merge(&mut self, other: &Self) {
        self.learned.merge(&other.learned);
        for (&key, entry) in &other.entries {
            match self.entries.entry(key) {
                std::collections::hash_map::Entry::Occupied(mut mine) => {
                    let mine = mine.get_mut();
                    mine.merge(entry);
                    mine.render(self.fingerprinter.tokenizer());
                }
                std::collections::hash_map::Entry::Vacant(place) => {
                    self.weight += weight(&entry.signature);
                    place.insert(entry.clone());
                }
            }
        }
        if let Some(mark) = [self.watermark, other.watermark]
            .into_iter()
            .flatten()
            .min()
        {
            self.refuse_from(mark);
        }
        self.evict();
    }

    /// The patterns of everything learned so far, most frequent first.
    ///
    /// Derived anew on each call: some 10 µs per known fingerprint.
    pub fn patterns(&self) -> PatternSet {
        let entries = self.kept();
        PatternSet::derive(&entries, self.fingerprinter.tokenizer(), &self.clusterer)
    }

    /// The template of one fingerprint on its own, before patterns join it with others.
    pub fn template(&self, fingerprint: Fingerprint) -> Option<&str> {
        self.entries
            .get(&fingerprint.as_u64())
            .map(|entry| &*entry.template)
    }

    /// Every known fingerprint on its own, smallest first.
    pub fn known(&self) -> impl Iterator<Item = Known<'_>> {
        let known = |time: u64| (time != 0).then_some(time);
        self.kept().into_iter().map(move |(bits, entry)| Known {
            fingerprint: Fingerprint::new(bits),
            template: &entry.template,
            count: entry.count.total(),
            example: &entry.example,
            first_seen_unix_nano: known(entry.first_seen),
            last_seen_unix_nano: known(entry.last_seen),
            level: Level::from_severity_number(entry.severity_number)
                .or_else(|| level(&entry.example)),
        })
    }

    /// The number of fingerprints that are known.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was learned.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The bytes that count against [`PatternOptions::max_bytes`].
    pub const fn weight(&self) -> usize {
        self.weight
    }

    /// How many messages were not learned, or forgotten, for the memory bound.
    pub fn refused(&self) -> u64 {
        let kept = self.kept().iter().fold(0_u64, |sum, (_, entry)| {
            sum.saturating_add(entry.count.total())
        });
        self.learned.total().saturating_sub(kept)
    }

    /// The options.
    pub const fn options(&self) -> &PatternOptions {
        &self.options
    }
}

impl Entry {
    #[inline]
    fn see(&mut self, sighting: Sighting) {
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

    fn merge(&mut self, other: &Self) {
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
    fn render<T: Tokenizer>(&mut self, tokenizer: &T) {
        self.template = self
            .template(tokenizer)
            .text(template_limit(&self.signature))
            .into();
    }
}

/// The order of examples: the shortest is the easiest to read, and an order makes the choice a minimum.
pub(crate) fn smaller(a: &[u8], b: &[u8]) -> bool {
    a.len() < b.len() || (a.len() == b.len() && a < b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_fingerprint_has_its_own_figures() {
        let mut patterns = Patterns::default();
        let mut fingerprinter = Fingerprinter::new();
        for (time, message) in [
            (30, "WARN disk 17 full"),
            (10, "WARN disk 2 full"),
            (0, "WARN disk 9 full"),
        ] {
            let sighting = Sighting {
                time_unix_nano: time,
                severity_number: 0,
            };
            patterns.learn_seen(
                fingerprinter.fingerprint(message.as_bytes()),
                message.as_bytes(),
                sighting,
            );
        }
        let known: Vec<_> = patterns.known().collect();
        assert_eq!(known.len(), 1);
        assert_eq!(
            (known[0].count, known[0].template),
            (3, "WARN disk <num> full")
        );
        assert_eq!(known[0].example, b"WARN disk 2 full");
        assert_eq!(
            (known[0].first_seen_unix_nano, known[0].last_seen_unix_nano),
            (Some(10), Some(30))
        );
        assert_eq!(known[0].level, Some(Level::Warn));
    }

    #[test]
    fn what_is_beyond_the_bound_is_counted_and_stays_out() {
        let options = PatternOptions::new().with_max_bytes(8_000);
        let mut patterns = Patterns::new(options);
        let word = |mut number: usize| {
            let mut word = String::new();
            while number > 0 {
                word.push(char::from(b'g' + (number % 20) as u8));
                number /= 20;
            }
            word
        };
        for number in 1..1_000 {
            let _ = patterns.observe(format!("free text {}", word(number)).as_bytes());
            assert!(patterns.weight() <= options.max_bytes);
        }
        let kept: u64 = patterns.known().map(|known| known.count).sum();
        assert!(kept > 0 && kept < 20);
        assert_eq!(patterns.refused(), 999 - kept);
    }
}
