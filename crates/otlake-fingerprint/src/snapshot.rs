//! Saves and loads a learned state.
//!
//! ```text
//! magic "otlkpat\0" · format version u16 LE · fingerprint version u8
//! marks of what was evicted: varint, then for each, by ascending stratum: stratum u16 LE · bits u64 LE
//! learned: counter
//! entries: varint, then for each, by ascending fingerprint:
//!     fingerprint u64 LE · signature: bytes · shortest example · longest example · counter
//!     first seen varint · last seen varint · severity varint
//! XXH3-64 of all of the above, u64 LE
//!
//! example = bytes · 0 for a whole message, otherwise 1 plus the severity number of its level, if any: u8 · its length varint ·
//!           hash u64 LE
//! bytes   = varint length, then that many bytes
//! counter = varint number of sources, then for each, ascending: source varint · count varint
//! varint  = LEB128, at most ten bytes
//! ```

use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

use crate::budget::{self, STRATA};
use crate::cluster::{Clusterer, WordSets};
use crate::counter::Counter;
use crate::entry::Entry;
use crate::example::{Cut, Example};
use crate::fingerprint::Fingerprint;
use crate::level::Level;
use crate::patterns::{PatternOptions, Patterns};
use crate::scanner::Scanner;
use crate::token::Tokenizer;

const MAGIC: &[u8; 8] = b"otlkpat\0";
const VERSION: u16 = 1;
const CHECKSUM: usize = 8;

/// The error of loading a saved state.
///
/// ```
/// use otlake_fingerprint::{LoadError, PatternOptions, Patterns};
///
/// let mut bytes = Patterns::default().save();
/// let middle = bytes.len() / 2;
/// bytes[middle] ^= 1;
/// let error = Patterns::load(&bytes, PatternOptions::new()).map(drop);
/// assert!(matches!(error, Err(LoadError::Checksum { .. })));
/// let error = Patterns::load(b"something else", PatternOptions::new()).map(drop);
/// assert_eq!(error, Err(LoadError::NotASnapshot));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The bytes do not begin like a saved state.
    #[error("not a saved pattern state")]
    NotASnapshot,
    /// The format has a version that this crate can't read.
    #[error("pattern state of format version {found}, this reads version {VERSION}")]
    FormatVersion {
        /// The version in the bytes.
        found: u16,
    },
    /// The fingerprints have another version than those that this crate computes. The two would never be equal.
    #[error(
        "pattern state of fingerprint version {found}, this computes version {}",
        Fingerprint::VERSION
    )]
    FingerprintVersion {
        /// The version in the bytes.
        found: u8,
    },
    /// The checksum does not match: bytes were changed or cut off.
    #[error("pattern state is damaged: checksum {found:016x} instead of {expected:016x}")]
    Checksum {
        /// The checksum of the bytes.
        found: u64,
        /// The checksum that was saved.
        expected: u64,
    },
    /// The checksum matches, but the content is malformed.
    #[error("pattern state is malformed at byte {offset}")]
    Malformed {
        /// The offset at which reading stopped.
        offset: usize,
    },
}

impl Patterns {
    /// Loads a state saved by [`Patterns::save`], with the shipped tokenizer and clusterer.
    ///
    /// # Errors
    ///
    /// Returns a [`LoadError`] if the bytes are not a state that this crate can read. Nothing is loaded partially.
    pub fn load(bytes: &[u8], options: PatternOptions) -> Result<Self, LoadError> {
        Self::load_with_parts(bytes, options, Scanner::new(), WordSets::default())
    }
}

impl<T: Tokenizer, C: Clusterer> Patterns<T, C> {
    /// Returns the state as bytes. Equal states have equal bytes.
    pub fn save(&self) -> Vec<u8> {
        let entries = self.kept();
        let mut out = Vec::with_capacity(64 + entries.len() * 256);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.push(Fingerprint::VERSION);
        let marks = self.settled_marks();
        put_varint(&mut out, marks.iter().count() as u64);
        for (stratum, bits) in marks.iter() {
            out.extend_from_slice(&stratum.to_le_bytes());
            out.extend_from_slice(&bits.to_le_bytes());
        }
        put_counter(&mut out, &self.learned);
        put_varint(&mut out, entries.len() as u64);
        for (key, entry) in entries {
            out.extend_from_slice(&key.to_le_bytes());
            put_bytes(&mut out, &entry.signature);
            put_example(&mut out, &entry.example);
            put_example(&mut out, &entry.longest);
            put_counter(&mut out, &entry.count);
            put_varint(&mut out, entry.first_seen);
            put_varint(&mut out, entry.last_seen);
            // The position starts at 0 and only grows.
            put_varint(&mut out, u64::from(entry.severity_number.cast_unsigned()));
        }
        let checksum = xxh3_64(&out);
        out.extend_from_slice(&checksum.to_le_bytes());
        out
    }

