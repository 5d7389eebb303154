use std::path::Path;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt64Array,
};
use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use otlake_parquet::Encoder;
use otlake_parquet::FileWriter;
use otlake_parquet::WriterOptions;

fn file(name: &str, columns: Vec<(&str, ArrayRef)>) -> FileSummary {
    let mut encoder = Encoder::new(WriterOptions::new()).unwrap();
    let mut file = FileWriter::new(Vec::new());
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    );
    file.write_row_group(&mut encoder, &batch.unwrap()).unwrap();
    let (_, mut summary) = file.finish(&mut encoder, &[]).unwrap();
    summary.name = name.to_owned();
    // The size is fixed because it depends on the codec and its version.
    summary.bytes = 1_000;
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
    ];
    let mut manifest = Manifest::new(Table::Logs)
        .with_batch(BatchId::new("orders-3-1048576").unwrap())
        .with_schema_version(7);
    let partition = vec![
        ("date".to_owned(), Some("2026-11-22".to_owned())),
        ("service".to_owned(), None),
    ];
    manifest.add(&file("date=2026-11-22/a.parquet", columns), partition);
    let bodies: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    manifest.add(&file("b.parquet", vec![("body", bodies)]), Vec::new());
    manifest
}

/// Every later version writes and reads this document. If the format changes on purpose, it gets another
/// number, and this file stays.
#[test]
fn the_frozen_document_is_written_and_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/manifest-v1.json");
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
    assert_eq!(
        manifest.batch().map(BatchId::as_str),
        Some("orders-3-1048576")
    );
    assert_eq!(manifest.schema_version(), Some(7));
}

#[test]
fn a_damaged_manifest_is_an_error_that_says_what_is_wrong() {
    type Change = fn(&mut serde_json::Value);
    let cases: [(Change, &str); 8] = [
        (
            |v| v["format"] = "otlake.manifest/2".into(),
            "update the reader",
        ),
        (
            |v| v["table"] = "profiles".into(),
            "\"profiles\", which this version",
        ),
        (
            |v| v["batch"] = "a/b".into(),
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
    (name, bound, any::<u64>(), any::<[bool; 2]>()).prop_map(|(name, bound, nulls, [min, max])| {
        let (type_name, bound) = bound;
        ManifestColumn {
            name,
            type_name: type_name.to_owned(),
            nulls,
            min: min.then(|| bound.clone()),
            max: max.then_some(bound),
        }
    })
}

fn manifests() -> impl Strategy<Value = Manifest> {
    let partition = prop::collection::vec((".{0,5}", prop::option::of(".{0,5}")), 0..3);
    let columns = prop::collection::vec(column(), 0..6);
    let file = (
        partition,
        0..1u64 << 40,
        0..1u64 << 40,
        0usize..30_000,
        columns,
        prop::collection::vec((".{0,5}", any::<[bool; 2]>()), 0..3),
    );
    let files = prop::collection::vec(file, 0..4);
    let batch = prop::option::of("[A-Za-z0-9_-][A-Za-z0-9._-]{0,20}");
    let table = prop::sample::select(&Table::ALL[..]);
    (table, batch, any::<Option<u64>>(), files).prop_map(|(table, batch, version, files)| {
        let mut manifest = Manifest::new(table);
        manifest.batch = batch.map(|text| BatchId::new(text).unwrap());
        manifest.schema_version = version;
        let files = files.into_iter().enumerate();
        manifest.files.extend(files.map(
            |(number, (partition, rows, bytes, row_groups, columns, sorting))| {
                ManifestFile {
                    name: format!("{number}"),
                    partition,
                    rows,
                    bytes,
                    row_groups,
                    columns,
                    sort_order: sorting
                        .into_iter()
                        .map(|(name, [descending, nulls_first])| SortingColumn {
                            name,
                            descending,
                            nulls_first,
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
}
