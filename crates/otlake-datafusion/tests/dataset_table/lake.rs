//! A dataset in memory, read through a store that counts requests.

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::object_store::memory::InMemory;
use datafusion::object_store::path::Path;
use datafusion::object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use datafusion::physical_plan::displayable;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use otlake_datafusion::{DatasetFiles, DatasetTable, register};
use otlake_dataset::{DatasetBuilder, DatasetWriter};
use otlake_row::{Cell, Group, Keys, Location, Row, RowSink, Signal, Value, fields};
use otlake_schema::Table;
use otlake_storage::ObjectStorage;

pub const URL: &str = "memory://lake/data/otel";
pub const ROOT: &str = "data/otel";
/// 2026-11-22, midnight.
pub const BEGIN: i64 = 1_795_305_600_000_000_000;
pub const HOUR: i64 = 3_600_000_000_000;

/// A dataset in memory.
pub struct Lake {
    pub store: Arc<CountingStore>,
    pub storage: Arc<ObjectStorage>,
}

impl Lake {
    pub fn new() -> Lake {
        let memory = Arc::new(InMemory::new());
        let storage = ObjectStorage::new(Arc::clone(&memory) as _, ROOT).unwrap();
        Lake {
            store: Arc::new(CountingStore {
                before: Mutex::default(),
                inner: memory,
                requests: Mutex::default(),
            }),
            storage: Arc::new(storage),
        }
    }

    pub fn writer(&self, options: DatasetBuilder) -> DatasetWriter {
        options
            .open(Arc::clone(&self.storage) as _)
            .unwrap()
            .writer()
    }

    /// Writes records and commits them.
    pub fn write<'r>(
        &self,
        options: DatasetBuilder,
        records: impl IntoIterator<Item = &'r Record>,
    ) {
        let mut writer = self.writer(options);
        let mut keys = Keys::new();
        for record in records {
            record.push(&mut writer, &mut keys);
        }
        writer.flush().unwrap();
    }

    /// Returns a session with the dataset's logs as the table `logs`.
    pub async fn session(&self, files: DatasetFiles) -> SessionContext {
        self.session_with(SessionConfig::new().with_target_partitions(3), files)
            .await
    }

    pub async fn session_with(&self, config: SessionConfig, files: DatasetFiles) -> SessionContext {
        let context = self.empty_session(config);
        let table = DatasetTable::builder(URL, Table::Logs).files(files);
        let table = table.open(&context.state()).await.unwrap();
        context.register_table("logs", Arc::new(table)).unwrap();
        context
    }

    /// Returns a session that can read the dataset.
    pub fn empty_session(&self, config: SessionConfig) -> SessionContext {
        let context = SessionContext::new_with_config(config);
        let url = ObjectStoreUrl::parse("memory://lake").unwrap();
        context.register_object_store(url.as_ref(), Arc::clone(&self.store) as _);
        register(&context);
        context
    }
}

/// The files of the table in the directory `logs`.
pub fn listing() -> DatasetFiles {
    DatasetFiles::Listing {
        directory: "logs".to_owned(),
    }
}

/// A log record with what tests need.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub time: i64,
    pub severity: i64,
    pub body: Option<String>,
    pub trace_id: u128,
    pub service: Option<String>,
    pub attributes: Vec<(String, OwnedValue)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum OwnedValue {
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl OwnedValue {
    fn value(&self) -> Value<'_> {
        match self {
            OwnedValue::Bool(value) => Value::Bool(*value),
            OwnedValue::Int(value) => Value::Int(*value),
            OwnedValue::Double(value) => Value::Double(*value),
            OwnedValue::Text(value) => Value::String(value),
            OwnedValue::Bytes(value) => Value::Bytes(value),
        }
    }
}

impl Record {
    pub fn with(mut self, name: &str, value: OwnedValue) -> Record {
        self.attributes.push((name.to_owned(), value));
        self
    }

