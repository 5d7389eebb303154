//! The actions of a Delta log, as far as a commit writes and reads them.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The tag of a file that names its batch.
pub(crate) const BATCH_TAG: &str = "otlake.batch";
/// The tag of a file with the number of its row groups.
pub(crate) const ROW_GROUPS_TAG: &str = "otlake.row_groups";
/// The tag of a file with the columns by which its rows are sorted.
pub(crate) const SORT_ORDER_TAG: &str = "otlake.sort_order";

/// The texts of the partition columns of a file; `None` is null.
pub(crate) type PartitionTexts = BTreeMap<String, Option<String>>;

/// An action to be written: a line of a log entry.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Action<'a> {
    CommitInfo(CommitInfo),
    Protocol(&'a Protocol),
    MetaData(&'a Metadata),
    Txn(Transaction),
    Add(&'a Add),
    Remove(Remove),
}

/// The part of a log entry that commits read.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) protocol: Option<Protocol>,
    pub(crate) metadata: Option<Metadata>,
    pub(crate) transactions: Vec<Transaction>,
    pub(crate) adds: Vec<Add>,
    /// The paths of removed files.
    pub(crate) removes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    protocol: Option<Protocol>,
    meta_data: Option<Metadata>,
    txn: Option<Transaction>,
    add: Option<Add>,
    remove: Option<RemovedPath>,
}

#[derive(Deserialize)]
struct RemovedPath {
    path: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Protocol {
    pub(crate) min_reader_version: i32,
    pub(crate) min_writer_version: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reader_features: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) writer_features: Option<Vec<String>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) format: Value,
    pub(crate) schema_string: String,
    pub(crate) partition_columns: Vec<String>,
    pub(crate) created_time: Option<i64>,
    #[serde(default)]
    pub(crate) configuration: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Transaction {
    pub(crate) app_id: String,
    pub(crate) version: i64,
    pub(crate) last_updated: Option<i64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Add {
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) partition_values: PartitionTexts,
    pub(crate) size: i64,
    pub(crate) modification_time: i64,
    pub(crate) data_change: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stats: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tags: Option<PartitionTexts>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Remove {
    pub(crate) path: String,
    pub(crate) deletion_timestamp: i64,
    pub(crate) data_change: bool,
    pub(crate) extended_file_metadata: bool,
    pub(crate) partition_values: PartitionTexts,
    pub(crate) size: i64,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CommitInfo {
    pub(crate) timestamp: i64,
    pub(crate) operation: &'static str,
    pub(crate) operation_parameters: BTreeMap<&'static str, String>,
    pub(crate) is_blind_append: bool,
    pub(crate) engine_info: &'static str,
    /// Makes each attempt of a commit different from every other entry.
    pub(crate) txn_id: String,
}

impl Entry {
    /// Reads an entry. Actions and members that a commit does not need are ignored.
    pub(crate) fn read(json: &[u8]) -> Result<Self, serde_json::Error> {
        let mut entry = Self::default();
        for line in json.split(|byte| *byte == b'\n') {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let line: Line = serde_json::from_slice(line)?;
            entry.protocol = line.protocol.or(entry.protocol);
            entry.metadata = line.meta_data.or(entry.metadata);
            entry.transactions.extend(line.txn);
            entry.adds.extend(line.add);
            entry.removes.extend(line.remove.map(|remove| remove.path));
        }
        Ok(entry)
    }
}

/// Returns the entry that consists of these actions.
pub(crate) fn write(actions: &[Action<'_>]) -> Bytes {
    let mut json = Vec::new();
    for action in actions {
        if !json.is_empty() {
            json.push(b'\n');
        }
        serde_json::to_writer(&mut json, action)
            .unwrap_or_else(|error| unreachable!("strings and numbers are JSON: {error}"));
    }
    json.into()
}
