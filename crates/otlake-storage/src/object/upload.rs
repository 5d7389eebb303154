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

/// How long an abort waits for parts on their way. Not measured.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pauses before an abort is tried again.
const ABORT_AGAIN: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(500)];

/// The writer's end of an upload. Dropped, it aborts.
#[derive(Debug)]
pub(super) struct Upload {
    /// Not bounded itself: [`Shared::wait_for_slot`] lets no more parts through than may be in flight.
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

    /// Hands a part over, as soon as fewer than `in_flight` are on their way.
    ///
    /// # Errors
    ///
    /// When the upload has failed; it is aborted then.
    pub(super) fn send(
        &self,
        executor: &Executor,
        part: Bytes,
        in_flight: usize,
    ) -> Result<(), StorageError> {
        executor.block(|| self.shared.wait_for_slot(&self.name, in_flight))?;
        // If the task has ended, the next call finds out why.
        let _ = self.messages.send(Message::Part(part));
        Ok(())
    }

    /// Parts that were handed over and have not arrived.
    pub(super) fn in_flight(&self) -> usize {
        self.shared.lock().in_flight
    }

    /// Waits until all parts have arrived and the file is visible.
    ///
    /// # Errors
    ///
    /// When the upload has failed; it is aborted then.
    pub(super) fn complete(self, executor: &Executor) -> Result<(), StorageError> {
        let _ = self.messages.send(Message::Complete);
        executor.block(|| self.shared.wait_for_end(&self.name))
    }
}

/// What the two ends know of each other.
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
    /// The writer knows.
    Reported,
}

impl Shared {
    /// A panic elsewhere can't leave the state half-changed.
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
        // It can't have ended well, since nobody has said that it is complete.
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

/// The writer does not wait for a task that is gone, whatever ended it.
struct TaskEnd {
    shared: Arc<Shared>,
    name: String,
}

impl Drop for TaskEnd {
    fn drop(&mut self) {
        self.shared.end(Err(no_runtime("upload", &self.name)));
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

/// Whether all parts have arrived, rather than the writer having given up.
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
                // What waits here after the writer has given up need not be sent.
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

/// A part that arrives after the abort would stay in the bucket. So those on their way may arrive
/// first, within limits.
async fn abort(
    upload: &mut dyn MultipartUpload,
    parts: &mut JoinSet<Result<(), Error>>,
) -> Result<(), Error> {
    // What becomes of them does not matter any more.
    let _ = timeout(PATIENCE, async {
        while parts.join_next().await.is_some() {}
    })
    .await;
    parts.shutdown().await;
    for pause in ABORT_AGAIN {
        if is_aborted(upload.abort().await).is_ok() {
            return Ok(());
        }
        sleep(pause).await;
    }
    is_aborted(upload.abort().await)
}

/// An upload that is not there is aborted, or was completed although the answer got lost.
fn is_aborted(aborted: Result<(), Error>) -> Result<(), Error> {
    match aborted {
        Err(Error::NotFound { .. }) => Ok(()),
        aborted => aborted,
    }
}
