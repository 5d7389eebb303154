//! A multipart upload that runs while its file is written.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error, MultipartUpload, ObjectStore, ObjectStoreExt};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};

use super::executor::Executor;
use super::failure::{Effect, UploadFailure, failed, kind, no_runtime};
use crate::error::StorageError;
use crate::retry::RetryPolicy;

/// The time for which an abort waits for parts in flight. Not measured.
const PATIENCE: Duration = Duration::from_secs(5);

/// The number of attempts of an abort.
const ABORT_ATTEMPTS: usize = 3;

/// The pauses between the attempts of an abort.
const ABORT_PAUSES: RetryPolicy = RetryPolicy {
    first_pause: Duration::from_millis(100),
    longest_pause: Duration::from_millis(500),
    deadline: PATIENCE,
};

/// The writer's end of an upload. Dropping it aborts the upload.
#[derive(Debug)]
pub(super) struct Upload {
    /// Unbounded, because [`Shared::wait_for_slot`] bounds the parts in flight.
    messages: UnboundedSender<Message>,
    shared: Arc<Shared>,
    name: String,
}

#[derive(Debug)]
enum Message {
    Part(Bytes),
    Complete,
}

impl Upload {
    pub(super) fn start(
        executor: &Executor,
        store: Arc<dyn ObjectStore>,
        path: Path,
        name: String,
    ) -> Self {
        let (messages, receiver) = unbounded_channel();
        let shared = Arc::new(Shared::default());
        let end = TaskEnd {
            shared: Arc::clone(&shared),
            name: name.clone(),
        };
        executor.spawn(async move {
            let ended = run(&*store, &path, receiver, &end).await;
            end.shared.end(ended);
        });
        Self {
            messages,
            shared,
            name,
        }
    }

    /// Sends a part as soon as fewer than `in_flight` parts are in flight.
    ///
    /// # Errors
    ///
    /// Returns an error when the upload has failed. It is then aborted.
    pub(super) fn send(
        &self,
        executor: &Executor,
        part: Bytes,
        in_flight: usize,
    ) -> Result<(), StorageError> {
        executor.block(|| self.shared.wait_for_slot(&self.name, in_flight))?;
        // If the task has ended, the next call returns the reason.
        let _ = self.messages.send(Message::Part(part));
        Ok(())
    }

    /// Returns the number of parts that were sent and have not arrived.
    pub(super) fn in_flight(&self) -> usize {
        self.shared.lock().in_flight
    }

    /// Waits until all parts have arrived and the file is visible.
    ///
    /// # Errors
    ///
    /// Returns an error when the upload has failed. It is then aborted.
    pub(super) fn complete(self, executor: &Executor) -> Result<(), StorageError> {
        let _ = self.messages.send(Message::Complete);
        executor.block(|| self.shared.wait_for_end(&self.name))
    }
}

/// The state that the writer and the task share.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    in_flight: usize,
    progress: Progress,
}

#[derive(Debug, Default)]
enum Progress {
    #[default]
    Running,
    Ended(Result<(), StorageError>),
    /// The writer has been given the result.
    Reported,
}

impl Shared {
    /// Ignores poisoning: a panic elsewhere cannot leave the state half-changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for_slot(&self, name: &str, in_flight: usize) -> Result<(), StorageError> {
        let state = self.lock();
        let waited = self.changed.wait_while(state, |state| {
            matches!(state.progress, Progress::Running) && state.in_flight >= in_flight
        });
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if matches!(state.progress, Progress::Running) {
            state.in_flight += 1;
            return Ok(());
        }
        // It cannot have succeeded, because the writer has not completed it.
        state.report(name)
    }

    fn wait_for_end(&self, name: &str) -> Result<(), StorageError> {
        let state = self.lock();
        let waited = self
            .changed
            .wait_while(state, |state| matches!(state.progress, Progress::Running));
        waited.unwrap_or_else(PoisonError::into_inner).report(name)
    }

    fn part_done(&self) {
        self.lock().in_flight -= 1;
        self.changed.notify_all();
    }

    fn end(&self, ended: Result<(), StorageError>) {
        let mut state = self.lock();
        if matches!(state.progress, Progress::Running) {
            state.progress = Progress::Ended(ended);
        }
        drop(state);
        self.changed.notify_all();
    }
}