    /// Loads a state saved by [`Patterns::save`], with a tokenizer and a clusterer of your own.
    ///
    /// ```
    /// use otlake_fingerprint::{PatternOptions, Patterns, Scanner, WordSets};
    ///
    /// let mut clusterer = WordSets::default();
    /// clusterer.limit = 8;
    /// let options = PatternOptions::new();
    /// let bytes = Patterns::with_parts(options, Scanner::new(), clusterer).save();
    /// let patterns = Patterns::load_with_parts(&bytes, options, Scanner::new(), clusterer)?;
    /// assert!(patterns.is_empty());
    /// # Ok::<(), otlake_fingerprint::LoadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns a [`LoadError`] if the bytes are not a state that this crate can read. Nothing is loaded partially.
    pub fn load_with_parts(
        bytes: &[u8],
        options: PatternOptions,
        tokenizer: T,
        clusterer: C,
    ) -> Result<Self, LoadError> {
        let head = MAGIC.len() + 3;
        if bytes.len() < head + CHECKSUM || !bytes.starts_with(MAGIC) {
            return Err(LoadError::NotASnapshot);
        }
        let version = u16::from_le_bytes([bytes[8], bytes[9]]);
        if version != VERSION {
            return Err(LoadError::FormatVersion { found: version });
        }
        let (content, saved) = bytes.split_at(bytes.len() - CHECKSUM);
        let expected = saved
            .iter()
            .rev()
            .fold(0, |sum, &byte| sum << 8 | u64::from(byte));
        let found = xxh3_64(content);
        if found != expected {
            return Err(LoadError::Checksum { found, expected });
        }
        if bytes[10] != Fingerprint::VERSION {
            return Err(LoadError::FingerprintVersion { found: bytes[10] });
        }
        let mut reader = Reader {
            bytes: content,
            at: head,
        };
        let mut state = Self::with_parts(options, tokenizer, clusterer);
        reader
            .state(&mut state)
            .filter(|()| reader.at == content.len())
            .ok_or(LoadError::Malformed { offset: reader.at })?;
        state.evict();
        Ok(state)
    }
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_example(out: &mut Vec<u8>, example: &Example) {
    put_bytes(out, example.bytes());
    match example.cut() {
        None => out.push(0),
        Some((cut, hash)) => {
            let severity = cut.level.map_or(0, Level::severity_number);
            // Severity numbers are at most 24.
            out.push(severity as u8 + 1);
            put_varint(out, cut.len as u64);
            out.extend_from_slice(&hash.to_le_bytes());
        }
    }
}

fn put_counter(out: &mut Vec<u8>, counter: &Counter) {
    let sources = counter.sources();
    put_varint(out, sources.len() as u64);
    for (source, count) in sources {
        put_varint(out, source);
        put_varint(out, count);
    }
}

/// Reads the content. `None` means that it is malformed, at `at`.
struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    fn state<T: Tokenizer, C: Clusterer>(&mut self, state: &mut Patterns<T, C>) -> Option<()> {
        let mut below = None;
        for _ in 0..self.varint()? {
            let stratum = u16::from_le_bytes([self.byte()?, self.byte()?]);
            if usize::from(stratum) >= STRATA || below.is_some_and(|below| stratum <= below) {
                return None;
            }
            below = Some(stratum);
            state.marks.lower([(stratum, self.fixed()?)]);
        }
        self.counter(&mut state.learned)?;
        let mut above = None;
        for _ in 0..self.varint()? {
            let key = self.fixed()?;
            if above.is_some_and(|above| key <= above) {
                return None;
            }
            above = Some(key);
            let signature: Box<[u8]> = self.run()?.into();
            let stratum = budget::stratum(&signature);
            if state.marks.reject(stratum, key) {
                return None;
            }
            let example = self.example()?;
            let longest = self.example()?;
            let mut count = Counter::new(state.source, 0);
            self.counter(&mut count)?;
            let first_seen = self.varint()?;
            let last_seen = self.varint()?;
            let severity_number = i32::try_from(self.varint()?).ok()?;
            let mut entry = Entry::from_parts(signature, example, longest, count, stratum);
            (entry.first_seen, entry.last_seen) = (first_seen, last_seen);
            entry.severity_number = severity_number;
            if !entry.is_sound() {
                return None;
            }
            state.insert(key, entry);
        }
        Some(())
    }

    fn example(&mut self) -> Option<Example> {
        let bytes = self.run()?;
        let cut = match self.byte()? {
            0 => None,
            tag => {
                let severity = i32::from(tag - 1);
                let level = Level::from_severity_number(severity);
                // Each level has one number.
                if severity != level.map_or(0, Level::severity_number) {
                    return None;
                }
                let len = usize::try_from(self.varint()?).ok()?;
                Some((Cut { len, level }, self.fixed()?))
            }
        };
        Some(Example::saved(bytes, cut))
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn fixed(&mut self) -> Option<u64> {
        let bytes = self.bytes.get(self.at..)?.first_chunk::<8>()?;
        self.at += 8;
        Some(u64::from_le_bytes(*bytes))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                return None;
            }
            value |= part << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn run(&mut self) -> Option<&'b [u8]> {
        let len = usize::try_from(self.varint()?).ok()?;
        let run = self.bytes.get(self.at..self.at.checked_add(len)?)?;
        self.at += len;
        Some(run)
    }

