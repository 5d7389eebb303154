//! Two writers and a compactor, each a process that is killed again and again: readers of manifests never see a missing,
//! doubled or half batch, and in the end no file is left over.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use otlake::schema::Table;
use otlake_dataset::{CompactionOptions, Compactor, ManifestCommit, TableFiles};
use otlake_storage::{Documents, LocalDirectory};
use otlake_storage_tests::{
    FaultyStorage, Random, TABLES, TableReader, Victim, acknowledged, kill, small_files,
};

/// Longer than a reader takes here, and than a writer that was not killed takes for a commit.
const GRACE: Duration = Duration::from_secs(30);

/// Does nothing except in the processes that are killed.
#[test]
fn child() {
    match Victim::of_this_process() {
        Some(victim) if victim.is_compactor() => compact(victim.storage()),
        Some(victim) => victim.write(&mut small_files(40).build(victim.storage()).unwrap()),
        None => {}
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

#[test]
fn writers_and_the_compactor_are_killed_at_any_moment() {
    let rounds = Random::rounds(15);
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let lake = Arc::new(LocalDirectory::new(directory.join("lake")));
    let files = |table: Table| {
        let files = TableFiles::load(&*lake, table).unwrap();
        files.files().map(|file| file.name.clone()).collect()
    };
    let (mut reader, mut merged) = (TableReader::default(), 0);
    let look = || merged = merged.max(reader.look(directory, files));
    let looks = kill(directory, true, rounds, look, || {});

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
        listed.extend(files(table));
    }
    TableReader::default().look(directory, files);
    listed.sort();
    let stored = lake.list("").unwrap().into_iter().map(|file| file.name);
    let stored: Vec<_> = stored.filter(|name| name.ends_with(".parquet")).collect();
    assert_eq!(stored, listed, "no file is left over");
    #[allow(clippy::print_stdout, reason = "for those who run it with more rounds")]
    {
        println!(
            "{rounds} kills; {} batches in {} files; {leftovers} leftovers removed; {looks} looks of the reader, which saw \
             up to {merged} merged files",
            acknowledged(directory).iter().sum::<u64>(),
            listed.len()
        );
    }
}
