//! [`Patterns`]: the learned state.

use std::collections::HashMap;

use crate::budget::{self, CLASS_COUNT, Marks};
use crate::cluster::{Clusterer, WordSets};
use crate::counter::Counter;
use crate::entry::{Entry, unit};
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::hash::BuildIdentity;
use crate::level::{Level, level};
use crate::pattern_set::PatternSet;
use crate::scanner::Scanner;
use crate::token::Tokenizer;

/// How many refused fingerprints are remembered.
const RECENT: usize = 4096;

/// Options for [`Patterns`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PatternOptions {
    /// The memory bound in bytes. Default: 64 MiB.
    ///
    /// Beyond it fingerprints are forgotten and never learned again: see [`Patterns`] for which. A state that is at its bound
    /// uses up to 64 KiB more to remember that.
    pub max_bytes: usize,
    /// The identity of this counter. Default: 0.
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
    /// Returns the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the memory bound.
    pub const fn with_max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Sets the source.
    pub const fn with_source(mut self, source: u64) -> Self {
        self.source = source;
        self
    }
}

/// When a message was seen and how severe its record said it was.
///
/// All fields are public, because callers make sightings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sighting {
    /// Nanoseconds since the Unix epoch; 0 when unknown.
    pub time_unix_nano: u64,
    /// The OpenTelemetry severity number; 0 when the record has none.
    pub severity_number: i32,
}

/// One fingerprint of a learned state on its own: a row of a patterns table, next to its pattern's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Known<'p> {
    /// The fingerprint.
    pub fingerprint: Fingerprint,
    /// Its own template, before patterns join it with others.
    pub template: &'p str,
    /// How many messages had it.
    pub count: u64,
    /// The shortest message seen (of several, the one with the smallest hash), possibly cut short.
    pub example: &'p [u8],
    /// Nanoseconds since the Unix epoch, when sightings were given.
    pub first_seen_unix_nano: Option<u64>,
    /// Nanoseconds since the Unix epoch, when sightings were given.
    pub last_seen_unix_nano: Option<u64>,
    /// The most severe level of its records, or else the one in the example's text.
    pub level: Option<Level>,
}

/// The patterns learned from a stream of messages.
///
/// Learning a message whose fingerprint is known is one hash lookup and a count. What is kept is a *set* of fingerprints, each
/// with its signature, an example, counts and times; the patterns are derived from that set when they are asked for.
///
/// The state is a join-semilattice: [`merge`](Self::merge) is commutative, associative and idempotent, and the state after a
/// set of messages depends neither on their order nor on how they were split between states.
///
/// Memory is bounded by [`PatternOptions::max_bytes`]. The eviction rule is *bottom-k by stratum*: fingerprints are grouped by the
/// size, the length and the first word of their signature; when the bound is reached, each group is cut to the same number, and
/// of a group the fingerprints with the largest bits go. What went is refused from then on, and [counted](Self::refused). A
/// fingerprint is a hash, so what stays of a group is a uniform sample; groups that are not crowded keep
/// everything, so a statement that prints free text does not push out the others. No order of arrival and no sharding can
/// change which fingerprints stay.
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
    /// How many entries each size class has.
    counts: [usize; CLASS_COUNT],
    /// What was evicted and is refused.
    pub(crate) marks: Marks,
    /// Fingerprints refused lately, by their low bits: a shortcut that changes nothing but the time a refusal takes.
    recent: Vec<u64>,
    /// Every message that came to be learned, kept or not.
    pub(crate) learned: Counter,
}

impl Default for Patterns {
    fn default() -> Self {
        Self::new(PatternOptions::default())
    }
}

impl Patterns {
    /// Returns an empty state with the shipped tokenizer and clusterer.
    pub fn new(options: PatternOptions) -> Self {
        Self::with_parts(options, Scanner::new(), WordSets::default())
    }
}

