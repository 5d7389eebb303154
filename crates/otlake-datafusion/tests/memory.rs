//! The memory pool of a session: scans of raw files take their memory from it, and give it back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod kit;

use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use otlake_datafusion::{OtlpTable, register_backfill};
use otlake_row::Signal;

use kit::{DATA, context, error, query, rows};

/// Returns a session of one partition whose operators share `bytes` bytes.
fn context_with_memory(bytes: usize) -> (SessionContext, Arc<dyn MemoryPool>) {
    let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(bytes));
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::clone(&pool));
    let config = SessionConfig::new().with_target_partitions(1);
    let context = SessionContext::new_with_config_rt(config, runtime.build_arc().unwrap());
    otlake_datafusion::register(&context);
    (context, pool)
}

/// Asserts that no memory is reserved any more. A thread that decodes while the query fails gives its memory back when it ends.
async fn assert_is_given_back(pool: &dyn MemoryPool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while pool.reserved() > 0 {
        assert!(Instant::now() < deadline, "{} bytes", pool.reserved());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_scan_that_exceeds_the_pool_is_an_error_that_names_it() {
    // The columns come from a session without a limit, so that it is the scan that exceeds it.
    let files = format!("{DATA}/logs");
    let table = OtlpTable::builder(files, Signal::Logs);
    let table = Arc::new(table.open(&context(1).state()).await.unwrap());
    // The largest payload alone, or the first record batch.
    for (bytes, sql) in [
        (10_000, "SELECT severity_number FROM logs"),
        (1_000_000, "SELECT * FROM logs"),
    ] {
        let (context, pool) = context_with_memory(bytes);
        let table: Arc<OtlpTable> = Arc::clone(&table);
        context.register_table("logs", table).unwrap();
        let error = error(&context, sql).await;
        assert!(error.contains("Resources exhausted"), "{sql}: {error}");
        assert!(error.contains("OtlpScan[0]"), "{sql}: {error}");
        assert_is_given_back(&*pool).await;
    }
}

#[tokio::test]
async fn finding_the_columns_takes_memory_from_the_pool_too() {
    let (context, pool) = context_with_memory(10_000);
    let sql = format!("SELECT body FROM read_otlp('{DATA}/logs', 'logs')");
    let error = error(&context, &sql).await;
    assert!(error.contains("OtlpInference"), "{error}");
    assert_is_given_back(&*pool).await;
}

#[tokio::test]
async fn a_pool_that_is_large_enough_changes_nothing() {
    let sql = format!("SELECT * FROM read_otlp('{DATA}/traces', 'traces')");
    let expected = rows(&query(&context(1), &sql).await);
    let (context, pool) = context_with_memory(256 << 20);
    assert_eq!(rows(&query(&context, &sql).await), expected);
    assert_is_given_back(&*pool).await;
}

#[tokio::test]
async fn a_backfill_takes_its_limit_from_the_pool() {
    let lake = tempfile::tempdir().unwrap();
    let lake = lake.path().to_str().unwrap();
    let sql =
        format!("SELECT * FROM otlp_to_dataset('{DATA}/logs', '{lake}', 'memory_limit=16777216')");
    let (context, pool) = context_with_memory(16_000_000);
    register_backfill(&context);
    let error = error(&context, &sql).await;
    assert!(error.contains("Backfill[0]"), "{error}");
    assert_is_given_back(&*pool).await;

    let (context, pool) = context_with_memory(17_000_000);
    register_backfill(&context);
    assert!(rows(&query(&context, &sql).await) > 0);
    assert_is_given_back(&*pool).await;
}
