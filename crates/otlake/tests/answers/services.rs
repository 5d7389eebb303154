use std::sync::Arc;
use std::time::Duration;

use otlake::dataset::Dataset;
use otlake::otlp::Limits;
use otlake::row::{Row, RowSink, Stage};
use otlake::storage::{InMemoryStorage, LocalDirectory};
use otlake::{
    MalformedPayload, Pipeline, Receiver, ReceiverBuilder, Reservation, Retry, Service,
    ServiceHandle,
};

/// A receiver in front of a service in one of the states that the table names.
pub(crate) struct Running {
    pub(crate) receiver: Receiver,
    handle: ServiceHandle,
    service: Option<AnyService>,
    /// What takes all of the queue.
    _full: Option<Reservation>,
    _directory: Option<tempfile::TempDir>,
}

enum AnyService {
    Plain(Service),
    Panicking(Service<(Panics,)>),
}

pub(crate) struct Panics;

impl Stage for Panics {
    fn row<S: RowSink>(&mut self, _: &mut Row<'_>, _: &mut S) -> Result<(), S::Error> {
        panic!("a stage of one's own")
    }
}

fn builder() -> ReceiverBuilder {
    Receiver::builder()
        .body_bytes(64 << 10)
        .body_time(Duration::from_millis(100))
        .retry_after(Duration::from_millis(2_500))
}

impl Running {
    /// Starts a service that delivers groups of this time.
    pub(crate) fn with(
        group_time: Duration,
        options: impl FnOnce(ReceiverBuilder) -> ReceiverBuilder,
    ) -> Running {
        let dataset = Dataset::builder()
            .open(Arc::new(InMemoryStorage::new()))
            .unwrap();
        Running::on(&dataset, group_time, MalformedPayload::default(), options)
    }

    fn on(
        dataset: &Dataset,
        group_time: Duration,
        malformed: MalformedPayload,
        options: impl FnOnce(ReceiverBuilder) -> ReceiverBuilder,
    ) -> Running {
        let limits = Limits::default().with_payload_bytes(1 << 20);
        let retry = Retry::default().with_attempts(1);
        let service = Service::builder().workers(1).group_time(group_time);
        let dataset = dataset.clone();
        let service = service.queue_bytes(64 << 10).start(move |_| {
            let pipeline = Pipeline::on(&dataset).limits(limits).retry(retry);
            pipeline.malformed_payloads(malformed).build()
        });
        let service = service.unwrap();
        Running {
            receiver: options(builder()).build(service.handle()),
            handle: service.handle(),
            service: Some(AnyService::Plain(service)),
            _full: None,
            _directory: None,
        }
    }

    pub(crate) async fn start(state: &str) -> Running {
        let short = Duration::from_millis(1);
        match state {
            "running" => Running::with(short, |receiver| receiver),
            "with token" => Running::with(short, |receiver| receiver.bearer_token("secret")),
            "rejects all" => {
                let storage = Arc::new(InMemoryStorage::new());
                let dataset = Dataset::builder().open(storage).unwrap();
                Running::on(&dataset, short, MalformedPayload::RejectAll, |receiver| {
                    receiver
                })
            }
            "full" => {
                let mut running = Running::with(short, |receiver| receiver);
                let mut full = running.handle.reserve();
                full.grow_to(64 << 10).unwrap();
                running._full = Some(full);
                running
            }
            "shut down" => {
                let mut running = Running::with(short, |receiver| receiver);
                running.shut_down().await;
                running
            }
            "failing" => {
                let directory = tempfile::tempdir().unwrap();
                let root = directory.path().join("lake");
                let storage = Arc::new(LocalDirectory::new(&root));
                let dataset = Dataset::builder().open(storage).unwrap();
                let malformed = MalformedPayload::default();
                let mut running = Running::on(&dataset, short, malformed, |receiver| receiver);
                // A file takes the place of the directory.
                let _ = std::fs::remove_dir_all(&root);
                std::fs::write(&root, "").unwrap();
                running._directory = Some(directory);
                running
            }
            "panicking" => {
                let dataset = Dataset::builder()
                    .open(Arc::new(InMemoryStorage::new()))
                    .unwrap();
                let service = Service::builder().workers(1).group_time(short);
                let service = service.start(move |_| Pipeline::on(&dataset).stage(Panics).build());
                let service = service.unwrap();
                Running {
                    receiver: builder().build(service.handle()),
                    handle: service.handle(),
                    service: Some(AnyService::Panicking(service)),
                    _full: None,
                    _directory: None,
                }
            }
            other => panic!("{other}"),
        }
    }

    pub(crate) fn queued_bytes(&self) -> usize {
        self.handle.queued_bytes()
    }

    async fn shut_down(&mut self) -> u64 {
        match self.service.take() {
            Some(AnyService::Plain(service)) => {
                let pipelines = service.shutdown().await.into_iter();
                let tables = pipelines.flat_map(|pipeline| pipeline.finish().unwrap().tables);
                let files = tables.flat_map(|table| table.files);
                files.map(|file| file.rows).sum()
            }
            Some(AnyService::Panicking(service)) => {
                service.shutdown().await;
                0
            }
            None => 0,
        }
    }

    /// Shuts the service down, and returns the number of rows in its files.
    pub(crate) async fn finish(mut self) -> u64 {
        self.shut_down().await
    }
}
