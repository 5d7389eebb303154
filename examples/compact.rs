//! Merges the small files of a dataset into large ones, and deletes files that are no longer needed. Without a dataset, it
//! first writes one from recorded payloads, with a file for each payload.
//!
//! The dataset has to be committed to manifests. It finds no files in Delta tables, and deletes none of theirs.
//!
//! ```text
//! cargo run -p otlake-examples --example compact -- --dry-run
//! cargo run -p otlake-examples --example compact -- target/lake --target-size 256 --memory-limit 1024
//! cargo run -p otlake-examples --features aws --example compact -- s3://bucket/lake --sort resource_service_name,timestamp
//! ```

use std::error::Error as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use otlake::Pipeline;
use otlake::dataset::{CompactionOptions, CompactionReport, Compactor, ManifestCommit, TableFiles};
use otlake::parquet::SortingColumn;
use otlake::schema::Table;
use otlake::storage::{LocalDirectory, open};

/// Merges small files of a dataset.
#[derive(Parser)]
struct Arguments {
    /// Directory or URL of the dataset. Without it, recorded payloads are written to target/otlake-compact.
    lake: Option<String>,
    /// Print what would be merged, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Size of merged files, in MiB.
    #[arg(long, default_value_t = 128)]
    target_size: u64,
    /// Memory for merging, in MiB. Merged files are at most half as large.
    #[arg(long, default_value_t = 384)]
    memory_limit: usize,
    /// Columns to sort by. Default: the order of the files, or else the default order of the table.
    #[arg(long, value_delimiter = ',')]
    sort: Vec<String>,
    /// Hours for which files that were replaced stay readable.
    #[arg(long, default_value_t = 24)]
    grace: u64,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let lake = match &arguments.lake {
        Some(lake) => lake.clone(),
        None => write_recorded(Path::new("target/otlake-compact"))?,
    };
    let storage = open(&lake)?;
    let commit = Arc::new(ManifestCommit::new(storage.clone()));
    let mut options = CompactionOptions::new()
        .with_target_bytes(arguments.target_size << 20)
        .with_memory_limit(arguments.memory_limit << 20);
    if !arguments.sort.is_empty() {
        let columns = arguments.sort.iter().map(|name| SortingColumn {
            name: name.clone(),
            descending: false,
            nulls_first: false,
        });
        options = options.with_sorted_rows(columns.collect());
    }
    let compactor = Compactor::new(storage.clone(), commit.clone(), options);
    let grace = Duration::from_secs(arguments.grace * 3_600);

    let mut failed = 0;
    for table in Table::ALL {
        let plan = compactor.plan(table)?;
        if !plan.is_empty() {
            print!("{plan}");
        }
        if arguments.dry_run {
            continue;
        }
        if !plan.is_empty() {
            let bar = ProgressBar::new(plan.files() as u64);
            bar.set_style(ProgressStyle::with_template(
                "  [{bar:40}] {pos}/{len} files, {elapsed}, {eta} left",
            )?);
            let mut progress = |report: &CompactionReport| bar.set_position(report.files_read);
            let report = compactor.run(&plan, &mut progress)?;
            bar.finish_and_clear();
            println!("  {report}");
            for error in &report.errors {
                let cause = error
                    .source()
                    .map_or(String::new(), |cause| format!(": {cause}"));
                println!("  {error}{cause}");
            }
            failed += report.errors.len();
        }
        let deleted = commit
            .clean_up(table, grace)
            .map_err(anyhow::Error::from_boxed)?;
        let leftovers = commit
            .remove_leftovers(table, grace)
            .map_err(anyhow::Error::from_boxed)?;
        if deleted.files + leftovers.len() > 0 {
            println!(
                "{}: deleted {} files that were replaced, and {} leftovers",
                table.name(),
                deleted.files,
                leftovers.len()
            );
        }
    }
    if arguments.lake.is_none() && !arguments.dry_run {
        let files = TableFiles::load(&*storage, Table::Logs)?;
        assert!(
            files
                .files()
                .all(|file| file.name.contains("/compact-logs-"))
        );
    }
    match failed {
        0 => Ok(()),
        failed => bail!("{failed} files or groups could not be merged"),
    }
}

/// Writes a dataset with a file for each recorded payload, and returns its directory.
fn write_recorded(directory: &Path) -> anyhow::Result<String> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    let mut pipeline = Pipeline::builder()
        .partitioning("{table}/date={date}".parse()?)
        .build(LocalDirectory::new(directory))?;
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/logs");
    let entries: Vec<_> = fs::read_dir(data)?.collect::<Result<_, _>>()?;
    let paths = entries.iter().map(|entry| entry.path());
    let mut payloads: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "binpb"))
        .collect();
    payloads.sort();
    for payload in &payloads {
        pipeline.ingest_logs(fs::read(payload)?)?;
        pipeline.flush()?;
    }
    println!("wrote {} files to {}", payloads.len(), directory.display());
    Ok(directory.display().to_string())
}
