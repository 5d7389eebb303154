//! What the log of a table says, how it changes, and what other writers may do to it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{entry, ingest, numbers, open};
use otlake::Pipeline;
use otlake_dataset::{
    BatchId, Commit, CommitOutcome, CompactionOptions, Compactor, Dataset, Manifest,
    PartitionLiteral, ReplaceOutcome, Transform, drop_older_than,
};
use otlake_delta::DeltaCommit;
use otlake_parquet::Bound;
use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
use otlake_schema::{Table, VerbatimNaming};
use otlake_storage::{Documents, InMemoryStorage, PutIf, PutOutcome};
use otlake_storage_tests::Numbered;
use serde_json::{Value as Json, json};

fn action<'a>(entry: &'a [Json], name: &str) -> &'a Json {
    let mut found = entry.iter().filter_map(|action| action.get(name));
    found.next().unwrap_or(&Json::Null)
}

fn columns(metadata: &Json) -> Vec<(String, Json)> {
    let schema: Json =
        serde_json::from_str(metadata["schemaString"].as_str().expect("a schema")).unwrap();
    let fields = schema["fields"].as_array().unwrap().iter();
    fields
        .map(|field| {
            assert_eq!(field["nullable"], true);
            (
                field["name"].as_str().unwrap().to_owned(),
                field["type"].clone(),
            )
        })
        .collect()
}

/// The first entry creates the table; a column that comes later is added in the version whose file has it, and in no
/// other.
#[test]
fn columns_are_added_with_their_files() {
    let storage: Arc<dyn Documents> = Arc::new(InMemoryStorage::new());
    let (dataset, delta) = open(&storage, |delta| {
        delta.table_property("delta.deletedFileRetentionDuration", "interval 2 days")
    });
    let mut pipeline = Pipeline::on(&dataset).build();
    let batch = BatchId::new("a", 7).unwrap();
    pipeline.begin_batch(&batch).unwrap();
    ingest(&mut pipeline, &[Numbered::new(0)]);
    pipeline.finish_batch().unwrap();
    ingest(&mut pipeline, &[Numbered::new(3)]);
    pipeline.flush().unwrap();
    ingest(
        &mut pipeline,
        &[Numbered::new(6).with("color", json!({"stringValue": "red"}))],
    );
    pipeline.flush().unwrap();

    let first = entry(&storage, "logs", 0);
    assert_eq!(
        action(&first, "protocol"),
        &json!({"minReaderVersion": 1, "minWriterVersion": 2})
    );
    let metadata = action(&first, "metaData");
    assert_eq!(metadata["partitionColumns"], json!(["date", "hour"]));
    assert_eq!(
        metadata["configuration"]["delta.deletedFileRetentionDuration"],
        "interval 2 days"
    );
    let before = columns(metadata);
    let partition = [
        ("date".to_owned(), json!("date")),
        ("hour".to_owned(), json!("integer")),
    ];
    assert_eq!(before[..2], partition);
    assert!(before.contains(&("timestamp".to_owned(), json!("timestamp"))));
    assert!(before.contains(&("attr_number".to_owned(), json!("long"))));
    let txn = action(&first, "txn");
    assert_eq!(
        (&txn["appId"], &txn["version"]),
        (&json!("otlake/a"), &json!(7))
    );
    let add = action(&first, "add");
    assert_eq!(
        add["partitionValues"],
        json!({"date": "2026-11-22", "hour": "7"})
    );
    assert_eq!(
        (&add["dataChange"], &add["tags"]["otlake.batch"]),
        (&json!(true), &json!("a-7"))
    );
    let path = add["path"].as_str().unwrap();
    assert!(path.starts_with("date=2026-11-22/hour=07/"), "{path}");
    let bytes = storage.get(&format!("logs/{path}")).unwrap().unwrap().bytes;
    assert_eq!(add["size"], bytes.len());
    let stats: Json = serde_json::from_str(add["stats"].as_str().unwrap()).unwrap();
    assert_eq!(stats["numRecords"], 1);
    assert_eq!(stats["minValues"]["timestamp"], "2026-11-22T07:00:00.000Z");
    assert_eq!(stats["maxValues"]["body"], "record 0");
    assert_eq!(stats["nullCount"]["overflow"], 1);
    assert_eq!(stats["minValues"].get("trace_id"), None);

    assert_eq!(action(&entry(&storage, "logs", 1), "metaData"), &Json::Null);
    let third = entry(&storage, "logs", 2);
    let mut expected = before;
    expected.push(("attr_color".to_owned(), json!("string")));
    assert_eq!(columns(action(&third, "metaData")), expected);
    assert_eq!(action(&third, "metaData")["id"], metadata["id"]);
    assert_eq!(delta.version(Table::Logs).unwrap(), Some(2));
}

