//! [`Patterns`]: the learned state.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::budget::{self, CLASS_COUNT, Marks};
use crate::cluster::{Clusterer, WordSets};
use crate::counter::Counter;
use crate::entry::{Entry, unit};
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::hash::BuildIdentity;
use crate::level::Level;
use crate::pattern_set::PatternSet;
use crate::scanner::Scanner;
use crate::token::Tokenizer;

/// The number of rejected fingerprints that are remembered.
const RECENT: usize = 4096;

/// Options for [`Patterns`].
///
/// ```
/// use otlake_fingerprint::{PatternOptions, Patterns};
///
/// // A worker that resumes from its saved state after a restart, with a budget of 16 MiB.
/// let options = PatternOptions::new().with_max_bytes(16 << 20).with_source(7);
/// let mut patterns = Patterns::new(options);
/// patterns.observe(b"disk /dev/sda1 is 91% full");
///
/// let again = Patterns::load(&patterns.save(), options)?;
/// patterns.merge(&again);
/// assert_eq!(patterns.patterns()[0].count, 1, "the same source, so not counted twice");
/// assert_eq!(patterns.options().max_bytes, 16 << 20);
/// # Ok::<(), otlake_fingerprint::LoadError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PatternOptions {
    /// The memory bound in bytes. Default: 64 MiB.
    ///
    /// Beyond it, fingerprints are evicted and never learned again; [`Patterns`] describes which ones. A state that has reached its bound
    /// uses up to 64 KiB more to remember them.
    pub max_bytes: usize,
    /// The identity of the counts. Default: `None`, a random one for each state.
    ///
    /// When states are merged, the counts of different sources are added. Two states of one source are treated as the same count at two
    /// points in time, so the larger one is kept: never give one source to two workers, and let only one of a state and its clone learn. Give
    /// a worker a source of its own if it saves its state and continues it after a restart. With the default, each restart adds a source,
    /// and so does each state that is merged into another. A source takes 16 bytes a fingerprint, in addition to
    /// [`max_bytes`](Self::max_bytes).
    pub source: Option<u64>,
}

impl Default for PatternOptions {
    fn default() -> Self {
        Self {
            max_bytes: 64 << 20,
            source: None,
        }
    }
}

impl PatternOptions {
    /// Creates the default options.
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
        self.source = Some(source);
        self
    }
}

/// Returns a source that no other state has.
fn random_source() -> u64 {
    RandomState::new().hash_one(0_u64)
}

/// The time and severity of one message.
///
/// All fields are public, because callers create sightings.
///
/// ```
/// use otlake_fingerprint::{Fingerprinter, Level, Patterns, Sighting};
///
/// let mut fingerprinter = Fingerprinter::new();
/// let mut patterns = Patterns::default();
/// for (time_unix_nano, severity_number) in [(2_000, 9), (1_000, 17)] {
///     let message = b"job 7 done";
///     let sighting = Sighting { time_unix_nano, severity_number };
///     patterns.learn_seen(fingerprinter.fingerprint(message), message, sighting);
/// }
///
/// let pattern = &patterns.patterns()[0];
/// assert_eq!(pattern.first_seen_unix_nano, Some(1_000));
/// assert_eq!(pattern.last_seen_unix_nano, Some(2_000));
/// assert_eq!(pattern.level, Some(Level::Error), "the most severe one");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sighting {
    /// Nanoseconds since the Unix epoch; 0 when unknown.
    pub time_unix_nano: u64,
    /// The OpenTelemetry severity number; 0 when the record has none.
    pub severity_number: i32,
}

/// One fingerprint of a learned state on its own. In a table of patterns, it is a row next to the id of its pattern.
///
/// ```
/// use otlake_fingerprint::{Known, Patterns};
///
/// let mut patterns = Patterns::default();
/// for message in ["user ann logged in", "user bob logged in", "user ann logged in"] {
///     patterns.observe(message.as_bytes());
/// }
/// let mut known: Vec<Known<'_>> = patterns.known().collect();
/// known.sort_by_key(|known| known.count);
/// assert_eq!(known[1].template, "user ann logged in");
/// assert_eq!(known[1].example, b"user ann logged in");
/// assert_eq!(known[1].count, 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Known<'p> {
    /// The fingerprint.
    pub fingerprint: Fingerprint,
    /// The template of this fingerprint alone, before patterns join it with others.
    pub template: &'p str,
    /// The number of messages with this fingerprint.
    pub count: u64,
    /// The shortest message seen. If it is long, its header is left out and it may be truncated. Of several, it is the one with the smallest
    /// hash.
    pub example: &'p [u8],
    /// Nanoseconds since the Unix epoch, if sightings were given.
    pub first_seen_unix_nano: Option<u64>,
    /// Nanoseconds since the Unix epoch, if sightings were given.
    pub last_seen_unix_nano: Option<u64>,
    /// The most severe level of the records, or if they have none, the level in the example's text.
    pub level: Option<Level>,
}

