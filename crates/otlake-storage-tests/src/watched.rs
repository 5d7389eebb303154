//! An object store that fails on demand and tracks open uploads.

use std::fmt;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use tokio::sync::Semaphore;

/// The way in which a request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFault {
    /// The store rejects it.
    Rejected,
    /// The store carries it out, and the response is lost.
    AnswerLost,
    /// It never arrives, and the client notices after a while.
    TimedOut,
    /// The store panics, which no store should do.
    Panic,
}

/// A store in which one request fails. All requests except copies share one count.
#[derive(Clone, Debug)]
pub struct Watched {
    inner: Arc<dyn ObjectStore>,
    watch: Arc<Watch>,
}

#[derive(Debug)]
struct Watch {
    requests: AtomicUsize,
    plan: Option<(usize, StoreFault)>,
    /// The request that failed.
    failed: Mutex<Option<&'static str>>,
    open_uploads: AtomicIsize,
    parts_in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    /// Each part takes a permit and keeps it.
    permits: Semaphore,
}

impl Watched {
    /// Creates a store in which request number `fail_at`, counted from 0, fails.
    pub fn failing(inner: Arc<dyn ObjectStore>, fail_at: usize, fault: StoreFault) -> Self {
        Self::with_plan(inner, Some((fail_at, fault)), Semaphore::MAX_PERMITS)
    }

    /// Creates a store in which parts arrive only after [`let_through`](Self::let_through).
    pub fn holding_parts(inner: Arc<dyn ObjectStore>) -> Self {
        Self::with_plan(inner, None, 0)
    }

    fn with_plan(
        inner: Arc<dyn ObjectStore>,
        plan: Option<(usize, StoreFault)>,
        permits: usize,
    ) -> Self {
        let watch = Watch {
            requests: AtomicUsize::new(0),
            plan,
            failed: Mutex::default(),
            open_uploads: AtomicIsize::new(0),
            parts_in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
            permits: Semaphore::new(permits),
        };
        Self {
            inner,
            watch: Arc::new(watch),
        }
    }

    /// Lets the given number of parts arrive.
    pub fn let_through(&self, parts: usize) {
        self.watch.permits.add_permits(parts);
    }

    /// Returns the request that failed, if it was made.
    pub fn failed(&self) -> Option<&'static str> {
        *self.watch.failed.lock().unwrap()
    }

    /// Returns the number of uploads that were started and neither completed nor aborted.
    pub fn open_uploads(&self) -> isize {
        self.watch.open_uploads.load(Ordering::SeqCst)
    }

    /// Returns the number of parts in flight.
    pub fn parts_in_flight(&self) -> usize {
        self.watch.parts_in_flight.load(Ordering::SeqCst)
    }

    /// Returns the largest number of parts that were in flight at once.
    pub fn most_parts_in_flight(&self) -> usize {
        self.watch.most_in_flight.load(Ordering::SeqCst)
    }
}

impl Watch {
    /// Makes a request, or lets it fail.
    async fn request<T>(
        &self,
        request: &'static str,
        done: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let number = self.requests.fetch_add(1, Ordering::SeqCst);
        let Some((_, fault)) = self.plan.filter(|(fail_at, _)| *fail_at == number) else {
            return done.await;
        };
        *self.failed.lock().unwrap() = Some(request);
        match fault {
            StoreFault::Rejected => {}
            StoreFault::AnswerLost => {
                done.await?;
            }
            StoreFault::TimedOut => tokio::time::sleep(Duration::from_millis(5)).await,
            StoreFault::Panic => panic!("injected into {request}"),
        }
        Err(Error::Generic {
            store: "Watched",
            source: format!("{fault:?}: {request}").into(),
        })
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watched({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for Watched {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        let put = self.inner.put_opts(location, payload, opts);
        self.watch.request("put", put).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let watch = &self.watch;
        let start = async {
            let upload = self.inner.put_multipart_opts(location, opts).await?;
            watch.open_uploads.fetch_add(1, Ordering::SeqCst);
            Ok(upload)
        };
        let inner = watch.request("put_multipart", start).await?;
        Ok(Box::new(WatchedUpload {
            inner,
            watch: Arc::clone(watch),
            open: true,
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let get = self.inner.get_opts(location, options);
        self.watch.request("get", get).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let watch = Arc::clone(&self.watch);
        let deleted = self.inner.delete_stream(locations);
        deleted
            .then(move |path| {
                let watch = Arc::clone(&watch);
                async move { watch.request("delete", async { path }).await }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let watch = Arc::clone(&self.watch);
        let listed = self.inner.list(prefix);
        listed
            .then(move |object| {
                let watch = Arc::clone(&watch);
                async move { watch.request("list", async { object }).await }
            })
            .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[derive(Debug)]
struct WatchedUpload {
    inner: Box<dyn MultipartUpload>,
    watch: Arc<Watch>,
    open: bool,
}

impl WatchedUpload {
    /// Counts only once, because an upload may be aborted after its completion.
    fn close(open: &mut bool, watch: &Watch) {
        if std::mem::take(open) {
            watch.open_uploads.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

#[async_trait]
impl MultipartUpload for WatchedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let part = self.inner.put_part(data);
        let watch = Arc::clone(&self.watch);
        Box::pin(async move {
            let flight = watch.parts_in_flight.fetch_add(1, Ordering::SeqCst) + 1;
            watch.most_in_flight.fetch_max(flight, Ordering::SeqCst);
            watch.permits.acquire().await.unwrap().forget();
            let done = watch.request("put_part", part).await;
            watch.parts_in_flight.fetch_sub(1, Ordering::SeqCst);
            done
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let Self { inner, watch, open } = self;
        let complete = async {
            let completed = inner.complete().await?;
            Self::close(open, watch);
            Ok(completed)
        };
        watch.request("complete", complete).await
    }

    async fn abort(&mut self) -> Result<()> {
        let Self { inner, watch, open } = self;
        let abort = async {
            inner.abort().await?;
            Self::close(open, watch);
            Ok(())
        };
        watch.request("abort", abort).await
    }
}
