//! The inputs of several examples.

use std::io;
use std::path::{Path, PathBuf};

/// Returns the paths on the command line or, if there are none, those of the recorded payloads in some directories of
/// `examples/data`.
pub fn paths(directories: &[&str]) -> io::Result<Vec<PathBuf>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if !arguments.is_empty() {
        return Ok(arguments);
    }
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let mut paths = Vec::new();
    for directory in directories {
        for entry in data.join(directory).read_dir()? {
            paths.push(entry?.path());
        }
    }
    paths.sort();
    Ok(paths)
}
