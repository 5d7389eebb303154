//! A list asks the store for the names with its prefix, and for nothing else.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::TryStreamExt;
use object_store::list::{PaginatedListOptions, PaginatedListResult, PaginatedListStore};
use object_store::memory::InMemory;
use object_store::{ListResult, ObjectStore, ObjectStoreExt, Result};
use otlake_storage::{Documents, ObjectStorage};

const PAGE: usize = 100;

/// Lists an in-memory store in pages, as S3 does, and remembers what it was asked for.
struct Pages {
    store: Arc<InMemory>,
    requests: Mutex<Vec<String>>,
}

#[async_trait]
impl PaginatedListStore for Pages {
    async fn list_paginated(
        &self,
        prefix: Option<&str>,
        options: PaginatedListOptions,
    ) -> Result<PaginatedListResult> {
        let prefix = prefix.unwrap_or_default();
        self.requests.lock().unwrap().push(prefix.to_owned());
        let after = options.page_token.as_deref().unwrap_or_default();
        let objects: Vec<_> = self.store.list(None).try_collect().await?;
        let mut objects: Vec<_> = objects
            .into_iter()
            .filter(|object| object.location.as_ref().starts_with(prefix))
            .filter(|object| object.location.as_ref() > after)
            .collect();
        objects.sort_by(|a, b| a.location.cmp(&b.location));
        let more = objects.len() > PAGE;
        objects.truncate(PAGE);
        let last = objects.last().map(|object| object.location.to_string());
        Ok(PaginatedListResult {
            page_token: last.filter(|_| more),
            result: ListResult {
                common_prefixes: Vec::new(),
                objects,
            },
        })
    }
}

/// The leftovers of a batch are looked for after every batch, so this list must not grow with the dataset.
#[tokio::test(flavor = "multi_thread")]
async fn one_request_finds_the_files_of_a_batch_among_those_of_all_batches() {
    let store = Arc::new(InMemory::new());
    for batch in 0..500 {
        for file in 0..2 {
            let key = format!("lake/logs/part-{batch}-{file:05}.parquet");
            store.put(&key.as_str().into(), "x".into()).await.unwrap();
        }
    }
    let pages = Arc::new(Pages {
        store: store.clone(),
        requests: Mutex::default(),
    });
    let storage = ObjectStorage::new(store, "lake").unwrap();
    let storage = storage.with_paginated_list(pages.clone());
    let files = tokio::task::spawn_blocking(move || {
        let batch = storage.list("logs/part-17-").unwrap();
        (batch, storage.list("logs/").unwrap())
    });
    let (batch, all) = files.await.unwrap();
    let names: Vec<_> = batch.iter().map(|file| file.name.as_str()).collect();
    let expected = ["logs/part-17-00000.parquet", "logs/part-17-00001.parquet"];
    assert_eq!(names, expected);
    assert_eq!(all.len(), 1_000, "a list has all pages");
    let requests = pages.requests.lock().unwrap();
    assert_eq!(requests[0], "lake/logs/part-17-");
    assert_eq!(requests[1..], vec!["lake/logs/"; 10]);
}
