//! Which files belong to the table.

use std::sync::Arc;
use std::time::Duration;

use datafusion::object_store::ObjectStore;
use datafusion::object_store::path::Path;
use futures_util::TryStreamExt;
use otlake_datafusion::DatasetFiles;
use otlake_dataset::{BatchId, Commit, Dataset, Manifest, ManifestCommit};
use otlake_parquet::WriterOptions;
use otlake_row::Keys;
use otlake_schema::Table;
use otlake_storage::{Documents, PutIf};

use crate::lake::{BEGIN, HOUR, Lake, ROOT, Record, listing, rows};

fn numbered(numbers: std::ops::Range<i64>) -> Vec<Record> {
    let record = |number| Record {
        time: BEGIN + number,
        severity: number,
        service: Some("cart".to_owned()),
        ..Record::default()
    };
    numbers.map(record).collect()
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().unwrap().block_on(test);
}

/// A batch is read once it is committed, and only once, however often it was attempted. A listing sees its files earlier.
#[test]
fn only_finished_batches_are_read() {
    let lake = Lake::new();
    let options = || {
        let files = WriterOptions::new().with_rows_per_file(10);
        Dataset::builder().writer_options(files).row_group_rows(10)
    };
    let count = async |files| {
        let context = lake.session(files).await;
        rows(&context, "SELECT count(*) FROM logs").await.remove(0)
    };
    let batch = BatchId::new("orders-3", 1048576).unwrap();
    let mut writer = lake.writer(options());
    let mut keys = Keys::new();
    let mut attempt = |finish: bool| {
        writer.begin_batch(&batch).unwrap();
        for record in numbered(0..25) {
            record.push(&mut writer, &mut keys);
        }
        if finish {
            writer.finish_batch().unwrap();
        }
    };
    attempt(false);
    run(async {
        assert_eq!(count(DatasetFiles::Manifests).await, "0");
        assert_eq!(count(listing()).await, "20", "two full files are visible");
    });
    for _ in 0..2 {
        attempt(true);
        run(async {
            assert_eq!(count(DatasetFiles::Manifests).await, "25");
            assert_eq!(count(listing()).await, "25");
        });
    }
}

/// A table that was opened earlier reads what was committed since, and leaves out what was replaced.
#[test]
fn an_open_table_reads_new_commits() {
    let lake = Lake::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    lake.write(Dataset::builder(), &numbered(0..3));
    let first = lake.storage.list("logs/").unwrap().remove(0).name;
    let context = runtime.block_on(lake.session(DatasetFiles::Manifests));
    let sum = || {
        let sql = "SELECT count(*), sum(severity_number) FROM logs";
        runtime.block_on(rows(&context, sql)).remove(0)
    };
    assert_eq!(sum(), "3 | 3");
    lake.write(Dataset::builder(), &numbered(3..5));
    assert_eq!(sum(), "5 | 10");
    let manifest = Manifest::new(Table::Logs).with_replaces(vec![first]);
    let commit = ManifestCommit::new(Arc::clone(&lake.storage) as _);
    let _ = commit.commit("merged", &manifest).unwrap();
    assert_eq!(sum(), "2 | 7");
}

/// A swap that came too late, because its number was retired in between, hides no file.
#[test]
fn a_swap_that_came_too_late_is_left_out() {
    let lake = Lake::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    lake.write(Dataset::builder(), &numbered(0..3));
    lake.write(Dataset::builder(), &numbered(3..5));
    let names = || lake.storage.list("logs/").unwrap().into_iter();
    let names: Vec<String> = names().map(|file| file.name).collect();
    let context = runtime.block_on(lake.session(DatasetFiles::Manifests));
    let count = || {
        let sql = "SELECT count(*) FROM logs";
        runtime.block_on(rows(&context, sql)).remove(0)
    };
    let dropping = |name: &str| Manifest::new(Table::Logs).with_replaces(vec![name.to_owned()]);

    let commit = ManifestCommit::new(Arc::clone(&lake.storage) as _);
    let _ = commit.replace(&dropping(&names[0])).unwrap();
    let left = count();
    assert_ne!(left, "5");
    let swaps = lake.storage.list("_otlake/manifests/logs/swap-").unwrap();
    commit.clean_up(Table::Logs, Duration::ZERO).unwrap();
    assert_eq!(count(), left);

    let late = dropping(&names[1]).to_json();
    let swap = &swaps[0].name;
    assert!(lake.storage.get(swap).unwrap().is_none());
    let _ = lake.storage.put(swap, late.into(), PutIf::Absent).unwrap();
    assert_eq!(count(), left);
    // A table that was not open yet does the same.
    let other = runtime.block_on(lake.session(DatasetFiles::Manifests));
    let sql = "SELECT count(*) FROM logs";
    assert_eq!(runtime.block_on(rows(&other, sql)), [left]);
}

