use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A panic of a worker: the source of [`ServiceError::Panicked`](crate::ServiceError::Panicked), and the error of
/// the activity [`Operation::Restart`](crate::Operation::Restart).
///
/// ```
/// # #[cfg(feature = "tokio")] {
/// use std::sync::Arc;
///
/// use otlake::dataset::Dataset;
/// use otlake::otlp::Format;
/// use otlake::row::{Row, RowSink, Signal, Stage};
/// use otlake::storage::InMemoryStorage;
/// use otlake::{Pipeline, Service, ServiceError};
///
/// /// A stage with a bug.
/// struct Buggy;
///
/// impl Stage for Buggy {
///     fn row<S: RowSink>(&mut self, _: &mut Row<'_>, _: &mut S) -> Result<(), S::Error> {
///         panic!("no such host");
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let dataset = Dataset::builder().open(Arc::new(InMemoryStorage::new()))?;
/// let service = Service::builder()
///     .workers(1)
///     .start(move |_worker| Pipeline::on(&dataset).stage(Buggy).build())?;
///
/// let payload = b"\x0a\x14\x12\x12\x12\x10\x2a\x0e\x0a\x0cdisk is full";
/// let handle = service.handle();
/// let answer = handle.ingest(Signal::Logs, Format::Protobuf, payload).await;
/// let Err(ServiceError::Panicked(panic)) = answer else { panic!("the stage panics") };
/// assert_eq!(panic.message(), "no such host");
/// service.shutdown().await;
/// assert_eq!(handle.panics(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error("panicked: {message}")]
pub struct WorkerPanic {
    message: Arc<str>,
}

impl WorkerPanic {
    /// Calls a function, and returns its panic as an error.
    pub(super) fn catch<T>(act: impl FnOnce() -> T) -> Result<T, WorkerPanic> {
        catch_unwind(AssertUnwindSafe(act)).map_err(|payload| WorkerPanic::new(&*payload))
    }

    fn new(payload: &(dyn Any + Send)) -> WorkerPanic {
        let literal = payload.downcast_ref::<&str>().copied();
        let formatted = || payload.downcast_ref::<String>().map(String::as_str);
        let message = literal
            .or_else(formatted)
            .unwrap_or("the panic value is not a string");
        WorkerPanic {
            message: message.into(),
        }
    }

    /// Returns the error for a request whose worker has given up.
    pub(super) fn too_often() -> WorkerPanic {
        WorkerPanic {
            message: "the worker has panicked too often in a row and takes no more requests".into(),
        }
    }

    /// Returns the message of the panic.
    pub fn message(&self) -> &str {
        &self.message
    }
}
