//! What an object store says, and what it means for the file or the document.

use object_store::Error;

use crate::error::{StorageError, StorageErrorKind};

/// Where a request was when it failed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It could not have changed what is visible.
    None,
    /// It may have done so before the answer was lost.
    Possible,
}

/// What went wrong in an upload beyond what the store says.
#[derive(Debug, thiserror::Error)]
pub(super) enum UploadFailure {
    #[error(
        "{source}; its upload could not be aborted either ({abort}), so the parts stay in the bucket \
         until a lifecycle rule removes them"
    )]
    LeftOpen { source: Error, abort: Error },
    #[error(
        "{source}; conditional writes are off or not there: turn them on in the configuration of the \
         store, or keep the documents in one that has them"
    )]
    Unconditional { source: Error },
    #[error(
        "a file has at most {limit} parts, and those of this one have {part_bytes} bytes: write \
         smaller files, or set larger parts with ObjectStorage::with_part_bytes"
    )]
    TooManyParts { limit: usize, part_bytes: usize },
    #[error("an earlier write failed, so the file is incomplete: drop it and write it again")]
    Incomplete,
    #[error("the runtime that the requests run on has ended, or the object store has panicked")]
    NoRuntime,
}

pub(super) fn kind(error: &Error, effect: Effect) -> StorageErrorKind {
    match error {
        Error::InvalidPath { .. } => StorageErrorKind::InvalidName,
        Error::NotSupported { .. } | Error::NotImplemented { .. } => StorageErrorKind::Unsupported,
        // Refused before anything was done.
        Error::PermissionDenied { .. }
        | Error::Unauthenticated { .. }
        | Error::UnknownConfigurationKey { .. } => StorageErrorKind::Failed,
        _ if effect == Effect::Possible => StorageErrorKind::InDoubt,
        _ => StorageErrorKind::Failed,
    }
}

pub(super) fn failed(
    action: &'static str,
    name: &str,
    effect: Effect,
    error: Error,
) -> StorageError {
    let kind = kind(&error, effect);
    StorageError::new(action, name, error).with_kind(kind)
}

/// Nobody knows how far it came.
pub(super) fn no_runtime(action: &'static str, name: &str) -> StorageError {
    StorageError::new(action, name, UploadFailure::NoRuntime).with_kind(StorageErrorKind::InDoubt)
}
