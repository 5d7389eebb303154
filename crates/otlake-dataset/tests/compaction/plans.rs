//! Which files are chosen.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use otlake_dataset::{CompactionOptions, Compactor};
use otlake_row::Value;
use otlake_schema::Table;
use otlake_storage::{Documents, InMemoryStorage, PutIf, PutOutcome};

use super::cells::{commit, files, rows};
use super::random::Random;
use super::records::{BEGIN, HOUR, Records, by_hour, dataset_writer, options};

fn compactor(storage: &InMemoryStorage, options: CompactionOptions) -> Compactor {
    Compactor::new(Arc::new(storage.clone()), commit(storage), options)
}

/// Files are grouped by partition and by the window of their latest row.
#[test]
fn partitions_and_windows_are_never_mixed() {
    let hour = Duration::from_secs(3_600);
    // Hours of files, hours of a window, whether there are partitions, sizes of the groups.
    let cases: [(&[i64], u32, bool, &[usize]); 6] = [
        (&[0, 0, 0, 1, 1], 24, true, &[3, 2]),
        (&[0, 0, 0, 1, 1], 24, false, &[5]),
        (&[0, 0, 0, 1, 1], 1, false, &[3, 2]),
        (&[0, 1, 2, 3], 1, false, &[]),
        (&[0, 1, 2, 3], 2, false, &[2]),
        (&[24, 0, 24, 0, 48], 24, false, &[2, 2]),
    ];
    for (hours, window, partitioned, expected) in cases {
        let storage = InMemoryStorage::new();
        let mut options = options();
        if partitioned {
            options = options.partitioning(by_hour());
        }
        let mut writer = dataset_writer(&storage, options);
        for (number, file) in hours.iter().enumerate() {
            Records::new().push(&mut writer, number as i64, BEGIN + file * HOUR, &[]);
            writer.flush().unwrap();
        }
        let options = CompactionOptions::new().with_window(hour * window);
        let plan = compactor(&storage, options).plan(Table::Logs).unwrap();
        let mut sizes: Vec<usize> = plan
            .groups()
            .iter()
            .map(|group| group.files.len())
            .collect();
        sizes.sort_by(|a, b| b.cmp(a));
        assert_eq!(sizes, expected, "{hours:?}, {window} h: {plan}");
        for group in plan.groups() {
            let times = group.files.iter().map(|file| file.time_range().unwrap().0);
            assert!(times.is_sorted(), "{plan}");
        }
    }
}

/// A table that is compacted after every few files: no row is written more often than its file can double, and the
/// number of files stays small.
#[test]
fn a_row_is_rewritten_a_logarithmic_number_of_times() {
    let storage = InMemoryStorage::new();
    let mut random = Random::of_sequence(3);
    let mut writer = dataset_writer(&storage, options());
    let compactor = compactor(&storage, CompactionOptions::new());
    let (mut written, mut rows) = (0, 0);
    for file in 0..200_i64 {
        let mut records = Records::new();
        let count = random.below(50) as i64 + 1;
        for row in 0..count {
            let text: String = (0..50)
                .map(|_| char::from(b'a' + random.below(26) as u8))
                .collect();
            records.push(
                &mut writer,
                file * 100 + row,
                BEGIN,
                &[("text", Value::String(&text))],
            );
        }
        rows += count as u64;
        writer.flush().unwrap();
        if file % 3 == 2 {
            let plan = compactor.plan(Table::Logs).unwrap();
            for group in plan.groups() {
                let largest = group.files.iter().map(|file| file.bytes).max().unwrap();
                assert!(group.bytes() >= 2 * largest, "{plan}");
            }
            let report = compactor.run(&plan, &mut |_| {}).unwrap();
            assert!(report.errors.is_empty(), "{:?}", report.errors);
            written += report.rows;
        }
    }
    let count = files(&storage, Table::Logs).len();
    assert!(count <= 12, "{count} files");
    assert!(
        written <= 8 * rows,
        "{rows} rows were written {written} times"
    );
}

/// Large files stay, and the plan says what would happen.
#[test]
fn a_plan_can_be_read() {
    let storage = InMemoryStorage::new();
    let mut writer = dataset_writer(&storage, options().partitioning(by_hour()));
    for number in 0..4 {
        Records::new().push(&mut writer, number, BEGIN + number / 3 * HOUR, &[]);
        writer.flush().unwrap();
    }
    let least = CompactionOptions::new().with_target_bytes(1);
    let plan = compactor(&storage, least).plan(Table::Logs).unwrap();
    assert!(plan.is_empty(), "{plan}");
    assert!(plan.to_string().contains("4 with "), "{plan}");
    let plan = compactor(&storage, CompactionOptions::new())
        .plan(Table::Logs)
        .unwrap();
    let text = plan.to_string();
    let mut lines = text.lines();
    let first = lines.next().unwrap();
    assert!(
        first.starts_with("logs: 3 files with ") && first.contains("; 1 with "),
        "{text}"
    );
    let group = lines.next().unwrap();
    assert!(
        group.starts_with("  logs/date=2026-11-22/hour=07: 3 files with "),
        "{text}"
    );
    assert!(group.ends_with(" and 3 rows"), "{text}");
    assert_eq!(lines.next(), None);
}

/// Files of manifests of version 1, whose partition values are text, are merged with later ones, and the merged file has
/// typed values.
#[test]
fn files_of_old_manifests_are_merged_with_new_ones() {
    let storage = InMemoryStorage::new();
    let mut writer = dataset_writer(&storage, options().partitioning(by_hour()));
    for number in 0..8 {
        Records::new().push(&mut writer, number, BEGIN + number / 2 % 2 * HOUR, &[]);
        writer.flush().unwrap();
    }
    let before = rows(&storage, Table::Logs);
    let partitions = |storage: &InMemoryStorage| -> BTreeSet<String> {
        let files = files(storage, Table::Logs).into_iter();
        files.map(|file| format!("{:?}", file.partition)).collect()
    };
    let typed = partitions(&storage);
    // Every other manifest becomes one of version 1.
    let manifests = storage.list("_otlake/manifests/logs/").unwrap();
    for manifest in manifests.into_iter().step_by(2) {
        let found = storage.get(&manifest.name).unwrap().unwrap();
        let mut json: serde_json::Value = serde_json::from_slice(&found.bytes).unwrap();
        json["format"] = "otlake.manifest/1".into();
        for file in json["files"].as_array_mut().unwrap() {
            for value in file["partition"].as_array_mut().unwrap() {
                let text = match &value["value"] {
                    serde_json::Value::Number(number) => {
                        format!("{:02}", number.as_i64().unwrap()).into()
                    }
                    other => other.clone(),
                };
                *value = serde_json::json!({ "name": value["name"], "value": text });
            }
        }
        let bytes = json.to_string().into();
        let condition = PutIf::Matches(found.version);
        let outcome = storage.put(&manifest.name, bytes, condition).unwrap();
        assert!(matches!(outcome, PutOutcome::Stored(_)));
    }
    assert_eq!(partitions(&storage).len(), 4, "{:?}", partitions(&storage));
    let compactor = compactor(&storage, CompactionOptions::new());
    let plan = compactor.plan(Table::Logs).unwrap();
    assert_eq!((plan.files(), plan.groups().len()), (8, 2), "{plan}");
    let report = compactor.run(&plan, &mut |_| {}).unwrap();
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    assert_eq!(rows(&storage, Table::Logs), before);
    assert_eq!(partitions(&storage), typed);
}
