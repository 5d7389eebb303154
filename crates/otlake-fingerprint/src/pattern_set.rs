//! [`PatternSet`]: the patterns derived from a learned state.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;

use xxhash_rust::xxh3::xxh3_64;

use crate::cluster::{Clusterer, Observed};
use crate::entry::Entry;
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::hash::BuildIdentity;
use crate::level::Level;
use crate::template::{MAX_TEMPLATE, join};
use crate::term::{Term, terms, to_bytes};
use crate::token::Tokenizer;
use crate::trie::Trie;
use crate::variables::{Variable, variables};

/// The id of a pattern: the hash of its words and wildcards. Equal patterns have equal ids on every machine.
///
/// The id of a pattern changes when one of its words is learned to be a variable.
///
/// ```
/// use otlake_fingerprint::{PatternId, Patterns};
///
/// let id = |message: &str| -> PatternId {
///     let mut patterns = Patterns::default();
///     patterns.observe(message.as_bytes());
///     patterns.patterns()[0].id
/// };
/// assert_eq!(id("retry 3 of 5"), id("retry 1 of 9"), "the same id everywhere");
///
/// let id = id("retry 3 of 5");
/// assert_eq!(id.to_string(), format!("{:016x}", id.as_u64()));
/// assert_eq!(id.as_i64().cast_unsigned(), id.as_u64());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PatternId(u64);

impl PatternId {
    /// Returns the bits.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// Returns the bits as a signed integer, for an `Int64` column.
    pub const fn as_i64(self) -> i64 {
        self.0.cast_signed()
    }
}

/// Writes sixteen lower-case hexadecimal digits.
impl fmt::Display for PatternId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for PatternId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PatternId({self})")
    }
}

/// One learned pattern.
///
/// ```
/// use otlake_fingerprint::{Level, Pattern, Patterns};
///
/// let mut patterns = Patterns::default();
/// for message in ["ERROR no route to 10.0.0.7", "ERROR no route to 10.0.0.12"] {
///     patterns.observe(message.as_bytes());
/// }
/// let pattern: &Pattern = &patterns.patterns()[0];
/// assert_eq!(pattern.template, "ERROR no route to <ip>");
/// assert_eq!(pattern.example, b"ERROR no route to 10.0.0.7", "the shortest");
/// assert_eq!((pattern.count, pattern.fingerprints.len()), (2, 1));
/// assert_eq!(pattern.level, Some(Level::Error));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pattern {
    /// The pattern's id.
    pub id: PatternId,
    /// The text with typed placeholders: `user <*> logged in from <ip>`.
    pub template: String,
    /// The number of messages of this pattern.
    pub count: u64,
    /// The fingerprints of this pattern, smallest first.
    pub fingerprints: Vec<Fingerprint>,
    /// The shortest message seen. If it is long, its header is left out and it may be truncated. Of several, it is the one with the smallest
    /// hash.
    pub example: Vec<u8>,
    /// Nanoseconds since the Unix epoch, if sightings were given.
    pub first_seen_unix_nano: Option<u64>,
    /// Nanoseconds since the Unix epoch, if sightings were given.
    pub last_seen_unix_nano: Option<u64>,
    /// The most severe level of the records, or if they have none, the level in the example's text.
    pub level: Option<Level>,
}

/// All patterns of a state, sorted by count, most frequent first, and then by id.
///
/// Dereferences to a slice of [`Pattern`].
///
/// ```
/// use otlake_fingerprint::{Fingerprinter, PatternSet, Patterns};
///
/// let mut patterns = Patterns::default();
/// let mut learned = None;
/// for user in ["ann", "bob", "carol", "dave"] {
///     learned = Some(patterns.observe(format!("user {user} logged in").as_bytes()));
/// }
/// let set: PatternSet = patterns.patterns();
///
/// // By a fingerprint that was learned …
/// let learned = learned.ok_or("nothing was learned")?;
/// assert_eq!(set.template(learned), Some("user <*> logged in"));
/// assert_eq!(set.pattern(learned).map(|pattern| pattern.count), Some(4));
///
/// // … and by a message that was not.
/// let found = set.find(&mut Fingerprinter::new(), b"user zoe logged in");
/// assert_eq!(found.map(|pattern| pattern.id), Some(set[0].id));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug)]
pub struct PatternSet {
    patterns: Vec<Pattern>,
    /// The signature bytes of each pattern.
    keys: Vec<Box<[u8]>>,
    by_fingerprint: HashMap<u64, u32, BuildIdentity>,
    trie: Trie,
}

