//! Two writers, each a process that is killed again and again: readers of the tables never see a missing, doubled or half
//! batch, and every acknowledged batch is below the watermark of its source.
//!
//! ```text
//! OTLAKE_ROUNDS=200 cargo test -p otlake-iceberg --test kills -- --nocapture
//! ```

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use iceberg::io::{FileIOBuilder, LocalFsStorageFactory};
use iceberg::table::Table as IcebergTable;
use iceberg::{Catalog, CatalogBuilder, ErrorKind, TableIdent};
use iceberg_catalog_sql::{SqlBindStyle, SqlCatalogBuilder};
use otlake::Pipeline;
use otlake_dataset::Dataset;
use otlake_iceberg::{IcebergCommit, TimePartition};
use otlake_parquet::WriterOptions;
use otlake_schema::Table;
use otlake_storage_tests::{
    Random, TABLES, TableReader, Victim, WRITERS, acknowledged, identity, kill,
};
use tokio::runtime::Runtime;

/// Opens the catalog, a file that all processes share. While another process changes it, that may fail.
async fn open_catalog(directory: &Path) -> iceberg::Result<Arc<dyn Catalog>> {
    let uri = format!("sqlite://{}/catalog.sqlite?mode=rwc", directory.display());
    let catalog = SqlCatalogBuilder::default()
        .uri(uri)
        .warehouse_location(format!("file://{}/lake", directory.display()))
        .sql_bind_style(SqlBindStyle::QMark)
        .with_storage_factory(Arc::new(LocalFsStorageFactory))
        .load("lake", HashMap::new())
        .await?;
    Ok(Arc::new(catalog))
}

fn commit(directory: &Path, runtime: &Runtime) -> IcebergCommit {
    let catalog = runtime.block_on(open_catalog(directory)).unwrap();
    let file_io = FileIOBuilder::new(Arc::new(LocalFsStorageFactory)).build();
    let root = directory.join("lake");
    let root = root.to_str().unwrap();
    IcebergCommit::builder(catalog, file_io, root, runtime.handle().clone())
        .partition(TimePartition::Hour)
        .group_time(Duration::ZERO)
        // Otherwise the metadata become large.
        .snapshot_age(Duration::from_secs(5))
        .build()
}

/// Does nothing except in the processes that are killed.
#[test]
fn child() {
    let Some(victim) = Victim::of_this_process() else {
        return;
    };
    let runtime = Runtime::new().unwrap();
    let dataset = Dataset::builder()
        .partitioning("date={date}/hour={hour}".parse().unwrap())
        .writer_options(WriterOptions::default().with_rows_per_file(40))
        .commit(Arc::new(commit(victim.directory(), &runtime)))
        .open(Arc::new(victim.storage()))
        .unwrap();
    victim.write(&mut Pipeline::on(&dataset).build());
}

/// Returns the files of the current snapshot of a table, as a reader finds them.
async fn files(catalog: &dyn Catalog, root: &str, table: Table) -> Vec<String> {
    let ident = TableIdent::from_strs(["otlake", table.name()]).unwrap();
    let table = match catalog.load_table(&ident).await {
        Ok(table) => table,
        Err(error) => {
            // No writer has created the table yet.
            let kinds = [ErrorKind::TableNotFound, ErrorKind::NamespaceNotFound];
            assert!(kinds.contains(&error.kind()), "{error}");
            return Vec::new();
        }
    };
    match files_of(&table).await {
        Some(paths) => {
            let names = paths.iter().map(|path| path.strip_prefix(root).unwrap());
            names.map(str::to_owned).collect()
        }
        None => Vec::new(),
    }
}

async fn files_of(table: &IcebergTable) -> Option<Vec<String>> {
    let snapshot = table.metadata().current_snapshot()?;
    let list = table.manifest_list_reader(snapshot).load().await.unwrap();
    let mut paths = Vec::new();
    for manifest in list.entries() {
        let manifest = manifest.load_manifest(table.file_io()).await.unwrap();
        let alive = manifest.entries().iter().filter(|entry| entry.is_alive());
        paths.extend(alive.map(|entry| entry.file_path().to_owned()));
    }
    Some(paths)
}

#[test]
fn writers_are_killed_at_any_moment() {
    let rounds = Random::rounds(40);
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    std::fs::create_dir(directory.join("lake")).unwrap();
    let runtime = Runtime::new().unwrap();
    let catalog = runtime.block_on(open_catalog(directory)).unwrap();
    let root = format!("file://{}/lake/", directory.display());
    let list = |table| runtime.block_on(files(&*catalog, &root, table));
    let mut reader = TableReader::default();
    let look = || assert_eq!(reader.look(directory, list), 0);
    let watermarks = commit(directory, &runtime);
    let assert_watermarks = || {
        for (writer, batches) in (0..WRITERS).zip(acknowledged(directory)) {
            // The last batch of each of its four sources.
            let last = batches.saturating_sub(4)..batches;
            for batch in last.map(|batch| identity(batch * WRITERS + writer)) {
                for table in TABLES {
                    let last = watermarks.watermark(table, batch.source()).unwrap();
                    assert!(last >= Some(batch.sequence()), "{batch}: {last:?}");
                }
            }
        }
    };
    let looks = kill(directory, false, rounds, look, assert_watermarks);

    assert_watermarks();
    TableReader::default().look(directory, list);
    let batches: u64 = acknowledged(directory).iter().sum();
    assert!(batches > 0);
    #[allow(
        clippy::print_stdout,
        reason = "the counts are the purpose of a longer run"
    )]
    {
        println!("{rounds} kills; {batches} batches; {looks} looks of the reader");
    }
}
