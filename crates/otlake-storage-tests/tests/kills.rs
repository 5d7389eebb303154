//! A writer that is killed again and again: everything it acknowledged exists exactly once, and
//! readers only ever see complete files.

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
use std::time::{Duration, Instant, SystemTime};

use otlake::Pipeline;
use otlake_storage::{Documents, LocalDirectory};
use otlake_storage_tests::{
    FaultyStorage, Random, ReadFile, StorageFault, assert_manifests, assert_published,
    assert_there_once, read_all, records_of_batch, small_files, try_batch,
};

const CHILD: &str = "OTLAKE_KILLED_CHILD";
const RUN: &str = "OTLAKE_KILLED_RUN";
/// The storage call before which the process aborts.
const DIES_AT: &str = "OTLAKE_KILLED_DIES_AT";
/// The batch at which the process ends normally.
const UNTIL: &str = "OTLAKE_KILLED_UNTIL";

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|value| value.parse().unwrap())
}

/// Returns the end of the acknowledged batches: all batches below it are acknowledged. A truncated
/// line does not count.
fn acknowledged(directory: &Path) -> u64 {
    let lines = fs::read_to_string(directory.join("acknowledged")).unwrap_or_default();
    let mut lines = lines
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    lines
        .next_back()
        .map_or(0, |line| line.trim().parse::<u64>().unwrap() + 1)
}

/// The most writers that share the dataset of a process. Each writes a batch, and all of them are then
/// acknowledged, so as many batches may be visible without being acknowledged.
const MOST_WRITERS: u64 = 8;

/// Does nothing except in the processes that [`start`] starts. There, it continues after the last
/// acknowledged batch, with 1, 2 or 8 writers.
#[test]
fn child() {
    let Ok(directory) = env::var(CHILD) else {
        return;
    };
    let directory = Path::new(&directory);
    let storage = LocalDirectory::new(directory.join("lake"));
    let dies_at = number(DIES_AT).map_or(usize::MAX, |call| call as usize);
    let storage = FaultyStorage::new(storage, dies_at, StorageFault::Death);
    let mut acknowledge = OpenOptions::new()
        .create(true)
        .append(true)
        .open(directory.join("acknowledged"))
        .unwrap();
    // Each run splits its files differently from the run it takes over from.
    let run = number(RUN).unwrap();
    let first = small_files(3 + run % 5).build(storage).unwrap();
    let dataset = first.writer().dataset().clone();
    let writers = [1, 2, MOST_WRITERS][run as usize % 3];
    let mut pipelines: Vec<_> = (0..writers)
        .map(|_| Pipeline::on(&dataset).build())
        .collect();
    let (mut begin, until) = (acknowledged(directory), number(UNTIL).unwrap_or(u64::MAX));
    while begin < until {
        let batches = begin..until.min(begin + writers);
        begin = batches.end;
        thread::scope(|scope| {
            for (pipeline, batch) in pipelines.iter_mut().zip(batches.clone()) {
                scope.spawn(move || try_batch(pipeline, batch).unwrap());
            }
        });
        for batch in batches {
            writeln!(acknowledge, "{batch}").unwrap();
        }
        acknowledge.sync_all().unwrap();
    }
}

