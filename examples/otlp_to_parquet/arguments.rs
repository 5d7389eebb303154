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
    /// Where the files go, each table's to a directory of its own [default: target/otlake, emptied of
    /// earlier files]; the patterns of this run's bodies go beside it, as DIR-patterns.parquet
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// zstd:LEVEL, snappy, lz4 or none
    #[arg(long, default_value = "zstd:1")]
    pub compression: Compression,

    /// Rows of a file [default: 10 000 000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub rows_per_file: Option<u64>,

    /// Directories of records, such as "{table}/date={date}/hour={hour}" [default: "{table}"]
    #[arg(long, value_name = "TEMPLATE")]
    pub partitioning: Option<Partitioning>,

    /// Columns by which the rows of each row group are sorted, such as resource_service_name,timestamp
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub sort: Vec<String>,

    /// A table for each kind of metric instead of one for all
    #[arg(long)]
    pub table_per_kind: bool,

    /// What the payloads are: logs, traces or metrics [default: what each of them looks like]
    #[arg(long, value_name = "SIGNAL", value_parser = signal)]
    pub signal: Option<Signal>,

    /// How payloads stand in a file: protobuf, json, json-lines or length-prefixed [default: what the
    /// file looks like]
    #[arg(long)]
    pub framing: Option<Framing>,

    /// Files, or directories with files that end in .binpb, .pb, .bin, .json, .jsonl or .ndjson, each
    /// also .gz or .zst [default: the payloads recorded from SDKs in examples/data]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

fn signal(name: &str) -> Result<Signal, String> {
    let signal = Signal::ALL.into_iter().find(|signal| signal.name() == name);
    signal.ok_or_else(|| "choose logs, traces or metrics".to_owned())
}

impl Arguments {
    /// The inputs that were named, or those of the repository.
    pub fn paths(&self) -> Vec<PathBuf> {
        if self.paths.is_empty() {
            let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
            Signal::ALL.map(|signal| data.join(signal.name())).into()
        } else {
            self.paths.clone()
        }
    }

    /// The order of rows, ascending and with nulls last.
    pub fn order(&self) -> Vec<SortingColumn> {
        let column = |name: &String| SortingColumn {
            name: name.clone(),
            descending: false,
            nulls_first: false,
        };
        self.sort.iter().map(column).collect()
    }

    /// The directory for the files. Only the default one is emptied: a directory that somebody
    /// named may hold what is dear to them.
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

/// Where the patterns of the data in `out` go, as directory and name: beside `out` and not into it,
/// because readers take every file in there for data.
pub fn beside(out: &Path) -> io::Result<(PathBuf, String)> {
    let named = match out.file_name() {
        Some(_) => out.to_owned(),
        // As in `.` and `..`.
        None => fs::canonicalize(out)?,
    };
    let (Some(parent), Some(name)) = (named.parent(), named.file_name()) else {
        let reason = format!("nothing can stand beside {}", out.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    };
    // The parent of a name alone is empty, which is no directory.
    let parent = Some(parent).filter(|parent| *parent != Path::new(""));
    let parent = parent.unwrap_or(Path::new("."));
    let name = format!("{}-patterns.parquet", name.to_string_lossy());
    Ok((parent.to_owned(), name))
}
