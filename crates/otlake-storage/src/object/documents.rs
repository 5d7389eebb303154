//! Documents as objects.

use std::ops::Range;

use bytes::Bytes;
use object_store::{
    Error, GetOptions, GetRange, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion,
};

use super::ObjectStorage;
use super::failure::{Effect, UploadFailure, failed, is_missing_bucket, kind, no_runtime};
use crate::documents::{Document, Documents, PutIf, PutOutcome, StoredFile, Version, too_short};
use crate::error::{StorageError, StorageErrorKind};

impl Documents for ObjectStorage {
    fn get(&self, name: &str) -> Result<Option<Document>, StorageError> {
        let path = self.resolve("read", name)?;
        let store = self.store.clone();
        let read = self.executor.run(async move {
            let object = store.get(&path).await?;
            let version = version(object.meta.e_tag.clone(), object.meta.version.clone());
            let bytes = object.bytes().await?;
            Ok(Document::new(bytes, version))
        });
        match read.ok_or_else(|| no_runtime("read", name, Effect::None))? {
            Ok(document) => Ok(Some(document)),
            Err(error @ Error::NotFound { .. }) if !is_missing_bucket(&error) => Ok(None),
            Err(error) => Err(failed("read", name, Effect::None, error)),
        }
    }

    fn read_range(&self, name: &str, range: Range<u64>) -> Result<Option<Bytes>, StorageError> {
        let path = self.resolve("read", name)?;
        if range.is_empty() {
            return Ok(Some(Bytes::new()));
        }
        let store = self.store.clone();
        let wanted = range.clone();
        let read = self.executor.run(async move {
            let options = GetOptions {
                range: Some(GetRange::Bounded(wanted)),
                ..GetOptions::default()
            };
            let object = store.get_opts(&path, options).await?;
            let size = object.meta.size;
            Ok((object.bytes().await?, size))
        });
        match read.ok_or_else(|| no_runtime("read", name, Effect::None))? {
            Ok((bytes, _)) if bytes.len() as u64 == range.end - range.start => Ok(Some(bytes)),
            // Stores return what exists of the range.
            Ok((_, size)) => Err(too_short(name, &range, size)),
            Err(error @ Error::NotFound { .. }) if !is_missing_bucket(&error) => Ok(None),
            Err(error) => Err(failed("read", name, Effect::None, error)),
        }
    }

    fn put(&self, name: &str, bytes: Bytes, condition: PutIf) -> Result<PutOutcome, StorageError> {
        let path = self.resolve("write", name)?;
        let mode = match &condition {
            PutIf::Absent => PutMode::Create,
            PutIf::Matches(version) => PutMode::Update(update_version(version)),
        };
        let store = self.store.clone();
        let written = self.executor.run(async move {
            let options = PutOptions::from(mode);
            store
                .put_opts(&path, PutPayload::from(bytes), options)
                .await
        });
        match written.ok_or_else(|| no_runtime("write", name, Effect::Put))? {
            Ok(written) => Ok(PutOutcome::Stored(version(written.e_tag, written.version))),
            Err(error @ (Error::AlreadyExists { .. } | Error::Precondition { .. }))
                if !is_missing_bucket(&error) =>
            {
                Ok(PutOutcome::Conflict)
            }
            // S3 says so when the object to be replaced has been deleted.
            Err(error @ Error::NotFound { .. })
                if condition != PutIf::Absent && !is_missing_bucket(&error) =>
            {
                Ok(PutOutcome::Conflict)
            }
            Err(error) => match kind(&error, Effect::Put) {
                kind @ StorageErrorKind::Unsupported => {
                    let failure = UploadFailure::Unconditional { source: error };
                    Err(StorageError::new("write", name, failure).with_kind(kind))
                }
                _ => Err(failed("write", name, Effect::Put, error)),
            },
        }
    }

    fn list(&self, prefix: &str) -> Result<Vec<StoredFile>, StorageError> {
        self.list_prefix(prefix)
    }

    fn delete(&self, name: &str) -> Result<(), StorageError> {
        let path = self.resolve("delete", name)?;
        let store = self.store.clone();
        let deleted = self.executor.run(async move { store.delete(&path).await });
        match deleted.ok_or_else(|| no_runtime("delete", name, Effect::Possible))? {
            Ok(()) => Ok(()),
            Err(error @ Error::NotFound { .. }) if !is_missing_bucket(&error) => Ok(()),
            Err(error) => Err(failed("delete", name, Effect::Possible, error)),
        }
    }
}

/// Returns the version from what a store distinguishes versions by: an ETag (S3, Azure), a generation
/// (Google Cloud Storage), or both. Neither contains line breaks, because they are header values.
fn version(e_tag: Option<String>, version: Option<String>) -> Version {
    let (e_tag, version) = (e_tag.unwrap_or_default(), version.unwrap_or_default());
    Version::new(format!("{e_tag}\n{version}"))
}

fn update_version(version: &Version) -> UpdateVersion {
    let token = String::from_utf8_lossy(version.token());
    let (e_tag, version) = token.split_once('\n').unwrap_or((&token, ""));
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    UpdateVersion {
        e_tag: some(e_tag),
        version: some(version),
    }
}