impl Deref for PatternSet {
    type Target = [Pattern];

    fn deref(&self) -> &[Pattern] {
        &self.patterns
    }
}

impl<'a> IntoIterator for &'a PatternSet {
    type Item = &'a Pattern;
    type IntoIter = std::slice::Iter<'a, Pattern>;

    fn into_iter(self) -> Self::IntoIter {
        self.patterns.iter()
    }
}

impl PatternSet {
    /// Returns the pattern that a learned fingerprint belongs to.
    pub fn pattern(&self, fingerprint: Fingerprint) -> Option<&Pattern> {
        self.by_fingerprint
            .get(&fingerprint.as_u64())
            .map(|&index| &self.patterns[index as usize])
    }

    /// Returns the template text of the pattern that a learned fingerprint belongs to.
    pub fn template(&self, fingerprint: Fingerprint) -> Option<&str> {
        self.pattern(fingerprint)
            .map(|pattern| pattern.template.as_str())
    }

    /// Returns the pattern of a message, whether the message was learned or not. It is found by fingerprint, or else in the trie of
    /// patterns.
    ///
    /// The fingerprinter must have the same tokenizer as the state.
    pub fn find<T: Tokenizer>(
        &self,
        fingerprinter: &mut Fingerprinter<T>,
        message: &[u8],
    ) -> Option<&Pattern> {
        self.find_index(fingerprinter, message)
            .map(|index| &self.patterns[index])
    }

    /// Returns the pattern of a message, as [`find`](Self::find) does, and the variables of the message under that pattern.
    ///
    /// ```
    /// use otlake_fingerprint::{Fingerprinter, Kind, Patterns};
    ///
    /// let mut patterns = Patterns::default();
    /// for user in ["ann", "bob", "carol", "dave"] {
    ///     let _ = patterns.observe(format!("user {user} logged in from 10.0.0.7").as_bytes());
    /// }
    /// let set = patterns.patterns();
    /// let found = set.extract(&mut Fingerprinter::new(), b"user zoe logged in from fe80::1");
    /// let (pattern, variables) = found.ok_or("no such pattern")?;
    /// assert_eq!(pattern.template, "user <*> logged in from <ip>");
    /// assert_eq!((&*variables[0].text, variables[0].kind), (&b"zoe"[..], Kind::Any));
    /// assert_eq!((&*variables[1].text, variables[1].kind), (&b"fe80::1"[..], Kind::Ip));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn extract<'m, T: Tokenizer>(
        &self,
        fingerprinter: &mut Fingerprinter<T>,
        message: &'m [u8],
    ) -> Option<(&Pattern, Vec<Variable<'m>>)> {
        let index = self.find_index(fingerprinter, message)?;
        let terms: Vec<Term<'_>> = terms(&self.keys[index]).collect();
        let variables = variables(fingerprinter.tokenizer(), &terms, message)?;
        Some((&self.patterns[index], variables))
    }

    fn find_index<T: Tokenizer>(
        &self,
        fingerprinter: &mut Fingerprinter<T>,
        message: &[u8],
    ) -> Option<usize> {
        let fingerprint = fingerprinter.fingerprint(message);
        let known = self.by_fingerprint.get(&fingerprint.as_u64()).copied();
        known
            .or_else(|| {
                let terms: Vec<Term<'_>> = terms(fingerprinter.signature().as_bytes()).collect();
                self.trie.find(&terms)
            })
            .map(|index| index as usize)
    }

    /// Derives the patterns of `entries`, which must be sorted by fingerprint.
    pub(crate) fn derive<T: Tokenizer, C: Clusterer>(
        entries: &[(u64, &Entry)],
        tokenizer: &T,
        clusterer: &C,
    ) -> Self {
        let signatures: Vec<Observed<'_>> = entries
            .iter()
            .map(|(_, entry)| Observed {
                terms: terms(&entry.signature).collect(),
                count: entry.count.total(),
            })
            .collect();
        let keys: Vec<Vec<u8>> = clusterer
            .cluster(&signatures)
            .into_iter()
            .map(to_bytes)
            .collect();
        let mut groups: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for (index, key) in keys.iter().enumerate() {
            groups.entry(key).or_default().push(index);
        }
        let mut patterns: Vec<(Pattern, &[u8])> = groups
            .into_iter()
            .map(|(key, members)| {
                let members: Vec<&(u64, &Entry)> =
                    members.into_iter().map(|index| &entries[index]).collect();
                (pattern(key, &members, tokenizer), key)
            })
            .collect();
        patterns.sort_unstable_by(|(a, _), (b, _)| b.count.cmp(&a.count).then(a.id.cmp(&b.id)));
        let mut set = Self {
            patterns: Vec::new(),
            keys: Vec::new(),
            by_fingerprint: HashMap::default(),
            trie: Trie::new(),
        };
        for (index, (pattern, key)) in patterns.into_iter().enumerate() {
            let index = index as u32;
            set.by_fingerprint
                .extend(pattern.fingerprints.iter().map(|f| (f.as_u64(), index)));
            set.trie.insert(terms(key), index);
            set.keys.push(key.into());
            set.patterns.push(pattern);
        }
        set
    }
}

