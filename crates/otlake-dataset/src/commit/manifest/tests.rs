use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::types::Int64Type;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch,
    StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow_schema::{Field, Schema};
use bytes::Bytes;
use proptest::prelude::*;

use super::file::{ManifestColumn, ManifestLeaf};
use super::*;
use crate::route::partition_value::{PartitionLiteral, Transform};
use otlake_parquet::{Bound, Encoder, FileWriter, SortingColumn, WriterOptions};

fn file(name: &str, columns: Vec<(&str, ArrayRef)>) -> FileSummary {
    let order = vec![SortingColumn {
        name: "fingerprint".to_owned(),
        descending: false,
        nulls_first: true,
    }];
    let options = WriterOptions::new().with_sorting_columns(order);
    let mut encoder = Encoder::new(options).unwrap();
    let mut file = FileWriter::new(Vec::new());
    let columns = columns.into_iter().enumerate();
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns
        .map(|(number, (name, array))| {
            let id = [("PARQUET:field_id".to_owned(), (number + 1).to_string())];
            let field = Field::new(name, array.data_type().clone(), true);
            (field.with_metadata(id.into()), array)
        })
        .unzip();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays);
    file.write_row_group(&mut encoder, &batch.unwrap()).unwrap();
    let (_, mut summary) = file.finish(&mut encoder, &[]).unwrap();
    summary.name = name.to_owned();
    // Sizes are fixed because they depend on the codec and its version.
    summary.bytes = 1_000;
    for column in &mut summary.columns {
        column.compressed_bytes = 50;
        column
            .leaves
            .iter_mut()
            .for_each(|leaf| leaf.compressed_bytes = 20);
    }
    summary
}

fn manifest() -> Manifest {
    let times = vec![
        Some(1_795_332_600_000_001),
        None,
        Some(1_795_332_600_500_000),
    ];
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "timestamp",
            Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC")),
        ),
        (
            "body",
            Arc::new(StringArray::from(vec!["a \"quoted\" text", "ü", "b"])),
        ),
        (
            "fingerprint",
            Arc::new(Int64Array::from(vec![i64::MIN, 0, i64::MAX])),
        ),
        (
            "attr_ok",
            Arc::new(BooleanArray::from(vec![true, false, true])),
        ),
        (
            "attr_ratio",
            Arc::new(Float64Array::from(vec![0.1, f64::INFINITY, -1e300])),
        ),
        (
            "attr_large",
            Arc::new(UInt64Array::from(vec![u64::MAX, 3, 4])),
        ),
        (
            "attr_bytes",
            Arc::new(BinaryArray::from(vec![&b"\xff\0"[..], b"", b"a"])),
        ),
        (
            "attr_none",
            Arc::new(Int64Array::from(vec![None, None, None])),
        ),
        (
            "attr_list",
            Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>([
                Some(vec![Some(1), None]),
                None,
                Some(vec![]),
            ])),
        ),
    ];
    let mut manifest = Manifest::new(Table::Logs)
        .with_batch(BatchId::new("orders-3", 1048576).unwrap())
        .with_schema_version(7)
        .with_replaces(vec!["date=2026-11-22/old.parquet".to_owned()]);
    let text = |text: &str| PartitionLiteral::Text(text.to_owned());
    let identity = Transform::Identity("resource.service.name".to_owned());
    let partition = vec![
        PartitionValue::new(
            "date",
            Transform::Date,
            Some(PartitionLiteral::Date(20_779)),
        ),
        PartitionValue::new("hour", Transform::Hour, Some(PartitionLiteral::Integer(7))),
        PartitionValue::new("service", identity, None),
        PartitionValue::new("site", Transform::Text, Some(text("eu-1"))),
    ];
    manifest.add(&file("date=2026-11-22/a.parquet", columns), partition);
    let bodies: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    manifest.add(&file("b.parquet", vec![("body", bodies)]), Vec::new());
    manifest
}

