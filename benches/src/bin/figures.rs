//! Draws `docs/figures/*.svg` from the tables in `docs/performance.md`, so that the two agree:
//!
//! ```text
//! cargo run -p otlake-benches --bin figures
//! ```

use std::error::Error;
use std::fs;
use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::ranged1d::SegmentValue;
use plotters::prelude::*;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

type Result<T> = std::result::Result<T, Box<dyn Error>>;
type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// The rows of a table, with its heading.
type Table = Vec<Vec<String>>;

const OURS: RGBColor = RGBColor(31, 98, 179);
const PEER: RGBColor = RGBColor(140, 140, 140);
const FLOOR: RGBColor = RGBColor(205, 205, 205);
const TEXT: RGBColor = RGBColor(40, 40, 40);
const FONT: &str = "sans-serif";

/// A bar: its label, its length and its colour.
type Bar = (&'static str, f64, RGBColor);

fn main() -> Result<()> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let tables = current_figures(&fs::read_to_string(docs.join("performance.md"))?);
    let directory = docs.join("figures");
    fs::create_dir_all(&directory)?;

    let [logs, small] = [
        table_with(&tables, "peer_columns_zstd1", 0)?,
        table_with(&tables, "peer_columns_zstd1", 1)?,
    ];
    let cases = [
        ("otlake, with fingerprints", "end_to_end_zstd1", OURS),
        ("otlake", "end_to_end_zstd1_no_fingerprint", OURS),
        ("prost and ArrowWriter", "peer_columns_zstd1", PEER),
        ("otlp2records", "peer_otlp2records_zstd1", PEER),
        ("only decoding with prost", "peer_prost_decode", FLOOR),
        ("only reading each field", "floor_walk_utf8", FLOOR),
    ];
    let bars = |table: &Table, column| -> Result<Vec<Bar>> {
        let bar = |(label, case, color)| Ok((label, cell(table, case, column)?, color));
        cases.into_iter().map(bar).collect()
    };
    draw(
        &directory.join("end_to_end.svg"),
        "Logs to Parquet (ZSTD 1): time, as a multiple of reading each field; lower is better",
        &[
            ("10,000 records of 456 bytes", bars(logs, "time")?),
            ("20 × 500 records of 910 bytes", bars(small, "time")?),
        ],
    )?;

    let cases = [
        ("otlake, with fingerprints", "end_to_end_zstd1", OURS),
        ("prost and ArrowWriter", "peer_columns_zstd1", PEER),
        ("otlp2records", "peer_otlp2records_zstd1", PEER),
    ];
    let bars = |table: &Table, column| -> Result<Vec<Bar>> {
        let bar = |(label, case, color)| Ok((label, cell(table, case, column)?, color));
        cases.into_iter().map(bar).collect()
    };
    draw(
        &directory.join("bytes.svg"),
        "Logs to Parquet (ZSTD 1), 10,000 records of 456 bytes; lower is better",
        &[
            ("bytes allocated per record", bars(logs, "heap")?),
            ("bytes per record in the file", bars(logs, "output")?),
        ],
    )?;

    let workers = table_with(&tables, "workers", 0)?;
    let labels = [
        ("1 worker", ""),
        ("2 workers", "2, if they shared nothing"),
        ("4 workers", "4, if they shared nothing"),
        ("8 workers", "8, if they shared nothing"),
    ];
    let mut bars: Vec<Bar> = Vec::new();
    for row in &workers[1..] {
        let label = labels.iter().find(|label| label.0.starts_with(&row[0]));
        let (measured, ideal) = *label.ok_or("a number of workers without a label")?;
        bars.push((measured, row[1].parse()?, OURS));
        if row[0] != "1" {
            bars.push((ideal, row[0].parse()?, FLOOR));
        }
    }
    draw(
        &directory.join("workers.svg"),
        "Workers on one dataset: speed, as a multiple of one worker; higher is better",
        &[("40 × 10,000 records of 456 bytes to one file", bars)],
    )
}

