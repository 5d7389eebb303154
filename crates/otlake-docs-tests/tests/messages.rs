//! Checks that the messages in the guide's page about errors are those of the code.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Appends the sources below a directory, with the parts of messages in one piece and their arguments as `…`.
fn read(directory: &Path, text: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(path).unwrap();
            let mut lines = source.lines();
            while let Some(mut line) = lines.next() {
                // A backslash at the end continues a text on the next line.
                while let Some(start) = line.strip_suffix('\\') {
                    text.push_str(start);
                    line = lines.next().unwrap_or_default().trim_start();
                }
                text.push_str(line);
                text.push('\n');
            }
        }
    }
}

/// Replaces the arguments of a format string, such as `{name:?}`, by `…`.
fn without_arguments(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        result.push_str(&rest[..at]);
        let end = rest[at..].find('}').filter(|end| *end < 40);
        match end {
            Some(end) => {
                result.push('…');
                rest = &rest[at + end + 1..];
            }
            None => {
                result.push('{');
                rest = &rest[at + 1..];
            }
        }
    }
    result + rest
}

/// Every message that the page explains is in the code, word for word.
#[test]
fn messages_are_in_the_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut sources = String::new();
    for entry in fs::read_dir(root.join("crates")).unwrap() {
        let directory = entry.unwrap().path().join("src");
        if directory.is_dir() {
            read(&directory, &mut sources);
        }
    }
    let sources = without_arguments(&sources);

    let page = fs::read_to_string(root.join("docs/guide/troubleshooting.md")).unwrap();
    let (mut cell, mut first, mut checked) = (0, String::new(), 0);
    let mut missing = Vec::new();
    for event in Parser::new_ext(&page, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::TableRow) => (cell, first) = (0, String::new()),
            Event::End(TagEnd::TableCell) => cell += 1,
            Event::Code(message) if cell == 0 => first.push_str(&message),
            // The last table is of symptoms, in words.
            Event::Text(_) if cell == 0 => first.clear(),
            Event::End(TagEnd::TableRow) if !first.is_empty() => {
                checked += 1;
                if !sources.contains(&first) {
                    missing.push(first.clone());
                }
            }
            _ => {}
        }
    }
    assert!(checked > 50, "messages were checked: {checked}");
    assert!(
        missing.is_empty(),
        "not in the code:\n{}",
        missing.join("\n")
    );
}
