//! Documents in a directory, one writer at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use fs4::FileExt;

use super::directories::sync;
use super::temporary::{LOCK, is_reserved};
use super::{LocalDirectory, VisitError, is_gone, walk};
use crate::documents::{Document, Documents, PutIf, PutOutcome, StoredFile, Version, too_short};
use crate::error::{StorageError, StorageErrorKind};
use crate::names::check_prefix;
use crate::storage::StorageFile;

impl Documents for LocalDirectory {
    fn get(&self, name: &str) -> Result<Option<Document>, StorageError> {
        let path = self.resolve("read", name)?;
        let read = read(&path).map_err(|error| StorageError::new("read", path.display(), error))?;
        Ok(read.map(|bytes| Document::new(bytes.clone(), Version::new(bytes))))
    }

    fn read_range(&self, name: &str, range: Range<u64>) -> Result<Option<Bytes>, StorageError> {
        let path = self.resolve("read", name)?;
        if range.is_empty() {
            return Ok(Some(Bytes::new()));
        }
        let fail = |error| StorageError::new("read", path.display(), error);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fail(error)),
        };
        let size = file.metadata().map_err(fail)?.len();
        // Checked first, so that a wrong range can't request any amount of memory.
        if range.end > size {
            return Err(too_short(path.display(), &range, size));
        }
        let bytes = range.end - range.start;
        let mut read = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
        file.seek(SeekFrom::Start(range.start)).map_err(fail)?;
        file.take(bytes).read_to_end(&mut read).map_err(fail)?;
        if read.len() as u64 != bytes {
            let size = range.start + read.len() as u64;
            return Err(too_short(path.display(), &range, size));
        }
        Ok(Some(Bytes::from(read)))
    }

    fn put(&self, name: &str, bytes: Bytes, condition: PutIf) -> Result<PutOutcome, StorageError> {
        let path = self.resolve("write", name)?;
        let _lock = self.lock_documents()?;
        let fail = |error| StorageError::new("write", path.display(), error);
        let current = read(&path).map_err(fail)?;
        let holds = match &condition {
            PutIf::Absent => current.is_none(),
            PutIf::Matches(version) => current.as_ref() == Some(version.token()),
        };
        if !holds {
            return Ok(PutOutcome::Conflict);
        }
        let mut file = self.create_file(name)?;
        file.write_all(&bytes).map_err(fail)?;
        match condition {
            PutIf::Absent if !file.link()? => return Ok(PutOutcome::Conflict),
            PutIf::Absent => {}
            PutIf::Matches(_) => Box::new(file).commit()?,
        }
        Ok(PutOutcome::Stored(Version::new(bytes)))
    }

    fn list(&self, prefix: &str) -> Result<Vec<StoredFile>, StorageError> {
        check_prefix(prefix)?;
        let mut files = Vec::new();
        walk(self.path(), prefix, &mut |name, file_name, entry| {
            if !is_reserved(file_name) {
                let failed = VisitError::of("read the metadata of");
                let metadata = entry.metadata().map_err(&failed)?;
                let modified = metadata.modified().map_err(&failed)?;
                files.push(StoredFile::new(name, metadata.len(), modified));
            }
            Ok(())
        })?;
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }

    fn delete(&self, name: &str) -> Result<(), StorageError> {
        let path = self.resolve("delete", name)?;
        let fail = |error| StorageError::new("delete", path.display(), error);
        let exists = path.try_exists();
        if exists.or_else(|error| {
            if is_gone(&error) {
                Ok(false)
            } else {
                Err(fail(error))
            }
        })? {
            // Nothing may be deleted between the comparison and the write of a `put`.
            let _lock = self.lock_documents()?;
            match fs::remove_file(&path) {
                Err(error) if !is_gone(&error) => return Err(fail(error)),
                _ => {}
            }
        }
        // Also without the file: an earlier call may have removed it and failed to sync the directory.
        match path.parent().map_or(Ok(()), sync) {
            Err(error) if !is_gone(&error) => Err(fail(error).with_kind(StorageErrorKind::InDoubt)),
            _ => Ok(()),
        }
    }
}

impl LocalDirectory {
    /// Locks out all other writers that put or delete a document in this directory, until the returned
    /// file is dropped. The file itself stays on disk, because a waiting writer may have it open.
    fn lock_documents(&self) -> Result<File, StorageError> {
        self.directories.create(&self.root, &self.root)?;
        let path = self.root.join(LOCK);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| StorageError::new("open", path.display(), error))?;
        FileExt::lock(&file).map_err(|error| {
            let unsupported = error.kind() == io::ErrorKind::Unsupported;
            let error = StorageError::new("lock", path.display(), error);
            if unsupported {
                error.with_kind(StorageErrorKind::Unsupported)
            } else {
                error
            }
        })?;
        Ok(file)
    }
}

fn read(path: &Path) -> io::Result<Option<Bytes>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(Bytes::from(bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
