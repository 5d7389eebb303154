//! The swaps of a table that don't count.

use crate::commit::manifest::Manifest;
use crate::commit::manifest::number_set::NumberSet;
use crate::commit::replacement::number_of;

/// The numbers of the swaps that were deleted from a table, or are about to be.
///
/// A manifest that replaces files is a *swap*, `swap-NUMBER.json`. A process that stalls may create one whose number others
/// have used, and whose manifest they have deleted, in between. It came too late, and does not count.
///
/// [`TableFiles`](crate::TableFiles) leaves out such swaps. This type is for a reader that lists the manifests by itself, such
/// as one that keeps those it has read:
///
/// ```
/// use otlake_dataset::{Manifest, RetiredSwaps};
///
/// let json = r#"{"format": "otlake.manifest/2", "table": "logs", "retired_swaps": [[0, 17]], "files": [],
///     "totals": {"files": 0, "rows": 0, "bytes": 0, "row_groups": 0}}"#;
/// let found = RetiredSwaps::from(&Manifest::from_json(json.as_bytes())?);
/// let listed = ["_otlake/manifests/logs/swap-00000000000000000017.json"];
///
/// let mut retired = RetiredSwaps::default();
/// assert!(!retired.update(found.clone(), listed)); // retired since the last list: list again
/// assert!(retired.update(found, listed));
/// assert!(retired.contains(listed[0])); // it doesn't count
/// # Ok::<(), otlake_dataset::ManifestError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetiredSwaps(NumberSet);

impl RetiredSwaps {
    /// Returns whether no number is retired.
    ///
    /// ```
    /// use otlake_dataset::{Manifest, RetiredSwaps};
    /// use otlake_schema::Table;
    ///
    /// assert!(RetiredSwaps::from(&Manifest::new(Table::Logs)).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether a document, by its name, is a swap whose number is retired.
    pub fn contains(&self, document: &str) -> bool {
        number_of(document).is_some_and(|number| self.0.contains(number))
    }

    /// Replaces the numbers by those that were `found` in the manifests of a list. Returns `false` if the listed documents can't
    /// be used, because the list is from several moments, so that the caller has to list them again:
    ///
    /// - A swap among them was retired since the last update. What has replaced its files may be missing from the list.
    /// - A swap is missing, because a later one is there. What it has replaced may be in the list.
    #[must_use]
    pub fn update<'d>(
        &mut self,
        found: RetiredSwaps,
        documents: impl IntoIterator<Item = &'d str>,
    ) -> bool {
        let known = std::mem::replace(self, found);
        let listed: Vec<u64> = documents.into_iter().filter_map(number_of).collect();
        let mut used = self.0.clone();
        used.extend(listed.iter().copied());
        let is_missing = used
            .first_absent()
            .is_some_and(|absent| used.last() > Some(absent));
        let is_new = |number: &u64| self.0.contains(*number) && !known.0.contains(*number);
        !is_missing && !listed.iter().any(is_new)
    }
}

/// Returns the numbers in a manifest. Only `retired-swaps.json` has any.
impl From<&Manifest> for RetiredSwaps {
    fn from(manifest: &Manifest) -> RetiredSwaps {
        RetiredSwaps(manifest.retired_swaps().clone())
    }
}
