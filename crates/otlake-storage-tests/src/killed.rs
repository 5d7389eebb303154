//! Processes that are killed again and again, while a reader looks at what they write.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use otlake::Pipeline;
use otlake::schema::Table;
use otlake_storage::{Documents, LocalDirectory};

use crate::{FaultyStorage, Random, ReadFile, StorageFault, records_of_batch, try_batch};

const CHILD: &str = "OTLAKE_VICTIM_CHILD";
/// Which process this is: the number of a writer, or that of the compactor.
const ROLE: &str = "OTLAKE_VICTIM_ROLE";
/// The storage call before which the process aborts.
const DIES_AT: &str = "OTLAKE_VICTIM_DIES_AT";
/// The number of batches after which a writer ends normally.
const UNTIL: &str = "OTLAKE_VICTIM_UNTIL";

/// The number of processes that write batches.
pub const WRITERS: u64 = 2;

/// The tables that batches are in.
pub const TABLES: [Table; 2] = [Table::Logs, Table::Traces];

/// A process that is going to be killed: a writer or the compactor.
#[derive(Debug)]
pub struct Victim {
    directory: PathBuf,
    role: u64,
}

impl Victim {
    /// Returns the part of this process, if [`kill`] has started it. The caller is a test with the name `child`.
    pub fn of_this_process() -> Option<Self> {
        let directory = env::var(CHILD).ok()?.into();
        let role = number(ROLE)?;
        Some(Self { directory, role })
    }

    /// Returns whether this is the compactor.
    pub fn is_compactor(&self) -> bool {
        self.role == WRITERS
    }

    /// Returns the directory that [`kill`] was called with.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns the storage, `lake` in the directory. The process may have to die in one of its calls.
    pub fn storage(&self) -> FaultyStorage<LocalDirectory> {
        let lake = LocalDirectory::new(self.directory.join("lake"));
        let dies_at = number(DIES_AT).map_or(usize::MAX, |call| call as usize);
        FaultyStorage::new(lake, dies_at, StorageFault::Death)
    }

    /// Writes the batches of this writer, beginning after the last one that was acknowledged. The batches of the writers
    /// alternate, so they are of different sources.
    pub fn write(&self, pipeline: &mut Pipeline) {
        let mut acknowledge = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.directory.join(format!("acknowledged-{}", self.role)))
            .unwrap();
        let until = number(UNTIL).unwrap_or(u64::MAX);
        for batch in acknowledged_by(&self.directory, self.role)..until {
            try_batch(pipeline, batch * WRITERS + self.role).unwrap();
            writeln!(acknowledge, "{batch}").unwrap();
            acknowledge.sync_all().unwrap();
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|value| value.parse().unwrap())
}

/// Returns how many batches of each writer are acknowledged.
pub fn acknowledged(directory: &Path) -> Vec<u64> {
    let writers = 0..WRITERS;
    writers
        .map(|writer| acknowledged_by(directory, writer))
        .collect()
}

/// Returns how many batches of a writer are acknowledged. A truncated line does not count.
fn acknowledged_by(directory: &Path, writer: u64) -> u64 {
    let file = directory.join(format!("acknowledged-{writer}"));
    let lines = fs::read_to_string(file).unwrap_or_default();
    lines
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .count() as u64
}

/// A reader that remembers the files it has read.
#[derive(Debug, Default)]
pub struct TableReader {
    known: BTreeMap<String, ReadFile>,
}

impl TableReader {
    /// Reads the files that `files` lists for each table, and asserts that each batch is there once and complete, or not at
    /// all if it is not acknowledged. Returns the number of merged files.
    pub fn look(&mut self, directory: &Path, files: impl Fn(Table) -> Vec<String>) -> usize {
        let acknowledged = acknowledged(directory);
        let lake = LocalDirectory::new(directory.join("lake"));
        let mut merged = 0;
        for table in TABLES {
            let begin = Instant::now();
            let (mut times, mut read) = (BTreeMap::new(), BTreeMap::new());
            for name in files(table) {
                merged += usize::from(name.contains("/compact-"));
                let rows = self.known.remove(&name).unwrap_or_else(|| {
                    let document = lake.get(&name).unwrap();
                    let late = begin.elapsed();
                    let document = document.unwrap_or_else(|| panic!("{name} is gone: {late:?}"));
                    ReadFile::read(&name, document.bytes)
                });
                for row in &rows.rows {
                    *times.entry(row.number).or_insert(0) += 1;
                }
                read.insert(name, rows);
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
            self.known.append(&mut read);
        }
        merged
    }
}

/// Starts the writers and the compactor, if there is one. Kills one of them at a random moment and starts it again, `rounds`
/// times, while `look` is called all the time; `killed` is called after each kill. In the end all are killed, and each
/// writer repeats the batch that it has not finished. Returns the number of looks.
///
/// Half of the processes are killed at a random time, and the others die before a random call to the storage.
pub fn kill(
    directory: &Path,
    has_compactor: bool,
    rounds: u64,
    mut look: impl FnMut() + Send,
    mut killed: impl FnMut(),
) -> u64 {
    let processes = WRITERS + u64::from(has_compactor);
    let mut random = Random::from_env("kills");
    let mut start_again = |role: u64| match random.below(4) {
        0 => start(directory, role, &[(DIES_AT, random.below(400) as u64)]),
        1 => start(directory, role, &[(DIES_AT, random.below(4_000) as u64)]),
        _ => start(directory, role, &[]),
    };
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut looks = 0;
            while !done.load(Ordering::SeqCst) {
                look();
                looks += 1;
                thread::sleep(Duration::from_millis(5));
            }
            looks
        });
        let ends = SetOnDrop(&done);
        let mut children: Vec<Child> = (0..processes).map(&mut start_again).collect();
        let mut clock = Random::from_env("when to kill");
        for round in 0..rounds {
            thread::sleep(Duration::from_millis(clock.below(400) as u64));
            let role = round % processes;
            let child = &mut children[role as usize];
            child.kill().unwrap();
            let status = child.wait().unwrap();
            // An assertion of the child exits with a code.
            assert_eq!(status.code(), None, "process {role} failed");
            killed();
            children[role as usize] = start_again(role);
        }
        for mut child in children {
            child.kill().unwrap();
            assert_eq!(child.wait().unwrap().code(), None);
        }
        for writer in 0..WRITERS {
            let until = acknowledged_by(directory, writer) + 1;
            let mut last = start(directory, writer, &[(UNTIL, until)]);
            assert!(last.wait().unwrap().success());
        }
        drop(ends);
        reading.join().unwrap()
    })
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

/// Stops the reader, even if an assertion fails.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
