//! Commits that wait for a table become one version of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use otlake_dataset::{CommitOutcome, Manifest};

use crate::error::DeltaError;

pub(crate) type CommitResult = Result<CommitOutcome, Arc<DeltaError>>;

/// A commit that waits, and its result.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) name: String,
    pub(crate) manifest: Manifest,
    result: Mutex<Option<CommitResult>>,
}

/// The commits that wait for a table.
///
/// Each caller adds its request, and waits for the lock of the table. The first one that gets it commits all requests
/// that have been added by then; the others find their results.
#[derive(Debug, Default)]
pub(crate) struct Requests(Mutex<Vec<Arc<Request>>>);

impl Request {
    pub(crate) fn new(name: &str, manifest: &Manifest) -> Self {
        Self {
            name: name.to_owned(),
            manifest: manifest.clone(),
            result: Mutex::new(None),
        }
    }

    pub(crate) fn set(&self, result: CommitResult) {
        *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }

    /// Takes the result, if another caller has committed the request.
    pub(crate) fn take(&self) -> Option<CommitResult> {
        self.result
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl Requests {
    pub(crate) fn push(&self, request: Arc<Request>) {
        self.lock().push(request);
    }

    /// Takes all requests, with the caller's among them: it is missing if a caller that had taken it panicked.
    pub(crate) fn take_with(&self, own: &Arc<Request>) -> Vec<Arc<Request>> {
        let mut taken = std::mem::take(&mut *self.lock());
        if !taken.iter().any(|request| Arc::ptr_eq(request, own)) {
            taken.push(Arc::clone(own));
        }
        taken
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Request>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