/// Returns the tables of the section with the current figures.
fn current_figures(page: &str) -> Vec<Table> {
    let (mut tables, mut table, mut row, mut cell) = (vec![], Table::new(), vec![], String::new());
    let (mut heading, mut current) = (false, false);
    for event in Parser::new_ext(page, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading {
                level: HeadingLevel::H2,
                ..
            }) => heading = true,
            Event::End(TagEnd::Heading(_)) => heading = false,
            Event::Text(text) if heading => current = &*text == "Current figures",
            Event::Text(text) | Event::Code(text) => cell.push_str(&text),
            Event::Start(Tag::TableCell) => cell.clear(),
            Event::End(TagEnd::TableCell) => row.push(cell.trim().to_owned()),
            Event::End(TagEnd::TableRow | TagEnd::TableHead) => {
                table.push(std::mem::take(&mut row))
            }
            Event::End(TagEnd::Table) => {
                let table = std::mem::take(&mut table);
                if current {
                    tables.push(table);
                }
            }
            _ => {}
        }
    }
    tables
}

/// Returns one of the tables that have a cell with this text in their first column.
fn table_with<'t>(tables: &'t [Table], text: &str, number: usize) -> Result<&'t Table> {
    let has = |table: &&Table| table.iter().any(|row| row[0] == text);
    let found = tables.iter().filter(has).nth(number);
    found.ok_or_else(|| format!("the page has no table number {number} with {text}").into())
}

fn cell(table: &Table, case: &str, column: &str) -> Result<f64> {
    let column = table[0].iter().position(|name| name == column);
    let row = table.iter().find(|row| row[0] == case);
    let cell = row.zip(column).map(|(row, column)| &row[column]);
    Ok(cell
        .ok_or_else(|| format!("the table has no {case}"))?
        .parse()?)
}

/// Draws panels of bars next to each other.
fn draw(path: &Path, title: &str, panels: &[(&str, Vec<Bar>)]) -> Result<()> {
    let bars = panels.iter().map(|(_, bars)| bars.len()).max().unwrap_or(0);
    let height = 90 + 34 * bars as u32;
    let root = SVGBackend::new(path, (960, height)).into_drawing_area();
    root.fill(&WHITE)?;
    let title_font = (FONT, 17).into_font().color(&TEXT);
    let root = root.titled(title, title_font)?;
    for (panel, (name, bars)) in root.split_evenly((1, panels.len())).iter().zip(panels) {
        draw_panel(panel, name, bars)?;
    }
    root.present()?;
    Ok(())
}

fn draw_panel(panel: &Panel<'_>, name: &str, bars: &[Bar]) -> Result<()> {
    let longest = bars.iter().map(|bar| bar.1).fold(0.0, f64::max);
    // Room for the number behind the longest bar.
    let lengths: Range<f64> = 0.0..longest * 1.2;
    // The first bar is at the top.
    let positions = (0..bars.len() as i32 - 1).into_segmented();
    let mut chart = ChartBuilder::on(panel)
        .caption(name, (FONT, 14).into_font().color(&TEXT))
        .margin(6)
        .set_label_area_size(LabelAreaPosition::Left, 170)
        .build_cartesian_2d(lengths, positions)?;
    let bar_of = |position: i32| &bars[bars.len() - 1 - position as usize];
    let label = |position: &SegmentValue<i32>| match position {
        SegmentValue::CenterOf(position) if (*position as usize) < bars.len() => {
            bar_of(*position).0.to_owned()
        }
        _ => String::new(),
    };
    chart
        .configure_mesh()
        .disable_mesh()
        .disable_x_axis()
        .y_labels(bars.len())
        .y_label_formatter(&label)
        .axis_style(PEER)
        .label_style((FONT, 13).into_font().color(&TEXT))
        .draw()?;
    for position in 0..bars.len() as i32 {
        let (_, length, color) = *bar_of(position);
        let corners = [
            (0.0, SegmentValue::Exact(position)),
            (length, SegmentValue::Exact(position + 1)),
        ];
        let mut bar = Rectangle::new(corners, color.filled());
        bar.set_margin(4, 4, 0, 0);
        chart.draw_series([bar])?;
        let number = match length {
            length if length < 10.0 => format!("{length:.2}"),
            length if length < 100.0 => format!("{length:.1}"),
            length => format!("{length:.0}"),
        };
        let at = (length, SegmentValue::CenterOf(position));
        let number = Text::new(number, (6, -7), (FONT, 13).into_font().color(&TEXT));
        chart.draw_series([EmptyElement::at(at) + number])?;
    }
    Ok(())
}
