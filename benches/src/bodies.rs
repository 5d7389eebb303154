use std::path::{Path, PathBuf};

use otlake_row::Signal;
use otlake_testkit::{Shape, logs_payload};

use crate::case::Error;
use crate::rows::Rows;
use crate::workload::Workload;

/// Log lines for the cases about text.
///
/// All lines are UTF-8, because some peers accept nothing else; invalid sequences were replaced
/// with U+FFFD.
#[derive(Clone, Debug)]
pub struct Bodies {
    lines: Vec<String>,
}

impl Bodies {
    /// The name of the bodies in the table and in the JSON.
    pub const NAME: &'static str = "bodies";

    /// Returns bodies with these lines.
    ///
    /// # Errors
    ///
    /// Fails if there are no lines.
    pub fn new(lines: Vec<String>) -> Result<Self, Error> {
        if lines.is_empty() {
            return Err("no lines to measure".into());
        }
        Ok(Self { lines })
    }

    /// Returns the bodies of a generated payload: 10,000 lines of about 93 bytes.
    ///
    /// # Errors
    ///
    /// Never fails in practice, because the payload is generated.
    pub fn generated() -> Result<Self, Error> {
        let payload = logs_payload(&Shape::ten_thousand());
        let workload = Workload::new(Self::NAME, Signal::Logs, vec![payload.into()])?;
        let bodies = Rows::decode(&workload)?.bodies();
        Self::new(bodies.into_iter().map(str::to_owned).collect())
    }

    /// Returns the column `Content` of every `*_structured.csv` in the directories and below,
    /// ordered by path.
    ///
    /// # Errors
    ///
    /// Fails if a directory or file can't be read, if a file has no such column, or if there are no
    /// lines at all. The error names the path.
    pub fn from_directories(directories: &[PathBuf]) -> Result<Self, Error> {
        let mut paths = Vec::new();
        for directory in directories {
            let before = paths.len();
            find_structured(directory, &mut paths)?;
            if paths.len() == before {
                let directory = directory.display();
                return Err(format!("{directory}: no *_structured.csv at or below it").into());
            }
        }
        paths.sort();
        let mut lines = Vec::new();
        for path in &paths {
            read_content(path, &mut lines)
                .map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Self::new(lines)
    }

    /// Returns the lines, in order. A multi-line message counts as one line.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Returns the total length of all lines, in bytes.
    pub fn bytes(&self) -> usize {
        self.lines.iter().map(String::len).sum()
    }
}

fn find_structured(directory: &Path, paths: &mut Vec<PathBuf>) -> Result<(), Error> {
    let entries = std::fs::read_dir(directory)
        .map_err(|error| format!("{}: {error}", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            find_structured(&path, paths)?;
        } else if path.to_string_lossy().ends_with("_structured.csv") {
            paths.push(path);
        }
    }
    Ok(())
}

fn read_content(path: &Path, lines: &mut Vec<String>) -> Result<(), Error> {
    let mut reader = csv::Reader::from_path(path)?;
    let mut names = reader.byte_headers()?.iter();
    let content = names
        .position(|name| name == b"Content")
        .ok_or("no column Content")?;
    for record in reader.byte_records() {
        lines.push(String::from_utf8_lossy(&record?[content]).into_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_from_every_data_set_below_a_directory() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &[u8]| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("b/B_structured.csv", b"Content\nlast\n");
        write(
            "a/A_2k.log_structured.csv",
            b"LineId,Content,EventId\r\n1,\"said \"\"no\"\", left\",E1\r\n2,odd \xff,E2\r\n",
        );
        write("a/A_2k.log_templates.csv", b"EventId,EventTemplate\n");
        let bodies = Bodies::from_directories(&[root.path().to_owned()]).unwrap();
        assert_eq!(
            bodies.lines(),
            ["said \"no\", left", "odd \u{fffd}", "last"]
        );

        write("c/C_structured.csv", b"LineId\n1\n");
        let error = Bodies::from_directories(&[root.path().join("c")]).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("C_structured.csv: no column Content")
        );
        std::fs::create_dir(root.path().join("d")).unwrap();
        let error = Bodies::from_directories(&[root.path().join("d")]).unwrap_err();
        assert!(error.to_string().contains("no *_structured.csv"), "{error}");
    }

    #[test]
    fn generated_bodies_are_those_of_the_large_payload() {
        let bodies = Bodies::generated().unwrap();
        assert_eq!(bodies.lines().len(), 10_000);
        assert!((80..110).contains(&(bodies.bytes() / 10_000)));
    }
}
