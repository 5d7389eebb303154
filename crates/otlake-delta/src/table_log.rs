//! The log of one Delta table: what it says, and how an entry is added.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use delta_kernel::scan::StatsOptions;
use otlake_dataset::{BatchId, ManifestFile};
use otlake_storage::Documents;

use crate::actions::{Entry, Metadata, Protocol};
use crate::add::{self, ActiveFile};
use crate::error::DeltaError;
use crate::kernel::Kernel;
use crate::partition::{TRANSFORMS_PROPERTY, read_transforms};
use crate::protocol;
use crate::schema::TableSchema;

/// The time after which a commit checks that the last known entry still exists. If it was cleaned up, entries after it
/// may have been as well. Logs are kept for days, so any number of minutes would do. Not measured.
const FRESH: Duration = Duration::from_secs(60);

/// The number of entries in which the files of a batch are looked for. An attempt is repeated soon after it has died, and
/// if the files are not found, the only consequence is that other leftovers stay.
const RECENT: u64 = 200;

/// The log of a table, in the directory of its files.
#[derive(Debug)]
pub(crate) struct TableLog {
    documents: Arc<dyn Documents>,
    kernel: Arc<Kernel>,
    directory: String,
    /// `None` as long as the table does not exist.
    state: Option<TableState>,
}

/// What the log says, up to a version.
#[derive(Clone, Debug)]
pub(crate) struct TableState {
    pub(crate) version: u64,
    pub(crate) protocol: Protocol,
    pub(crate) metadata: Metadata,
    pub(crate) schema: TableSchema,
    /// The last version of each application whose version is known.
    transactions: HashMap<String, Option<i64>>,
    checked: Instant,
}

impl TableLog {
    pub(crate) fn new(
        documents: Arc<dyn Documents>,
        kernel: Arc<Kernel>,
        directory: String,
    ) -> Self {
        Self {
            documents,
            kernel,
            directory,
            state: None,
        }
    }

    pub(crate) fn directory(&self) -> &str {
        &self.directory
    }

    pub(crate) fn documents(&self) -> &dyn Documents {
        &*self.documents
    }

    pub(crate) fn state(&self) -> Option<&TableState> {
        self.state.as_ref()
    }

    /// Returns the version that the next entry gets.
    pub(crate) fn next_version(&self) -> u64 {
        self.state.as_ref().map_or(0, |state| state.version + 1)
    }

    /// Returns the name of an entry in the storage.
    pub(crate) fn entry_name(&self, version: u64) -> String {
        format!("{}/_delta_log/{version:020}.json", self.directory)
    }

    /// Reads all entries that were added since the last call.
    pub(crate) fn catch_up(&mut self) -> Result<(), DeltaError> {
        let Some(state) = &self.state else {
            return self.load();
        };
        let is_fresh = state.checked.elapsed() < FRESH;
        if !is_fresh && self.get(state.version)?.is_none() {
            return self.load();
        }
        while let Some(entry) = self.get(self.next_version())? {
            self.apply(self.next_version(), &entry)?;
        }
        if let Some(state) = &mut self.state {
            state.checked = Instant::now();
        }
        Ok(())
    }

    /// Reads the state of the table from its latest checkpoint and the entries after it.
    fn load(&mut self) -> Result<(), DeltaError> {
        self.state = None;
        // The first entry of a new table needs no kernel, and its absence no list of a log that has millions.
        if self.get(0)?.is_none() && !self.exists()? {
            return Ok(());
        }
        let (version, metadata, protocol) =
            self.kernel
                .with_snapshot(&self.directory, None, |snapshot, _| {
                    let configuration = snapshot.table_configuration();
                    Ok((
                        snapshot.version(),
                        serde_json::to_value(configuration.metadata())?,
                        serde_json::to_value(configuration.protocol())?,
                    ))
                })?;
        let name = self.entry_name(version);
        let fault = |source| DeltaError::Entry {
            name: name.clone(),
            source,
        };
        let metadata: Metadata = serde_json::from_value(metadata).map_err(fault)?;
        let protocol: Protocol = serde_json::from_value(protocol).map_err(fault)?;
        let schema = TableSchema::read(&metadata.schema_string).map_err(fault)?;
        protocol::check(&self.directory, &protocol, &metadata, &schema)?;
        self.state = Some(TableState {
            version,
            protocol,
            metadata,
            schema,
            transactions: HashMap::new(),
            checked: Instant::now(),
        });
        Ok(())
    }

    /// Returns whether the log has any entry.
    fn exists(&self) -> Result<bool, DeltaError> {
        let listed = self
            .documents
            .list(&format!("{}/_delta_log/", self.directory))?;
        let is_entry = |name: &str| {
            let name = name.rsplit('/').next().unwrap_or(name);
            name.ends_with(".json") && name.as_bytes().iter().take(20).all(u8::is_ascii_digit)
        };
        Ok(listed.iter().any(|file| is_entry(&file.name)))
    }

