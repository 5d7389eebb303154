//! A storage by its URL or path.

#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
mod cloud;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use percent_encoding::percent_decode_str;

use crate::documents::Documents;
use crate::error::StorageError;
use crate::in_memory::InMemoryStorage;
use crate::local::LocalDirectory;

/// Opens the storage at a URL or path.
///
/// | location | storage | feature |
/// |---|---|---|
/// | `s3://bucket/prefix`, `s3a://…`, `https://…` of Amazon and R2 | Amazon S3 and compatible stores | `aws` |
/// | `gs://bucket/prefix` | Google Cloud Storage | `gcp` |
/// | `az://container/prefix`, `abfs://…`, `abfss://…`, `adl://…`, `https://…` of Azure | Azure Blob Storage | `azure` |
/// | `file:///directory` | a [`LocalDirectory`] | – |
/// | `memory:` | a new [`InMemoryStorage`] | – |
/// | anything without `://` | a [`LocalDirectory`] at that path | – |
///
/// The URLs of object stores are those of the object_store crate. Credentials, region, endpoint and
/// other options come from the environment variables that it reads: `AWS_…`, `GOOGLE_…` and `AZURE_…`,
/// such as `AWS_ACCESS_KEY_ID`, `AWS_REGION` and `AWS_ENDPOINT_URL`. Build the store yourself and use
/// `ObjectStorage::new` to set options in code.
///
/// One request checks that the bucket exists and that the credentials are accepted. It is retried twice
/// and takes 15 seconds at most. It lists the prefix, which a dataset needs to be allowed to do.
/// Later requests are retried as object_store does by default: ten times, with exponential backoff and
/// jitter, within three minutes. Build the store yourself to change that.
///
/// # Errors
///
/// Returns an error when the location is no URL of a known kind, its feature is off, an option is
/// missing or invalid, or the request fails.
///
/// ```
/// use otlake_storage::{OpenError, open};
///
/// let storage = open("memory:")?;
/// assert!(storage.list("")?.is_empty());
/// assert!(matches!(open("ftp://host/lake"), Err(OpenError::UnknownScheme { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn open(location: &str) -> Result<Arc<dyn Documents>, OpenError> {
    match scheme(location) {
        None => open_directory(location, PathBuf::from(location)),
        Some("memory") => match location["memory:".len()..].trim_matches('/') {
            "" => Ok(Arc::new(InMemoryStorage::new())),
            _ => Err(OpenError::invalid(
                location,
                "a storage in memory has no path",
            )),
        },
        Some("file") => open_directory(location, file_path(location)?),
        Some(scheme) => open_object_store(location, scheme),
    }
}

/// A storage that could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no storage for URLs with this scheme.
    #[error(
        "{location} is no storage: use a URL that begins with s3:, gs:, az:, file: or memory: rather than \
         {scheme}:, or a path"
    )]
    UnknownScheme {
        /// The location.
        location: String,
        /// Its scheme.
        scheme: String,
    },
    /// The client of the store is not compiled in.
    #[error("{location} needs the feature {feature} of otlake or otlake-storage, which is off")]
    FeatureOff {
        /// The location.
        location: String,
        /// The feature.
        feature: &'static str,
    },
    /// The location is not a valid URL or directory, or an option of its store is missing or invalid.
    #[error("{location} cannot be opened")]
    Invalid {
        /// The location.
        location: String,
        /// The fault of the location.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The bucket or container does not exist, the credentials are not accepted, or the store did not
    /// answer.
    #[error("{location} cannot be used")]
    Unreachable {
        /// The location.
        location: String,
        /// The error of the store.
        source: StorageError,
    },
}

impl OpenError {
    fn invalid(
        location: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> OpenError {
        OpenError::Invalid {
            location: location.to_owned(),
            source: source.into(),
        }
    }
}

/// Returns the scheme of a URL, and `None` for a path. A path may contain a colon, so only `file:` and
/// `memory:` count as schemes without `//`.
fn scheme(location: &str) -> Option<&str> {
    let (scheme, rest) = location.split_once(':')?;
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|char| char.is_ascii_alphanumeric() || "+-.".contains(char));
    (is_scheme && (rest.starts_with("//") || matches!(scheme, "file" | "memory"))).then_some(scheme)
}