impl<T: Tokenizer, C: Clusterer> Patterns<T, C> {
    /// Returns an empty state with the caller's tokenizer and clusterer.
    pub fn with_parts(options: PatternOptions, tokenizer: T, clusterer: C) -> Self {
        Self {
            entries: HashMap::default(),
            fingerprinter: Fingerprinter::with_tokenizer(tokenizer),
            clusterer,
            options,
            counts: [0; CLASS_COUNT],
            marks: Marks::default(),
            recent: Vec::new(),
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
        entry.exemplify(message);
    }

    /// Computes the fingerprint of `message` and learns it.
    pub fn observe(&mut self, message: &[u8]) -> Fingerprint {
        let fingerprint = self.fingerprinter.fingerprint(message);
        self.learn(fingerprint, message);
        fingerprint
    }

    /// Learns a fingerprint that is not known yet.
    #[inline(never)]
    fn learn_new(&mut self, fingerprint: Fingerprint, message: &[u8], sighting: Sighting) {
        let slot = fingerprint.as_u64() as usize % RECENT;
        if self.recent.get(slot) == Some(&fingerprint.as_u64()) {
            return;
        }
        let _ = self.fingerprinter.fingerprint(message);
        let signature = self.fingerprinter.signature().as_bytes();
        let stratum = budget::stratum(signature);
        if self.marks.refuse(stratum, fingerprint.as_u64()) {
            if self.recent.is_empty() {
                // No fingerprint may seem to be in a slot that is empty: 0 belongs to slot 0 and 1 to slot 1.
                self.recent = vec![0; RECENT];
                self.recent[0] = 1;
            }
            self.recent[slot] = fingerprint.as_u64();
            return;
        }
        let mut entry = Entry::new(signature, message, stratum, self.options.source);
        entry.see(sighting);
        self.insert(fingerprint.as_u64(), entry);
        let class = budget::class_of(stratum);
        if self.counts[class] > budget::capacity(class, self.options.max_bytes, unit(class)) {
            self.evict();
        }
    }

    /// Returns how many entries of a class an eviction leaves. The rest is room for a batch, which keeps eviction cheap; it is taken off before
    /// anyone looks, so that the state does not show when the last batch happened to run.
    fn room(&self, class: usize) -> usize {
        let capacity = budget::capacity(class, self.options.max_bytes, unit(class));
        capacity - capacity / 8
    }

    /// Returns what is beyond the bound: the smallest bits that have to go, per stratum.
    fn overflow(&self) -> Vec<(u16, u64)> {
        let mut marks = Vec::new();
        for class in 0..CLASS_COUNT {
            let room = self.room(class);
            if self.counts[class] > room {
                let entries = self
                    .entries
                    .iter()
                    .map(|(&key, entry)| (entry.stratum, key));
                let entries = entries.filter(|&(stratum, _)| budget::class_of(stratum) == class);
                marks.extend(budget::cut(entries.collect(), room));
            }
        }
        marks
    }

    /// Returns what is refused once everything beyond the bound has gone.
    pub(crate) fn settled_marks(&self) -> Marks {
        let mut marks = self.marks.clone();
        marks.lower(self.overflow());
        marks
    }

    /// Returns the entries within the bound, sorted by fingerprint.
    pub(crate) fn kept(&self) -> Vec<(u64, &Entry)> {
        let marks = self.settled_marks();
        let mut entries: Vec<(u64, &Entry)> = self
            .entries
            .iter()
            .filter(|&(&key, entry)| !marks.refuse(entry.stratum, key))
            .map(|(&key, entry)| (key, entry))
            .collect();
        entries.sort_unstable_by_key(|entry| entry.0);
        entries
    }

    /// Adds an entry that is not there yet.
    pub(crate) fn insert(&mut self, key: u64, entry: Entry) {
        self.counts[budget::class_of(entry.stratum)] += 1;
        self.entries.insert(key, entry);
    }

    /// Evicts what is beyond the bound.
    pub(crate) fn evict(&mut self) {
        let marks = self.overflow();
        if !marks.is_empty() {
            self.marks.lower(marks);
            self.forget();
        }
    }

    /// Drops what is refused.
    fn forget(&mut self) {
        let Self {
            entries,
            marks,
            counts,
            ..
        } = self;
        entries.retain(|&key, entry| {
            let refused = marks.refuse(entry.stratum, key);
            counts[budget::class_of(entry.stratum)] -= usize::from(refused);
            !refused
        });
    }

    /// Merges another state into this one.
    ///
    /// Commutative, associative and idempotent: counts are kept per [source](PatternOptions::source) and the larger one
    /// wins, all else is a minimum, a maximum or a union. Both states must come from the same tokenizer; the memory
    /// bound is this state's.
    pub fn merge(&mut self, other: &Self) {
        self.learned.merge(&other.learned);
        for (&key, entry) in &other.entries {
            match self.entries.entry(key) {
                std::collections::hash_map::Entry::Occupied(mut mine) => {
                    mine.get_mut().merge(entry);
                }
                std::collections::hash_map::Entry::Vacant(place) => {
                    self.counts[budget::class_of(entry.stratum)] += 1;
                    place.insert(entry.clone());
                }
            }
        }
        self.marks.lower(other.marks.iter());
        self.forget();
        self.evict();
    }

    /// Returns the patterns of everything learned so far, most frequent first.
    ///
    /// They are derived on each call, which takes about 10 µs per known fingerprint.
    pub fn patterns(&self) -> PatternSet {
        let entries = self.kept();
        PatternSet::derive(&entries, self.fingerprinter.tokenizer(), &self.clusterer)
    }

    /// Returns the template of one fingerprint on its own, before patterns join it with others.
    pub fn template(&self, fingerprint: Fingerprint) -> Option<&str> {
        self.entries
            .get(&fingerprint.as_u64())
            .map(|entry| entry.template_text(self.fingerprinter.tokenizer()))
    }

    /// Returns every known fingerprint on its own, smallest first.
    pub fn known(&self) -> impl Iterator<Item = Known<'_>> {
        let known = |time: u64| (time != 0).then_some(time);
        self.kept().into_iter().map(move |(bits, entry)| Known {
            fingerprint: Fingerprint::new(bits),
            template: entry.template_text(self.fingerprinter.tokenizer()),
            count: entry.count.total(),
            example: &entry.example.bytes,
            first_seen_unix_nano: known(entry.first_seen),
            last_seen_unix_nano: known(entry.last_seen),
            level: Level::from_severity_number(entry.severity_number)
                .or_else(|| level(&entry.example.bytes)),
        })
    }

