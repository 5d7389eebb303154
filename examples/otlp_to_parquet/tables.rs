use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use otlake::PatternsTable;
use otlake::arrow::arrow_array::cast::AsArray;
use otlake::arrow::arrow_array::types::Int64Type;
use otlake::arrow::arrow_schema::{DataType, Field};
use otlake::dataset::TableReport;
use otlake::otlp::Summary;
use otlake::parquet::FileSummary;
use otlake::schema::OverflowCounts;

/// Facts about a run.
pub struct Run {
    pub location: String,
    pub workers: usize,
    pub inputs: usize,
    pub failed: usize,
    pub bytes_in: u64,
    pub elapsed: Duration,
    pub records: Summary,
    pub overflow: OverflowCounts,
}

/// Returns a table of files, rows, bytes and speed.
pub fn summary(run: &Run, tables: &[TableReport], patterns: Option<&FileSummary>) -> String {
    let records = run.records.accepted;
    let per_row = |bytes: u64, rows: u64| format!("{:.1}", bytes as f64 / rows.max(1) as f64);
    let mut table = table(&["", "files", "rows", "bytes", "bytes per row"]);
    let count = |n: usize| grouped(n as u64);
    table.add_row(vec![
        "in".to_owned(),
        format!("{} ({} failed)", count(run.inputs), count(run.failed)),
        grouped(records),
        grouped(run.bytes_in),
        per_row(run.bytes_in, records),
    ]);
    for TableReport {
        table: of, files, ..
    } in tables
    {
        let rows = files.iter().map(|file| file.rows).sum();
        let bytes = files.iter().map(|file| file.bytes).sum();
        table.add_row(vec![
            format!("out, {}/{}", run.location, of.name()),
            count(files.len()),
            grouped(rows),
            grouped(bytes),
            per_row(bytes, rows),
        ]);
    }
    if let Some(file) = patterns {
        table.add_row(vec![
            format!("patterns, {}/{}", run.location, file.name),
            count(1),
            grouped(file.rows),
            grouped(file.bytes),
        ]);
    }
    right_align(&mut table, 1..5);
    let seconds = run.elapsed.as_secs_f64();
    let speed = grouped((records as f64 / seconds.max(1e-9)) as u64);
    let workers = match run.workers {
        1 => "one worker".to_owned(),
        workers => format!("{workers} workers"),
    };
    let mut text = format!("{table}\n{speed} records/s ({seconds:.3} s, {workers})");
    let notes = [
        (run.records.rejected, "record rejected", "records rejected"),
        (
            run.records.replaced_strings,
            "string that was not UTF-8",
            "strings that were not UTF-8",
        ),
        (
            run.overflow.total(),
            "value in overflow",
            "values in overflow",
        ),
    ];
    for (count, one, many) in notes.into_iter().filter(|(count, ..)| *count > 0) {
        text += &format!(", {}", counted(count, one, many));
    }
    text
}

/// Returns a count and its noun, in the singular or plural.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    let noun = if count == 1 { one } else { many };
    format!("{} {noun}", grouped(count))
}

/// Returns a table of every column with its type, the share of rows that have a value, and its
/// bytes.
pub fn columns(report: &TableReport) -> String {
    #[derive(Default)]
    struct Sum {
        data_type: String,
        values: u64,
        bytes: u64,
    }
    // In the order of the first file that has the column: fields first, then attributes as they
    // were found.
    let mut order: Vec<&str> = Vec::new();
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    for file in &report.files {
        for column in &file.columns {
            let sum = sums.entry(&column.name).or_insert_with(|| {
                order.push(&column.name);
                Sum {
                    data_type: type_name(&column.data_type),
                    ..Sum::default()
                }
            });
            sum.values += file.rows - column.nulls;
            sum.bytes += column.compressed_bytes;
        }
    }
    let rows: u64 = report.files.iter().map(|file| file.rows).sum();
    let title = format!("column of {}", report.table.name());
    let mut table = table(&[&title, "type", "non-null", "bytes"]);
    for name in order {
        let sum = &sums[name];
        let share = 100.0 * sum.values as f64 / rows.max(1) as f64;
        let (name, share) = (name.to_owned(), format!("{share:.1} %"));
        table.add_row(vec![name, sum.data_type.clone(), share, grouped(sum.bytes)]);
    }
    right_align(&mut table, 2..4);
    table.to_string()
}

/// Returns a table of the most frequent templates, each with its busiest fingerprint as in the
/// column, and the number of its other fingerprints.
pub fn templates(patterns: &PatternsTable, most: usize) -> String {
    struct Pattern<'t> {
        template: &'t str,
        records: i64,
        /// The rows of a pattern are sorted busiest first.
        fingerprint: i64,
        others: u64,
    }
    let column = |name| patterns.batch()[name].as_primitive::<Int64Type>();
    let (counts, fingerprints) = (column("count"), column("fingerprint"));
    let templates = patterns.batch()["template"].as_string::<i32>();
    let mut sums: Vec<Pattern<'_>> = Vec::new();
    let mut places: HashMap<i64, usize> = HashMap::new();
    for (row, id) in column("pattern_id").values().iter().enumerate() {
        let place = *places.entry(*id).or_insert(sums.len());
        if let Some(sum) = sums.get_mut(place) {
            sum.records += counts.value(row);
            sum.others += 1;
        } else {
            sums.push(Pattern {
                template: templates.value(row),
                records: counts.value(row),
                fingerprint: fingerprints.value(row),
                others: 0,
            });
        }
    }
    sums.sort_by_key(|sum| Reverse(sum.records));
    let mut table = table(&["records", "fingerprint", "template"]);
    for sum in sums.iter().take(most) {
        let fingerprint = match sum.others {
            0 => sum.fingerprint.to_string(),
            others => format!("{} (+{})", sum.fingerprint, grouped(others)),
        };
        table.add_row(vec![
            grouped(sum.records.unsigned_abs()),
            fingerprint,
            sum.template.to_owned(),
        ]);
    }
    right_align(&mut table, 0..1);
    table.to_string()
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header);
    table
}

fn right_align(table: &mut Table, columns: std::ops::Range<usize>) {
    for index in columns {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// Returns the type as SQL engines call it.
fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 => "VARCHAR".to_owned(),
        DataType::Int64 => "BIGINT".to_owned(),
        DataType::Float64 => "DOUBLE".to_owned(),
        DataType::Boolean => "BOOLEAN".to_owned(),
        DataType::Binary => "BLOB".to_owned(),
        DataType::Timestamp(_, Some(zone)) => format!("TIMESTAMP, {zone}"),
        DataType::Map(_, _) => "MAP(VARCHAR, VARCHAR)".to_owned(),
        DataType::List(item) => format!("{}[]", type_name(item.data_type())),
        DataType::Struct(members) => {
            let member = |member: &Arc<Field>| {
                format!("{} {}", member.name(), type_name(member.data_type()))
            };
            let members: Vec<_> = members.iter().map(member).collect();
            format!("STRUCT({})", members.join(", "))
        }
        other => other.to_string(),
    }
}

/// Formats a number with its digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
