//! A custom `Commit`: a table whose log is a text file with one line for each file, in the manner of a table
//! format or a catalog. A batch that is attempted twice is added once.
//!
//! ```text
//! cargo run --example custom_commit
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use otlake::dataset::{BatchId, Commit, CommitOutcome, Dataset, Manifest};
use otlake::row::{Group, Row, RowSink, Signal, Value, fields};
use otlake::storage::LocalDirectory;

/// The log of a table. Each line has the name of a commit, a file and the number of its rows.
#[derive(Debug)]
struct TableLog {
    path: PathBuf,
    /// One commit at a time: writers of other tables and batches commit on their own threads.
    lock: Mutex<()>,
}

impl TableLog {
    fn read(&self) -> std::io::Result<BTreeMap<String, Vec<String>>> {
        let mut commits: BTreeMap<String, Vec<String>> = BTreeMap::new();
        if self.path.exists() {
            for line in fs::read_to_string(&self.path)?.lines() {
                let name = line.split(' ').next().unwrap_or_default();
                let lines = commits.entry(name.to_owned()).or_default();
                lines.push(line.to_owned());
            }
        }
        Ok(commits)
    }
}

impl Commit for TableLog {
    fn commit(
        &self,
        name: &str,
        manifest: &Manifest,
    ) -> Result<CommitOutcome, Box<dyn Error + Send + Sync>> {
        let _one_at_a_time = self.lock.lock().map_err(|_| "a commit panicked")?;
        let mut commits = self.read()?;
        let name = format!("{}/{name}", manifest.table().name());
        let files = manifest.files().iter();
        let lines = files.map(|file| format!("{name} {} {}", file.name, file.rows));
        let lines: Vec<String> = lines.collect();
        match commits.get(&name) {
            // The same files again: the response to the first call was lost.
            Some(known) if *known == lines => return Ok(CommitOutcome::Committed),
            // Another attempt of the batch was faster.
            Some(_) => return Ok(CommitOutcome::AlreadyCommitted { files: None }),
            None => {}
        }
        commits.insert(name, lines);
        // Readers see the log before or after the commit, never a part of it.
        let next = self.path.with_extension("next");
        let lines: Vec<String> = commits.into_values().flatten().collect();
        fs::write(&next, lines.join("\n"))?;
        fs::rename(&next, &self.path)?;
        Ok(CommitOutcome::Committed)
    }
}

fn main() -> anyhow::Result<()> {
    let directory = Path::new("target/custom_commit");
    fs::create_dir_all(directory)?;
    let log = Arc::new(TableLog {
        path: directory.join("table.log"),
        lock: Mutex::new(()),
    });
    let dataset = Dataset::builder()
        .commit(log.clone())
        .open(Arc::new(LocalDirectory::new(directory)))?;

    let mut writer = dataset.writer();
    for _ in 0..2 {
        // As if the acknowledgement of the first attempt had been lost.
        let start = writer.begin_batch(&BatchId::new("orders-3", 1048576)?)?;
        println!("{start:?}");
        let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
        row.push(fields::BODY, Value::String("order placed"));
        writer.row(&mut row)?;
        writer.finish_batch()?;
    }

    let commits = log.read()?;
    for line in commits.values().flatten() {
        println!("{line}");
    }
    assert_eq!(commits["logs/orders-3-1048576"].len(), 1);
    Ok(())
}