fn frozen(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// A document of version 1: everything that it has is read, and what it lacks is empty.
#[test]
fn a_frozen_document_of_version_1_is_read() {
    let read = Manifest::from_json(&std::fs::read(frozen("manifest-v1.json")).unwrap()).unwrap();
    let mut expected = manifest();
    expected.replaces.clear();
    for file in &mut expected.files {
        file.row_group_offsets.clear();
        file.sort_order.clear();
        file.columns.retain(|column| column.name != "attr_list");
        file.partition
            .retain(|value| ["date", "service"].contains(&&*value.name));
        for value in &mut file.partition {
            value.transform = Transform::Text;
            let text = value.value.as_ref().map(ToString::to_string);
            value.value = text.map(PartitionLiteral::Text);
        }
        for column in &mut file.columns {
            column.field_id = None;
            column.bytes = None;
        }
    }
    assert_eq!(read, expected);
}

/// Every later version writes and reads this document. If the format changes on purpose, it gets another
/// number, and this file stays.
#[test]
fn the_frozen_document_is_written_and_read() {
    let path = frozen("manifest-v2.json");
    let manifest = manifest();
    let written = manifest.to_json();
    if std::env::var_os("OTLAKE_BLESS").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    let frozen = std::fs::read(&path).unwrap();
    let text = |json: &[u8]| String::from_utf8(json.to_vec()).unwrap();
    assert_eq!(text(&written), text(&frozen));
    assert_eq!(Manifest::from_json(&frozen).unwrap(), manifest);
}

#[test]
fn ranges_and_totals_are_those_of_the_files() {
    let manifest = manifest();
    let files = manifest.files();
    let times = (1_795_332_600_000_001, 1_795_332_600_500_000);
    assert_eq!(files[0].time_range(), Some(times));
    assert_eq!(files[0].fingerprint_range(), Some((i64::MIN, i64::MAX)));
    assert_eq!(files[1].time_range(), None);
    assert_eq!((manifest.rows(), manifest.bytes()), (4, 2_000));
    assert_eq!(manifest.row_groups(), 2);
    assert_eq!(manifest.batch().map(BatchId::source), Some("orders-3"));
    assert_eq!(manifest.schema_version(), Some(7));
    assert_eq!(
        (files[0].day(), files[0].hour()),
        (Some(20_779), Some(498_703))
    );
    assert_eq!((files[1].day(), files[1].hour()), (None, None));
    let leaves: Vec<_> = files[0].leaves().collect();
    assert_eq!(leaves.len(), files[0].columns.len());
    let counts = |leaf: &ManifestLeaf| (leaf.field_id, leaf.values, leaf.nulls);
    assert_eq!(counts(&leaves[0]), (Some(1), 3, 1));
    let list = &leaves[8];
    assert_eq!(counts(list), (None, 4, 3), "{}", list.path);
}

#[test]
fn a_damaged_manifest_is_an_error_that_says_what_is_wrong() {
    type Change = fn(&mut serde_json::Value);
    let cases: [(Change, &str); 9] = [
        (
            |v| v["format"] = "otlake.manifest/3".into(),
            "update the reader",
        ),
        (
            |v| *v = serde_json::json!({"format": "otlake.manifest/3", "files": "elsewhere"}),
            "update the reader",
        ),
        (
            |v| v["table"] = "profiles".into(),
            "\"profiles\", which this version",
        ),
        (
            |v| v["batch"]["source"] = "a/b".into(),
            "its batch has no valid identity",
        ),
        (
            |v| v["totals"]["rows"] = 5.into(),
            "its totals say 5 rows, but its files have 4",
        ),
        (
            |v| v["files"][0]["bytes"] = u64::MAX.into(),
            "say 2000 bytes, but its files",
        ),
        (
            |v| v["files"][1]["name"] = v["files"][0]["name"].clone(),
            "the file \"date=2026-11-22/a.parquet\" twice",
        ),
        (
            |v| v["files"][0]["columns"][1]["min"] = 1.into(),
            "the column \"body\" of \"date=2026-11-22/a.parquet\" has type \"utf8\" and the minimum \
             or maximum 1",
        ),
        (
            |v| v["files"][0]["rows"] = "3".into(),
            "damaged: invalid type",
        ),
    ];
    for (number, (change, message)) in cases.iter().enumerate() {
        let mut value = serde_json::from_slice(&manifest().to_json()).unwrap();
        change(&mut value);
        let error = Manifest::from_json(value.to_string().as_bytes()).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(message), "case {number}: {error}");
    }
    assert!(Manifest::from_json(b"{").is_err());
}

#[test]
fn members_of_later_versions_are_left_out() {
    let mut value: serde_json::Value = serde_json::from_slice(&manifest().to_json()).unwrap();
    value["more"] = "of it".into();
    value["files"][0]["columns"][0]["distinct"] = 3.into();
    let read = Manifest::from_json(value.to_string().as_bytes()).unwrap();
    assert_eq!(read, manifest());
}

