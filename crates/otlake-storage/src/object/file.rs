//! One object being written.

use std::io::{self, Write};

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};

use super::ObjectStorage;
use super::failure::{Effect, UploadFailure, failed, no_runtime};
use super::upload::{Upload, incomplete};
use crate::error::StorageError;
use crate::storage::StorageFile;

/// The limit of S3, Google Cloud Storage, R2 and others; Azure allows 50,000.
const MOST_PARTS: usize = 10_000;

/// A file being written in an [`ObjectStorage`].
#[derive(Debug)]
pub(super) struct ObjectFile {
    /// Declared before the storage, so that it is dropped first: the last clone of a storage to be dropped
    /// waits for this upload too.
    upload: Option<Upload>,
    /// The part that is being filled. It is sent when it is full and more bytes come.
    part: Vec<u8>,
    parts_sent: usize,
    failed: bool,
    path: Path,
    name: String,
    storage: ObjectStorage,
}

impl ObjectFile {
    pub(super) fn new(storage: ObjectStorage, path: Path, name: String) -> Self {
        Self {
            upload: None,
            part: Vec::new(),
            parts_sent: 0,
            failed: false,
            path,
            name,
            storage,
        }
    }

    fn send_part(&mut self) -> Result<(), StorageError> {
        let storage = &self.storage;
        if self.parts_sent == MOST_PARTS {
            let failure = UploadFailure::TooManyParts {
                limit: MOST_PARTS,
                part_bytes: storage.part_bytes,
            };
            return Err(StorageError::new("upload", &self.name, failure));
        }
        let upload = self.upload.get_or_insert_with(|| {
            let (path, name) = (self.path.clone(), self.name.clone());
            Upload::start(&storage.executor, storage.store.clone(), path, name)
        });
        let part = Bytes::from(std::mem::take(&mut self.part));
        upload.send(&storage.executor, part, storage.parts_in_flight)?;
        self.parts_sent += 1;
        Ok(())
    }
}

impl Write for ObjectFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part_bytes = self.storage.part_bytes;
        if self.part.len() >= part_bytes && !bytes.is_empty() {
            if let Err(error) = self.send_part() {
                self.failed = true;
                return Err(io::Error::other(error));
            }
            // The first part grows, because most files may be smaller. Further parts are allocated whole.
            self.part.reserve_exact(part_bytes);
        }
        let taken = bytes.len().min(part_bytes - self.part.len());
        self.part.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// Does nothing: a part is sent when it is full, and the last one by the commit.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl StorageFile for ObjectFile {
    /// Returns the bytes of the part being filled and of the parts in flight, each counted as full.
    fn memory_size(&self) -> usize {
        let in_flight = self.upload.as_ref().map_or(0, Upload::in_flight);
        self.part.capacity() + in_flight * self.storage.part_bytes
    }

    fn commit(mut self: Box<Self>) -> Result<(), StorageError> {
        if self.failed {
            return Err(incomplete(&self.name));
        }
        if self.upload.is_some() && !self.part.is_empty() {
            self.send_part()?;
        }
        let storage = &self.storage;
        if let Some(upload) = self.upload.take() {
            return upload.complete(&storage.executor);
        }
        let payload = PutPayload::from(std::mem::take(&mut self.part));
        let (store, path) = (storage.store.clone(), self.path.clone());
        storage
            .executor
            .run(async move { store.put(&path, payload).await })
            .ok_or_else(|| no_runtime("write", &self.name, Effect::Put))?
            .map_err(|error| failed("write", &self.name, Effect::Put, error))?;
        Ok(())
    }
}
