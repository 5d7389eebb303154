//! Commits of manifests to one Delta table.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use chrono::Utc;
use otlake_dataset::{BatchId, CommitOutcome, Manifest, ReplaceOutcome};
use otlake_storage::{
    PutIf, PutOutcome, Retries, RetryObserver, RetryPolicy, StorageErrorKind, random_digits,
};
use serde_json::{Value, json};

use crate::actions::{Action, Add, CommitInfo, Metadata, Protocol, Remove, Transaction, write};
use crate::add::{self, ActiveFile};
use crate::error::{ColumnError, DeltaError};
use crate::partition::{self, TRANSFORMS_PROPERTY};
use crate::protocol;
use crate::schema::TableSchema;
use crate::table_log::{TableLog, application};
use crate::types::Unsupported;

pub(crate) type CommitResult = Result<CommitOutcome, Arc<DeltaError>>;

/// A commit that waits.
#[derive(Debug)]
pub(crate) struct Request {
    /// The identity of the batch, or the name of the flush.
    pub(crate) name: String,
    pub(crate) manifest: Manifest,
}

/// How entries are written to the log.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) retry: RetryPolicy,
    pub(crate) observer: Option<Arc<dyn RetryObserver>>,
    /// The properties of new tables.
    pub(crate) properties: BTreeMap<String, String>,
}

/// Commits to one table.
#[derive(Debug)]
pub(crate) struct TableCommits {
    log: TableLog,
    /// The version of the first attempt of each commit outside a batch that may have succeeded without an answer.
    doubts: HashMap<String, u64>,
}

/// An entry that may be in the log.
struct Attempt<T> {
    version: u64,
    bytes: Bytes,
    outcome: T,
}

/// The metadata of a table while an entry is put together.
struct Draft {
    protocol: Protocol,
    metadata: Metadata,
    schema: TableSchema,
    is_new: bool,
    has_new_columns: bool,
    has_new_protocol: bool,
    /// The versions of applications that the entry sets.
    transactions: BTreeMap<String, (i64, Vec<String>)>,
    adds: Vec<Add>,
}

impl TableCommits {
    pub(crate) fn new(log: TableLog) -> Self {
        Self {
            log,
            doubts: HashMap::new(),
        }
    }

    pub(crate) fn log(&mut self) -> &mut TableLog {
        &mut self.log
    }

    /// Commits several manifests in one version. Returns the result of each request, and the version, if there is a new
    /// one.
    pub(crate) fn commit(
        &mut self,
        requests: &[Request],
        options: &Options,
    ) -> (Vec<CommitResult>, Option<u64>) {
        let mut results = Vec::new();
        let mut first = None;
        let committed = self.put(options, &mut first, |commits| {
            let (entry, prepared) = commits.prepare(requests, options)?;
            results = prepared;
            // The results of an attempt are those of the last one unless an earlier one turns out to be in the log.
            Ok((entry, results.clone()))
        });
        let version = match committed {
            Ok((version, prepared)) => {
                results = prepared;
                version
            }
            Err(error) => {
                let error = Arc::new(error);
                // Requests that have failed on their own keep their errors.
                results.resize_with(requests.len(), || Ok(CommitOutcome::Committed));
                for (request, result) in requests.iter().zip(&mut results) {
                    if result.is_err() {
                        continue;
                    }
                    *result = Err(Arc::clone(&error));
                    if let (Some(first), None) = (first, request.manifest.batch()) {
                        self.doubts.entry(request.name.clone()).or_insert(first);
                    }
                }
                None
            }
        };
        for (request, result) in requests.iter().zip(&results) {
            if result.is_ok() {
                self.doubts.remove(&request.name);
            }
        }
        (results, version)
    }

    /// Replaces files of the table by those of a manifest.
    pub(crate) fn replace(
        &mut self,
        manifest: &Manifest,
        options: &Options,
    ) -> Result<(Option<u64>, ReplaceOutcome), DeltaError> {
        // The files of the table, up to a version.
        let mut active: Option<(u64, BTreeMap<String, ActiveFile>)> = None;
        let (version, outcome) = self.put(options, &mut None, |commits| {
            let Some(state) = commits.log.state() else {
                return Ok((None, ReplaceOutcome::Conflict));
            };
            let version = state.version;
            let active = match &mut active {
                Some((known, active)) => {
                    commits.log.follow(*known, active)?;
                    *known = version;
                    active
                }
                none => &mut none.insert((version, commits.log.active()?)).1,
            };
            commits.prepare_replacement(manifest, active)
        })?;
        Ok((version, outcome))
    }