fn start(directory: &Path, run: u64, more: &[(&str, u64)]) -> Child {
    let more = more.iter().map(|(name, value)| (name, value.to_string()));
    Command::new(env::current_exe().unwrap())
        .args(["child", "--exact"])
        .env(CHILD, directory)
        .env(RUN, run.to_string())
        .envs(more)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// A reader's knowledge of the files it has read.
#[derive(Default)]
struct Reader {
    known: BTreeMap<String, (SystemTime, u64, ReadFile)>,
    looks: u64,
}

impl Reader {
    /// Reads new files, and checks that everything acknowledged before is present. The files of an
    /// acknowledged batch no longer change.
    fn look(&mut self, directory: &Path) {
        let acknowledged = acknowledged(directory);
        let storage = LocalDirectory::new(directory.join("lake"));
        let mut seen = BTreeMap::new();
        for file in storage.list("").unwrap() {
            if !file.name.ends_with(".parquet") {
                continue;
            }
            let known = self.known.remove(&file.name);
            let known = known.filter(|(at, len, _)| (*at, *len) == (file.modified, file.bytes));
            let read = match known {
                Some((_, _, read)) => read,
                None => match storage.get(&file.name).unwrap() {
                    Some(document) => ReadFile::read(&file.name, document.bytes),
                    // Deleted as a leftover of an earlier attempt.
                    None => continue,
                },
            };
            seen.insert(file.name, (file.modified, file.bytes, read));
        }
        self.known = seen;
        self.looks += 1;
        let files = self.known.iter();
        let files = files.map(|(name, (_, _, read))| (name.clone(), read.clone()));
        let of_acknowledged = files.map(|(name, mut read)| {
            read.rows.retain(|row| row.number / 1_000 < acknowledged);
            (name, read)
        });
        let case = format!("look {}", self.looks);
        assert_there_once(&of_acknowledged.collect(), 0..acknowledged, &case);
    }
}

/// Stops the reader, even if an assertion fails.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn killed_at_any_moment() {
    let rounds = Random::rounds(12);
    let mut random = Random::from_env("kills");
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let lake = Arc::new(LocalDirectory::new(directory.join("lake")));
    let done = AtomicBool::new(false);
    let (mut by_itself, mut leftovers) = (0, 0);
    let looks = thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut reader = Reader::default();
            while !done.load(Ordering::SeqCst) {
                reader.look(directory);
                thread::sleep(Duration::from_millis(2));
            }
            reader.looks
        });
        let ends = SetOnDrop(&done);
        for run in 0..rounds {
            // Kill by the clock, or at one of the storage calls, most of which take no time.
            if random.below(2) == 0 {
                let mut child = start(directory, run, &[]);
                thread::sleep(Duration::from_millis(random.below(400) as u64));
                child.kill().unwrap();
                child.wait().unwrap();
            } else {
                let dies_at = [60, 400][random.below(2)];
                let mut child = start(directory, run, &[(DIES_AT, random.below(dies_at) as u64)]);
                let begin = Instant::now();
                while child.try_wait().unwrap().is_none() {
                    assert!(
                        begin.elapsed() < Duration::from_secs(60),
                        "it goes on and on"
                    );
                    thread::sleep(Duration::from_millis(1));
                }
                by_itself += 1;
            }
            if run % 7 == 6 {
                leftovers += lake.remove_leftovers(Duration::ZERO).unwrap().len();
            }
        }
        let until = acknowledged(directory) + MOST_WRITERS;
        let mut last = start(directory, rounds, &[(UNTIL, until)]);
        assert!(last.wait().unwrap().success());
        drop(ends);
        reading.join().unwrap()
    });
    leftovers += lake.remove_leftovers(Duration::ZERO).unwrap().len();

    let batches = acknowledged(directory);
    let files = read_all(&lake);
    assert_there_once(&files, 0..batches, "at the end");
    assert_published(lake.clone(), &files);
    assert_manifests(&lake, &files, 0..batches, "at the end");
    for file in lake.list("").unwrap() {
        let known = file.name.starts_with("_otlake/") || files.contains_key(&file.name);
        assert!(known, "{} is left over", file.name);
    }
    assert_eq!(lake.remove_leftovers(Duration::ZERO).unwrap(), []);
    let records: usize = (0..batches)
        .map(|batch| records_of_batch(batch).len())
        .sum();
    #[allow(clippy::print_stdout, reason = "for those who run it with more rounds")]
    {
        println!(
            "{rounds} kills, {by_itself} of them before a call of the storage; {batches} batches, \
             {records} records of each table in {} files; {leftovers} temporary files removed; \
             {looks} looks of the reader",
            files.len()
        );
    }
}