/// A file of the table as an entry of a manifest has all that planning needs.
#[test]
fn files_are_listed_with_their_statistics() {
    let storage: Arc<dyn Documents> = Arc::new(InMemoryStorage::new());
    let (dataset, delta) = open(&storage, |delta| delta);
    assert_eq!(delta.files(Table::Logs).unwrap(), []);
    let mut pipeline = Pipeline::on(&dataset).build();
    ingest(&mut pipeline, &[Numbered::new(0), Numbered::new(3)]);
    pipeline.flush().unwrap();
    let files = delta.files(Table::Logs).unwrap();
    let [file] = &files[..] else {
        panic!("{files:?}");
    };
    assert_eq!((file.rows, file.row_groups), (2, 1));
    assert_eq!(
        (file.day(), file.hour()),
        (Some(20_779), Some(20_779 * 24 + 7))
    );
    let date = &file.partition[0];
    assert_eq!(
        (&date.transform, &date.value),
        (&Transform::Date, &Some(PartitionLiteral::Date(20_779)))
    );
    // 0 and 3 nanoseconds after seven o'clock.
    assert_eq!(
        file.time_range(),
        Some((1_795_330_800_000_000, 1_795_330_800_000_999)),
        "Delta Lake has milliseconds"
    );
    let number = file.column("attr_number").unwrap();
    assert_eq!((number.type_name.as_str(), number.nulls), ("int64", 0));
    assert_eq!(
        (&number.min, &number.max),
        (&Some(Bound::Int64(0)), &Some(Bound::Int64(3)))
    );
}

/// Writes two files of one partition and returns their names.
fn two_files(storage: &Arc<dyn Documents>, dataset: &Dataset, delta: &DeltaCommit) -> Vec<String> {
    let mut pipeline = Pipeline::on(dataset).build();
    for number in [0, 3] {
        ingest(&mut pipeline, &[Numbered::new(number)]);
        pipeline.flush().unwrap();
    }
    assert_eq!(numbers(storage), [0, 3]);
    let files = delta.files(Table::Logs).unwrap().into_iter();
    files.map(|file| file.name).collect()
}

/// Writes a file with the rows of the two, as a compaction would, and returns a manifest that lists it.
fn compacted(storage: &Arc<dyn Documents>) -> Manifest {
    #[derive(Debug, Default)]
    struct Captured(std::sync::Mutex<Option<Manifest>>);
    impl Commit for Captured {
        fn commit(
            &self,
            _name: &str,
            manifest: &Manifest,
        ) -> Result<CommitOutcome, Box<dyn std::error::Error + Send + Sync>> {
            *self.0.lock().unwrap() = Some(manifest.clone());
            Ok(CommitOutcome::Committed)
        }
    }
    let captured = Arc::new(Captured::default());
    let dataset = Dataset::builder()
        .partitioning("date={date}/hour={hour}".parse().unwrap())
        .commit(captured.clone())
        .open(storage.clone())
        .unwrap();
    let mut pipeline = Pipeline::on(&dataset).build();
    ingest(&mut pipeline, &[Numbered::new(0), Numbered::new(3)]);
    pipeline.flush().unwrap();
    captured.0.lock().unwrap().take().unwrap()
}

