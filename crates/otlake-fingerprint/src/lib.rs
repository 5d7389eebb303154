//! Fingerprints and templates of log messages: a stable 64-bit hash of typed tokens, and learned patterns.
//!
//! ```text
//!                Scanner                 Signature              XXH3
//! message ──▶ typed tokens ──▶ words, runs of variables ──▶ Fingerprint   stateless, never changes within a version
//! (bytes)                              │
//!                                      ▼
//!                                  Patterns ──▶ PatternSet    learned, mergeable: which fingerprints are one pattern,
//!                               (set of known   (trie of        its template, count, example
//!                                 signatures)    patterns)
//! ```
//!
//! The two values are separate. A [`Fingerprint`] is a pure function of the message: compute it at ingest, in a query, or again
//! in a year, and it is the same. A [`Pattern`] is learned: it joins fingerprints that differ only in words that no tokenizer
//! can recognise as variables ("user ann", "user bob"). Learned states can be merged, whatever the order and the sharding.
//!
//! A raw line has the same fingerprint as its message: a timestamp, level, thread, logger, host and process in front of the message
//! are recognised and skipped.
//!
//! ```
//! use otlake_fingerprint::{Fingerprinter, Patterns};
//!
//! let mut fingerprinter = Fingerprinter::new();
//! let mut patterns = Patterns::default();
//! for message in [
//!     "user ann logged in from 10.0.0.7",
//!     "user bob logged in from 10.0.0.9",
//!     "user carol logged in from fe80::1",
//!     "user dave logged in from 10.0.0.7",
//!     "disk /dev/sda1 is 91% full",
//! ] {
//!     let fingerprint = fingerprinter.fingerprint(message.as_bytes());
//!     patterns.learn(fingerprint, message.as_bytes());
//! }
//!
//! let set = patterns.patterns();
//! assert_eq!(set[0].template, "user <*> logged in from <ip>");
//! assert_eq!(set[0].count, 4);
//! assert_eq!(set[1].template, "disk <path> is <num>% full");
//! ```
//!
//! See also [`Patterns::merge`] and [`Patterns::save`] for the states of several workers, [`PatternSet::extract`] for the variables of
//! a message, [`level()`] for the level in a text, [`Tenants`] for one state per tenant, and the traits [`Tokenizer`], [`Clusterer`]
//! and [`Similarity`], which you can implement.
//!
//! # When to use this crate alone
//!
//! This crate depends on no other otlake crate, no regular expression engine and no runtime. Use it wherever log text has to be grouped: in a
//! shipper, in a function of a query engine, or in a test that asserts which messages a program wrote.
//!
//! # Features
//!
//! None.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod budget;
mod class;
mod cluster;
mod counter;
mod entry;
mod example;
mod fingerprint;
mod hash;
mod header;
mod json;
mod kind;
mod level;
mod lexicon;
mod pairs;
mod pattern_set;
mod patterns;
mod scanner;
mod signature;
mod similarity;
mod snapshot;
mod template;
mod tenants;
mod term;
mod text;
mod token;
mod trie;
mod variables;

pub use cluster::{Clusterer, Observed, WordSets};
pub use fingerprint::{Fingerprint, Fingerprinter};
pub use level::{Level, level};
pub use pattern_set::{Pattern, PatternId, PatternSet};
pub use patterns::{Known, PatternOptions, Patterns, Sighting};
pub use scanner::{MAX_BYTES, MAX_JSON_BYTES, MAX_TOKENS, Scanner};
pub use signature::{MAX_SIGNATURE, Signature};
pub use similarity::{Jaccard, Positional, Similarity};
pub use snapshot::LoadError;
pub use tenants::Tenants;
pub use term::Term;
pub use token::{Kind, Token, Tokenizer};
pub use variables::Variable;

/// The README, whose code is compiled as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Every public type can be sent to and shared between threads.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Fingerprint>();
    shared::<Fingerprinter>();
    shared::<Known<'_>>();
    shared::<LoadError>();
    shared::<Pattern>();
    shared::<PatternOptions>();
    shared::<PatternSet>();
    shared::<Patterns>();
    shared::<Scanner>();
    shared::<Sighting>();
    shared::<Signature>();
    shared::<Tenants<u64>>();
    shared::<Token<'_>>();
    shared::<Variable<'_>>();
    shared::<WordSets>();
};
