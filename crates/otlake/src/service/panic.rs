use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A panic of a worker: the source of [`ServiceError::Panicked`](crate::ServiceError::Panicked), and the error of
/// the activity [`Operation::Restart`](crate::Operation::Restart).
///
/// ```
/// use otlake::{ServiceError, WorkerPanic};
///
/// /// Returns what to write to the log about a failed request.
/// fn describe(error: &ServiceError) -> String {
///     match error {
///         ServiceError::Panicked(panic) => {
///             let panic: &WorkerPanic = panic;
///             format!("a bug: {}", panic.message())
///         }
///         error => error.to_string(),
///     }
/// }
///
/// assert_eq!(describe(&ServiceError::Closed), "the service is shut down");
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