/// Files are replaced in one version, which changes no data; whoever comes second changes nothing, and a call whose answer
/// was lost can be repeated.
#[test]
fn files_are_replaced_once() {
    let storage: Arc<dyn Documents> = Arc::new(InMemoryStorage::new());
    let (dataset, delta) = open(&storage, |delta| delta);
    let old = two_files(&storage, &dataset, &delta);
    let swap = compacted(&storage).with_replaces(old.clone());
    let other = compacted(&storage).with_replaces(old[..1].to_vec());
    assert_eq!(delta.replace(&swap).unwrap(), ReplaceOutcome::Replaced);
    assert_eq!(delta.replace(&swap).unwrap(), ReplaceOutcome::Replaced);
    assert_eq!(delta.replace(&other).unwrap(), ReplaceOutcome::Conflict);
    assert_eq!(delta.version(Table::Logs).unwrap(), Some(2));
    assert_eq!(numbers(&storage), [0, 3]);
    let files = delta.files(Table::Logs).unwrap();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].name, swap.files()[0].name);
    for action in entry(&storage, "logs", 2).iter().skip(1) {
        let action = action.get("add").or(action.get("remove")).unwrap();
        assert_eq!(action["dataChange"], false);
        assert_eq!(
            action["partitionValues"],
            json!({"date": "2026-11-22", "hour": "7"})
        );
    }
}

/// Replacing while others append at full speed: nothing is lost.
#[test]
fn files_are_replaced_while_others_append() {
    let storage: Arc<dyn Documents> = Arc::new(InMemoryStorage::new());
    let (dataset, delta) = open(&storage, |delta| delta);
    let old = two_files(&storage, &dataset, &delta);
    std::thread::scope(|scope| {
        let storage = &storage;
        scope.spawn(move || {
            let (dataset, _) = open(storage, |delta| delta.checkpoint_interval(10));
            let mut pipeline = Pipeline::on(&dataset).build();
            for number in 10..60 {
                ingest(&mut pipeline, &[Numbered::new(number)]);
                pipeline.flush().unwrap();
            }
        });
        let swap = compacted(storage).with_replaces(old);
        assert_eq!(delta.replace(&swap).unwrap(), ReplaceOutcome::Replaced);
    });
    let expected: Vec<u64> = [0, 3].into_iter().chain(10..60).collect();
    assert_eq!(numbers(&storage), expected);
}

