//! Prints, compares and merges the schemas of datasets.
//!
//! ```text
//! cargo run -p otlake-examples --example dataset_schema -- print target/lake
//! cargo run -p otlake-examples --example dataset_schema -- diff target/lake other/lake --table traces
//! cargo run -p otlake-examples --example dataset_schema -- merge a.json b.json --out both.json
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Parser, Subcommand};
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{Cell, Table as Lines};
use otlake::dataset::SchemaDocument;
use otlake::schema::{DatasetColumn, DatasetSchema, Difference, Table};

/// Prints, compares and merges the schemas of datasets. A schema is given as the directory of a
/// dataset or as a JSON document.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Table to read from a directory: logs, traces, metrics or a metric kind.
    #[arg(long, global = true, default_value = "logs")]
    table: String,
}

#[derive(Subcommand)]
enum Command {
    /// Print all columns.
    Print { schema: PathBuf },
    /// Print what is different in the second schema.
    Diff { first: PathBuf, second: PathBuf },
    /// Merge the columns of both, keeping the ids of the first.
    Merge {
        first: PathBuf,
        second: PathBuf,
        /// File for the merged document, which must not exist yet.
        #[arg(long)]
        out: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    let Arguments { command, table } = Arguments::parse();
    let table = Table::from_name(&table).with_context(|| format!("there is no table {table:?}"))?;
    match command {
        Command::Print { schema } => print(&load(&schema, table)?),
        Command::Diff { first, second } => diff(&load(&first, table)?, &load(&second, table)?),
        Command::Merge { first, second, out } => {
            let merged = load(&first, table)?.merge(&load(&second, table)?)?;
            // A schema that is in use may be extended by its writers only.
            let mut file = fs::File::create_new(&out).with_context(|| out.display().to_string())?;
            std::io::Write::write_all(&mut file, &merged.to_json())?;
            print(&merged);
        }
    }
    Ok(())
}

fn load(path: &Path, table: Table) -> anyhow::Result<DatasetSchema> {
    let path = match path.is_dir() {
        true => path.join(SchemaDocument::document_name(table)),
        false => path.to_owned(),
    };
    let in_file = || path.display().to_string();
    let json = fs::read(&path).with_context(in_file)?;
    DatasetSchema::from_json(&json).with_context(in_file)
}

fn print(schema: &DatasetSchema) {
    let mut lines = lines(&["id", "column", "type", "sent as", ""]);
    let mut columns: Vec<_> = schema.columns().iter().collect();
    columns.sort_by_key(|column| column.id());
    for column in columns {
        let promoted = if column.is_promoted() { "promoted" } else { "" };
        let cells = cells_of(column).into_iter();
        lines.add_row(cells.chain([Cell::new(promoted)]));
    }
    println!("{lines}");
    let (table, version) = (schema.table().name(), schema.version());
    println!(
        "{table}, version {version}: {} columns",
        schema.columns().len()
    );
}

fn diff(first: &DatasetSchema, second: &DatasetSchema) {
    if first.table() != second.table() {
        let (first, second) = (first.table().name(), second.table().name());
        println!("The first schema is for the table {first}, the second for {second}.");
    }
    let differences = first.diff(second);
    let mut lines = lines(&["", "id", "column", "type", "sent as"]);
    let mut add = |sign: &str, column: &DatasetColumn| {
        let cells = cells_of(column).into_iter();
        lines.add_row([Cell::new(sign)].into_iter().chain(cells));
    };
    for difference in &differences {
        match difference {
            Difference::Removed(column) => add("-", column),
            Difference::Added(column) => add("+", column),
            Difference::Changed(before, after) => {
                add("<", before);
                add(">", after);
            }
            _ => {}
        }
    }
    match differences.len() {
        0 => println!("Both schemas have the same columns."),
        1 => println!("{lines}\n1 column is different"),
        count => println!("{lines}\n{count} columns are different"),
    }
}

fn lines(header: &[&str]) -> Lines {
    let mut lines = Lines::new();
    lines.load_preset(UTF8_BORDERS_ONLY).set_header(header);
    lines
}

fn cells_of(column: &DatasetColumn) -> [Cell; 4] {
    [
        Cell::new(column.id()),
        Cell::new(column.name()),
        Cell::new(column.type_name()),
        Cell::new(column.full_name().unwrap_or_default()),
    ]
}
