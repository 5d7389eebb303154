//! Two writers and a compactor, each a process that is killed again and again: readers of manifests never see a missing,
//! doubled or half batch, and in the end no file is left over.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use otlake::schema::Table;
use otlake_dataset::{CompactionOptions, Compactor, ManifestCommit, TableFiles};
use otlake_storage::{Documents, LocalDirectory};
use otlake_storage_tests::{
    FaultyStorage, Random, ReadFile, StorageFault, records_of_batch, small_files, try_batch,
};

const CHILD: &str = "OTLAKE_COMPACTED_CHILD";
/// Which process this is: the number of a writer, or that of the compactor.
const ROLE: &str = "OTLAKE_COMPACTED_ROLE";
/// The storage call before which the process aborts.
const DIES_AT: &str = "OTLAKE_COMPACTED_DIES_AT";
/// The number of batches after which a writer ends normally.
const UNTIL: &str = "OTLAKE_COMPACTED_UNTIL";

const WRITERS: u64 = 2;
const TABLES: [Table; 2] = [Table::Logs, Table::Traces];

/// Longer than a reader takes here, and than a writer that was not killed takes for a commit.
const GRACE: Duration = Duration::from_secs(30);

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|value| value.parse().unwrap())
}

/// Returns how many batches of a writer are acknowledged. A truncated line does not count.
fn acknowledged(directory: &Path, writer: u64) -> u64 {
    let file = directory.join(format!("acknowledged-{writer}"));
    let lines = fs::read_to_string(file).unwrap_or_default();
    lines
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .count() as u64
}

/// Does nothing except in the processes that [`start`] starts.
#[test]
fn child() {
    let Ok(directory) = env::var(CHILD) else {
        return;
    };
    let directory = Path::new(&directory);
    let lake = LocalDirectory::new(directory.join("lake"));
    let dies_at = number(DIES_AT).map_or(usize::MAX, |call| call as usize);
    let storage = FaultyStorage::new(lake, dies_at, StorageFault::Death);
    match number(ROLE).unwrap() {
        WRITERS => compact(storage),
        writer => write(directory, storage, writer),
    }
}

/// Writes the batches of a writer, beginning after the last one that was acknowledged. The batches of the writers
/// alternate, so they are of different sources.
fn write(directory: &Path, storage: FaultyStorage<LocalDirectory>, writer: u64) {
    let mut acknowledge = OpenOptions::new()
        .create(true)
        .append(true)
        .open(directory.join(format!("acknowledged-{writer}")))
        .unwrap();
    let mut pipeline = small_files(40).build(storage).unwrap();
    let until = number(UNTIL).unwrap_or(u64::MAX);
    for batch in acknowledged(directory, writer)..until {
        try_batch(&mut pipeline, batch * WRITERS + writer).unwrap();
        writeln!(acknowledge, "{batch}").unwrap();
        acknowledge.sync_all().unwrap();
    }
}

fn compact(storage: FaultyStorage<LocalDirectory>) {
    let storage = Arc::new(storage);
    let commit = Arc::new(ManifestCommit::new(storage.clone()));
    // Little memory, so that rows are merged from runs.
    let options = CompactionOptions::new().with_memory_limit(1 << 20);
    let compactor = Compactor::new(storage, commit.clone(), options);
    loop {
        for table in TABLES {
            // Nobody else merges or cleans up, so nothing may fail.
            let plan = compactor.plan(table).unwrap();
            let report = compactor.run(&plan, &mut |_| {}).unwrap();
            assert!(report.errors.is_empty(), "{:?}", report.errors);
            commit.clean_up(table, GRACE).unwrap();
            commit.remove_leftovers(table, GRACE).unwrap();
        }
    }
}