/// While a list is made, another process removes a file that was replaced from its manifest, and deletes the swap that has replaced it.
/// The list has the manifest as it was, which is known, and lacks the swap, so manifests are listed again.
#[test]
fn known_manifests_are_not_used_with_a_list_that_lacks_a_swap() {
    let lake = Lake::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    lake.write(Dataset::builder(), &numbered(0..3));
    let replaced = lake.storage.list("logs/").unwrap().remove(0).name;
    lake.write(Dataset::builder(), &numbered(3..5));
    let context = runtime.block_on(lake.session(DatasetFiles::Manifests));
    let count = || {
        let sql = "SELECT count(*) FROM logs";
        runtime.block_on(rows(&context, sql)).remove(0)
    };
    assert_eq!(count(), "5");
    let directory = Path::from(format!("{ROOT}/_otlake/manifests/logs"));
    let before = lake.store.list(Some(&directory)).try_collect();
    let before = runtime.block_on(before).unwrap();

    let commit = ManifestCommit::new(Arc::clone(&lake.storage) as _);
    let swap = Manifest::new(Table::Logs).with_replaces(vec![replaced]);
    let _replaced = commit.replace(&swap).unwrap();
    commit.clean_up(Table::Logs, Duration::ZERO).unwrap();
    lake.store.slow_list(before);
    assert_eq!(count(), "2");
}

/// Values of partitions are those of the records, whatever a directory can't hold, and null in the default partition.
#[test]
fn partition_values_are_not_escaped() {
    let lake = Lake::new();
    let services = [
        Some("a/b"),
        Some("50%"),
        Some("größe 😀"),
        Some("_x"),
        None,
        Some("plain"),
    ];
    let record = |service: &Option<&str>| Record {
        time: BEGIN,
        service: service.map(str::to_owned),
        ..Record::default()
    };
    let records: Vec<Record> = services.iter().map(record).collect();
    let partitioning = "day/service={resource.service.name}/{severity_text}/hour={hour}"
        .parse()
        .unwrap();
    lake.write(Dataset::builder().partitioning(partitioning), &records);
    run(async {
        for files in [DatasetFiles::Manifests, listing()] {
            let context = lake.session(files).await;
            let select = "SELECT service, hour FROM logs";
            let mut all = rows(&context, select).await;
            all.sort_unstable();
            let mut expected: Vec<String> = services
                .iter()
                .map(|service| format!("{} | 00", service.unwrap_or("null")))
                .collect();
            expected.sort_unstable();
            assert_eq!(all, expected);
            for (filter, expected) in [
                ("service = 'a/b'", vec!["a/b | 00"]),
                ("service = '50%' AND hour = '00'", vec!["50% | 00"]),
                ("service IS NULL", vec!["null | 00"]),
                ("service > 'größe'", vec!["größe 😀 | 00", "plain | 00"]),
                (
                    "service = resource_service_name AND service < 'a'",
                    vec!["50% | 00", "_x | 00"],
                ),
                ("hour = '01'", vec![]),
            ] {
                let mut found = rows(&context, &format!("{select} WHERE {filter}")).await;
                found.sort_unstable();
                assert_eq!(found, expected, "{filter}");
            }
        }
    });
}

/// When the partitioning changes, old files have null in the new column.
#[test]
fn files_of_another_partitioning_have_null() {
    let lake = Lake::new();
    let records = numbered(0..2);
    for partitioning in [
        "date={date}",
        "date={date}/hour={hour}",
        "severity_number={severity_number}",
    ] {
        lake.write(
            Dataset::builder().partitioning(partitioning.parse().unwrap()),
            &records,
        );
    }
    let later = Record {
        time: BEGIN + 30 * HOUR,
        ..Record::default()
    };
    lake.write(
        Dataset::builder().partitioning("date={date}/hour={hour}".parse().unwrap()),
        [&later],
    );
    run(async {
        for files in [DatasetFiles::Manifests, listing()] {
            let context = lake.session(files).await;
            for (filter, expected) in [
                ("date = '2026-11-22'", "4"),
                ("date IS NULL", "2"),
                ("hour IS NULL", "4"),
                ("hour = '06'", "1"),
                // The column of the files, which the partition column does not replace.
                ("severity_number = 1", "3"),
            ] {
                let sql = format!("SELECT count(*) FROM logs WHERE {filter}");
                assert_eq!(rows(&context, &sql).await, [expected], "{filter}");
            }
        }
    });
}
