//! Two writers and a compactor, each a process that is killed again and again: readers of the tables never see a missing,
//! doubled or half batch.
//!
//! ```text
//! OTLAKE_ROUNDS=1000 cargo test -p otlake-delta --test kills -- --nocapture
//! ```

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use otlake::Pipeline;
use otlake::schema::Table;
use otlake_dataset::{Commit, CompactionOptions, Compactor, Dataset};
use otlake_delta::DeltaCommit;
use otlake_parquet::WriterOptions;
use otlake_storage::{Documents, LocalDirectory};
use otlake_storage_tests::{Random, TABLES, TableReader, Victim, acknowledged, kill};

/// Returns the commit target of a process. Checkpoints are frequent, so that some are interrupted.
fn delta(storage: Arc<dyn Documents>) -> Arc<DeltaCommit> {
    let delta = DeltaCommit::builder(storage).checkpoint_interval(5);
    Arc::new(delta.build().unwrap())
}

/// Does nothing except in the processes that are killed.
#[test]
fn child() {
    let Some(victim) = Victim::of_this_process() else {
        return;
    };
    let storage: Arc<dyn Documents> = Arc::new(victim.storage());
    let delta = delta(storage.clone());
    if victim.is_compactor() {
        let compactor = Compactor::new(storage, delta, CompactionOptions::new());
        loop {
            for table in TABLES {
                // Nobody else merges, so nothing may fail.
                let plan = compactor.plan(table).unwrap();
                let report = compactor.run(&plan, &mut |_| {}).unwrap();
                assert!(report.errors.is_empty(), "{:?}", report.errors);
            }
        }
    }
    let dataset = Dataset::builder()
        .partitioning("date={date}/hour={hour}".parse().unwrap())
        .writer_options(WriterOptions::default().with_rows_per_file(40))
        .commit(delta)
        .open(storage)
        .unwrap();
    victim.write(&mut Pipeline::on(&dataset).build());
}

#[test]
fn writers_and_the_compactor_are_killed_at_any_moment() {
    let rounds = Random::rounds(200);
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let lake: Arc<dyn Documents> = Arc::new(LocalDirectory::new(directory.join("lake")));
    let list = |delta: &DeltaCommit, table: Table| {
        let files = delta.files(table).unwrap().into_iter();
        files.map(|file| file.name).collect::<Vec<_>>()
    };
    // The reader follows the logs from the first version on.
    let following = delta(lake.clone());
    let (mut reader, mut merged) = (TableReader::default(), 0);
    let look = || merged = merged.max(reader.look(directory, |table| list(&following, table)));
    let looks = kill(directory, true, rounds, look, || {});

    // A reader that knows nothing of the tables sees the same.
    let fresh = delta(lake);
    TableReader::default().look(directory, |table| list(&fresh, table));
    let batches: u64 = acknowledged(directory).iter().sum();
    assert!(batches > 0);
    #[allow(
        clippy::print_stdout,
        reason = "the counts are the purpose of a longer run"
    )]
    {
        let version = fresh.version(Table::Logs).unwrap().unwrap();
        println!(
            "{rounds} kills; {batches} batches in {} versions; {looks} looks of the reader, which saw up to {merged} merged \
             files",
            version + 1
        );
    }
}