    fn counter(&mut self, counter: &mut Counter) -> Option<()> {
        let mut above = None;
        for _ in 0..self.varint()? {
            let source = self.varint()?;
            if above.is_some_and(|above| source <= above) {
                return None;
            }
            above = Some(source);
            counter.add(source, self.varint()?);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::example_limit;

    fn state() -> Patterns {
        let long = format!(
            "2024-05-01 10:00:00,123 WARN [main] app.Worker: disk {} full",
            "1".repeat(200)
        );
        let mut patterns = Patterns::new(PatternOptions::new().with_source(7));
        for message in [
            "disk 1 full",
            "disk 22 full",
            "user ann in",
            "{\"msg\":\"a\"}",
            "",
            "\u{1b}[1mx",
            &long,
        ] {
            let _ = patterns.observe(message.as_bytes());
        }
        patterns
    }

    #[test]
    fn a_loaded_state_is_the_saved_one() {
        let bytes = state().save();
        let loaded = Patterns::load(&bytes, PatternOptions::new().with_source(7)).unwrap();
        assert_eq!(loaded.patterns().to_vec(), state().patterns().to_vec());
        assert_eq!(loaded.save(), bytes);
        assert_eq!(loaded.rejected(), 0);
    }

    /// A valid checksum does not prove that the content is a state that can exist.
    #[test]
    fn an_entry_that_cannot_have_been_learned_is_malformed() {
        let entry = |example: &[u8], longest: &[u8], rest: &[u8]| {
            let mut bytes = MAGIC.to_vec();
            bytes.extend(VERSION.to_le_bytes());
            // There are no marks, no counts and one entry.
            bytes.extend([Fingerprint::VERSION, 0, 0, 1]);
            bytes.extend(17_u64.to_le_bytes());
            put_bytes(&mut bytes, b"");
            for example in [example, longest] {
                put_bytes(&mut bytes, example);
                bytes.push(0);
            }
            bytes.extend(rest);
            let checksum = xxh3_64(&bytes);
            bytes.extend(checksum.to_le_bytes());
            Patterns::load(&bytes, PatternOptions::new()).map(|state| state.len())
        };
        // Source 7 has counted 1. Then come first seen, last seen and severity.
        let (limit, rest) = (example_limit(0), [1, 7, 1, 5, 6, 9]);
        assert_eq!(entry(b"a", b"bb", &rest), Ok(1));
        assert_eq!(entry(b"a", &vec![b'x'; limit], &rest), Ok(1));
        for (example, longest, rest) in [
            (&b"a"[..], &*vec![b'x'; limit + 1], &rest[..]),
            (b"bb", b"a", &rest),
            (b"a", b"bb", &[1, 7, 1, 0, 6, 9]),
            (b"a", b"bb", &[1, 7, 1, 7, 6, 9]),
            (b"a", b"bb", &[1, 7, 1, 5, 0, 9]),
            (b"a", b"bb", &[0, 5, 6, 9]),
            (b"a", b"bb", &[1, 7, 1, 5, 6, 0xff, 0xff, 0xff, 0xff, 0x0f]),
        ] {
            let loaded = entry(example, longest, rest);
            assert!(
                matches!(loaded, Err(LoadError::Malformed { .. })),
                "{rest:?}"
            );
        }
    }

    #[test]
    fn every_damage_is_an_error() {
        let bytes = state().save();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                assert!(
                    Patterns::load(&damaged, PatternOptions::new()).is_err(),
                    "byte {at} bit {bit}"
                );
            }
            assert!(
                Patterns::load(&bytes[..at], PatternOptions::new()).is_err(),
                "cut at {at}"
            );
        }
        assert_eq!(
            Patterns::load(b"", PatternOptions::new()).unwrap_err(),
            LoadError::NotASnapshot
        );
    }

    #[test]
    fn nonsense_with_a_valid_checksum_is_an_error() {
        let bytes = state().save();
        let content = &bytes[..bytes.len() - CHECKSUM];
        for at in 11..content.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut damaged = content.to_vec();
                damaged[at] = value;
                damaged.extend_from_slice(&xxh3_64(&damaged).to_le_bytes());
                // Some changes make another valid state. None may panic.
                let _ = Patterns::load(&damaged, PatternOptions::new());
            }
            let mut cut = content[..at].to_vec();
            cut.extend_from_slice(&xxh3_64(&cut).to_le_bytes());
            assert!(matches!(
                Patterns::load(&cut, PatternOptions::new()),
                Err(LoadError::Malformed { .. } | LoadError::NotASnapshot)
            ));
        }
    }

    #[test]
    fn another_fingerprint_version_is_rejected() {
        let bytes = state().save();
        let mut other = bytes[..bytes.len() - CHECKSUM].to_vec();
        other[10] = Fingerprint::VERSION + 1;
        other.extend_from_slice(&xxh3_64(&other).to_le_bytes());
        assert_eq!(
            Patterns::load(&other, PatternOptions::new()).unwrap_err(),
            LoadError::FingerprintVersion {
                found: Fingerprint::VERSION + 1
            }
        );
    }
}
