//! Raw files in an object store are the same table as in a local directory, however the store cuts them into pieces.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod kit;

use std::path::Path as LocalPath;
use std::sync::Arc;

use datafusion::arrow::compute::concat_batches;
use datafusion::object_store::chunked::ChunkedStore;
use datafusion::object_store::memory::InMemory;
use datafusion::object_store::path::Path;
use datafusion::object_store::{ObjectStore, ObjectStoreExt};

use kit::{DATA, context, error, files_in, query};

/// Returns a store with the recorded files of logs and of the Collector.
async fn store() -> Arc<dyn ObjectStore> {
    let store = InMemory::new();
    for directory in ["logs", "json/logs", "collector"] {
        for file in files_in(&format!("{DATA}/{directory}")) {
            let name = file.strip_prefix(LocalPath::new(DATA)).unwrap();
            let path = Path::from(format!("otlp/{}", name.display()));
            store
                .put(&path, std::fs::read(&file).unwrap().into())
                .await
                .unwrap();
        }
    }
    Arc::new(store)
}

#[tokio::test]
async fn objects_are_the_same_table_as_local_files() {
    let objects = store().await;
    let context = context(1);
    let pieces: Arc<dyn ObjectStore> = Arc::new(ChunkedStore::new(Arc::clone(&objects), 777));
    for (bucket, store) in [("mem://whole", objects), ("mem://pieces", pieces)] {
        context.register_object_store(&bucket.parse().unwrap(), store);
        for (remote, local) in [
            ("logs/", "logs"),
            ("logs/*.gz", "logs/*.gz"),
            ("json/logs/", "json/logs"),
            ("**/*-nodejs-00?.*", "**/*-nodejs-00?.*"),
            ("collector/all.jsonl.zst", "collector/all.jsonl.zst"),
            ("collector/logs-proto*", "collector/logs-proto*"),
        ] {
            let local = match local.starts_with("**") {
                // Other directories hold other signals.
                true => continue,
                false => format!("{DATA}/{local}"),
            };
            let sql = |path: &str| format!("SELECT * FROM read_otlp('{path}', 'logs')");
            let remote = format!("{bucket}/otlp/{remote}");
            let expected = query(&context, &sql(&local)).await;
            let actual = query(&context, &sql(&remote)).await;
            let whole = |batches: &[_]| concat_batches(&expected[0].schema(), batches).unwrap();
            assert!(whole(&expected).num_rows() > 0, "{local}");
            assert_eq!(whole(&actual), whole(&expected), "{remote}");
        }
    }
    let missing = error(
        &context,
        "SELECT * FROM read_otlp('mem://whole/otlp/none.jsonl', 'logs')",
    )
    .await;
    assert!(missing.contains("none.jsonl"), "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_glob_selects_files_in_subdirectories() {
    let context = context(2);
    context.register_object_store(&"mem://bucket".parse().unwrap(), store().await);
    let count = async |path: &str| {
        let sql =
            format!("SELECT count(*) AS n FROM read_otlp('mem://bucket/otlp/{path}', 'logs')");
        kit::integers(&query(&context, &sql).await[0], "n")[0]
    };
    let (binary, json) = (count("logs/").await, count("json/").await);
    assert_eq!(binary, 2_629, "as the manifest of the recorded data says");
    assert_eq!(count("**/logs/**").await, binary + json);
    assert_eq!(count("**/*nodejs*").await, 682 + 722 + json);
}
