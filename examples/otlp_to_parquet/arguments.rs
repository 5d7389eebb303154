use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Parser;
use otlake::dataset::Partitioning;
use otlake::otlp::Framing;
use otlake::parquet::{Compression, SortingColumn};
use otlake::row::Signal;
use otlake::schema::Table;

/// Converts OTLP payloads of all signals to Parquet files and shows what it did.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// Directory for the files, with a subdirectory per table [default: target/otlake, emptied
    /// first]. The patterns of the bodies are written next to it, to DIR-patterns.parquet
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

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

    /// Returns the directory for the files. Only the default one is emptied: a directory that the
    /// user named may contain valuable files.
    pub fn out(&self) -> io::Result<PathBuf> {
        if let Some(out) = &self.out {
            return Ok(out.clone());
        }
        let out = PathBuf::from("target/otlake");
        for table in Table::ALL {
            let directory = out.join(table.name());
            if directory.is_dir() {
                fs::remove_dir_all(directory)?;
            }
        }
        let patterns = Path::new("target").join("otlake-patterns.parquet");
        if patterns.is_file() {
            fs::remove_file(patterns)?;
        }
        Ok(out)
    }
}

/// Returns directory and name of the file for the patterns of the data in `out`. It is next to
/// `out` and not inside, because readers treat every file inside as data.
pub fn beside(out: &Path) -> io::Result<(PathBuf, String)> {
    let named = match out.file_name() {
        Some(_) => out.to_owned(),
        // For paths such as `.` and `..`.
        None => fs::canonicalize(out)?,
    };
    let (Some(parent), Some(name)) = (named.parent(), named.file_name()) else {
        let reason = format!(
            "{} has no parent directory for the file of patterns",
            out.display()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    };
    // The parent of a bare name is the empty path, which is not a directory.
    let parent = Some(parent).filter(|parent| *parent != Path::new(""));
    let parent = parent.unwrap_or(Path::new("."));
    let name = format!("{}-patterns.parquet", name.to_string_lossy());
    Ok((parent.to_owned(), name))
}