/// The patterns learned from a stream of messages.
///
/// Learning a message with a known fingerprint takes one hash lookup and an addition. The state is a *set* of fingerprints, each with
/// its signature, examples, counts and times. The patterns are derived from that set on request.
///
/// The state is a join-semilattice: [`merge`](Self::merge) is commutative, associative and idempotent, and the state after a set of
/// messages depends neither on their order nor on how they were split between states.
///
/// Memory is bounded by [`PatternOptions::max_bytes`]. The eviction rule is *bottom-k by stratum*. Fingerprints are grouped by the size,
/// the length and the first word of their signature. When the bound is reached, each group is cut to the same number: the fingerprints
/// with the largest bits are evicted. From then on they are rejected, and their messages are [counted](Self::rejected). A fingerprint is a
/// hash, so the rest of a group is a uniform sample. Small groups keep everything, so a statement that prints free text does not evict
/// the others. Neither the order of arrival nor the sharding can change which fingerprints stay.
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
///
/// The learned state and its size:
///
/// ```
/// use otlake_fingerprint::Patterns;
///
/// let mut patterns = Patterns::default();
/// assert!(patterns.is_empty());
/// let fingerprint = patterns.observe(b"disk /dev/sda1 is 91% full");
/// assert_eq!(patterns.template(fingerprint), Some("disk <path> is <num>% full"));
/// assert_eq!((patterns.len(), patterns.rejected()), (1, 0));
/// assert!(patterns.weight() <= patterns.options().max_bytes);
/// ```
#[derive(Clone, Debug)]
pub struct Patterns<T = Scanner, C = WordSets> {
    pub(crate) entries: HashMap<u64, Entry, BuildIdentity>,
    fingerprinter: Fingerprinter<T>,
    clusterer: C,
    options: PatternOptions,
    /// The identity of the counts.
    pub(crate) source: u64,
    /// The number of entries of each size class.
    counts: [usize; CLASS_COUNT],
    /// The marks of the strata. Fingerprints at or above the mark of their stratum were evicted and are rejected.
    pub(crate) marks: Marks,
    /// Recently rejected fingerprints, by their low bits. This shortcut makes rejections faster and changes nothing else.
    recent: Vec<u64>,
    /// The number of messages that this state was given to learn, whether it has kept them or not.
    pub(crate) learned: Counter,
}

impl Default for Patterns {
    fn default() -> Self {
        Self::new(PatternOptions::default())
    }
}

impl Patterns {
    /// Creates an empty state with the shipped tokenizer and clusterer.
    pub fn new(options: PatternOptions) -> Self {
        Self::with_parts(options, Scanner::new(), WordSets::default())
    }
}

impl<T: Tokenizer, C: Clusterer> Patterns<T, C> {
    /// Creates an empty state with a tokenizer and a clusterer of your own.
    pub fn with_parts(options: PatternOptions, tokenizer: T, clusterer: C) -> Self {
        let source = options.source.unwrap_or_else(random_source);
        Self {
            entries: HashMap::default(),
            fingerprinter: Fingerprinter::with_tokenizer(tokenizer),
            clusterer,
            options,
            source,
            counts: [0; CLASS_COUNT],
            marks: Marks::default(),
            recent: Vec::new(),
            learned: Counter::new(source, 0),
        }
    }

    /// Learns a message whose fingerprint was computed with the same tokenizer.
    #[inline]
    pub fn learn(&mut self, fingerprint: Fingerprint, message: &[u8]) {
        self.learn_seen(fingerprint, message, Sighting::default());
    }

