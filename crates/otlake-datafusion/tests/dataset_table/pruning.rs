//! The files that a query opens.

use otlake_datafusion::DatasetFiles;
use otlake_dataset::Dataset;

use crate::lake::{BEGIN, HOUR, Lake, Record, plan, rows};

const DAYS: i64 = 50;
const SERVICES: [&str; 5] = ["auth", "cart", "checkout", "search", "stock"];

/// Writes 500 files: two batches of a partition per day and service.
fn lake() -> (Lake, Vec<Record>) {
    let lake = Lake::new();
    let mut records = Vec::new();
    for batch in 0..2 {
        let first = records.len();
        for day in 0..DAYS {
            for service in SERVICES {
                let number = records.len() as u128 + 1;
                records.push(Record {
                    time: BEGIN + 24 * HOUR * day + HOUR * batch,
                    severity: 1 + day % 20,
                    // Spread over the whole range, as random ids are.
                    trace_id: number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835),
                    service: Some(service.to_owned()),
                    body: Some(format!("day {day} of {service}")),
                    ..Record::default()
                });
            }
        }
        let partitioning = "date={date}/service={resource.service.name}"
            .parse()
            .unwrap();
        let options = Dataset::builder()
            .partitioning(partitioning)
            .open_partitions(1_000);
        lake.write(options, &records[first..]);
    }
    (lake, records)
}

/// The figure of the project: at most two of 500 files. The partition leaves two, and the bounds of the trace id in
/// their manifests decide between them where they can.
#[test]
fn a_filter_on_a_partition_and_a_trace_id_opens_at_most_two_of_500_files() {
    let (lake, records) = lake();
    run(async {
        let context = lake.session(DatasetFiles::Manifests).await;
        assert_eq!(lake.store.take_opened(), (0, 2), "two manifests, no footer");
        for record in records.iter().step_by(41) {
            let day = (record.time - BEGIN) / (24 * HOUR);
            let date = chrono::DateTime::from_timestamp_nanos(record.time).format("%Y-%m-%d");
            let service = record.service.as_deref().unwrap();
            let id = format!("{:032x}", record.trace_id);
            let by_partition = format!(
                "SELECT body FROM logs WHERE date = '{date}' AND service = '{service}' AND trace_id = '{id}'"
            );
            // The filter names no partition column: the bounds of both columns are in the manifests.
            let by_columns = format!(
                "SELECT body FROM logs WHERE \"timestamp\" BETWEEN '{date}T00:00:00Z' AND '{date}T23:59:59Z' \
                 AND resource_service_name = '{service}' AND trace_id = '{id}'"
            );
            for sql in [by_partition, by_columns] {
                assert_eq!(
                    rows(&context, &sql).await,
                    [format!("day {day} of {service}")]
                );
                let (files, manifests) = lake.store.take_opened();
                assert!(files <= 2, "{files} files: {sql}");
                assert_eq!(manifests, 0, "manifests are read once");
            }
        }
    });
}

/// Counts, minima and maxima come from manifests, also of some partitions.
#[test]
fn counts_and_bounds_open_no_file() {
    let (lake, _) = lake();
    run(async {
        let context = lake.session(DatasetFiles::Manifests).await;
        lake.store.take_requests();
        for (sql, expected) in [
            ("SELECT count(*) FROM logs", "500"),
            ("SELECT count(*) FROM logs WHERE service = 'cart'", "100"),
            (
                "SELECT count(*) FROM logs WHERE date < '2026-11-24' AND service IN ('cart', 'auth')",
                "8",
            ),
            ("SELECT count(*) FROM logs WHERE date IS NULL", "0"),
            (
                "SELECT min(severity_number), max(severity_number), max(\"timestamp\") FROM logs",
                "1 | 20 | 2027-01-10T01:00:00Z",
            ),
            (
                "SELECT count(resource_service_name) FROM logs WHERE date = '2026-12-01'",
                "10",
            ),
        ] {
            assert_eq!(rows(&context, sql).await, [expected], "{sql}");
            assert_eq!(lake.store.take_opened(), (0, 0), "{sql}");
        }
        // What no file can have is known without one, too.
        let sql = "SELECT body FROM logs WHERE severity_number > 20";
        let plan = plan(&context, sql).await;
        assert!(
            plan.contains("EmptyExec") && !plan.contains("DataSourceExec"),
            "{plan}"
        );
    });
}

/// A limit without a filter reads as many files as it needs.
#[test]
fn a_limit_opens_as_few_files_as_have_its_rows() {
    let (lake, _) = lake();
    run(async {
        let context = lake.session(DatasetFiles::Manifests).await;
        lake.store.take_requests();
        assert_eq!(
            rows(&context, "SELECT body FROM logs LIMIT 7").await.len(),
            7
        );
        assert_eq!(lake.store.take_opened().0, 7);
        let sql = "SELECT body FROM logs WHERE service = 'cart' LIMIT 3";
        assert_eq!(rows(&context, sql).await.len(), 3);
        assert_eq!(lake.store.take_opened().0, 3);
    });
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().unwrap().block_on(test);
}
