//! A storage in which calls fail, and which checks every file that becomes visible.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use otlake_dataset::SchemaDocument;
use otlake_schema::{DatasetSchema, Table};
use otlake_storage::{
    Document, Documents, InMemoryStorage, PutIf, PutOutcome, Storage, StorageError,
    StorageErrorKind, StorageFile, StoredFile,
};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use super::random::Random;

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It has no effect and says so.
    Error,
    /// It has an effect, and says that it is in doubt. A call without an effect fails.
    AnswerLost,
    /// It has no effect, and says that it is in doubt. A call without an effect fails.
    TimedOut,
}

/// Which calls fail.
#[derive(Debug)]
pub enum Plan {
    Never,
    /// One call in this many.
    Often(usize, Random),
    /// Every call of this kind.
    All(Call, Fault),
}

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Create,
    Write,
    Commit,
    Get,
    Put,
    List,
    Delete,
}

/// Files and documents in memory, with faults.
#[derive(Clone, Debug)]
pub struct FaultyStorage {
    pub inner: InMemoryStorage,
    shared: Arc<Mutex<Shared>>,
    /// Whether the columns of a file have to be published when it becomes visible.
    checked: bool,
}

#[derive(Debug)]
struct Shared {
    plan: Plan,
    /// Files that are visible although their commit reported an error.
    in_doubt: BTreeSet<String>,
    /// How often each document or directory was asked for.
    calls: Vec<(Call, String)>,
    /// The footers of the visible files.
    footers: BTreeMap<String, ArrowReaderMetadata>,
    /// The published schemas that were read last, and their documents.
    schemas: BTreeMap<&'static str, (Bytes, Arc<DatasetSchema>)>,
}

impl FaultyStorage {
    pub fn new(inner: InMemoryStorage, plan: Plan) -> Self {
        let shared = Shared {
            plan,
            in_doubt: BTreeSet::new(),
            calls: Vec::new(),
            footers: BTreeMap::new(),
            schemas: BTreeMap::new(),
        };
        Self {
            inner,
            shared: Arc::new(Mutex::new(shared)),
            checked: true,
        }
    }

    /// Without documents there is no published schema.
    pub fn unchecked(mut self) -> Self {
        self.checked = false;
        self
    }

    pub fn set_plan(&self, plan: Plan) -> Plan {
        std::mem::replace(&mut self.shared.lock().unwrap().plan, plan)
    }

    /// Returns the files that are visible although their commit reported an error.
    pub fn in_doubt(&self) -> BTreeSet<String> {
        self.shared.lock().unwrap().in_doubt.clone()
    }

    /// Returns the names of all calls of a kind.
    pub fn calls(&self, call: Call) -> Vec<String> {
        let shared = self.shared.lock().unwrap();
        let calls = shared.calls.iter().filter(|(kind, _)| *kind == call);
        calls.map(|(_, name)| name.clone()).collect()
    }

    /// Returns the footer of a visible file, if files are checked.
    pub fn footer(&self, name: &str) -> ArrowReaderMetadata {
        self.shared.lock().unwrap().footers[name].clone()
    }

    /// Asserts that every column of a file that has just become visible is published, with its type and
    /// field id.
    fn assert_published(&self, name: &str) {
        let file = self.inner.get(name).unwrap().unwrap();
        let footer = ArrowReaderMetadata::load(&file.bytes, ArrowReaderOptions::new()).unwrap();
        let published = self.published(table_of(name));
        let fields = footer.parquet_schema().root_schema().get_fields();
        for (column, arrow) in fields.iter().zip(footer.schema().fields()) {
            let known = published.column(column.name());
            let known =
                known.unwrap_or_else(|| panic!("{} of {name} is not published", column.name()));
            let id = column.get_basic_info().id();
            assert_eq!(
                u32::try_from(id),
                Ok(known.id()),
                "{} of {name}",
                column.name()
            );
            if let Some(column_type) = known.column_type() {
                let written = arrow.data_type().to_string().to_lowercase();
                if !written.starts_with("timestamp") {
                    assert_eq!(written, column_type.name(), "{} of {name}", column.name());
                }
            }
        }
        let mut shared = self.shared.lock().unwrap();
        shared.footers.insert(name.to_owned(), footer);
    }