/// Compaction merges the files of a table while another process appends and a third one compacts as well: each row is there
/// once, at any version, and there are fewer files.
#[test]
fn a_table_is_compacted_while_others_write() {
    let storage: Arc<dyn Documents> = Arc::new(InMemoryStorage::new());
    let (dataset, delta) = open(&storage, |delta| delta.checkpoint_interval(7));
    let mut pipeline = Pipeline::on(&dataset).build();
    for number in 0..30 {
        let record = match number % 4 {
            0 => Numbered::new(number).with("color", json!({"stringValue": "red"})),
            _ => Numbered::new(number),
        };
        ingest(&mut pipeline, &[record]);
        pipeline.flush().unwrap();
    }
    std::thread::scope(|scope| {
        let storage = &storage;
        scope.spawn(move || {
            let (dataset, _) = open(storage, |delta| delta);
            let mut pipeline = Pipeline::on(&dataset).build();
            for number in 30..60 {
                ingest(&mut pipeline, &[Numbered::new(number)]);
                pipeline.flush().unwrap();
            }
        });
        for _ in 0..2 {
            scope.spawn(move || {
                let (_, delta) = open(storage, |delta| delta);
                let compactor = Compactor::new(storage.clone(), delta, CompactionOptions::new());
                for _ in 0..3 {
                    let plan = compactor.plan(Table::Logs).unwrap();
                    let report = compactor.run(&plan, &mut |_| {}).unwrap();
                    assert!(report.errors.is_empty(), "{:?}", report.errors);
                }
            });
        }
    });
    let compactor = Compactor::new(storage.clone(), delta.clone(), CompactionOptions::new());
    let plan = compactor.plan(Table::Logs).unwrap();
    let report = compactor.run(&plan, &mut |_| {}).unwrap();
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    assert_eq!(numbers(&storage), (0..60).collect::<Vec<_>>());
    let files = delta.files(Table::Logs).unwrap();
    assert!(files.len() < 10, "{} files", files.len());
    // No version in between has lost or doubled a row.
    let mut rows = 0;
    let mut live = std::collections::BTreeMap::new();
    for version in 0..=delta.version(Table::Logs).unwrap().unwrap() {
        let before = rows;
        for action in entry(&storage, "logs", version) {
            if let Some(remove) = action.get("remove") {
                rows -= live
                    .remove(remove["path"].as_str().unwrap())
                    .expect("a live file");
            }
            if let Some(add) = action.get("add") {
                let stats: Json = serde_json::from_str(add["stats"].as_str().unwrap()).unwrap();
                let count = stats["numRecords"].as_u64().unwrap();
                rows += count;
                assert_eq!(
                    live.insert(add["path"].as_str().unwrap().to_owned(), count),
                    None
                );
            }
        }
        assert!(
            rows == before || rows == before + 1,
            "version {version}: {before}, {rows}"
        );
    }
    assert_eq!(rows, 60);
}

/// Retention drops files through the table; a late retry of their batch does not bring them back.
#[test]
fn old_files_are_dropped_and_stay_dropped() {
    let storage: Arc<dyn Documents> = Arc::new(InMemoryStorage::new());
    let (dataset, delta) = open(&storage, |delta| delta);
    let batch = BatchId::new("a", 1).unwrap();
    let write = || {
        let mut writer = dataset.writer();
        writer.begin_batch(&batch).unwrap();
        for time in [1_600_000_000_000_000_000, i64::MAX] {
            let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
            row.push(fields::TIME_UNIX_NANO, Value::Int(time));
            writer.row(&mut row).unwrap();
        }
        writer.finish_batch().unwrap();
    };
    write();
    assert_eq!(delta.files(Table::Logs).unwrap().len(), 2);
    let dropped = drop_older_than(&*delta, Table::Logs, Duration::from_secs(86_400)).unwrap();
    assert_eq!(dropped.len(), 1);
    assert_eq!(
        action(&entry(&storage, "logs", 1), "remove")["dataChange"],
        true
    );
    write();
    assert_eq!(delta.files(Table::Logs).unwrap().len(), 1);
    assert_eq!(delta.version(Table::Logs).unwrap(), Some(1));
    assert_eq!(
        drop_older_than(&*delta, Table::Logs, Duration::ZERO).unwrap(),
        []
    );
}

/// Puts an entry into the log, as another program does it.
fn put(storage: &Arc<dyn Documents>, version: u64, actions: &[Json]) {
    let lines: Vec<String> = actions.iter().map(Json::to_string).collect();
    let name = format!("logs/_delta_log/{version:020}.json");
    let put = storage
        .put(&name, lines.join("\n").into(), PutIf::Absent)
        .unwrap();
    assert!(matches!(put, PutOutcome::Stored(_)));
}