fn start(directory: &Path, role: u64, more: &[(&str, u64)]) -> Child {
    let more = more.iter().map(|(name, value)| (name, value.to_string()));
    Command::new(env::current_exe().unwrap())
        .args(["child", "--exact"])
        .env(CHILD, directory)
        .env(ROLE, role.to_string())
        .envs(more)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Reads the files of a table as a reader of manifests does, and asserts that each batch is there once and complete, or
/// not at all if it is not acknowledged. Returns the number of merged files.
fn look(directory: &Path, known: &mut BTreeMap<String, ReadFile>) -> usize {
    let acknowledged: Vec<u64> = (0..WRITERS)
        .map(|writer| acknowledged(directory, writer))
        .collect();
    let lake = LocalDirectory::new(directory.join("lake"));
    let mut merged = 0;
    for table in TABLES {
        let begin = Instant::now();
        let files = TableFiles::load(&lake, table).unwrap();
        let (mut times, mut read) = (BTreeMap::new(), BTreeMap::new());
        for file in files.files() {
            merged += usize::from(file.name.contains("/compact-"));
            let rows = known.remove(&file.name).unwrap_or_else(|| {
                let document = lake.get(&file.name).unwrap();
                let late = begin.elapsed();
                let document =
                    document.unwrap_or_else(|| panic!("{} is gone: {late:?}", file.name));
                ReadFile::read(&file.name, document.bytes)
            });
            for row in &rows.rows {
                *times.entry(row.number).or_insert(0) += 1;
            }
            read.insert(file.name.clone(), rows);
        }
        let doubled = times.iter().find(|(_, times)| **times > 1);
        assert_eq!(doubled, None, "in {table:?}");
        let last = times.keys().next_back().map_or(0, |row| row / 1_000 + 1);
        let most = acknowledged.iter().map(|batches| batches * WRITERS).max();
        for batch in 0..last.max(most.unwrap_or_default()) {
            let records = records_of_batch(batch);
            let found = records
                .iter()
                .filter(|record| times.contains_key(&record.number));
            let found = found.count();
            let (writer, number) = (batch % WRITERS, batch / WRITERS);
            let is_acknowledged = number < acknowledged[writer as usize];
            assert!(
                found == records.len() || found == 0 && !is_acknowledged,
                "{found} of {} rows of batch {batch} are in {table:?}",
                records.len()
            );
        }
        known.append(&mut read);
    }
    merged
}

/// Stops the reader, even if an assertion fails.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn writers_and_the_compactor_are_killed_at_any_moment() {
    let rounds = Random::rounds(15);
    let mut random = Random::from_env("compaction kills");
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let lake = Arc::new(LocalDirectory::new(directory.join("lake")));
    let done = AtomicBool::new(false);
    let (looks, merged) = thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let (mut known, mut looks, mut merged) = (BTreeMap::new(), 0, 0);
            while !done.load(Ordering::SeqCst) {
                merged = merged.max(look(directory, &mut known));
                looks += 1;
                thread::sleep(Duration::from_millis(5));
            }
            (looks, merged)
        });
        let ends = SetOnDrop(&done);
        let dies = |random: &mut Random| match random.below(2) {
            0 => [400, 4_000][random.below(2)],
            _ => usize::MAX,
        };
        let mut start_again = |role: u64| match dies(&mut random) {
            usize::MAX => start(directory, role, &[]),
            calls => start(directory, role, &[(DIES_AT, random.below(calls) as u64)]),
        };
        let mut children: Vec<Child> = (0..=WRITERS).map(&mut start_again).collect();
        let mut clock = Random::from_env("when to kill");
        for round in 0..rounds {
            thread::sleep(Duration::from_millis(clock.below(400) as u64));
            let role = round % (WRITERS + 1);
            let child = &mut children[role as usize];
            child.kill().unwrap();
            let status = child.wait().unwrap();
            // An assertion of the child exits with a code.
            assert_eq!(status.code(), None, "process {role} failed");
            children[role as usize] = start_again(role);
        }
        for mut child in children {
            child.kill().unwrap();
            assert_eq!(child.wait().unwrap().code(), None);
        }
        // An unfinished batch is repeated by its writer.
        for writer in 0..WRITERS {
            let until = acknowledged(directory, writer) + 1;
            let mut last = start(directory, writer, &[(UNTIL, until)]);
            assert!(last.wait().unwrap().success());
        }
        drop(ends);
        reading.join().unwrap()
    });

    let commit = Arc::new(ManifestCommit::new(lake.clone()));
    let compactor = Compactor::new(lake.clone(), commit.clone(), CompactionOptions::new());
    let mut leftovers = lake.remove_leftovers(Duration::ZERO).unwrap().len();
    let mut listed = Vec::new();
    for table in TABLES {
        let report = compactor
            .run(&compactor.plan(table).unwrap(), &mut |_| {})
            .unwrap();
        assert!(report.errors.is_empty(), "{:?}", report.errors);
        commit.clean_up(table, Duration::ZERO).unwrap();
        leftovers += commit
            .remove_leftovers(table, Duration::ZERO)
            .unwrap()
            .len();
        let files = TableFiles::load(&*lake, table).unwrap();
        listed.extend(files.files().map(|file| file.name.clone()));
    }
    look(directory, &mut BTreeMap::new());
    listed.sort();
    let stored = lake.list("").unwrap().into_iter().map(|file| file.name);
    let stored: Vec<_> = stored.filter(|name| name.ends_with(".parquet")).collect();
    assert_eq!(stored, listed, "no file is left over");
    #[allow(clippy::print_stdout, reason = "for those who run it with more rounds")]
    {
        let batches: u64 = (0..WRITERS)
            .map(|writer| acknowledged(directory, writer))
            .sum();
        println!(
            "{rounds} kills; {batches} batches in {} files; {leftovers} leftovers removed; {looks} looks \
             of the reader, which saw up to {merged} merged files",
            listed.len()
        );
    }
}
