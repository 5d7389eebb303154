//! A custom `Storage`: puts files into a directory of the current day, and logs a line when a file
//! is complete. The guarantee "complete files or none" comes from `LocalDirectory`, which it wraps.
//!
//! ```text
//! cargo run --example custom_storage
//! ```

use std::io::{self, Write};
use std::path::Path;

use otlake::Pipeline;
use otlake::storage::{LocalDirectory, Storage, StorageError, StorageFile};

#[derive(Debug)]
struct Dated {
    directory: LocalDirectory,
    date: &'static str,
}

struct Announced {
    name: String,
    file: Box<dyn StorageFile>,
    bytes: usize,
}

impl Storage for Dated {
    fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        let name = format!("date={}/{name}", self.date);
        let file = self.directory.create(&name)?;
        Ok(Box::new(Announced {
            name,
            file,
            bytes: 0,
        }))
    }
}

impl Write for Announced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl StorageFile for Announced {
    fn memory_size(&self) -> usize {
        self.file.memory_size()
    }

    fn commit(self: Box<Self>) -> Result<(), StorageError> {
        let Self { name, file, bytes } = *self;
        file.commit()?;
        println!("{name} is complete, {bytes} bytes");
        Ok(())
    }
}

fn main() -> anyhow::Result<()> {
    let payload = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/logs/checkout-python-001.binpb");
    let directory = LocalDirectory::new("target/otlake-dated");
    let storage = Dated {
        directory,
        date: "2026-11-22",
    };
    let mut pipeline = Pipeline::builder().rows_per_file(50).build_files(storage)?;
    pipeline.ingest_logs(std::fs::read(payload)?)?;
    let report = pipeline.finish()?;
    println!(
        "{} files, {} records",
        report.files().count(),
        report.records.accepted
    );
    Ok(())
}