/// Returns the pattern with this key and these members.
fn pattern<T: Tokenizer>(key: &[u8], members: &[&(u64, &Entry)], tokenizer: &T) -> Pattern {
    let pattern_terms: Vec<Term<'_>> = terms(key).collect();
    let of = |entry: &Entry| entry.template(tokenizer).masked(&pattern_terms);
    // The layout is that of the member with the smallest example.
    let mut model = members[0].1;
    for (_, entry) in members {
        if entry.example.order(&model.example) == Ordering::Less {
            model = entry;
        }
    }
    let template = match members {
        // A single member with nothing masked has the entry's own template.
        [(_, only)] if *only.signature == *key => only.template_text(tokenizer).to_owned(),
        _ => of(model).map_or_else(
            || String::from_utf8_lossy(key).trim_end().replace('*', "<*>"),
            |mut template| {
                for (_, entry) in members
                    .iter()
                    .filter(|(_, entry)| !std::ptr::eq(*entry, model))
                {
                    if let Some(other) = of(entry) {
                        join(&mut template, &other);
                    }
                }
                template.text(MAX_TEMPLATE)
            },
        ),
    };
    let severity = members
        .iter()
        .map(|(_, entry)| entry.severity_number)
        .max()
        .unwrap_or(0);
    Pattern {
        id: PatternId(xxh3_64(&[&[Fingerprint::VERSION, b'P'], key].concat())),
        template,
        count: members
            .iter()
            .fold(0, |sum, (_, entry)| sum.saturating_add(entry.count.total())),
        fingerprints: members
            .iter()
            .map(|(bits, _)| Fingerprint::new(*bits))
            .collect(),
        example: model.example.bytes().to_vec(),
        first_seen_unix_nano: members
            .iter()
            .map(|(_, entry)| entry.first_seen)
            .filter(|&time| time != 0)
            .min(),
        last_seen_unix_nano: members
            .iter()
            .map(|(_, entry)| entry.last_seen)
            .filter(|&time| time != 0)
            .max(),
        level: Level::from_severity_number(severity).or_else(|| model.example.level()),
    }
}