    /// Returns the number of fingerprints that are known.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether nothing was learned.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the bytes that count against [`PatternOptions::max_bytes`].
    pub fn weight(&self) -> usize {
        (0..CLASS_COUNT)
            .map(|class| self.counts[class] * unit(class))
            .sum()
    }

    /// Returns the number of messages that were not learned, or were forgotten, because of the memory bound.
    pub fn refused(&self) -> u64 {
        let kept = self.kept().iter().fold(0_u64, |sum, (_, entry)| {
            sum.saturating_add(entry.count.total())
        });
        self.learned.total().saturating_sub(kept)
    }

    /// Returns the options.
    pub const fn options(&self) -> &PatternOptions {
        &self.options
    }
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
        assert_eq!(known[0].example.len(), b"WARN disk 2 full".len());
        assert_eq!(
            (known[0].first_seen_unix_nano, known[0].last_seen_unix_nano),
            (Some(10), Some(30))
        );
        assert_eq!(known[0].level, Some(Level::Warn));
    }

    /// Returns a word of its own for each number, without digits.
    fn word(mut number: usize) -> String {
        let mut word = String::new();
        while number > 0 {
            word.push(char::from(b'g' + (number % 20) as u8));
            number /= 20;
        }
        word
    }

    #[test]
    fn what_is_beyond_the_bound_is_counted_and_stays_out() {
        let options = PatternOptions::new().with_max_bytes(30_000);
        let mut patterns = Patterns::new(options);
        for number in 1..1_000 {
            let _ = patterns.observe(format!("free text {}", word(number)).as_bytes());
            assert!(patterns.weight() <= options.max_bytes);
        }
        let kept: u64 = patterns.known().map(|known| known.count).sum();
        assert!(kept > 0 && kept < 20);
        assert_eq!(patterns.refused(), 999 - kept);
    }

    #[test]
    fn a_crowd_does_not_push_out_the_others() {
        let options = PatternOptions::new().with_max_bytes(300_000);
        let mut patterns = Patterns::new(options);
        let others = [
            "disk is full",
            "link is down on port 3",
            "user 7 left",
            "restart",
        ];
        let others: Vec<_> = others
            .iter()
            .map(|other| patterns.observe(other.as_bytes()))
            .collect();
        for number in 1..20_000 {
            let _ = patterns.observe(format!("query: find {}", word(number)).as_bytes());
        }
        assert!(
            others
                .iter()
                .all(|fingerprint| patterns.template(*fingerprint).is_some())
        );
        assert!(patterns.len() < 120);
    }
}
