//! What a table demands of its writers.

use crate::actions::{Metadata, Protocol};
use crate::error::DeltaError;
use crate::schema::TableSchema;

/// The features of tables that a commit of files complies with.
const FEATURES: [&str; 5] = [
    "appendOnly",
    "invariants",
    "timestampNtz",
    "v2Checkpoint",
    "vacuumProtocolCheck",
];

/// The feature of columns with times that have no time zone.
const TIMESTAMP_NTZ: &str = "timestampNtz";

/// Returns the protocol of a new table: the one that every reader and writer knows.
pub(crate) fn new(schema: &TableSchema) -> Protocol {
    let oldest = Protocol {
        min_reader_version: 1,
        min_writer_version: 2,
        reader_features: None,
        writer_features: None,
    };
    upgraded(&oldest, schema).unwrap_or(oldest)
}

/// Returns the protocol that a table needs for the columns of a schema, if it is another one.
pub(crate) fn upgraded(protocol: &Protocol, schema: &TableSchema) -> Option<Protocol> {
    let has = |features: &Option<Vec<String>>| {
        let mut features = features.iter().flatten();
        features.any(|feature| feature == TIMESTAMP_NTZ)
    };
    if !schema.has_timestamp_ntz() || has(&protocol.writer_features) {
        return None;
    }
    let mut writer = protocol.writer_features.clone().unwrap_or_default();
    if protocol.min_writer_version < 7 {
        // The older versions imply these.
        writer.extend(["appendOnly", "invariants"].map(str::to_owned));
    }
    let mut reader = protocol.reader_features.clone().unwrap_or_default();
    writer.push(TIMESTAMP_NTZ.to_owned());
    reader.push(TIMESTAMP_NTZ.to_owned());
    Some(Protocol {
        min_reader_version: 3,
        min_writer_version: 7,
        reader_features: Some(reader),
        writer_features: Some(writer),
    })
}

/// Checks that a commit complies with what a table demands of its writers.
pub(crate) fn check(
    directory: &str,
    protocol: &Protocol,
    metadata: &Metadata,
    schema: &TableSchema,
) -> Result<(), DeltaError> {
    let unsupported = |what: String, advice| {
        Err(DeltaError::Unsupported {
            directory: directory.to_owned(),
            what,
            advice,
        })
    };
    let features = protocol.writer_features.iter().flatten();
    if let Some(feature) = features
        .map(String::as_str)
        .find(|feature| !FEATURES.contains(feature))
    {
        let advice = "drop the table feature, or commit to another table";
        return unsupported(format!("the table feature {feature}"), advice);
    }
    if !(protocol.min_writer_version <= 2 || protocol.min_writer_version == 7) {
        let version = protocol.min_writer_version;
        let advice = "commit to another table";
        return unsupported(format!("version {version} of the writer protocol"), advice);
    }
    if schema.has_metadata("delta.invariants") {
        return unsupported(
            "checks of its rows (delta.invariants)".to_owned(),
            "drop the invariants",
        );
    }
    let enabled = |name: &&str| {
        let value = metadata.configuration.get(*name);
        value.is_some_and(|value| !value.eq_ignore_ascii_case("false") && value != "none")
    };
    let properties = ["delta.enableChangeDataFeed", "delta.columnMapping.mode"];
    match properties.iter().find(|name| enabled(name)) {
        Some(name) => unsupported(format!("the property {name}"), "unset the property"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn metadata() -> Metadata {
        Metadata {
            id: String::new(),
            name: None,
            description: None,
            format: json!({}),
            schema_string: String::new(),
            partition_columns: Vec::new(),
            created_time: None,
            configuration: BTreeMap::new(),
        }
    }

    /// Whatever a table demands that is not done is an error, and nothing is written.
    #[test]
    fn a_table_that_demands_more_is_an_error() {
        let schema = TableSchema::default();
        let check = |protocol: serde_json::Value, property: Option<&str>| {
            let protocol = serde_json::from_value(protocol).unwrap();
            let mut metadata = metadata();
            if let Some(property) = property {
                metadata
                    .configuration
                    .insert(property.to_owned(), "true".to_owned());
            }
            check("logs", &protocol, &metadata, &schema).map_err(|error| error.to_string())
        };
        let old = json!({"minReaderVersion": 1, "minWriterVersion": 2});
        assert_eq!(check(old.clone(), None), Ok(()));
        assert_eq!(check(old.clone(), Some("delta.appendOnly")), Ok(()));
        let features = |feature: &str| {
            json!({"minReaderVersion": 3, "minWriterVersion": 7,
                "readerFeatures": [], "writerFeatures": ["appendOnly", feature]})
        };
        assert_eq!(check(features("timestampNtz"), None), Ok(()));
        for (protocol, property, message) in [
            (
                features("deletionVectors"),
                None,
                "the table feature deletionVectors",
            ),
            (
                json!({"minReaderVersion": 2, "minWriterVersion": 5}),
                None,
                "version 5 of the writer",
            ),
            (
                old,
                Some("delta.enableChangeDataFeed"),
                "delta.enableChangeDataFeed",
            ),
        ] {
            let error = check(protocol, property).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }

    /// A column with times that have no time zone makes the table one with features; others don't.
    #[test]
    fn times_without_a_time_zone_upgrade_the_protocol_once() {
        let mut schema = TableSchema::default();
        assert!(schema.add("a", json!("timestamp")).unwrap());
        let old = new(&schema);
        assert_eq!((old.min_reader_version, old.min_writer_version), (1, 2));
        assert!(schema.add("b", json!("timestamp_ntz")).unwrap());
        let upgraded_protocol = upgraded(&old, &schema).unwrap();
        let features = ["appendOnly", "invariants", "timestampNtz"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(upgraded_protocol.writer_features, Some(features));
        assert!(upgraded(&upgraded_protocol, &schema).is_none());
    }
}
