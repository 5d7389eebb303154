//! Lists by prefix.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::TryStreamExt;
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStore};

use super::ObjectStorage;
use super::failure::{Effect, failed, no_runtime};
use crate::documents::StoredFile;
use crate::error::StorageError;
use crate::names::check_prefix;

/// A client that lists keys by any prefix, page by page.
#[derive(Clone)]
pub(super) struct Pages(pub(super) Arc<dyn PaginatedListStore>);

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pages")
    }
}

impl ObjectStorage {
    pub(super) fn list_prefix(&self, prefix: &str) -> Result<Vec<StoredFile>, StorageError> {
        check_prefix(prefix)?;
        let key = self.key(prefix);
        let (store, pages) = (Arc::clone(&self.store), self.pages.clone());
        let listed = self.executor.run(async move {
            match pages {
                Some(pages) => by_pages(&*pages.0, &key).await,
                None => by_directory(&*store, &key).await,
            }
        });
        let objects = listed
            .ok_or_else(|| no_runtime("list", prefix, Effect::None))?
            .map_err(|error| failed("list", prefix, Effect::None, error))?;
        let mut files: Vec<_> = objects
            .into_iter()
            .filter_map(|object| self.stored(object))
            .collect();
        files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }

    fn stored(&self, object: ObjectMeta) -> Option<StoredFile> {
        let name = match object.location.as_ref().strip_prefix(&self.prefix)? {
            inside if self.prefix.is_empty() => inside,
            inside => inside.strip_prefix('/')?,
        };
        let modified = SystemTime::from(object.last_modified);
        Some(StoredFile::new(name, object.size, modified))
    }
}

/// Asks the store for the keys that begin with `prefix`.
async fn by_pages(store: &dyn PaginatedListStore, prefix: &str) -> Result<Vec<ObjectMeta>, Error> {
    let prefix = (!prefix.is_empty()).then_some(prefix);
    let mut objects = Vec::new();
    let mut page_token = None;
    loop {
        let options = PaginatedListOptions {
            page_token,
            ..PaginatedListOptions::default()
        };
        let page = store.list_paginated(prefix, options).await?;
        objects.extend(page.result.objects);
        page_token = page.page_token;
        if page_token.is_none() {
            return Ok(objects);
        }
    }
}

/// Lists the directory in which `prefix` ends, from the last key before it on, and keeps the keys that begin
/// with it. The order of a list is not specified, so it is read to its end.
async fn by_directory(store: &dyn ObjectStore, prefix: &str) -> Result<Vec<ObjectMeta>, Error> {
    let (directory, beginning) = prefix.rsplit_once('/').unwrap_or(("", prefix));
    let directory = match directory {
        "" => None,
        directory => Some(Path::parse(directory)?),
    };
    // The offset itself is not listed, so it has to be less than the prefix, which may be a key.
    let offset = match beginning.char_indices().next_back() {
        Some((at, _)) if at > 0 => Path::parse(&prefix[..prefix.len() - beginning.len() + at]).ok(),
        _ => None,
    };
    let listed = match offset {
        Some(offset) => store.list_with_offset(directory.as_ref(), &offset),
        None => store.list(directory.as_ref()),
    };
    listed
        .try_filter(|object| std::future::ready(object.location.as_ref().starts_with(prefix)))
        .try_collect()
        .await
}