    /// Changes the state to that after an entry.
    pub(crate) fn apply(&mut self, version: u64, json: &[u8]) -> Result<(), DeltaError> {
        let entry = self.read(version, json)?;
        let mut state = match (self.state.take(), &entry.protocol, &entry.metadata) {
            (Some(state), ..) => state,
            (None, Some(protocol), Some(metadata)) => TableState {
                version,
                protocol: protocol.clone(),
                metadata: metadata.clone(),
                schema: TableSchema::default(),
                transactions: HashMap::new(),
                checked: Instant::now(),
            },
            (None, ..) => return self.load(),
        };
        if let Some(protocol) = entry.protocol {
            state.protocol = protocol;
        }
        if let Some(metadata) = entry.metadata {
            state.schema = TableSchema::read(&metadata.schema_string).map_err(|source| {
                let name = self.entry_name(version);
                DeltaError::Entry { name, source }
            })?;
            state.metadata = metadata;
        }
        protocol::check(
            &self.directory,
            &state.protocol,
            &state.metadata,
            &state.schema,
        )?;
        for transaction in entry.transactions {
            state
                .transactions
                .insert(transaction.app_id, Some(transaction.version));
        }
        state.version = version;
        self.state = Some(state);
        Ok(())
    }

    /// Returns the last version of an application, such as the sequence number of a source.
    pub(crate) fn transaction(&mut self, application: &str) -> Result<Option<i64>, DeltaError> {
        let Some(state) = &mut self.state else {
            return Ok(None);
        };
        if let Some(version) = state.transactions.get(application) {
            return Ok(*version);
        }
        let version = self
            .kernel
            .with_snapshot(&self.directory, None, |snapshot, engine| {
                snapshot.get_app_id_version(application, engine)
            })?;
        state.transactions.insert(application.to_owned(), version);
        Ok(version)
    }

    /// Returns the names of the files that the table got for a batch, if its entry is among the latest ones.
    pub(crate) fn files_of_batch(
        &self,
        batch: &BatchId,
    ) -> Result<Option<Vec<String>>, DeltaError> {
        let tag = Some(batch.to_string());
        let next = self.next_version();
        for version in (next.saturating_sub(RECENT)..next).rev() {
            let Some(json) = self.get(version)? else {
                break;
            };
            let entry = self.read(version, &json)?;
            let is_of_batch = |add: &&crate::actions::Add| {
                let tags = add.tags.as_ref();
                tags.and_then(|tags| tags.get(crate::actions::BATCH_TAG)) == Some(&tag)
            };
            let adds = entry.adds.iter().filter(is_of_batch);
            let names: Vec<String> = adds
                .filter_map(|add| add::name_of(&add.path, &self.directory))
                .collect();
            if !names.is_empty() {
                return Ok(Some(names));
            }
        }
        Ok(None)
    }

    /// Returns whether an entry adds a file, among those from `version` on.
    pub(crate) fn adds_from(
        &self,
        version: u64,
        name: &str,
        file: &str,
    ) -> Result<bool, DeltaError> {
        let path = add::path_of(file, &self.directory);
        for version in version..self.next_version() {
            let json = self.get(version)?.ok_or_else(|| DeltaError::Forgotten {
                directory: self.directory.clone(),
                name: name.to_owned(),
                version,
            })?;
            let entry = self.read(version, &json)?;
            if entry
                .adds
                .iter()
                .any(|add| Some(&add.path) == path.as_ref())
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the files of the table, by path, without their statistics.
    pub(crate) fn active(&self) -> Result<BTreeMap<String, ActiveFile>, DeltaError> {
        let Some(state) = &self.state else {
            return Ok(BTreeMap::new());
        };
        let none = StatsOptions::none();
        let files = self.kernel.files(&self.directory, state.version, none)?;
        Ok(files
            .into_iter()
            .map(|file| (file.path.clone(), file))
            .collect())
    }

    /// Returns the files of the table as entries of a manifest, without those that are not in the dataset.
    pub(crate) fn files(&self) -> Result<Vec<ManifestFile>, DeltaError> {
        let Some(state) = &self.state else {
            return Ok(Vec::new());
        };
        let configuration = &state.metadata.configuration;
        let transforms = configuration.get(TRANSFORMS_PROPERTY);
        let transforms = transforms
            .map(|property| read_transforms(property))
            .unwrap_or_default();
        let columns = &state.metadata.partition_columns;
        let all = StatsOptions::json_only();
        let active = self.kernel.files(&self.directory, state.version, all)?;
        let files = active.into_iter().filter_map(|file| {
            let name = add::name_of(&file.path, &self.directory)?;
            Some(add::to_file(
                &file,
                name,
                &state.schema,
                columns,
                &transforms,
            ))
        });
        Ok(files.collect())
    }

    /// Applies the entries after `version` to a set of files.
    pub(crate) fn follow(
        &self,
        version: u64,
        active: &mut BTreeMap<String, ActiveFile>,
    ) -> Result<(), DeltaError> {
        for version in version + 1..self.next_version() {
            let Some(json) = self.get(version)? else {
                *active = self.active()?;
                return Ok(());
            };
            let entry = self.read(version, &json)?;
            for path in &entry.removes {
                active.remove(path);
            }
            for add in entry.adds {
                active.insert(
                    add.path.clone(),
                    ActiveFile {
                        path: add.path,
                        size: add.size,
                        stats: None,
                        partition: add.partition_values,
                        tags: add.tags.unwrap_or_default(),
                    },
                );
            }
        }
        Ok(())
    }

    pub(crate) fn get(&self, version: u64) -> Result<Option<Bytes>, DeltaError> {
        let document = self.documents.get(&self.entry_name(version))?;
        Ok(document.map(|document| document.bytes))
    }

    fn read(&self, version: u64, json: &[u8]) -> Result<Entry, DeltaError> {
        Entry::read(json).map_err(|source| DeltaError::Entry {
            name: self.entry_name(version),
            source,
        })
    }
}

/// Returns the application of a source of batches, in the log.
pub(crate) fn application(source: &str) -> String {
    format!("otlake/{source}")
}
