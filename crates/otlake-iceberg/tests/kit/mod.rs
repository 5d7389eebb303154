//! A lake whose files are in memory and whose metadata are in a temporary directory: a catalog that fails on purpose, and a reader of tables.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use iceberg::io::{FileIO, FileIOBuilder, LocalFsStorageFactory};
use iceberg::memory::{MEMORY_CATALOG_WAREHOUSE, MemoryCatalogBuilder};
use iceberg::table::Table as IcebergTable;
use iceberg::{
    Catalog, CatalogBuilder, Error as IcebergError, ErrorKind, Namespace, NamespaceIdent, Result,
    TableCommit, TableCreation, TableIdent,
};
use otlake_dataset::{Dataset, DatasetBuilder, DatasetWriter};
use otlake_iceberg::{IcebergCommit, IcebergCommitBuilder};
use otlake_row::{Cell, Group, Keys, Location, Row, RowSink, Signal, Value, fields};
use otlake_storage::InMemoryStorage;
use parquet::file::reader::{FileReader, SerializedFileReader};
use tokio::runtime::{Handle, Runtime};

/// 2026-11-22, 7 o'clock.
pub const BEGIN: i64 = 1_795_330_800_000_000_000;
pub const HOUR: i64 = 3_600_000_000_000;

/// A storage, a catalog and the runtime of the catalog.
pub struct Lake {
    pub storage: InMemoryStorage,
    pub catalog: Arc<FaultyCatalog>,
    pub file_io: FileIO,
    pub root: String,
    runtime: Runtime,
    _directory: tempfile::TempDir,
}

impl Lake {
    pub fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let root = format!("file://{}", directory.path().display());
        let factory = Arc::new(LocalFsStorageFactory);
        let properties = HashMap::from([(MEMORY_CATALOG_WAREHOUSE.to_owned(), root.clone())]);
        let catalog = MemoryCatalogBuilder::default().with_storage_factory(factory.clone());
        let loading = async { catalog.load("memory", properties).await.unwrap() };
        Self {
            storage: InMemoryStorage::new(),
            catalog: Arc::new(FaultyCatalog::new(runtime.block_on(loading))),
            file_io: FileIOBuilder::new(factory).build(),
            root,
            runtime,
            _directory: directory,
        }
    }

    pub fn handle(&self) -> Handle {
        self.runtime.handle().clone()
    }

    /// Returns a builder of a commit whose snapshots don't wait for each other.
    pub fn commit(&self) -> IcebergCommitBuilder {
        let (catalog, file_io) = (self.catalog.clone(), self.file_io.clone());
        IcebergCommit::builder(catalog, file_io, &self.root, self.handle())
            .group_time(Duration::ZERO)
    }

    pub fn dataset(&self, commit: IcebergCommit) -> DatasetBuilderOf<'_> {
        DatasetBuilderOf {
            lake: self,
            builder: Dataset::builder().commit(Arc::new(commit)),
        }
    }

    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Loads a table without faults.
    pub fn table(&self, name: &str) -> IcebergTable {
        let ident = TableIdent::from_strs(["otlake", name]).unwrap();
        self.block_on(self.catalog.inner.load_table(&ident))
            .unwrap()
    }

    /// Returns the data files of the current snapshot of a table.
    pub fn data_files(&self, name: &str) -> Vec<iceberg::spec::DataFile> {
        let table = self.table(name);
        let snapshot = table
            .metadata()
            .current_snapshot()
            .expect("a snapshot")
            .clone();
        self.block_on(async {
            let list = table.manifest_list_reader(&snapshot).load().await.unwrap();
            let mut files = Vec::new();
            for manifest in list.entries() {
                let manifest = manifest.load_manifest(table.file_io()).await.unwrap();
                let alive = manifest.entries().iter().filter(|entry| entry.is_alive());
                files.extend(alive.map(|entry| entry.data_file().clone()));
            }
            files
        })
    }

    /// Returns the bytes of a data file.
    pub fn bytes(&self, path: &str) -> bytes::Bytes {
        let name = path
            .strip_prefix(&self.root)
            .unwrap()
            .trim_start_matches('/');
        let files = self.storage.files();
        files
            .get(name)
            .unwrap_or_else(|| panic!("{name} is missing"))
            .clone()
    }

    /// Returns the numbers of all rows of a table, ascending.
    pub fn numbers(&self, name: &str) -> Vec<i64> {
        let mut numbers = Vec::new();
        for file in self.data_files(name) {
            let bytes = self.bytes(file.file_path());
            let reader = SerializedFileReader::new(bytes).unwrap();
            assert_eq!(
                reader.metadata().file_metadata().num_rows() as u64,
                file.record_count()
            );
            for row in reader.get_row_iter(None).unwrap() {
                let row = row.unwrap();
                let mut columns = row.get_column_iter();
                let number = columns.find(|(name, _)| *name == "attr_number");
                match number.expect("a number").1 {
                    parquet::record::Field::Long(number) => numbers.push(*number),
                    other => panic!("{other:?} is no number"),
                }
            }
        }
        numbers.sort_unstable();
        numbers
    }
}

/// A dataset that is about to be opened in a lake.
pub struct DatasetBuilderOf<'a> {
    lake: &'a Lake,
    builder: DatasetBuilder,
}

impl DatasetBuilderOf<'_> {
    pub fn with(mut self, options: impl FnOnce(DatasetBuilder) -> DatasetBuilder) -> Self {
        self.builder = options(self.builder);
        self
    }

    pub fn open(self) -> Dataset {
        self.builder
            .open(Arc::new(self.lake.storage.clone()))
            .unwrap()
    }
}

