use std::path::{Path, PathBuf};
use std::{fs, io};

use otlake::otlp::ContentEncoding;
use otlake::row::Bytes;

/// A file with one payload.
#[derive(Debug)]
pub struct Input {
    path: PathBuf,
    encoding: ContentEncoding,
}

impl Input {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its payload, inflated to `limit` bytes at most.
    pub fn read(&self, limit: usize) -> Result<Bytes, Box<dyn std::error::Error>> {
        let bytes = Bytes::from(fs::read(&self.path)?);
        Ok(self.encoding.inflate(&bytes, limit)?)
    }

    /// The file at `path`, if its name has one of the endings.
    fn by_ending(path: &Path) -> Option<Input> {
        let mut name = PathBuf::from(path.file_name()?);
        let encoding = match ending(&name) {
            Some(ending @ ("gz" | "zst")) => {
                let encoding = ContentEncoding::from_extension(ending);
                name.set_extension("");
                encoding
            }
            _ => ContentEncoding::Identity,
        };
        let known = matches!(ending(&name), Some("binpb" | "pb" | "bin"));
        known.then(|| Input {
            path: path.to_owned(),
            encoding,
        })
    }
}

fn ending(path: &Path) -> Option<&str> {
    path.extension().and_then(|extension| extension.to_str())
}

/// The files that the paths stand for, in order, and how many paths stand for none. Each of those
/// is named on stderr.
pub fn find(paths: Vec<PathBuf>) -> (Vec<Input>, usize) {
    let (mut inputs, mut failed) = (Vec::new(), 0);
    for path in paths {
        match find_at(&path) {
            Ok(found) if found.is_empty() => {
                failed += 1;
                let endings = ".binpb, .pb or .bin, each also .gz or .zst";
                eprintln!(
                    "{}: no payload there: the name of one ends in {endings}",
                    path.display()
                );
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

fn find_at(path: &Path) -> io::Result<Vec<Input>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(Vec::from_iter(Input::by_ending(path)));
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
            inputs.extend(Input::by_ending(&entry));
        }
    }
    Ok(inputs)
}
