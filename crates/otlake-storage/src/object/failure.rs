//! What the error of an object store means for the file or the document.

use object_store::Error;

use crate::error::{StorageError, StorageErrorKind};

/// The possible effect of a request that failed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing that is visible.
    None,
    /// The request may have written a whole object before the response was lost. "Not found" leaves no such
    /// doubt: it says that there is no bucket.
    Put,
    /// The request may have taken effect before the response was lost. "Not found" may mean that it has:
    /// a completed upload no longer exists.
    Possible,
}

/// A failure that the error of the store does not describe alone.
#[derive(Debug, thiserror::Error)]
pub(super) enum UploadFailure {
    #[error(
        "its upload could not be aborted either ({abort}), so the parts stay in the bucket until a \
         lifecycle rule removes them"
    )]
    LeftOpen { source: Error, abort: Error },
    #[error(
        "conditional writes are off or missing: turn them on in the configuration of the store, or keep \
         the documents in a store that has them"
    )]
    Unconditional { source: Error },
    #[error("the bucket or container does not exist")]
    NoBucket { source: Error },
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

/// Returns whether a store says that not only the object is missing. Its clients turn every status 404 into
/// "not found", but keep the response, which has the code of the error: `NoSuchBucket` in S3 and Google Cloud
/// Storage, `ContainerNotFound` in Azure. A write that was to replace an object is a failed precondition then.
pub(super) fn is_missing_bucket(error: &Error) -> bool {
    let (Error::NotFound { source, .. } | Error::Precondition { source, .. }) = error else {
        return false;
    };
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&**source);
    while let Some(cause) = next {
        let text = cause.to_string();
        if text.contains("NoSuchBucket") || text.contains("ContainerNotFound") {
            return true;
        }
        next = cause.source();
    }
    false
}

pub(super) fn kind(error: &Error, effect: Effect) -> StorageErrorKind {
    match error {
        Error::InvalidPath { .. } => StorageErrorKind::InvalidName,
        Error::NotSupported { .. } | Error::NotImplemented { .. } => StorageErrorKind::Unsupported,
        // The store rejected the request before it did anything.
        Error::PermissionDenied { .. }
        | Error::Unauthenticated { .. }
        | Error::UnknownConfigurationKey { .. } => StorageErrorKind::Failed,
        Error::NotFound { .. } if effect == Effect::Put => StorageErrorKind::Failed,
        error if is_missing_bucket(error) => StorageErrorKind::Failed,
        _ if effect == Effect::None => StorageErrorKind::Failed,
        _ => StorageErrorKind::InDoubt,
    }
}

pub(super) fn failed(
    action: &'static str,
    name: &str,
    effect: Effect,
    error: Error,
) -> StorageError {
    let kind = kind(&error, effect);
    let error = match error {
        error
            if is_missing_bucket(&error)
                || effect == Effect::Put && matches!(error, Error::NotFound { .. }) =>
        {
            StorageError::new(action, name, UploadFailure::NoBucket { source: error })
        }
        error => StorageError::new(action, name, error),
    };
    error.with_kind(kind)
}

/// Returns the error of a request whose progress is unknown.
pub(super) fn no_runtime(action: &'static str, name: &str, effect: Effect) -> StorageError {
    let kind = match effect {
        Effect::None => StorageErrorKind::Failed,
        Effect::Put | Effect::Possible => StorageErrorKind::InDoubt,
    };
    StorageError::new(action, name, UploadFailure::NoRuntime).with_kind(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A failed read has no effect that a caller could be in doubt about.
    #[test]
    fn only_a_write_is_in_doubt_without_a_runtime() {
        let kind = |effect| no_runtime("do", "a", effect).kind();
        assert_eq!(kind(Effect::None), StorageErrorKind::Failed);
        assert_eq!(kind(Effect::Put), StorageErrorKind::InDoubt);
        assert_eq!(kind(Effect::Possible), StorageErrorKind::InDoubt);
    }
}