    pub fn push(&self, writer: &mut DatasetWriter, keys: &mut Keys) {
        let service = self.service.iter().map(|service| Cell {
            key: keys.intern(Location::Resource, "service.name").unwrap(),
            value: Value::String(service),
        });
        let resource: Vec<Cell<'_>> = service.collect();
        let trace_id = self.trace_id.to_be_bytes();
        let mut row = Row::new(Signal::Logs, Group::new(&resource), Group::new(&[]));
        if self.time > 0 {
            row.push(fields::TIME_UNIX_NANO, Value::Int(self.time));
        }
        row.push(fields::SEVERITY_NUMBER, Value::Int(self.severity));
        if self.trace_id > 0 {
            row.push(fields::TRACE_ID, Value::Bytes(&trace_id));
        }
        if let Some(body) = &self.body {
            row.push(fields::BODY, Value::String(body));
        }
        for (name, value) in &self.attributes {
            let key = keys.intern(Location::Attribute, name).unwrap();
            row.push(key, value.value());
        }
        row.set_keys(keys);
        writer.row(&mut row).unwrap();
    }
}

/// Returns the rows of a query as text, one string a row.
pub async fn rows(context: &SessionContext, sql: &str) -> Vec<String> {
    match try_rows(context, sql).await {
        Ok(rows) => rows,
        Err(error) => panic!("{sql}: {error}"),
    }
}

pub async fn try_rows(
    context: &SessionContext,
    sql: &str,
) -> datafusion::error::Result<Vec<String>> {
    let batches = context.sql(sql).await?.collect().await?;
    Ok(batches.iter().flat_map(texts).collect())
}

fn texts(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default().with_null("null");
    let columns: Vec<ArrayFormatter<'_>> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
        .collect();
    let row = |row: usize| {
        let cells: Vec<String> = columns.iter().map(|c| c.value(row).to_string()).collect();
        cells.join(" | ")
    };
    (0..batch.num_rows()).map(row).collect()
}

/// Returns the physical plan of a query as text.
pub async fn plan(context: &SessionContext, sql: &str) -> String {
    let frame = context.sql(sql).await.unwrap();
    let plan = frame.create_physical_plan().await.unwrap();
    displayable(&*plan).indent(false).to_string()
}

/// Remembers the paths of all reads.
#[derive(Debug)]
pub struct CountingStore {
    inner: Arc<InMemory>,
    requests: Mutex<Vec<String>>,
    /// What the next list returns of these paths, and that it lacks swaps.
    before: Mutex<Vec<ObjectMeta>>,
}

impl CountingStore {
    /// Makes the next list one that takes long: it has these objects as they were, others as they are, and no swaps.
    pub fn slow_list(&self, before: Vec<ObjectMeta>) {
        *self.before.lock().unwrap() = before;
    }

    /// Returns the paths that were read since the last call, one for each request.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }

    /// Returns the number of Parquet files, and of manifests, that were read since the last call.
    pub fn take_opened(&self) -> (usize, usize) {
        let mut paths = self.take_requests();
        paths.sort_unstable();
        paths.dedup();
        let with = |end: &str| paths.iter().filter(|path| path.ends_with(end)).count();
        (
            with(".parquet"),
            paths
                .iter()
                .filter(|path| path.contains("/manifests/"))
                .count(),
        )
    }
}

impl fmt::Display for CountingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a store that counts")
    }
}

#[async_trait]
impl ObjectStore for CountingStore {
    async fn put_opts(
        &self,
        path: &Path,
        bytes: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(path, bytes, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.requests.lock().unwrap().push(path.to_string());
        self.inner.get_opts(path, options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let before = std::mem::take(&mut *self.before.lock().unwrap());
        if before.is_empty() {
            return self.inner.list(prefix);
        }
        let is_swap = |meta: &ObjectMeta| meta.location.as_ref().contains("/swap-");
        let locations: Vec<Path> = before.iter().map(|meta| meta.location.clone()).collect();
        let now = self.inner.list(prefix).try_filter(move |meta| {
            std::future::ready(!is_swap(meta) && !locations.contains(&meta.location))
        });
        let before = before.into_iter().map(Ok);
        stream::iter(before).chain(now).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