impl State {
    fn report(&mut self, name: &str) -> Result<(), StorageError> {
        match std::mem::replace(&mut self.progress, Progress::Reported) {
            Progress::Ended(ended) => ended,
            Progress::Running | Progress::Reported => Err(incomplete(name)),
        }
    }
}

pub(super) fn incomplete(name: &str) -> StorageError {
    StorageError::new("complete", name, UploadFailure::Incomplete)
}

/// Ends the upload when the task is dropped, so that the writer does not wait for a task that is gone.
struct TaskEnd {
    shared: Arc<Shared>,
    name: String,
}

impl Drop for TaskEnd {
    fn drop(&mut self) {
        self.shared
            .end(Err(no_runtime("upload", &self.name, Effect::Possible)));
    }
}

async fn run(
    store: &dyn ObjectStore,
    path: &Path,
    mut messages: UnboundedReceiver<Message>,
    end: &TaskEnd,
) -> Result<(), StorageError> {
    let mut upload = store
        .put_multipart(path)
        .await
        .map_err(|error| failed("start uploading", &end.name, Effect::None, error))?;
    let mut parts = JoinSet::new();
    let sent = send_parts(&mut *upload, &mut parts, &mut messages, &end.shared).await;
    let (action, effect, error) = match sent {
        Ok(true) => match upload.complete().await {
            Ok(_) => return Ok(()),
            Err(error) => ("complete", Effect::Possible, Some(error)),
        },
        // The writer has dropped the file.
        Ok(false) => ("complete", Effect::None, None),
        Err(error) => ("upload a part of", Effect::None, Some(error)),
    };
    let aborted = abort(&mut *upload, &mut parts).await;
    let Some(error) = error else {
        return Err(incomplete(&end.name));
    };
    match aborted {
        Ok(()) => Err(failed(action, &end.name, effect, error)),
        Err(abort) => {
            let kind = kind(&error, effect);
            let failure = UploadFailure::LeftOpen {
                source: error,
                abort,
            };
            Err(StorageError::new(action, &end.name, failure).with_kind(kind))
        }
    }
}

/// Sends the parts, and returns `true` when all have arrived, or `false` when the writer has dropped the
/// file.
async fn send_parts(
    upload: &mut dyn MultipartUpload,
    parts: &mut JoinSet<Result<(), Error>>,
    messages: &mut UnboundedReceiver<Message>,
    shared: &Shared,
) -> Result<bool, Error> {
    loop {
        tokio::select! {
            Some(part) = parts.join_next() => {
                arrived(part)?;
                shared.part_done();
            }
            message = messages.recv() => match message {
                // Parts that are queued when the writer has dropped the file need not be sent.
                Some(Message::Part(part)) if !messages.is_closed() => {
                    parts.spawn(upload.put_part(part.into()));
                }
                Some(Message::Complete) => break,
                Some(Message::Part(_)) | None => return Ok(false),
            },
        }
    }
    while let Some(part) = parts.join_next().await {
        arrived(part)?;
    }
    Ok(true)
}

fn arrived(part: Result<Result<(), Error>, JoinError>) -> Result<(), Error> {
    part.unwrap_or_else(|error| {
        Err(Error::Generic {
            store: "upload",
            source: Box::new(error),
        })
    })
}

/// Aborts an upload. A part that arrives after the abort would stay in the bucket, so the parts in flight
/// may arrive first, for a limited time.
async fn abort(
    upload: &mut dyn MultipartUpload,
    parts: &mut JoinSet<Result<(), Error>>,
) -> Result<(), Error> {
    // Their results do not matter any more.
    let _ = timeout(PATIENCE, async {
        while parts.join_next().await.is_some() {}
    })
    .await;
    parts.shutdown().await;
    for pause in ABORT_PAUSES.pauses().take(ABORT_ATTEMPTS - 1) {
        if is_aborted(upload.abort().await).is_ok() {
            return Ok(());
        }
        sleep(pause).await;
    }
    is_aborted(upload.abort().await)
}

/// Treats an upload that does not exist as aborted: it was, or it was completed and the response was lost.
fn is_aborted(aborted: Result<(), Error>) -> Result<(), Error> {
    match aborted {
        Err(Error::NotFound { .. }) => Ok(()),
        aborted => aborted,
    }
}
