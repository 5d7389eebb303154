//! [`Tenants`]: a learned state per tenant.

use std::collections::HashMap;
use std::hash::Hash;

use crate::cluster::{Clusterer, WordSets};
use crate::fingerprint::Fingerprint;
use crate::patterns::{PatternOptions, Patterns};
use crate::scanner::Scanner;
use crate::token::Tokenizer;

/// A map from your own tenant ids to learned states.
///
/// Tenants share nothing: a tenant that floods its state can't evict another tenant's patterns. The memory of each state is bounded by
/// [`PatternOptions::max_bytes`], so the total is bounded by that times the number of tenants. Limit their number with
/// [`remove`](Self::remove).
///
/// ```
/// use otlake_fingerprint::{Fingerprinter, PatternOptions, Tenants};
///
/// let mut fingerprinter = Fingerprinter::new();
/// let mut tenants: Tenants<&str> = Tenants::new(PatternOptions::new());
/// for (tenant, message) in [("red", "disk 1 full"), ("blue", "user 7 in"), ("red", "disk 2 full")] {
///     tenants.learn(&tenant, fingerprinter.fingerprint(message.as_bytes()), message.as_bytes());
/// }
/// assert_eq!(tenants.len(), 2);
/// let red = tenants.get("red").map(|state| state.patterns().to_vec()).unwrap_or_default();
/// assert_eq!((red.len(), red[0].count), (1, 2));
/// ```
///
/// Merging the states of two workers, and saving the result:
///
/// ```
/// use otlake_fingerprint::{PatternOptions, Patterns, Scanner, Tenants, WordSets};
///
/// let options = PatternOptions::new();
/// let new = || Tenants::<String>::with_parts(options, Scanner::new(), WordSets::default());
/// let (mut one, mut two) = (new(), new());
/// assert!(one.is_empty());
/// one.state("red".to_owned()).observe(b"disk 1 full");
/// two.state("red".to_owned()).observe(b"disk 2 full");
/// one.merge(&two);
///
/// let files: Vec<_> = one.iter().map(|(tenant, state)| (tenant.clone(), state.save())).collect();
/// for (tenant, bytes) in files {
///     let old = two.insert(tenant, Patterns::load(&bytes, options)?);
///     assert!(old.is_some());
/// }
/// let red = two.remove("red").map(|state| state.patterns()[0].count);
/// assert_eq!(red, Some(2));
/// # Ok::<(), otlake_fingerprint::LoadError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tenants<K, T = Scanner, C = WordSets> {
    states: HashMap<K, Patterns<T, C>>,
    options: PatternOptions,
    tokenizer: T,
    clusterer: C,
}

impl<K: Eq + Hash> Tenants<K> {
    /// Creates an empty map. The state of each tenant gets these options.
    pub fn new(options: PatternOptions) -> Self {
        Self::with_parts(options, Scanner::new(), WordSets::default())
    }
}

impl<K: Eq + Hash, T: Tokenizer + Clone, C: Clusterer + Clone> Tenants<K, T, C> {
    /// Creates an empty map. The state of each tenant gets these options, this tokenizer and this clusterer.
    pub fn with_parts(options: PatternOptions, tokenizer: T, clusterer: C) -> Self {
        Self {
            states: HashMap::new(),
            options,
            tokenizer,
            clusterer,
        }
    }

    /// Learns a message of one tenant.
    pub fn learn(&mut self, tenant: &K, fingerprint: Fingerprint, message: &[u8])
    where
        K: Clone,
    {
        // A new tenant takes two lookups, so that a known one needs no clone of its id.
        if let Some(state) = self.states.get_mut(tenant) {
            state.learn(fingerprint, message);
        } else {
            self.state(tenant.clone()).learn(fingerprint, message);
        }
    }

    /// Returns the state of one tenant, and creates it if there is none.
    pub fn state(&mut self, tenant: K) -> &mut Patterns<T, C> {
        self.states.entry(tenant).or_insert_with(|| {
            Patterns::with_parts(self.options, self.tokenizer.clone(), self.clusterer.clone())
        })
    }

    /// Returns the state of one tenant, if it has one.
    pub fn get<Q: Eq + Hash + ?Sized>(&self, tenant: &Q) -> Option<&Patterns<T, C>>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.states.get(tenant)
    }

    /// Replaces a tenant's state, for example with one that was loaded, and returns the old one.
    pub fn insert(&mut self, tenant: K, state: Patterns<T, C>) -> Option<Patterns<T, C>> {
        self.states.insert(tenant, state)
    }

    /// Removes and returns a tenant's state.
    pub fn remove<Q: Eq + Hash + ?Sized>(&mut self, tenant: &Q) -> Option<Patterns<T, C>>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.states.remove(tenant)
    }

    /// Merges the states of another map into this one, tenant by tenant.
    pub fn merge(&mut self, other: &Self)
    where
        K: Clone,
    {
        for (tenant, state) in &other.states {
            self.state(tenant.clone()).merge(state);
        }
    }

    /// Returns all tenants and their states, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &Patterns<T, C>)> {
        self.states.iter()
    }

    /// Returns the number of tenants.
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Returns whether there are no tenants.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_merge_one_by_one() {
        let mut a: Tenants<u32> = Tenants::new(PatternOptions::new());
        let mut b: Tenants<u32> = Tenants::new(PatternOptions::new());
        let _ = a.state(1).observe(b"disk 1 full");
        let _ = b.state(1).observe(b"disk 2 full");
        let _ = b.state(2).observe(b"disk 3 full");
        a.merge(&b);
        assert_eq!(a.get(&1).unwrap().patterns()[0].count, 2);
        assert_eq!(a.remove(&2).unwrap().patterns()[0].count, 1);
        assert_eq!(a.iter().count(), 1);
    }
}