    /// Returns the published schema of a table.
    fn published(&self, table: Table) -> Arc<DatasetSchema> {
        // A table's own columns need no document.
        let document = self.inner.get(&SchemaDocument::document_name(table));
        let Some(document) = document.unwrap() else {
            return Arc::new(DatasetSchema::new(table));
        };
        let mut shared = self.shared.lock().unwrap();
        match shared.schemas.get(table.name()) {
            Some((known, schema)) if *known == document.bytes => Arc::clone(schema),
            _ => {
                let schema = Arc::new(DatasetSchema::from_json(&document.bytes).unwrap());
                let read = (document.bytes, Arc::clone(&schema));
                shared.schemas.insert(table.name(), read);
                schema
            }
        }
    }

    fn fault(&self, call: Call, name: &str) -> Option<Fault> {
        let mut shared = self.shared.lock().unwrap();
        if call != Call::Write {
            shared.calls.push((call, name.to_owned()));
        }
        match &mut shared.plan {
            Plan::Never => None,
            Plan::All(failing, fault) => (*failing == call).then_some(*fault),
            Plan::Often(calls, random) => {
                let faults = [Fault::Error, Fault::AnswerLost, Fault::TimedOut];
                (random.below(*calls) == 0).then(|| faults[random.below(3)])
            }
        }
    }

    fn look<T>(
        &self,
        call: Call,
        name: &str,
        look: impl FnOnce() -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        match self.fault(call, name) {
            None => look(),
            Some(_) => Err(StorageError::new("look at", name, "injected")),
        }
    }

    fn change<T>(
        &self,
        call: Call,
        name: &str,
        change: impl FnOnce() -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let Some(fault) = self.fault(call, name) else {
            return change();
        };
        if fault == Fault::AnswerLost {
            change()?;
            if call == Call::Commit {
                let mut shared = self.shared.lock().unwrap();
                shared.in_doubt.insert(name.to_owned());
            }
        }
        let error = StorageError::new("change", name, format!("injected: {fault:?}"));
        Err(match fault {
            Fault::Error => error,
            _ => error.with_kind(StorageErrorKind::InDoubt),
        })
    }
}

impl Storage for FaultyStorage {
    fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        let inner = self.look(Call::Create, name, || self.inner.create(name))?;
        Ok(Box::new(FaultyFile {
            inner,
            name: name.to_owned(),
            storage: self.clone(),
        }))
    }
}

impl Documents for FaultyStorage {
    fn get(&self, name: &str) -> Result<Option<Document>, StorageError> {
        self.look(Call::Get, name, || self.inner.get(name))
    }

    fn read_range(&self, name: &str, range: Range<u64>) -> Result<Option<Bytes>, StorageError> {
        self.look(Call::Get, name, || self.inner.read_range(name, range))
    }

    fn put(&self, name: &str, bytes: Bytes, condition: PutIf) -> Result<PutOutcome, StorageError> {
        self.change(Call::Put, name, || self.inner.put(name, bytes, condition))
    }

    fn list(&self, directory: &str) -> Result<Vec<StoredFile>, StorageError> {
        self.look(Call::List, directory, || self.inner.list(directory))
    }

    fn delete(&self, name: &str) -> Result<(), StorageError> {
        self.change(Call::Delete, name, || self.inner.delete(name))
    }
}

struct FaultyFile {
    inner: Box<dyn StorageFile>,
    name: String,
    storage: FaultyStorage,
}

impl Write for FaultyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.storage.fault(Call::Write, &self.name) {
            None => self.inner.write(bytes),
            Some(_) => Err(io::Error::other("injected")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl StorageFile for FaultyFile {
    fn commit(self: Box<Self>) -> Result<(), StorageError> {
        let Self {
            inner,
            name,
            storage,
        } = *self;
        storage.change(Call::Commit, &name, || {
            inner.commit()?;
            if storage.checked {
                storage.assert_published(&name);
            }
            Ok(())
        })
    }
}

/// Returns the table of a file, which is part of its name in these tests.
pub fn table_of(name: &str) -> Table {
    let directory = name.split('/').next().unwrap();
    Table::from_name(directory).unwrap_or_else(|| panic!("{name} is of no table"))
}
