//! Sorted files.

use datafusion::prelude::SessionConfig;
use otlake_datafusion::DatasetFiles;
use otlake_dataset::{Dataset, DatasetBuilder};
use otlake_parquet::SortingColumn;

use crate::lake::{BEGIN, Lake, Record, plan, rows};

fn by(name: &str, descending: bool) -> SortingColumn {
    SortingColumn {
        name: name.to_owned(),
        descending,
        nulls_first: false,
    }
}

fn latest_first() -> DatasetBuilder {
    Dataset::builder()
        .sorted_rows(vec![by("timestamp", true)])
        .row_group_rows(10)
}

/// Records with one microsecond between them, from `first` on.
fn records(first: i64, count: i64) -> Vec<Record> {
    let record = |number| Record {
        time: BEGIN + 1_000 * number,
        severity: number,
        ..Record::default()
    };
    (first..first + count).map(record).collect()
}

async fn query(lake: &Lake, sql: &str) -> (Vec<String>, bool) {
    let config = SessionConfig::new().with_target_partitions(2);
    let context = lake.session_with(config, DatasetFiles::Manifests).await;
    let plan = plan(&context, sql).await;
    (rows(&context, sql).await, plan.contains("SortExec"))
}

const LATEST: &str = "SELECT severity_number FROM logs ORDER BY \"timestamp\" DESC LIMIT 4";

/// Files whose row groups follow one another need no sort, whatever the order in which they were written.
#[test]
fn the_latest_rows_need_no_sort_if_row_groups_follow_one_another() {
    let lake = Lake::new();
    for first in [40, 0, 80] {
        lake.write(latest_first(), &records(first, 10));
    }
    run(async {
        let (found, sorts) = query(&lake, LATEST).await;
        assert_eq!(found, ["89", "88", "87", "86"]);
        assert!(!sorts);
        let nulls_last = LATEST.replace("DESC", "DESC NULLS LAST");
        assert_eq!(query(&lake, &nulls_last).await.0, ["89", "88", "87", "86"]);
        let all = "SELECT severity_number FROM logs ORDER BY \"timestamp\" DESC";
        let (found, sorts) = query(&lake, all).await;
        let expected = [80..90, 40..50, 0..10].into_iter().flat_map(Iterator::rev);
        assert!(
            found
                .iter()
                .map(|number| number.parse::<i64>().unwrap())
                .eq(expected)
        );
        assert!(!sorts);
        let (found, sorts) = query(&lake, &LATEST.replace("DESC", "ASC")).await;
        assert_eq!(found, ["0", "1", "2", "3"]);
        assert!(sorts, "the files are in the opposite order");
    });
}

/// In these datasets the order of row groups does not give that of the table, and DataFusion sorts.
#[test]
fn rows_are_sorted_where_files_are_not_in_order() {
    type Write = fn(&Lake);
    let cases: [(&str, Write); 4] = [
        ("row groups overlap within a file", |lake| {
            // 20 records in time order, sorted within row groups of ten.
            lake.write(latest_first(), &records(0, 20));
        }),
        ("a file is not sorted", |lake| {
            lake.write(latest_first(), &records(0, 10));
            lake.write(Dataset::builder(), &records(10, 10));
        }),
        ("a record has no time", |lake| {
            lake.write(latest_first(), &records(10, 10));
            let mut with_null = records(0, 9);
            with_null[3].time = 0;
            lake.write(latest_first(), &with_null);
        }),
        ("files are sorted by another column first", |lake| {
            let order = vec![by("severity_number", true), by("timestamp", true)];
            lake.write(Dataset::builder().sorted_rows(order), &records(0, 20));
        }),
    ];
    for (name, write) in cases {
        let lake = Lake::new();
        write(&lake);
        run(async {
            let sql = LATEST.replace("DESC", "DESC NULLS LAST");
            let (found, sorts) = query(&lake, &sql).await;
            assert_eq!(found, ["19", "18", "17", "16"], "{name}");
            assert!(sorts, "{name}");
        });
    }
}

/// Overlapping files are merged, not sorted, if there are enough partitions to read them side by side.
#[test]
fn files_that_overlap_are_merged() {
    let lake = Lake::new();
    for residue in 0..2 {
        let records: Vec<Record> = records(0, 20)
            .into_iter()
            .filter(|record| record.severity % 2 == residue)
            .collect();
        lake.write(latest_first(), &records);
    }
    run(async {
        let (found, sorts) = query(&lake, LATEST).await;
        assert_eq!(found, ["19", "18", "17", "16"]);
        assert!(!sorts);
    });
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().unwrap().block_on(test);
}
