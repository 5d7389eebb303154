//! The options of commits.

use std::sync::Arc;
use std::time::Duration;

use iceberg::io::FileIO;
use iceberg::spec::Transform;
use iceberg::{Catalog, NamespaceIdent};
use otlake_storage::{RetryObserver, RetryPolicy};
use tokio::runtime::Handle;

use crate::commit::IcebergCommit;
use crate::shared::Shared;

/// The hidden partitioning of new tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimePartition {
    /// By day, `day(timestamp)`, for a dataset that is partitioned by `date={date}` or more finely.
    Day,
    /// By hour, `hour(timestamp)`, for a dataset that is partitioned by `date={date}/hour={hour}` or more finely.
    Hour,
}

impl TimePartition {
    pub(crate) fn transform(self) -> Transform {
        match self {
            Self::Day => Transform::Day,
            Self::Hour => Transform::Hour,
        }
    }

    pub(crate) fn field_name(self) -> &'static str {
        match self {
            Self::Day => "timestamp_day",
            Self::Hour => "timestamp_hour",
        }
    }
}

/// A builder for an [`IcebergCommit`].
#[derive(Debug)]
#[must_use]
pub struct IcebergCommitBuilder {
    shared: Shared,
    group_time: Duration,
}

impl IcebergCommitBuilder {
    pub(crate) fn new(
        catalog: Arc<dyn Catalog>,
        file_io: FileIO,
        root: &str,
        runtime: Handle,
    ) -> Self {
        let root = root.trim_end_matches('/');
        let root = match root.contains("://") {
            true => root.to_owned(),
            // Readers have other current directories.
            false => match std::path::absolute(root) {
                Ok(path) => format!("file://{}", path.display()),
                Err(_) => root.to_owned(),
            },
        };
        let first_pause = Duration::from_millis(20);
        let mut retry = RetryPolicy::default().with_deadline(Duration::from_secs(60));
        retry.first_pause = first_pause;
        Self {
            shared: Shared {
                catalog,
                runtime,
                file_io,
                root,
                namespace: NamespaceIdent::new("otlake".to_owned()),
                partition: None,
                retry,
                observer: None,
                snapshot_age: None,
            },
            group_time: Duration::from_secs(1),
        }
    }

    /// Sets the namespace of the tables, which are named like those of the dataset: `logs`, `traces`, `metrics`. It is
    /// created if it does not exist. Default: `otlake`.
    pub fn namespace(mut self, namespace: NamespaceIdent) -> Self {
        self.shared.namespace = namespace;
        self
    }

    /// Sets the hidden partitioning of tables that this commit creates. The partitions of the dataset have to be at least
    /// as fine. Default: none. Tables that exist keep theirs.
    pub fn partition(mut self, partition: TimePartition) -> Self {
        self.shared.partition = Some(partition);
        self
    }

    /// Sets the shortest time from one snapshot of a table to the next. Commits that come in between wait and share a
    /// snapshot. Default: 1 second. Each process that writes to the table has a group time of its own.
    pub fn group_time(mut self, time: Duration) -> Self {
        self.group_time = time;
        self
    }

    /// Makes commits remove snapshots older than `age` from the table, except the last one, once they are a tenth of all
    /// snapshots. This keeps the metadata small, which every commit writes as a whole. Files are not deleted. Default:
    /// snapshots stay.
    pub fn snapshot_age(mut self, age: Duration) -> Self {
        self.shared.snapshot_age = Some(age);
        self
    }

    /// Sets how long a commit is retried after conflicts and commits in doubt. Default: 60 seconds.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.shared.retry = retry;
        self
    }

    /// Sets the observer that is called when a commit or the publication of a column is retried. Default: none.
    pub fn retry_observer(mut self, observer: Arc<dyn RetryObserver>) -> Self {
        self.shared.observer = Some(observer);
        self
    }

    /// Creates the commit target. Tables are created when they are first needed.
    pub fn build(self) -> IcebergCommit {
        IcebergCommit::from_parts(self.shared, self.group_time)
    }
}
