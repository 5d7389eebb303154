//! Labelled datasets: the `*_structured.csv` files of Loghub.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// The layouts of raw lines, with the columns of the file in braces. Loghub publishes these with its datasets.
const LAYOUTS: [&str; 16] = [
    "{Date} {Time}  {Pid}  {Tid} {Level} {Component}: ",
    "[{Time}] [{Level}] ",
    "{Label} {Timestamp} {Date} {Node} {Time} {NodeRepeat} {Type} {Component} {Level} ",
    "{Date} {Time} {Pid} {Level} {Component}: ",
    "{Date} {Time} {Level} [{Process}] {Component}: ",
    "{LogId} {Node} {Component} {State} {Time} {Flag} ",
    "{Time}|{Component}|{Pid}|",
    "{Month} {Date} {Time} {Level} {Component}[{PID}]: ",
    "{Month}  {Date} {Time} {User} {Component}[{PID}] ({Address}): ",
    "{Date} {Day} {Time} {Component} sshd[{Pid}]: ",
    "{Logrecord} {Date} {Time} {Pid} {Level} {Component} [{ADDR}] ",
    "[{Time}] {Program} - ",
    "{Date} {Time} {Level} {Component}: ",
    "{Label} {Timestamp} {Date} {User} {Month} {Day} {Time} {Location} {Component}[{PID}]: ",
    "{Date} {Time}, {Level}                  {Component}    ",
    "{Date} {Time} - {Level}  [{Node}:{Component}@{Id}] - ",
];

/// One labelled dataset.
pub(crate) struct Dataset {
    pub(crate) name: String,
    /// The messages, or the raw lines.
    pub(crate) lines: Vec<Vec<u8>>,
    pub(crate) events: Vec<Vec<u8>>,
    /// The true template of each line; empty when the file has none.
    pub(crate) templates: Vec<String>,
}

/// The content of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    /// The message alone.
    Content,
    /// The message with its header: a line of the `.log` file next to the CSV file, or else the columns joined again.
    Raw,
}

impl Dataset {
    pub(crate) fn read(file: &Path, lines: Lines) -> anyhow::Result<Self> {
        let bytes = std::fs::read(file)?;
        let mut rows = records(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)).into_iter();
        let header = rows.next().context("empty file")?;
        let header: Vec<String> = header
            .iter()
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        let column = |name: &str| header.iter().position(|field| field == name);
        let content = column("Content").context("no column Content")?;
        let event = column("EventId").context("no column EventId")?;
        let template = column("EventTemplate");
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let mut set = Self {
            name: name.split(['_', '.']).next().unwrap_or_default().to_owned(),
            lines: Vec::new(),
            events: Vec::new(),
            templates: Vec::new(),
        };
        let raw = match lines {
            Lines::Content => None,
            Lines::Raw => raw_lines(file),
        };
        let layout = (lines == Lines::Raw).then(|| layout(&header));
        for (number, mut row) in rows.enumerate() {
            if row.len() <= content.max(event) {
                continue;
            }
            let line = match (&raw, &layout) {
                (Some(raw), _) => raw
                    .get(number)
                    .context("fewer raw lines than rows")?
                    .clone(),
                (None, Some(layout)) => {
                    [with_columns(layout, &header, &row), row[content].clone()].concat()
                }
                (None, None) => std::mem::take(&mut row[content]),
            };
            set.lines.push(line);
            if let Some(template) = template.and_then(|at| row.get(at)) {
                set.templates
                    .push(String::from_utf8_lossy(template).into_owned());
            }
            set.events.push(std::mem::take(&mut row[event]));
        }
        if set.lines.is_empty() {
            bail!("no rows");
        }
        Ok(set)
    }
}

/// Returns every `*_structured.csv` at or below a directory.
pub(crate) fn find(dir: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(dir).with_context(|| dir.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if path.to_string_lossy().ends_with("_structured.csv") {
            files.push(path);
        }
    }
    Ok(())
}

/// Returns the lines of the `.log` file next to a CSV file, if there is one.
fn raw_lines(file: &Path) -> Option<Vec<Vec<u8>>> {
    let path = file.to_string_lossy();
    let bytes = std::fs::read(path.strip_suffix("_structured.csv")?).ok()?;
    let lines = bytes.split(|&b| b == b'\n');
    Some(lines.map(|line| line.trim_ascii_end().to_vec()).collect())
}

/// Returns the layout whose columns are those of the file, or all columns with spaces between them.
fn layout(header: &[String]) -> String {
    let own: Vec<&str> = header
        .iter()
        .map(String::as_str)
        .filter(|name| !matches!(*name, "LineId" | "Content" | "EventId" | "EventTemplate"))
        .collect();
    let placeholder = |name: &str| format!("{{{name}}}");
    let known = LAYOUTS.iter().find(|layout| {
        layout.matches('{').count() == own.len()
            && own.iter().all(|name| layout.contains(&placeholder(name)))
    });
    known.map_or_else(
        || own.iter().map(|name| placeholder(name) + " ").collect(),
        |layout| (*layout).to_owned(),
    )
}

/// Returns the header of one row. Brackets around an empty column are left out.
fn with_columns(layout: &str, header: &[String], row: &[Vec<u8>]) -> Vec<u8> {
    let mut line = layout.as_bytes().to_vec();
    for (name, value) in header.iter().zip(row) {
        for (open, close) in [("[", "]"), (" (", ")")] {
            let bracketed = format!("{open}{{{name}}}{close}");
            if value.is_empty() {
                line = replace(&line, bracketed.as_bytes(), b"");
            }
        }
        line = replace(&line, format!("{{{name}}}").as_bytes(), value);
    }
    line
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    match text.windows(from.len()).position(|window| window == from) {
        Some(at) => [&text[..at], to, &text[at + from.len()..]].concat(),
        None => text.to_vec(),
    }
}

/// Returns the records of a CSV file (RFC 4180), as bytes: not all of Loghub is UTF-8.
fn records(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut field = Vec::new();
    let mut quoted = false;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' if quoted && bytes.get(at) == Some(&b'"') => {
                field.push(b'"');
                at += 1;
            }
            b'"' if quoted => quoted = false,
            b'"' if field.is_empty() => quoted = true,
            b',' if !quoted => row.push(std::mem::take(&mut field)),
            b'\r' if !quoted && bytes.get(at) == Some(&b'\n') => {}
            b'\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            _ => field.push(byte),
        }
    }
    if !field.is_empty() || !row.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows
}
