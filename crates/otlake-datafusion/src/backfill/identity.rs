use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::object_store::path::Path;
use otlake_dataset::{BatchId, BatchIdError};
use sha2::{Digest, Sha256};

/// The number of characters of a file name that are part of its batch's source.
const NAME_CHARACTERS: usize = 50;

/// Returns the identity of the batch with the records of a file. It depends on the URL of the file alone.
///
/// Each file is a source of its own, because executors finish files in any order. The name of the file is part of it
/// for people who look at the files of a dataset; the digest of the URL distinguishes files of the same name.
pub(super) fn batch_id(store: &ObjectStoreUrl, path: &Path) -> Result<BatchId, BatchIdError> {
    let digest = Sha256::new()
        .chain_update(store.as_str())
        .chain_update(path.as_ref())
        .finalize();
    let digest: String = digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let allowed = |character: char| match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' | '-' => character,
        _ => '_',
    };
    let name: String = path
        .filename()
        .unwrap_or_default()
        .chars()
        .take(NAME_CHARACTERS)
        .map(allowed)
        .collect();
    BatchId::new(format!("backfill-{name}-{digest}"), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(store: &str, path: &str) -> String {
        let store = ObjectStoreUrl::parse(store).unwrap();
        batch_id(&store, &Path::from(path)).unwrap().to_string()
    }

    /// The identity must never change: a later version would write all files of an earlier backfill again.
    #[test]
    fn an_identity_is_the_same_in_every_version() {
        assert_eq!(
            id("s3://bucket", "otlp/2026/logs-1.binpb.gz"),
            "backfill-logs-1.binpb.gz-a5cec7422a7c33a668100ac6ebe73aee-0"
        );
    }

    /// Files with the same name, and names that differ in characters that an identity can't have, stay apart.
    #[test]
    fn files_have_identities_of_their_own() {
        let long = "x".repeat(300);
        let files = [
            ("s3://a", "logs.pb"),
            ("s3://b", "logs.pb"),
            ("s3://a", "1/logs.pb"),
            ("s3://a", "größe.pb"),
            ("s3://a", "gröse.pb"),
            ("s3://a", &long),
            ("s3://a", &format!("{long}y")),
            ("file://", ".hidden"),
        ];
        let mut ids: Vec<String> = files.iter().map(|(store, path)| id(store, path)).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), files.len());
    }
}
