//! The request that shows whether a store can be used.

use std::sync::Arc;
use std::time::Duration;

use object_store::list::{PaginatedListOptions, PaginatedListStore};
use tokio::time::timeout;

use super::ObjectStorage;
use super::failure::{Effect, failed, no_runtime};
use crate::error::StorageError;

#[derive(Debug, thiserror::Error)]
#[error("the store did not answer within {0:?}: check its address and the network")]
struct NoAnswer(Duration);

impl ObjectStorage {
    /// Makes one request through `pages`, which fails unless the bucket exists and the credentials are
    /// accepted.
    pub(crate) fn check(
        &self,
        pages: Arc<dyn PaginatedListStore>,
        longest: Duration,
    ) -> Result<(), StorageError> {
        let key = self.key("");
        let checked = self.executor.run(async move {
            let options = PaginatedListOptions {
                max_keys: Some(1),
                ..PaginatedListOptions::default()
            };
            let prefix = (!key.is_empty()).then_some(key.as_str());
            timeout(longest, pages.list_paginated(prefix, options)).await
        });
        let Some(checked) = checked else {
            return Err(no_runtime("list", &self.prefix, Effect::None));
        };
        let answer =
            checked.map_err(|_| StorageError::new("list", &self.prefix, NoAnswer(longest)))?;
        answer.map_err(|error| failed("list", &self.prefix, Effect::None, error))?;
        Ok(())
    }
}