/// Writes a row with a number and further attributes.
pub fn push(
    writer: &mut DatasetWriter,
    number: i64,
    time: i64,
    attributes: &[(&str, Value<'static>)],
) {
    push_to(Signal::Logs, writer, number, time, attributes);
}

pub fn push_to(
    signal: Signal,
    writer: &mut DatasetWriter,
    number: i64,
    time: i64,
    attributes: &[(&str, Value<'static>)],
) {
    let mut keys = Keys::new();
    let number = [("number", Value::Int(number))];
    let named = number.iter().chain(attributes);
    let cell = |(name, value): &(&str, Value<'static>)| Cell {
        key: keys.intern(Location::Attribute, name).unwrap(),
        value: *value,
    };
    let cells: Vec<Cell<'static>> = named.map(cell).collect();
    let mut row = Row::new(signal, Group::new(&[]), Group::new(&[]));
    if time != 0 {
        let key = match signal {
            Signal::Traces => fields::START_TIME_UNIX_NANO,
            _ => fields::TIME_UNIX_NANO,
        };
        row.push(key, Value::Int(time));
    }
    for Cell { key, value } in cells {
        row.push(key, value);
    }
    row.set_keys(&keys);
    writer.row(&mut row).unwrap();
}

/// What happens to an update of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Applied,
    /// Another writer was faster.
    Conflict,
    /// Nothing is applied, and the response is lost.
    Lost,
    /// The update is applied, and the response is lost.
    AppliedAndLost,
}

type Applied = dyn FnMut(&IcebergTable) + Send;
type Fates = dyn FnMut(&TableIdent) -> Fate + Send;

/// A catalog whose updates have the fates that the test decides on.
pub struct FaultyCatalog {
    pub inner: Arc<dyn Catalog>,
    pub fates: Mutex<Box<Fates>>,
    /// Called after each update that was applied, with the table as it is then.
    pub applied: Mutex<Box<Applied>>,
}

impl FaultyCatalog {
    fn new(inner: impl Catalog + 'static) -> Self {
        Self {
            inner: Arc::new(inner),
            fates: Mutex::new(Box::new(|_| Fate::Applied)),
            applied: Mutex::new(Box::new(|_| {})),
        }
    }

    pub fn set_fates(&self, fates: impl FnMut(&TableIdent) -> Fate + Send + 'static) {
        *self.fates.lock().unwrap() = Box::new(fates);
    }
}

impl std::fmt::Debug for FaultyCatalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FaultyCatalog")
    }
}

fn lost() -> IcebergError {
    IcebergError::new(ErrorKind::Unexpected, "the connection was lost")
}

#[async_trait]
impl Catalog for FaultyCatalog {
    async fn update_table(&self, commit: TableCommit) -> Result<IcebergTable> {
        let fate = (self.fates.lock().unwrap())(commit.identifier());
        match fate {
            Fate::Conflict => {
                let error = IcebergError::new(ErrorKind::CatalogCommitConflicts, "conflict");
                return Err(error.with_retryable(true));
            }
            Fate::Lost => return Err(lost()),
            Fate::Applied | Fate::AppliedAndLost => {}
        }
        let table = self.inner.update_table(commit).await?;
        (self.applied.lock().unwrap())(&table);
        match fate {
            Fate::AppliedAndLost => Err(lost()),
            _ => Ok(table),
        }
    }

    async fn list_namespaces(
        &self,
        parent: Option<&NamespaceIdent>,
    ) -> Result<Vec<NamespaceIdent>> {
        self.inner.list_namespaces(parent).await
    }

    async fn create_namespace(
        &self,
        namespace: &NamespaceIdent,
        properties: HashMap<String, String>,
    ) -> Result<Namespace> {
        self.inner.create_namespace(namespace, properties).await
    }

    async fn get_namespace(&self, namespace: &NamespaceIdent) -> Result<Namespace> {
        self.inner.get_namespace(namespace).await
    }

    async fn namespace_exists(&self, namespace: &NamespaceIdent) -> Result<bool> {
        self.inner.namespace_exists(namespace).await
    }

    async fn update_namespace(
        &self,
        namespace: &NamespaceIdent,
        properties: HashMap<String, String>,
    ) -> Result<()> {
        self.inner.update_namespace(namespace, properties).await
    }

    async fn drop_namespace(&self, namespace: &NamespaceIdent) -> Result<()> {
        self.inner.drop_namespace(namespace).await
    }

    async fn list_tables(&self, namespace: &NamespaceIdent) -> Result<Vec<TableIdent>> {
        self.inner.list_tables(namespace).await
    }

    async fn create_table(
        &self,
        namespace: &NamespaceIdent,
        creation: TableCreation,
    ) -> Result<IcebergTable> {
        self.inner.create_table(namespace, creation).await
    }

    async fn load_table(&self, table: &TableIdent) -> Result<IcebergTable> {
        self.inner.load_table(table).await
    }

    async fn drop_table(&self, table: &TableIdent) -> Result<()> {
        self.inner.drop_table(table).await
    }

    async fn purge_table(&self, table: &TableIdent) -> Result<()> {
        self.inner.purge_table(table).await
    }

    async fn table_exists(&self, table: &TableIdent) -> Result<bool> {
        self.inner.table_exists(table).await
    }

    async fn rename_table(&self, from: &TableIdent, to: &TableIdent) -> Result<()> {
        self.inner.rename_table(from, to).await
    }

    async fn register_table(&self, table: &TableIdent, location: String) -> Result<IcebergTable> {
        self.inner.register_table(table, location).await
    }
}

/// Returns the text of an error and of all its sources.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