fn column() -> impl Strategy<Value = ManifestColumn> {
    let finite = any::<f64>().prop_filter("NaN is not equal to itself", |value| !value.is_nan());
    let bytes = prop::collection::vec(any::<u8>(), 0..10);
    let bound = prop_oneof![
        any::<bool>().prop_map(|value| ("boolean", Bound::Boolean(value))),
        any::<i64>().prop_map(|value| ("int64", Bound::Int64(value))),
        any::<i64>().prop_map(|value| ("timestamp[us, UTC]", Bound::Int64(value))),
        any::<u64>().prop_map(|value| ("uint64", Bound::UInt64(value))),
        finite.prop_map(|value| ("float64", Bound::Float64(value))),
        ".{0,10}".prop_map(|value| ("utf8", Bound::Utf8(value))),
        bytes.prop_map(|value| ("binary", Bound::Binary(Bytes::from(value)))),
    ];
    let name = prop_oneof![
        Just("timestamp".to_owned()),
        Just("fingerprint".to_owned()),
        ".{0,10}"
    ];
    let counts = (any::<[u64; 2]>(), any::<Option<i32>>());
    let column = (name, bound, counts, any::<[bool; 3]>());
    column.prop_map(
        |(name, bound, ([nulls, bytes], field_id), [min, max, nested])| {
            let (type_name, bound) = bound;
            let leaf = ManifestLeaf {
                path: format!("{name}.element"),
                field_id,
                type_name: type_name.to_owned(),
                values: bytes / 2,
                nulls,
                bytes,
                min: min.then(|| bound.clone()),
                max: max.then(|| bound.clone()),
            };
            ManifestColumn {
                name,
                field_id,
                type_name: type_name.to_owned(),
                nulls,
                bytes: Some(bytes),
                min: min.then(|| bound.clone()),
                max: max.then_some(bound),
                leaves: nested.then_some(leaf).into_iter().collect(),
            }
        },
    )
}

fn partition_value() -> impl Strategy<Value = PartitionValue> {
    let integer = prop::sample::select(vec![
        Transform::Year,
        Transform::Month,
        Transform::Day,
        Transform::Hour,
        Transform::Minute,
    ]);
    let integer = (integer, any::<i32>())
        .prop_map(|(transform, value)| (transform, PartitionLiteral::Integer(value)));
    let text = (prop::option::of(".{0,5}"), ".{0,5}").prop_map(|(source, text)| {
        let transform = source.map_or(Transform::Text, Transform::Identity);
        (transform, PartitionLiteral::Text(text))
    });
    let date =
        (-100_000..100_000i32).prop_map(|days| (Transform::Date, PartitionLiteral::Date(days)));
    let typed = prop_oneof![integer, text, date];
    (".{0,5}", typed, any::<bool>()).prop_map(|(name, (transform, value), has_value)| {
        PartitionValue::new(name, transform, has_value.then_some(value))
    })
}

fn manifests() -> impl Strategy<Value = Manifest> {
    let partition = prop::collection::vec(partition_value(), 0..3);
    let sorting = prop::collection::vec((".{0,5}", any::<bool>()), 0..3);
    let columns = prop::collection::vec(column(), 0..6);
    let file = (
        partition,
        0..1u64 << 40,
        0..1u64 << 40,
        prop::collection::vec(any::<u64>(), 0..3),
        sorting,
        columns,
    );
    let files = prop::collection::vec(file, 0..4);
    let batch = prop::option::of(("[A-Za-z0-9_-][A-Za-z0-9._-]{0,20}", any::<u64>()));
    let table = prop::sample::select(&Table::ALL[..]);
    (table, batch, any::<Option<u64>>(), files).prop_map(|(table, batch, version, files)| {
        let mut manifest = Manifest::new(table);
        manifest.batch = batch.map(|(source, number)| BatchId::new(source, number).unwrap());
        manifest.schema_version = version;
        let files = files.into_iter().enumerate();
        manifest.files.extend(files.map(
            |(number, (partition, rows, bytes, row_group_offsets, sorting, columns))| {
                ManifestFile {
                    name: format!("{number}"),
                    partition,
                    rows,
                    bytes,
                    row_groups: row_group_offsets.len(),
                    row_group_offsets,
                    columns,
                    sort_order: sorting
                        .into_iter()
                        .map(|(name, descending)| SortingColumn {
                            name,
                            descending,
                            nulls_first: !descending,
                        })
                        .collect(),
                }
            },
        ));
        manifest
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(manifest in manifests()) {
        let json = manifest.to_json();
        let read = Manifest::from_json(&json).unwrap();
        prop_assert_eq!(&read, &manifest);
        prop_assert_eq!(read.to_json(), json);
    }

    /// Skimming a document leaves out all columns but one.
    #[test]
    fn only_the_time_is_skimmed(mut manifest in manifests()) {
        for file in &mut manifest.files {
            if let Some(column) = file.columns.last_mut() {
                column.name = "timestamp".to_owned();
            }
        }
        let skimmed = Manifest::skim_json(&manifest.to_json()).unwrap();
        for file in &mut manifest.files {
            file.columns.retain(|column| column.name == "timestamp");
        }
        prop_assert_eq!(skimmed, manifest);
    }
}