/// Another program adds a column and a comment between two commits: the next one keeps both.
#[test]
fn what_others_change_is_kept() {
    let storage: Arc<dyn Documents> = Arc::new(InMemoryStorage::new());
    let (dataset, delta) = open(&storage, |delta| delta);
    let mut pipeline = Pipeline::on(&dataset).build();
    ingest(&mut pipeline, &[Numbered::new(0)]);
    pipeline.flush().unwrap();
    let mut metadata = action(&entry(&storage, "logs", 0), "metaData").clone();
    let mut schema: Json =
        serde_json::from_str(metadata["schemaString"].as_str().unwrap()).unwrap();
    let note = json!({"name": "note", "type": "string", "nullable": true, "metadata": {"comment": "by hand"}});
    schema["fields"].as_array_mut().unwrap().push(note.clone());
    metadata["schemaString"] = schema.to_string().into();
    metadata["description"] = "Logs".into();
    put(
        &storage,
        1,
        &[json!({"metaData": metadata}), json!({"unknown": {"a": 1}})],
    );
    ingest(
        &mut pipeline,
        &[Numbered::new(3).with("color", json!({"stringValue": "red"}))],
    );
    pipeline.flush().unwrap();
    let third = entry(&storage, "logs", 2);
    let metadata = action(&third, "metaData");
    assert_eq!(metadata["description"], "Logs");
    let schema: Json = serde_json::from_str(metadata["schemaString"].as_str().unwrap()).unwrap();
    let fields = schema["fields"].as_array().unwrap();
    assert_eq!(fields[fields.len() - 2], note);
    assert_eq!(fields[fields.len() - 1]["name"], "attr_color");
    assert_eq!(delta.version(Table::Logs).unwrap(), Some(2));
    assert_eq!(numbers(&storage), [0, 3]);
}

/// Another program turns on a feature that a commit does not comply with: commits fail and change nothing until it is off.
#[test]
fn a_feature_that_is_not_supported_stops_commits() {
    let storage: Arc<dyn Documents> = Arc::new(InMemoryStorage::new());
    let (dataset, _delta) = open(&storage, |delta| delta);
    let mut pipeline = Pipeline::on(&dataset).build();
    ingest(&mut pipeline, &[Numbered::new(0)]);
    pipeline.flush().unwrap();
    let first = entry(&storage, "logs", 0);
    let metadata = action(&first, "metaData");
    let mut changed = metadata.clone();
    changed["configuration"]["delta.enableChangeDataFeed"] = "true".into();
    put(&storage, 1, &[json!({"metaData": changed})]);
    ingest(&mut pipeline, &[Numbered::new(3)]);
    let error = pipeline.flush().unwrap_err();
    let mut text = String::new();
    let mut source: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = source {
        text = format!("{text}{error}\n");
        source = error.source();
    }
    assert!(
        text.contains("the property delta.enableChangeDataFeed"),
        "{text}"
    );
    put(&storage, 2, &[json!({"metaData": metadata})]);
    pipeline.flush().unwrap();
    assert_eq!(numbers(&storage), [0, 3]);
}

/// A process that starts after the old entries were cleaned up knows the batches from the checkpoint, and one that has
/// slept since does not write an entry before it.
#[test]
fn a_log_that_was_cleaned_up() {
    let storage: Arc<dyn Documents> = Arc::new(InMemoryStorage::new());
    let (dataset, delta) = open(&storage, |delta| delta.checkpoint_interval(0));
    let batch = |sequence| BatchId::new("a", sequence).unwrap();
    let mut pipeline = Pipeline::on(&dataset).build();
    for sequence in 0..3 {
        pipeline.begin_batch(&batch(sequence)).unwrap();
        ingest(&mut pipeline, &[Numbered::new(sequence)]);
        pipeline.finish_batch().unwrap();
    }
    assert_eq!(delta.checkpoint(Table::Logs).unwrap(), Some(2));
    for version in 0..2 {
        storage
            .delete(&format!("logs/_delta_log/{version:020}.json"))
            .unwrap();
    }
    // The watermark is lost as well, so that only the table knows.
    storage.delete("_otlake/watermarks/a.json").unwrap();
    let (dataset, delta) = open(&storage, |delta| delta);
    let mut pipeline = Pipeline::on(&dataset).build();
    for sequence in 0..4 {
        pipeline.begin_batch(&batch(sequence)).unwrap();
        ingest(&mut pipeline, &[Numbered::new(sequence)]);
        pipeline.finish_batch().unwrap();
    }
    assert_eq!(numbers(&storage), [0, 1, 2, 3]);
    assert_eq!(delta.version(Table::Logs).unwrap(), Some(3));
}

