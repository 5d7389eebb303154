use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use otlake::row::Signal;

use crate::Log;

/// A log in a directory: `PARTITION/OFFSET.SIGNAL`, a file per message, and `PARTITION.range`, the stored range.
pub struct FileLog {
    directory: PathBuf,
}

impl FileLog {
    pub fn new(directory: impl AsRef<Path>) -> FileLog {
        FileLog {
            directory: directory.as_ref().to_owned(),
        }
    }

    fn range_file(&self, partition: &str) -> PathBuf {
        self.directory.join(format!("{partition}.range"))
    }
}

impl Log for FileLog {
    fn partitions(&self) -> io::Result<Vec<String>> {
        let mut partitions = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                partitions.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        partitions.sort();
        Ok(partitions)
    }

    fn end(&self, partition: &str) -> io::Result<u64> {
        Ok(fs::read_dir(self.directory.join(partition))?.count() as u64)
    }

    fn read(&self, partition: &str, range: Range<u64>) -> io::Result<Vec<(Signal, Vec<u8>)>> {
        let read = |offset| {
            for signal in Signal::ALL {
                let name = format!("{offset}.{}", signal.name());
                match fs::read(self.directory.join(partition).join(name)) {
                    Ok(payload) => return Ok((signal, payload)),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
            Err(io::Error::other(format!(
                "{partition} has no offset {offset}"
            )))
        };
        range.map(read).collect()
    }

    fn stored(&self, partition: &str) -> io::Result<Range<u64>> {
        let text = match fs::read_to_string(self.range_file(partition)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0..0),
            Err(error) => return Err(error),
        };
        let numbers = text.split_once(' ');
        let range = numbers.and_then(|(start, end)| Some(start.parse().ok()?..end.parse().ok()?));
        range.ok_or_else(|| io::Error::other(format!("{text:?} is no range")))
    }

    fn store(&self, partition: &str, range: Range<u64>) -> io::Result<()> {
        let file = self.range_file(partition);
        let temporary = file.with_extension("tmp");
        fs::write(&temporary, format!("{} {}", range.start, range.end))?;
        fs::File::open(&temporary)?.sync_all()?;
        fs::rename(temporary, file)
    }
}