    /// Learns a message, together with its time and severity.
    #[inline]
    pub fn learn_seen(&mut self, fingerprint: Fingerprint, message: &[u8], sighting: Sighting) {
        self.learned.add(self.source, 1);
        let Some(entry) = self.entries.get_mut(&fingerprint.as_u64()) else {
            return self.learn_new(fingerprint, message, sighting);
        };
        entry.count.add(self.source, 1);
        entry.see(sighting);
        entry.exemplify(self.fingerprinter.tokenizer(), message);
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
        if self.marks.reject(stratum, fingerprint.as_u64()) {
            if self.recent.is_empty() {
                // The value of an empty slot must not be a fingerprint of that slot: 0 belongs to slot 0, and 1 to slot 1.
                self.recent = vec![0; RECENT];
                self.recent[0] = 1;
            }
            self.recent[slot] = fingerprint.as_u64();
            return;
        }
        let tokenizer = self.fingerprinter.tokenizer();
        let mut entry = Entry::new(tokenizer, signature, message, stratum, self.source);
        entry.see(sighting);
        self.insert(fingerprint.as_u64(), entry);
        let class = budget::class_of(stratum);
        if self.counts[class] > budget::capacity(class, self.options.max_bytes, unit(class)) {
            self.evict();
        }
    }

    /// Returns the number of entries of a class that an eviction leaves. The rest of the capacity is for new entries, so that evictions are
    /// rare and cheap. Readers never see these extra entries, so the state does not show when the last eviction happened.
    fn room(&self, class: usize) -> usize {
        let capacity = budget::capacity(class, self.options.max_bytes, unit(class));
        capacity - capacity / 8
    }

    /// Returns the smallest bits of each stratum that have to be evicted to keep the bound.
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

    /// Returns the marks as they will be once everything beyond the bound is evicted.
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
            .filter(|&(&key, entry)| !marks.reject(entry.stratum, key))
            .map(|(&key, entry)| (key, entry))
            .collect();
        entries.sort_unstable_by_key(|entry| entry.0);
        entries
    }

    /// Adds an entry. Its fingerprint must not be known yet.
    pub(crate) fn insert(&mut self, key: u64, entry: Entry) {
        self.counts[budget::class_of(entry.stratum)] += 1;
        self.entries.insert(key, entry);
    }

    /// Evicts the entries beyond the bound.
    pub(crate) fn evict(&mut self) {
        let marks = self.overflow();
        if !marks.is_empty() {
            self.marks.lower(marks);
            self.forget();
        }
    }

    /// Drops the entries that are rejected.
    fn forget(&mut self) {
        let Self {
            entries,
            marks,
            counts,
            ..
        } = self;
        entries.retain(|&key, entry| {
            let rejected = marks.reject(entry.stratum, key);
            counts[budget::class_of(entry.stratum)] -= usize::from(rejected);
            !rejected
        });
    }

    /// Merges another state into this one.
    ///
    /// Merging is commutative, associative and idempotent: of two counts of one [source](PatternOptions::source) the larger is kept, and
    /// everything else is a minimum, a maximum or a union. Both states must be from the same tokenizer. The memory bound is that of this
    /// state.
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
    /// The patterns are derived on each call, which takes about 10 µs per known fingerprint.
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

    /// Returns all known fingerprints on their own, smallest first.
    pub fn known(&self) -> impl Iterator<Item = Known<'_>> {
        let known = |time: u64| (time != 0).then_some(time);
        self.kept().into_iter().map(move |(bits, entry)| Known {
            fingerprint: Fingerprint::new(bits),
            template: entry.template_text(self.fingerprinter.tokenizer()),
            count: entry.count.total(),
            example: entry.example.bytes(),
            first_seen_unix_nano: known(entry.first_seen),
            last_seen_unix_nano: known(entry.last_seen),
            level: Level::from_severity_number(entry.severity_number)
                .or_else(|| entry.example.level()),
        })
    }

    /// Returns the number of known fingerprints.
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

    /// Returns the number of messages that were not learned or were forgotten because of the memory bound.
    pub fn rejected(&self) -> u64 {
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
    fn counts_of_states_without_a_source_are_added() {
        let options = PatternOptions::default();
        let [mut a, mut b] = [Patterns::new(options), Patterns::new(options)];
        for state in [&mut a, &mut b] {
            let _ = state.observe(b"disk 17 full");
        }
        let mut loaded = Patterns::load(&a.save(), options).unwrap();
        let _ = loaded.observe(b"disk 3 full");
        for other in [&b, &b, &loaded] {
            a.merge(other);
        }
        assert_eq!(a.patterns()[0].count, 3);
    }

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

    /// Returns a different word for each number, without digits.
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
        assert_eq!(patterns.rejected(), 999 - kept);
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
