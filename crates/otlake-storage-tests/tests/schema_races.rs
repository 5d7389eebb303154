//! Writers that extend the schema of a dataset at once: no column is lost, none changes its type,
//! and no record is lost or duplicated.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader, Write, stdin};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use object_store::memory::InMemory;
use otlake::otlp::Format;
use otlake::row::Signal;
use otlake::schema::{DatasetSchema, Table};
use otlake_dataset::{PublishedSchema, SchemaDocument};
use otlake_storage::{Documents, InMemoryStorage, LocalDirectory, ObjectStorage};
use otlake_storage_tests::{Numbered, Random, read_all, small_files};
use serde_json::{Value, json};

const WRITERS: u64 = 2;
/// How often each writer publishes something new.
const FLUSHES: u64 = 3;
const RECORDS: u64 = 6;

/// Returns the records that writer `writer` sends with flush number `flush`. They have a name that
/// no other writer has, a name that all writers have with different types, and a name that would have
/// the same column name as another writer's name.
fn records(writer: u64, flush: u64) -> Vec<Numbered> {
    let record = |index: u64| {
        let conflict: Value = match (writer + flush) % 2 {
            0 => json!({"intValue": index.to_string()}),
            _ => json!({"stringValue": format!("text {index}")}),
        };
        Numbered::new((writer * FLUSHES + flush) * RECORDS + index)
            .with(format!("own.{writer}.{flush}"), json!({"boolValue": true}))
            .with(format!("shared.{flush}"), conflict)
            .with(
                ["one.name", "one_name"][writer as usize % 2],
                json!({"intValue": "7"}),
            )
    };
    (0..RECORDS).map(record).collect()
}

fn write<S>(storage: S, writer: u64)
where
    S: Documents + 'static,
{
    let mut pipeline = small_files(4).build(storage).unwrap();
    for flush in 0..FLUSHES {
        let payload = Numbered::logs(&records(writer, flush));
        pipeline
            .ingest(Signal::Logs, Format::Json, payload)
            .unwrap();
        pipeline.flush().unwrap();
    }
}

/// Polls the schema while `write` runs: each version contains everything in the previous one.
fn watch<D>(storage: &Arc<D>, write: impl FnOnce())
where
    D: Documents + 'static,
{
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut before = DatasetSchema::new(Table::Logs);
            while !done.load(Ordering::SeqCst) {
                let now = SchemaDocument::load(storage.clone(), Table::Logs).unwrap();
                let now = now.schema();
                assert!(now.version() >= before.version());
                for column in before.columns() {
                    let same = now.column(column.name()).unwrap();
                    assert_eq!(same.type_name(), column.type_name(), "{}", column.name());
                    assert_eq!(same.id(), column.id(), "{}", column.name());
                    assert_eq!(same.full_name(), column.full_name(), "{}", column.name());
                }
                before = now.clone();
                thread::yield_now();
            }
        });
        write();
        done.store(true, Ordering::SeqCst);
        watching.join().unwrap();
    });
}

