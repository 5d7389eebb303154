//! Object stores by their URLs.

use std::sync::Arc;
use std::time::Duration;

use object_store::list::PaginatedListStore;
use object_store::{ObjectStore, ObjectStoreScheme, RetryConfig};
use url::Url;

use super::OpenError;
use crate::documents::Documents;
use crate::object::ObjectStorage;

/// The retries of the request that checks the bucket, so that its cause is known before
/// [`LONGEST_CHECK`].
const CHECK_RETRIES: usize = 2;

/// The time that the check may take in all. Connecting may take 5 seconds by object_store's default, and the
/// credentials may come from a server of their own.
const LONGEST_CHECK: Duration = Duration::from_secs(15);

pub(super) fn open_object_store(
    location: &str,
    scheme: &str,
) -> Result<Arc<dyn Documents>, OpenError> {
    let url = Url::parse(location).map_err(|error| OpenError::invalid(location, error))?;
    let unknown = || OpenError::UnknownScheme {
        location: location.to_owned(),
        scheme: scheme.to_owned(),
    };
    let (store, prefix) = ObjectStoreScheme::parse(&url).map_err(|_| unknown())?;
    let client = |retry| -> Result<Client, OpenError> {
        let client = match store {
            #[cfg(feature = "aws")]
            ObjectStoreScheme::AmazonS3 => {
                use object_store::aws::AmazonS3Builder;
                let builder = AmazonS3Builder::from_env().with_url(url.as_str());
                builder.with_retry(retry).build().map(shared)
            }
            #[cfg(not(feature = "aws"))]
            ObjectStoreScheme::AmazonS3 => return Err(feature_off(location, "aws")),
            #[cfg(feature = "gcp")]
            ObjectStoreScheme::GoogleCloudStorage => {
                use object_store::gcp::GoogleCloudStorageBuilder;
                let builder = GoogleCloudStorageBuilder::from_env().with_url(url.as_str());
                builder.with_retry(retry).build().map(shared)
            }
            #[cfg(not(feature = "gcp"))]
            ObjectStoreScheme::GoogleCloudStorage => return Err(feature_off(location, "gcp")),
            #[cfg(feature = "azure")]
            ObjectStoreScheme::MicrosoftAzure => {
                use object_store::azure::MicrosoftAzureBuilder;
                let builder = MicrosoftAzureBuilder::from_env().with_url(url.as_str());
                builder.with_retry(retry).build().map(shared)
            }
            #[cfg(not(feature = "azure"))]
            ObjectStoreScheme::MicrosoftAzure => return Err(feature_off(location, "azure")),
            // Servers that only speak HTTP have no conditional writes.
            _ => return Err(unknown()),
        };
        client.map_err(|error| OpenError::invalid(location, error))
    };
    let (store, pages) = client(RetryConfig::default())?;
    let storage = ObjectStorage::new(store, prefix.as_ref())
        .map_err(|error| OpenError::invalid(location, error))?
        .with_paginated_list(pages);
    let (_, pages) = client(RetryConfig {
        max_retries: CHECK_RETRIES,
        retry_timeout: LONGEST_CHECK / 2,
        ..RetryConfig::default()
    })?;
    let checked = storage.check(pages, LONGEST_CHECK);
    checked.map_err(|source| OpenError::Unreachable {
        location: location.to_owned(),
        source,
    })?;
    Ok(Arc::new(storage))
}

/// A client in its two roles.
type Client = (Arc<dyn ObjectStore>, Arc<dyn PaginatedListStore>);

fn shared(client: impl ObjectStore + PaginatedListStore) -> Client {
    let client = Arc::new(client);
    (client.clone(), client)
}

#[allow(dead_code, reason = "with all clients no feature is off")]
fn feature_off(location: &str, feature: &'static str) -> OpenError {
    OpenError::FeatureOff {
        location: location.to_owned(),
        feature,
    }
}
