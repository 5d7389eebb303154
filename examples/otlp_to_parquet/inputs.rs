use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use otlake::otlp::{Format, Payload, PayloadReader, signal_of_json, signal_of_protobuf};
use otlake::row::Signal;

use crate::Error;
use crate::arguments::Arguments;

/// A file with payloads.
#[derive(Debug)]
pub struct Input {
    path: PathBuf,
}

impl Input {
    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the payloads of the file, one after another.
    pub fn payloads(&self, arguments: &Arguments) -> io::Result<PayloadReader<File>> {
        let reader = PayloadReader::new(File::open(&self.path)?);
        Ok(match arguments.framing {
            Some(framing) => reader.with_framing(framing),
            None => reader,
        })
    }

    /// Returns the signal of a payload: the one given by the user, the one that its content shows,
    /// or the one in the name of a directory or of the file.
    pub fn signal(&self, payload: &Payload, arguments: &Arguments) -> Result<Signal, Error> {
        if let Some(signal) = arguments.signal {
            return Ok(signal);
        }
        let of_content = match payload.format {
            Format::Json => signal_of_json(&payload.bytes),
            _ => signal_of_protobuf(&payload.bytes),
        };
        of_content?
            .or_else(|| self.signal_of_path())
            .ok_or_else(|| "the signal cannot be detected: give it with --signal".into())
    }

    fn signal_of_path(&self) -> Option<Signal> {
        let mut parts = self.path.iter().rev().filter_map(|part| part.to_str());
        parts.find_map(|part| {
            let mut signals = Signal::ALL.into_iter();
            signals.find(|signal| part.contains(signal.name()))
        })
    }

    /// Returns the file at `path`, if its name has one of the known endings.
    fn by_ending(path: PathBuf) -> Option<Input> {
        let mut name = PathBuf::from(path.file_name()?);
        if matches!(ending(&name), Some("gz" | "zst")) {
            name.set_extension("");
        }
        const ENDINGS: [&str; 6] = ["binpb", "pb", "bin", "json", "jsonl", "ndjson"];
        let known = ending(&name).is_some_and(|ending| ENDINGS.contains(&ending));
        known.then_some(Input { path })
    }
}

fn ending(path: &Path) -> Option<&str> {
    path.extension().and_then(|extension| extension.to_str())
}

/// Returns the files that the paths refer to, in order, and the number of paths that refer to none.
/// Reports each of those on stderr.
pub fn find(paths: Vec<PathBuf>) -> (Vec<Input>, usize) {
    let (mut inputs, mut failed) = (Vec::new(), 0);
    for path in paths {
        match find_at(&path) {
            Ok(found) if found.is_empty() => {
                failed += 1;
                let endings = ".binpb, .pb, .bin, .json, .jsonl or .ndjson, optionally followed by .gz or .zst";
                let path = path.display();
                eprintln!("{path}: found no payload files, whose names end in {endings}");
            }
            Ok(found) => inputs.extend(found),
            Err(error) => {
                failed += 1;
                eprintln!("{}: {error}", path.display());
            }
        }
    }
    (inputs, failed)
}

/// A file that was given explicitly may have any ending.
fn find_at(path: &Path) -> io::Result<Vec<Input>> {
    if !fs::metadata(path)?.is_dir() {
        let path = path.to_owned();
        return Ok(vec![Input { path }]);
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(path)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    entries.sort();
    let mut inputs = Vec::new();
    for entry in entries {
        if entry.is_dir() {
            inputs.extend(find_at(&entry)?);
        } else {
            inputs.extend(Input::by_ending(entry));
        }
    }
    Ok(inputs)
}
