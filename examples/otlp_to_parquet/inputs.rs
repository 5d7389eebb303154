use std::collections::HashSet;
use std::convert::Infallible;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use otlake::otlp::{OtlpDecoder, Payload, PayloadReader};
use otlake::row::{Row, Signal, sink_fn};

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
        if let Some(signal) = payload.signal()?.or_else(|| self.signal_of_path()) {
            return Ok(signal);
        }
        // Perhaps it is no payload at all. The decoder will say so.
        let mut nothing = sink_fn(|_: &mut Row<'_>| Ok::<_, Infallible>(()));
        let mut decoder = OtlpDecoder::new();
        let summary = decoder.decode(Signal::Logs, payload.format, &payload.bytes, &mut nothing)?;
        if summary.accepted + summary.rejected + summary.unknown_fields == 0 {
            // A request without records, so that any signal will do.
            return Ok(Signal::Logs);
        }
        Err("the signal cannot be detected: give it with --signal".into())
    }

    fn signal_of_path(&self) -> Option<Signal> {
        let named = |word: &str| Signal::ALL.into_iter().find(|signal| signal.name() == word);
        let mut parts = self.path.iter().rev().filter_map(|part| part.to_str());
        parts.find_map(|part| {
            let mut words = part.split(|c: char| !c.is_alphanumeric());
            words.find_map(named)
        })
    }
}

/// The endings of the names of files with payloads, which `.gz` or `.zst` may follow.
const ENDINGS: [&str; 6] = ["binpb", "pb", "bin", "json", "jsonl", "ndjson"];

fn has_known_ending(path: &Path) -> bool {
    let Some(name) = path.file_name() else {
        return false;
    };
    let mut name = PathBuf::from(name);
    if matches!(ending(&name), Some("gz" | "zst")) {
        name.set_extension("");
    }
    ending(&name).is_some_and(|ending| ENDINGS.contains(&ending))
}

fn ending(path: &Path) -> Option<&str> {
    path.extension().and_then(|extension| extension.to_str())
}

/// The files that were found at the paths of the command line.
#[derive(Debug, Default)]
pub struct Inputs {
    /// The files with payloads, each once, in order.
    pub files: Vec<Input>,
    /// The number of paths without such files, or that cannot be read.
    pub failed: usize,
    /// The files in directories that do not look like payloads.
    skipped: Vec<PathBuf>,
    /// The files and directories seen, by their real paths: links may lead to one of them again.
    seen: HashSet<PathBuf>,
}

impl Inputs {
    /// Finds the files, and reports on stderr which paths were not found and which files were skipped.
    pub fn find(paths: Vec<PathBuf>) -> Inputs {
        let mut inputs = Inputs::default();
        for path in paths {
            let before = inputs.seen.len();
            // A file that was given explicitly may have any ending.
            match fs::metadata(&path) {
                Ok(found) if found.is_dir() => {
                    let files = inputs.files.len();
                    inputs.add_directory(&path);
                    let new = inputs.seen.len() > before;
                    if new && inputs.files.len() == files {
                        inputs.failed += 1;
                        let endings = ENDINGS.map(|ending| format!(".{ending}")).join(", ");
                        let path = path.display();
                        eprintln!(
                            "{path}: found no payload files, whose names end in {endings}, optionally followed by .gz or .zst"
                        );
                    }
                }
                Ok(_) => inputs.add_file(path),
                Err(error) => inputs.fail(&path, &error),
            }
        }
        inputs.report_skipped();
        inputs
    }

    fn add_directory(&mut self, directory: &Path) {
        if !self.is_new(directory) {
            return;
        }
        let entries = fs::read_dir(directory)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
        let mut entries: Vec<PathBuf> = match entries {
            Ok(entries) => entries,
            Err(error) => return self.fail(directory, &error),
        };
        entries.sort();
        for entry in entries {
            match fs::metadata(&entry) {
                Ok(found) if found.is_dir() => self.add_directory(&entry),
                // Reading a pipe or a device would wait for somebody to write.
                Ok(found) if found.is_file() && has_known_ending(&entry) => self.add_file(entry),
                Ok(_) => self.skipped.push(entry),
                Err(error) => self.fail(&entry, &error),
            }
        }
    }

    fn add_file(&mut self, path: PathBuf) {
        if self.is_new(&path) {
            self.files.push(Input { path });
        }
    }

    fn is_new(&mut self, path: &Path) -> bool {
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        self.seen.insert(real)
    }

    fn fail(&mut self, path: &Path, error: &io::Error) {
        self.failed += 1;
        eprintln!("{}: {error}", path.display());
    }

    fn report_skipped(&self) {
        const SHOWN: usize = 10;
        let count = self.skipped.len();
        if count > 0 {
            let shown = self.skipped.iter().take(SHOWN);
            let names: Vec<_> = shown.map(|path| path.display().to_string()).collect();
            let more = if count > SHOWN { ", …" } else { "" };
            eprintln!("skipped {count} other files: {}{more}", names.join(", "));
        }
    }
}
