use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use otlake::row::Signal;

use crate::{Log, Message, Messages};

/// A log in a directory: `PARTITION/OFFSET.SIGNAL`, a file per message, and `PARTITION.range`, the stored range. No other process
/// may consume it at the same time.
pub struct FileLog {
    directory: PathBuf,
    /// The maximum number of messages in a range.
    messages: u64,
}

impl FileLog {
    pub fn new(directory: impl AsRef<Path>, messages: usize) -> FileLog {
        FileLog {
            directory: directory.as_ref().to_owned(),
            messages: messages as u64,
        }
    }

    fn range_file(&self, partition: &str) -> PathBuf {
        self.directory.join(format!("{partition}.range"))
    }

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

    fn read(&self, partition: &str, offset: u64) -> io::Result<Message> {
        for signal in Signal::ALL {
            let name = format!("{offset}.{}", signal.name());
            match fs::read(self.directory.join(partition).join(name)) {
                Ok(payload) => {
                    return Ok(Message {
                        offset,
                        signal,
                        payload,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other(format!(
            "{partition} has no offset {offset}"
        )))
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
}

impl Log for FileLog {
    fn next(&mut self) -> io::Result<Option<Messages>> {
        for partition in self.partitions()? {
            let mut range = self.stored(&partition)?;
            let stored = !range.is_empty();
            if !stored {
                range.end = self.end(&partition)?.min(range.start + self.messages);
            }
            if !range.is_empty() {
                let messages = range.clone().map(|offset| self.read(&partition, offset));
                return Ok(Some(Messages {
                    source: format!("queue-{partition}"),
                    messages: messages.collect::<io::Result<_>>()?,
                    partition,
                    range,
                    stored,
                }));
            }
        }
        Ok(None)
    }

    fn store(&mut self, partition: &str, range: Range<u64>) -> io::Result<()> {
        let file = self.range_file(partition);
        let temporary = file.with_extension("tmp");
        fs::write(&temporary, format!("{} {}", range.start, range.end))?;
        fs::File::open(&temporary)?.sync_all()?;
        fs::rename(temporary, file)?;
        // Without this, a power failure could undo the rename.
        fs::File::open(&self.directory)?.sync_all()
    }
}