    /// Adds an entry to the log. `prepare` returns it, or none if nothing is to be added, and the outcome. It is called
    /// again whenever the table has changed. `first` becomes the version of the first attempt.
    fn put<T>(
        &mut self,
        options: &Options,
        first: &mut Option<u64>,
        mut prepare: impl FnMut(&mut Self) -> Result<(Option<Bytes>, T), DeltaError>,
    ) -> Result<(Option<u64>, T), DeltaError> {
        let name = format!("{}/_delta_log", self.log.directory());
        let mut retries = Retries::new(name, options.retry).with_observer(options.observer.clone());
        let mut attempts: Vec<Attempt<T>> = Vec::new();
        loop {
            self.log.catch_up()?;
            if let Some(landed) = self.landed(&mut attempts)? {
                return Ok((Some(landed.version), landed.outcome));
            }
            let (bytes, outcome) = prepare(self)?;
            let Some(bytes) = bytes else {
                return Ok((None, outcome));
            };
            let version = self.log.next_version();
            first.get_or_insert(version);
            let put = self.log.documents().put(
                &self.log.entry_name(version),
                bytes.clone(),
                PutIf::Absent,
            );
            let attempt = Attempt {
                version,
                bytes,
                outcome,
            };
            match put {
                Ok(PutOutcome::Stored(_)) => {
                    // The entry is in the log, whether it can be applied or not.
                    let _ = self.log.apply(version, &attempt.bytes);
                    return Ok((Some(version), attempt.outcome));
                }
                // Another entry, or this one, if the client of the store has repeated a request whose answer was lost.
                Ok(PutOutcome::Conflict) => {
                    attempts.push(attempt);
                    retries.pause_after_conflict()?;
                }
                Err(error) if error.kind() == StorageErrorKind::InDoubt => {
                    attempts.push(attempt);
                    retries.pause_in_doubt(error)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Returns the attempt whose entry is in the log. Attempts that can't be in the log any more are dropped.
    fn landed<T>(&self, attempts: &mut Vec<Attempt<T>>) -> Result<Option<Attempt<T>>, DeltaError> {
        let next = self.log.next_version();
        let mut position = 0;
        while let Some(attempt) = attempts.get(position) {
            if attempt.version >= next {
                position += 1;
            } else if self.log.get(attempt.version)?.as_ref() == Some(&attempt.bytes) {
                return Ok(Some(attempts.swap_remove(position)));
            } else {
                attempts.swap_remove(position);
            }
        }
        Ok(None)
    }

    /// Puts an entry together for those requests that the table doesn't have yet.
    fn prepare(
        &mut self,
        requests: &[Request],
        options: &Options,
    ) -> Result<(Option<Bytes>, Vec<CommitResult>), DeltaError> {
        let mut draft = None;
        let mut results = Vec::with_capacity(requests.len());
        for request in requests {
            results.push(match self.found(request, draft.as_ref()) {
                Ok(Some(outcome)) => Ok(outcome),
                Ok(None) => {
                    let added = self.add(&mut draft, &request.manifest, options);
                    added.map(|()| CommitOutcome::Committed).map_err(Arc::new)
                }
                Err(error) => Err(Arc::new(error)),
            });
        }
        let draft = draft.filter(|draft| !draft.adds.is_empty());
        Ok((draft.map(|draft| draft.into_entry()), results))
    }

    /// Returns the outcome of a commit that is in the log, or in the entry that is being put together.
    fn found(
        &mut self,
        request: &Request,
        draft: Option<&Draft>,
    ) -> Result<Option<CommitOutcome>, DeltaError> {
        let manifest = &request.manifest;
        let Some(batch) = manifest.batch() else {
            let Some(first) = self.doubts.get(&request.name) else {
                return Ok(None);
            };
            let Some(file) = manifest.files().first() else {
                return Ok(None);
            };
            let found = self.log.adds_from(*first, &request.name, &file.name)?;
            return Ok(found.then_some(CommitOutcome::Committed));
        };
        let (application, sequence) = transaction_of(batch)?;
        if let Some((last, files)) = draft.and_then(|draft| draft.transactions.get(&application))
            && *last >= sequence
        {
            let files = (*last == sequence).then(|| files.clone());
            return Ok(Some(CommitOutcome::AlreadyCommitted { files }));
        }
        match self.log.transaction(&application)? {
            Some(last) if last >= sequence => Ok(Some(CommitOutcome::AlreadyCommitted {
                files: self.log.files_of_batch(batch)?,
            })),
            _ => Ok(None),
        }
    }

    /// Adds the files of a manifest to the entry that is being put together. An error changes nothing.
    fn add(
        &self,
        draft: &mut Option<Draft>,
        manifest: &Manifest,
        options: &Options,
    ) -> Result<(), DeltaError> {
        if manifest.files().is_empty() {
            return Ok(());
        }
        let found = match draft.as_ref() {
            Some(draft) => (
                draft.metadata.clone(),
                draft.schema.clone(),
                draft.protocol.clone(),
            ),
            None => match self.log.state() {
                Some(state) => (
                    state.metadata.clone(),
                    state.schema.clone(),
                    state.protocol.clone(),
                ),
                None => {
                    let (metadata, schema) = new_table(manifest, options)?;
                    let protocol = protocol::new(&schema);
                    (metadata, schema, protocol)
                }
            },
        };
        let (metadata, mut schema, protocol) = found;
        let now = Utc::now().timestamp_millis();
        let mut adds = Vec::with_capacity(manifest.files().len());
        let mut has_new_columns = false;
        for file in manifest.files() {
            let (directory, columns) = (self.log.directory(), &metadata.partition_columns);
            adds.push(add::of_file(
                file,
                directory,
                columns,
                manifest.batch(),
                true,
                now,
            )?);
            has_new_columns |= schema.add_columns(file, columns)?;
        }
        let new_protocol = protocol::upgraded(&protocol, &schema);
        let transaction = manifest.batch().map(transaction_of).transpose()?;
        let draft = draft.get_or_insert_with(|| Draft {
            protocol,
            metadata,
            schema: TableSchema::default(),
            is_new: self.log.state().is_none(),
            has_new_columns: false,
            has_new_protocol: false,
            transactions: BTreeMap::new(),
            adds: Vec::new(),
        });
        if let Some((application, sequence)) = transaction {
            let files = manifest.files().iter().map(|file| file.name.clone());
            draft
                .transactions
                .insert(application, (sequence, files.collect()));
        }
        if let Some(protocol) = new_protocol {
            draft.protocol = protocol;
            draft.has_new_protocol = true;
        }
        draft.schema = schema;
        draft.has_new_columns |= has_new_columns;
        draft.adds.extend(adds);
        Ok(())
    }

    fn prepare_replacement(
        &self,
        manifest: &Manifest,
        active: &BTreeMap<String, ActiveFile>,
    ) -> Result<(Option<Bytes>, ReplaceOutcome), DeltaError> {
        let directory = self.log.directory();
        let Some(state) = self.log.state() else {
            return Ok((None, ReplaceOutcome::Conflict));
        };
        let is_active = |name: &str| {
            let path = add::path_of(name, directory);
            path.is_some_and(|path| active.contains_key(&path))
        };
        let files = manifest.files();
        if !files.is_empty() && files.iter().all(|file| is_active(&file.name)) {
            // An earlier call has done it, and its answer was lost.
            return Ok((None, ReplaceOutcome::Replaced));
        }
        // Without files of its own the manifest drops rows.
        let drops = files.is_empty();
        if drops
            && state
                .metadata
                .configuration
                .get("delta.appendOnly")
                .map(String::as_str)
                == Some("true")
        {
            return Err(DeltaError::Unsupported {
                directory: directory.to_owned(),
                what: "rows that stay (delta.appendOnly)".to_owned(),
                advice: "unset the property to drop rows",
            });
        }
        let now = Utc::now().timestamp_millis();
        let mut actions = Vec::new();
        for name in manifest.replaces() {
            let file = add::path_of(name, directory).and_then(|path| active.get(&path));
            let Some(file) = file else {
                return Ok((None, ReplaceOutcome::Conflict));
            };
            // A null is not in the map of a file that a scan has found.
            let columns = state.metadata.partition_columns.iter();
            let partition_values = columns
                .map(|name| (name.clone(), file.partition.get(name).cloned().flatten()))
                .collect();
            actions.push(Action::Remove(Remove {
                path: file.path.clone(),
                deletion_timestamp: now,
                data_change: drops,
                extended_file_metadata: true,
                partition_values,
                size: file.size,
            }));
        }
        let mut schema = state.schema.clone();
        let mut has_new_columns = false;
        let columns = &state.metadata.partition_columns;
        let mut adds = Vec::with_capacity(files.len());
        for file in files {
            adds.push(add::of_file(file, directory, columns, None, false, now)?);
            has_new_columns |= schema.add_columns(file, columns)?;
        }
        let mut metadata = state.metadata.clone();
        if has_new_columns {
            metadata.schema_string = schema.to_json();
            actions.push(Action::MetaData(&metadata));
        }
        if actions.is_empty() && adds.is_empty() {
            return Ok((None, ReplaceOutcome::Replaced));
        }
        actions.extend(adds.iter().map(Action::Add));
        let operation = if drops { "DELETE" } else { "OPTIMIZE" };
        let info = commit_info(operation, "predicate", "[]".to_owned(), false, now);
        actions.insert(0, Action::CommitInfo(info));
        Ok((Some(write(&actions)), ReplaceOutcome::Replaced))
    }
}

impl Draft {
    /// Returns the entry.
    fn into_entry(mut self) -> Bytes {
        let now = Utc::now().timestamp_millis();
        let columns = Value::from(self.metadata.partition_columns.clone()).to_string();
        let mut info = commit_info("WRITE", "partitionBy", columns, !self.has_new_columns, now);
        info.operation_parameters
            .insert("mode", "Append".to_owned());
        let mut actions = vec![Action::CommitInfo(info)];
        if self.is_new || self.has_new_protocol {
            actions.push(Action::Protocol(&self.protocol));
        }
        if self.is_new || self.has_new_columns {
            self.metadata.schema_string = self.schema.to_json();
            actions.push(Action::MetaData(&self.metadata));
        }
        let transactions = self.transactions.into_iter();
        actions.extend(transactions.map(|(app_id, (version, _))| {
            Action::Txn(Transaction {
                app_id,
                version,
                last_updated: Some(now),
            })
        }));
        actions.extend(self.adds.iter().map(Action::Add));
        write(&actions)
    }
}

fn commit_info(
    operation: &'static str,
    parameter: &'static str,
    value: String,
    is_blind_append: bool,
    timestamp: i64,
) -> CommitInfo {
    CommitInfo {
        timestamp,
        operation,
        operation_parameters: BTreeMap::from([(parameter, value)]),
        is_blind_append,
        engine_info: concat!("otlake-delta/", env!("CARGO_PKG_VERSION")),
        txn_id: random_digits(),
    }
}

/// Returns the application and the version with which the log records a batch.
fn transaction_of(batch: &BatchId) -> Result<(String, i64), DeltaError> {
    let sequence = batch
        .sequence()
        .try_into()
        .map_err(|_| DeltaError::Sequence {
            batch: batch.to_string(),
        })?;
    Ok((application(batch.source()), sequence))
}

/// Returns the metadata of a table whose first files are those of a manifest, and a schema with the partition columns.
fn new_table(
    manifest: &Manifest,
    options: &Options,
) -> Result<(Metadata, TableSchema), DeltaError> {
    let mut schema = TableSchema::default();
    let mut partition_columns = Vec::new();
    let mut configuration = options.properties.clone();
    if let Some(file) = manifest.files().first() {
        for value in partition::columns(&file.partition) {
            let delta_type = partition::delta_type(&value.transform);
            let added = schema.add(&value.name, json!(delta_type));
            added.map_err(|Unsupported(reason)| ColumnError {
                file: file.name.clone(),
                column: value.name.clone(),
                reason,
            })?;
            partition_columns.push(value.name.clone());
        }
        if !partition_columns.is_empty() {
            configuration.insert(
                TRANSFORMS_PROPERTY.to_owned(),
                partition::transforms(&file.partition),
            );
        }
    }
    let metadata = Metadata {
        id: uuid(),
        name: Some(manifest.table().name().to_owned()),
        description: None,
        format: json!({"provider": "parquet", "options": {}}),
        schema_string: String::new(),
        partition_columns,
        created_time: Some(Utc::now().timestamp_millis()),
        configuration,
    };
    Ok((metadata, schema))
}

/// Returns 128 random bits in the form of a UUID of version 4, which every reader accepts as the identity of a table.
fn uuid() -> String {
    let digits = format!("{}{}", random_digits(), random_digits());
    format!(
        "{}-{}-4{}-a{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[13..16],
        &digits[17..20],
        &digits[20..32]
    )
}