/// What a Delta table can't hold is an error that says what to do.
#[test]
fn files_that_do_not_fit_are_errors() {
    let fails = |template: &str, verbatim: bool, message: &str| {
        let storage: Arc<dyn Documents> = Arc::new(InMemoryStorage::new());
        let delta = DeltaCommit::builder(storage.clone()).build().unwrap();
        let mut builder = Dataset::builder()
            .partitioning(template.parse().unwrap())
            .commit(Arc::new(delta));
        if verbatim {
            let options = otlake_schema::SchemaOptions::new().with_naming(VerbatimNaming);
            builder = builder.schema_options(options);
        }
        let dataset = builder.open(storage).unwrap();
        let mut pipeline = Pipeline::on(&dataset).build();
        ingest(
            &mut pipeline,
            &[Numbered::new(0).with("a b", json!({"stringValue": "x"}))],
        );
        let error = pipeline.flush().unwrap_err();
        let mut text = String::new();
        let mut source: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = source {
            text = format!("{text}{error}\n");
            source = error.source();
        }
        assert!(text.contains(message), "{text}");
    };
    fails(
        "date={date}/{table}",
        false,
        "is not in logs/, the directory of the Delta table",
    );
    fails(
        "date={date}",
        true,
        "does not allow ' ' in the name of a column",
    );
    fails(
        "severity_text={severity_text}",
        false,
        "choose another one there",
    );
}

/// A dataset with other partition columns than the table: it can't be opened, so no row is accepted.
#[test]
fn a_dataset_with_other_partition_columns_is_not_opened() {
    let storage: Arc<dyn Documents> = Arc::new(InMemoryStorage::new());
    let (dataset, _) = open(&storage, |delta| delta);
    let mut pipeline = Pipeline::on(&dataset).build();
    ingest(&mut pipeline, &[Numbered::new(0)]);
    pipeline.flush().unwrap();
    let open = |template: &str| {
        let delta = DeltaCommit::builder(storage.clone()).build().unwrap();
        Dataset::builder()
            .partitioning(template.parse().unwrap())
            .commit(Arc::new(delta))
            .open(storage.clone())
    };
    for (template, found) in [
        ("", "[]"),
        ("date={date}", "[\"date\"]"),
        ("date={date}/{hour}", "[\"date\"]"),
        (
            "date={date}/hour={hour}/minute={minute}",
            "[\"date\", \"hour\", \"minute\"]",
        ),
    ] {
        let error = open(template).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the partitioning of the dataset can't be that of the table logs"
        );
        let source = std::error::Error::source(&error).unwrap().to_string();
        let columns = format!(
            "the dataset has the partition columns {found}, and the Delta table in logs has [\"date\", \"hour\"]"
        );
        assert!(source.contains(&columns), "{source}");
    }
    // The order of directories means nothing to a Delta table.
    assert!(open("hour={hour}/date={date}").is_ok());
}

/// A dataset whose directories begin with the signal.
#[test]
fn a_table_in_a_directory_of_its_own_name() {
    let storage: Arc<dyn Documents> = Arc::new(InMemoryStorage::new());
    let delta = DeltaCommit::builder(storage.clone())
        .table_directory(Table::Logs, "signal=logs")
        .build()
        .unwrap();
    let dataset = Dataset::builder()
        .partitioning("signal={signal}/date={date}".parse().unwrap())
        .commit(Arc::new(delta))
        .open(storage.clone())
        .unwrap();
    let mut pipeline = Pipeline::on(&dataset).build();
    ingest(&mut pipeline, &[Numbered::new(0)]);
    pipeline.flush().unwrap();
    let first = entry(&storage, "signal=logs", 0);
    let values = json!({"signal": "logs", "date": "2026-11-22"});
    assert_eq!(action(&first, "add")["partitionValues"], values);
}
