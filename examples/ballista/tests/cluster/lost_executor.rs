//! An executor is killed while it works: others repeat its tasks.
//!
//! It is killed early. Ballista 55 may wait indefinitely if an executor is lost at the end of a stage, and a client can't fetch the result
//! from an executor that is lost after the query has ended.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use datafusion::prelude::SessionContext;
use otlake::row::Signal;
use otlake_datafusion::register_dataset;

use crate::lake::{recorded, rows};
use crate::processes::{client, executor, scheduler};

/// Copies the recorded logs to a directory, each `count` times.
fn copies(directory: &Path, count: usize) -> PathBuf {
    let input = directory.join("logs");
    fs::create_dir(&input).unwrap();
    for path in recorded(Signal::Logs) {
        for copy in 0..count {
            let name = path.file_name().unwrap().to_str().unwrap();
            fs::copy(&path, input.join(format!("{copy:03}-{name}"))).unwrap();
        }
    }
    input
}

fn on_one_machine(dataset: Option<&Path>, sql: &str) -> Vec<String> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let context = SessionContext::new();
        otlake_datafusion::register(&context);
        if let Some(dataset) = dataset {
            let dataset = dataset.to_str().unwrap();
            register_dataset(&context, dataset).await.unwrap();
        }
        rows(&context, sql).await
    })
}

/// A backfill whose executor is killed after it has finished some files: each record is in the dataset once.
#[test]
fn a_backfill_survives_the_loss_of_an_executor() {
    // How much work lasts until an executor is killed depends on the machine.
    let mut counts = [12, 48, 192].into_iter();
    assert!(
        counts.any(survives_a_backfill),
        "every executor was killed too late"
    );
}

/// Kills an executor during a backfill of `count` copies of the recorded logs, and compares the dataset with them. Returns `false` if less
/// than half of the files were left at that moment.
fn survives_a_backfill(count: usize) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let input = copies(directory.path(), count);
    let lake = directory.path().join("lake");
    let (_scheduler, address) = scheduler(10);
    let mut lost = executor(address);
    let _other = executor(address);
    let sql = format!(
        "SELECT count(*) AS files, count(*) FILTER (WHERE state = 'left out') AS left_out \
         FROM otlp_to_dataset('{}', '{}')",
        input.display(),
        lake.display()
    );
    let mut backfill = client(address, &[&sql]);
    let manifests = lake.join("_otlake/manifests/logs");
    let finished = || fs::read_dir(&manifests).map_or(0, Iterator::count);
    while finished() < 5 && !backfill.has_ended() {
        thread::sleep(Duration::from_millis(5));
    }
    lost.kill();
    let files = recorded(Signal::Logs).len() * count;
    if finished() > files / 2 {
        backfill.kill();
        return false;
    }
    assert_eq!(backfill.rows(), [format!("{files} | 0")]);

    let columns = "service_name, count(*) AS records, count(DISTINCT body) AS bodies";
    let select = |table: &str| {
        let columns = columns.replace("service_name", "resource_service_name");
        format!("SELECT {columns} FROM {table} GROUP BY resource_service_name")
    };
    let raw = format!("read_otlp('{}', 'logs')", input.display());
    let expected = on_one_machine(None, &select(&raw));
    assert_eq!(on_one_machine(Some(&lake), &select("logs")), expected);
    true
}

/// A query over raw files whose executor is killed.
#[test]
fn a_query_survives_the_loss_of_an_executor() {
    let directory = tempfile::tempdir().unwrap();
    let input = copies(directory.path(), 24);
    let (_scheduler, address) = scheduler(10);
    let mut lost = executor(address);
    let _other = executor(address);
    let sql = format!(
        "SELECT resource_service_name AS service, pattern['template'] AS template, pattern['count'] AS records \
         FROM (SELECT resource_service_name, unnest(patterns(body)) AS pattern FROM read_otlp('{}', 'logs') \
         GROUP BY resource_service_name)",
        input.display()
    );
    let started = Instant::now();
    let undisturbed = client(address, &[&sql]).rows();
    let time = started.elapsed();

    let query = client(address, &[&sql]);
    thread::sleep(time / 4);
    lost.kill();
    assert_eq!(query.rows(), undisturbed);
    assert_eq!(undisturbed, on_one_machine(None, &sql));
}