/// Returns the path of a `file:` URL, with or without an empty or local host.
fn file_path(location: &str) -> Result<PathBuf, OpenError> {
    let rest = &location["file:".len()..];
    let path = match rest.strip_prefix("//") {
        Some(rest) => rest.strip_prefix("localhost").unwrap_or(rest),
        None => rest,
    };
    if !path.starts_with('/') {
        let reason = "a file URL has an absolute path and no host: file:///directory";
        return Err(OpenError::invalid(location, reason));
    }
    let decoded = percent_decode_str(path)
        .decode_utf8()
        .map_err(|error| OpenError::invalid(location, error))?;
    // `/C:/lake` is a path on drive C.
    let has_drive = cfg!(windows) && decoded.as_bytes().get(2) == Some(&b':');
    Ok(PathBuf::from(if has_drive {
        &decoded[1..]
    } else {
        &decoded
    }))
}

fn open_directory(location: &str, path: PathBuf) -> Result<Arc<dyn Documents>, OpenError> {
    if path.as_os_str().is_empty() {
        return Err(OpenError::invalid(location, "the path is empty"));
    }
    let existing = path.ancestors().find(|path| path.exists());
    match existing {
        Some(existing) if !existing.is_dir() => Err(not_a_directory(location, existing)),
        _ => Ok(Arc::new(LocalDirectory::new(path))),
    }
}

fn not_a_directory(location: &str, path: &Path) -> OpenError {
    OpenError::invalid(location, format!("{} is not a directory", path.display()))
}

#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
use self::cloud::open_object_store;

/// Fails with the name of the feature that the URL needs, because no client is compiled in.
#[cfg(not(any(feature = "aws", feature = "azure", feature = "gcp")))]
fn open_object_store(location: &str, scheme: &str) -> Result<Arc<dyn Documents>, OpenError> {
    let feature = match scheme {
        "s3" | "s3a" => "aws",
        "gs" => "gcp",
        "az" | "adl" | "azure" | "abfs" | "abfss" => "azure",
        _ => {
            return Err(OpenError::UnknownScheme {
                location: location.to_owned(),
                scheme: scheme.to_owned(),
            });
        }
    };
    Err(OpenError::FeatureOff {
        location: location.to_owned(),
        feature,
    })
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn urls_are_distinguished_from_paths() {
        for (location, expected) in [
            ("s3://bucket/a", Some("s3")),
            ("memory:", Some("memory")),
            ("file:/a", Some("file")),
            ("ftp://host", Some("ftp")),
            ("a", None),
            ("/a/b", None),
            ("./a:b", None),
            ("a:b", None),
            ("C:\\lake", None),
            ("C:/lake", None),
            ("", None),
        ] {
            assert_eq!(scheme(location), expected, "{location}");
        }
    }

    #[test]
    fn a_directory_opens_by_path_and_by_url() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a lake");
        let path = path.to_str().unwrap();
        let by_path = open(path).unwrap();
        by_path.create("a").unwrap().commit().unwrap();
        for url in ["file:", "file://", "file://localhost"] {
            let by_url = open(&format!("{url}{}", path.replace(' ', "%20"))).unwrap();
            assert_eq!(by_url.list("").unwrap()[0].name, "a", "{url}");
        }
    }

    #[test]
    fn a_location_that_is_no_storage_is_an_error_that_says_why() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        std::fs::write(&file, "").unwrap();
        let below = file.join("lake");
        for (location, reason) in [
            ("", "the path is empty"),
            ("file://host/a", "a file URL has an absolute path"),
            ("file:a", "a file URL has an absolute path"),
            ("file:///%ff", "invalid utf-8"),
            ("memory:///a", "a storage in memory has no path"),
            (file.to_str().unwrap(), "is not a directory"),
            (below.to_str().unwrap(), "is not a directory"),
        ] {
            let error = open(location).unwrap_err();
            let source = error.source().unwrap().to_string();
            assert!(source.contains(reason), "{location}: {error}: {source}");
        }
        let error = open("ftp://host/lake").unwrap_err();
        assert!(matches!(error, OpenError::UnknownScheme { .. }), "{error}");
    }

    #[cfg(not(any(feature = "aws", feature = "azure", feature = "gcp")))]
    #[test]
    fn a_store_whose_feature_is_off_is_an_error_that_names_it() {
        for (location, expected) in [
            ("s3://a/b", "aws"),
            ("gs://a/b", "gcp"),
            ("abfss://a/b", "azure"),
        ] {
            match open(location) {
                Err(OpenError::FeatureOff { feature, .. }) => assert_eq!(feature, expected),
                other => panic!("{location}: {other:?}"),
            }
        }
    }
}