fn check<D>(storage: &Arc<D>, case: &str)
where
    D: Documents + 'static,
{
    let published = SchemaDocument::load(storage.clone(), Table::Logs).unwrap();
    let schema = published.schema();
    for flush in 0..FLUSHES {
        for writer in 0..WRITERS {
            let own = schema.column(&format!("attr_own_{writer}_{flush}"));
            assert!(own.is_some(), "{case}: of writer {writer}, flush {flush}");
        }
        assert!(
            schema.column(&format!("attr_shared_{flush}")).is_some(),
            "{case}"
        );
    }
    // Whichever name was published first has the plain column name, the other one has its hash.
    let names =
        ["attr.one.name", "attr.one_name"].map(|name| schema.column_of(name).unwrap().name());
    assert_ne!(names[0], names[1], "{case}");
    assert!(names.contains(&"attr_one_name"), "{case}: {names:?}");

    let mut expected: BTreeMap<u64, Numbered> = (0..WRITERS * FLUSHES)
        .flat_map(|part| records(part / FLUSHES, part % FLUSHES))
        .map(|record| (record.number, record))
        .collect();
    for (name, file) in read_all(storage) {
        file.assert_published(&format!("{case}: {name}"), schema);
        for row in &file.rows {
            let record = expected.remove(&row.number);
            let record = record.unwrap_or_else(|| panic!("{case}: {} twice", row.number));
            // The value is in its column or in overflow. The two names of one column can't be told
            // apart.
            for (attribute, value) in &record.attributes[..2] {
                let sent = value
                    .as_object()
                    .unwrap()
                    .values()
                    .next()
                    .unwrap()
                    .to_string();
                assert_eq!(
                    row.attributes
                        .get(&format!("attr.{attribute}"))
                        .map(String::as_str),
                    Some(sent.trim_matches('"')),
                    "{case}: {attribute} of {}",
                    row.number
                );
            }
            let one = row
                .attributes
                .iter()
                .filter(|(name, _)| name.starts_with("attr.one"));
            assert_eq!(
                one.map(|(_, text)| text.as_str()).collect::<Vec<_>>(),
                ["7"],
                "{case}"
            );
        }
    }
    assert!(expected.is_empty(), "{case}: lost {:?}", expected.keys());
}

fn threads<S>(storage: &S, case: &str)
where
    S: Documents + Clone + 'static,
{
    let watched = Arc::new(storage.clone());
    watch(&watched, || {
        let start = Barrier::new(WRITERS as usize);
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    write(storage.clone(), writer);
                });
            }
        });
    });
    check(&watched, case);
}

#[test]
fn threads_in_memory() {
    for round in 0..Random::rounds(20) {
        threads(&InMemoryStorage::new(), &format!("round {round}"));
    }
}

#[test]
fn threads_in_an_object_store() {
    for round in 0..Random::rounds(20) {
        let storage = ObjectStorage::new(Arc::new(InMemory::new()), "lake").unwrap();
        threads(&storage, &format!("round {round}"));
    }
}

const CHILD: &str = "OTLAKE_EXTENDING_CHILD";
const WRITER: &str = "OTLAKE_EXTENDING_WRITER";

/// Does nothing except in the processes that [`processes`] starts. There, it writes to each
/// directory whose number it reads.
#[test]
fn child() {
    let Ok(directory) = env::var(CHILD) else {
        return;
    };
    let writer: u64 = env::var(WRITER).unwrap().parse().unwrap();
    for line in stdin().lines() {
        write(
            LocalDirectory::new(Path::new(&directory).join(line.unwrap())),
            writer,
        );
        // Directly to standard output, because the harness captures what a test prints.
        writeln!(std::io::stdout(), "written").unwrap();
    }
}

struct Writer {
    child: Child,
    told: ChildStdin,
    says: BufReader<ChildStdout>,
}

impl Writer {
    fn start(directory: &Path, number: u64) -> Writer {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["child", "--exact", "--nocapture"])
            .env(CHILD, directory)
            .env(WRITER, number.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Writer {
            told: child.stdin.take().unwrap(),
            says: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn wait_until_written(&mut self) {
        let mut line = String::new();
        while !line.contains("written") {
            line.clear();
            assert!(
                self.says.read_line(&mut line).unwrap() > 0,
                "the writer has ended"
            );
        }
    }
}

#[test]
fn processes() {
    let directory = tempfile::tempdir().unwrap();
    let start = |number| Writer::start(directory.path(), number);
    let mut writers: Vec<Writer> = (0..WRITERS).map(start).collect();
    for round in 0..Random::rounds(20) {
        let lake = directory.path().join(round.to_string());
        let storage = Arc::new(LocalDirectory::new(&lake));
        watch(&storage, || {
            for writer in &mut writers {
                writeln!(writer.told, "{round}").unwrap();
            }
            for writer in &mut writers {
                writer.wait_until_written();
            }
        });
        check(&storage, &format!("round {round}"));
        std::fs::remove_dir_all(lake).unwrap();
    }
    for Writer {
        mut child, told, ..
    } in writers
    {
        drop(told);
        assert!(child.wait().unwrap().success());
    }
}
