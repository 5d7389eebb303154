use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::{fs, io, thread};

use clap::Parser;
use otlake::dataset::Partitioning;
use otlake::otlp::Framing;
use otlake::parquet::{Compression, SortingColumn};
use otlake::row::Signal;

/// Converts OTLP payloads of all signals to Parquet files and shows what it did.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// Directory or URL (s3://BUCKET/PREFIX, file:…, memory:) of the dataset, with a directory per table
    /// [default: target/otlake, emptied first]. The patterns of the bodies are written to
    /// _otlake/patterns.parquet in it
    #[arg(long, value_name = "LOCATION")]
    storage: Option<String>,

    /// Number of threads, which write one dataset [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,

    /// zstd:LEVEL, snappy, lz4 or none
    #[arg(long, default_value = "zstd:1")]
    pub compression: Compression,

    /// Maximum number of rows per file [default: 10 000 000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub rows_per_file: Option<u64>,

    /// Template of partition directories, such as "{table}/date={date}/hour={hour}" [default:
    /// "{table}"]
    #[arg(long, value_name = "TEMPLATE")]
    pub partitioning: Option<Partitioning>,

    /// Columns by which to sort the rows of each row group, such as resource_service_name,timestamp
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub sort: Vec<String>,

    /// Write one table per metric kind instead of one for all
    #[arg(long)]
    pub table_per_kind: bool,

    /// Signal of the payloads: logs, traces or metrics [default: detected per payload]
    #[arg(long, value_name = "SIGNAL", value_parser = signal)]
    pub signal: Option<Signal>,

    /// Framing of the payloads in a file: protobuf, json, json-lines or length-prefixed [default:
    /// detected per file]
    #[arg(long)]
    pub framing: Option<Framing>,

    /// Files, or directories with files named *.binpb, *.pb, *.bin, *.json, *.jsonl or *.ndjson,
    /// optionally followed by .gz or .zst [default: the payloads recorded from SDKs in
    /// examples/data]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

fn signal(name: &str) -> Result<Signal, String> {
    let signal = Signal::ALL.into_iter().find(|signal| signal.name() == name);
    signal.ok_or_else(|| "choose logs, traces or metrics".to_owned())
}

impl Arguments {
    /// Returns the given inputs, or those of the repository.
    pub fn paths(&self) -> Vec<PathBuf> {
        if self.paths.is_empty() {
            let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
            Signal::ALL.map(|signal| data.join(signal.name())).into()
        } else {
            self.paths.clone()
        }
    }

    /// Returns the order of rows, ascending with nulls last.
    pub fn order(&self) -> Vec<SortingColumn> {
        let column = |name: &String| SortingColumn {
            name: name.clone(),
            descending: false,
            nulls_first: false,
        };
        self.sort.iter().map(column).collect()
    }

    /// Returns the location of the dataset. Only the default one is emptied: one that the user named may
    /// contain valuable files.
    pub fn storage(&self) -> io::Result<String> {
        if let Some(storage) = &self.storage {
            return Ok(storage.clone());
        }
        let default = "target/otlake";
        if Path::new(default).is_dir() {
            fs::remove_dir_all(default)?;
        }
        Ok(default.to_owned())
    }

    /// Returns the number of threads.
    pub fn workers(&self) -> usize {
        let cores = || thread::available_parallelism().map_or(1, NonZero::get);
        self.workers.map_or_else(cores, usize::from)
    }
}
