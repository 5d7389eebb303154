//! What every released version has written is read, and continued, by this one: `testdata/compatibility/README.md`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod read_back;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otlake::dataset::{BatchId, FileNames, Manifest};
use otlake::fingerprint::{Fingerprint, Fingerprinter, PatternOptions, Patterns};
use otlake::otlp::{ContentEncoding, Format};
use otlake::parquet::WriterOptions;
use otlake::row::{Bytes, Signal};
use otlake::schema::{DatasetSchema, Table};
use otlake::storage::{Documents, InMemoryStorage, PutIf, PutOutcome, Storage};
use otlake::{FingerprintStage, PatternsTable, Pipeline};
use otlake_testkit::{CanonicalRow, CanonicalValue, Request, Rng};
use prost::Message;
use read_back::{Record, expected_record, read_file};

/// The tables of the signals.
const TABLES: [(Signal, Table); 3] = [
    (Signal::Logs, Table::Logs),
    (Signal::Traces, Table::Traces),
    (Signal::Metrics, Table::Metrics),
];

/// The batch in each dataset, whose payloads are in `payloads/batch/`.
fn batch_id() -> BatchId {
    BatchId::new("orders-0", 1817).unwrap()
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/compatibility")
}

/// Returns the directories of the versions. The one of this version is written first, if that was asked for.
fn versions() -> Vec<PathBuf> {
    let this = concat!(
        env!("CARGO_PKG_VERSION_MAJOR"),
        ".",
        env!("CARGO_PKG_VERSION_MINOR")
    );
    let this = corpus().join(this);
    static BLESSED: std::sync::Once = std::sync::Once::new();
    BLESSED.call_once(|| {
        if std::env::var_os("OTLAKE_BLESS").is_some() {
            bless(&this);
        }
    });
    assert!(
        this.is_dir(),
        "this version has no directory: OTLAKE_BLESS=1"
    );
    let entries = fs::read_dir(corpus()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.is_dir()).collect()
}

/// Returns the files below a directory by their names, with `/`.
fn read(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            let below = read(&path).into_iter();
            files.extend(below.map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    files
}

fn signal_of(name: &str) -> Signal {
    let name = name.rsplit('/').next().unwrap();
    let of = |(signal, table): (Signal, Table)| name.starts_with(table.name()).then_some(signal);
    TABLES.into_iter().find_map(of).unwrap()
}

fn canonical(signal: Signal, payload: &[u8]) -> Vec<CanonicalRow> {
    match signal {
        Signal::Logs => ExportLogsServiceRequest::decode(payload)
            .unwrap()
            .canonical_rows(),
        Signal::Traces => ExportTraceServiceRequest::decode(payload)
            .unwrap()
            .canonical_rows(),
        _ => ExportMetricsServiceRequest::decode(payload)
            .unwrap()
            .canonical_rows(),
    }
}

/// Sorts records, which have no order of their own.
fn sorted(records: impl IntoIterator<Item = Record>) -> Vec<String> {
    let texts = records.into_iter().map(|record| format!("{record:?}"));
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts
}

/// Loads the files of a dataset into a storage.
fn load(files: &BTreeMap<String, Vec<u8>>) -> InMemoryStorage {
    let storage = InMemoryStorage::new();
    for (name, bytes) in files {
        if name.ends_with(".json") {
            let put = storage
                .put(name, bytes.clone().into(), PutIf::Absent)
                .unwrap();
            assert!(matches!(put, PutOutcome::Stored(_)));
        } else {
            let mut file = storage.create(name).unwrap();
            file.write_all(bytes).unwrap();
            file.commit().unwrap();
        }
    }
    storage
}

fn manifests(files: &BTreeMap<String, Vec<u8>>) -> Vec<Manifest> {
    let manifests = files
        .iter()
        .filter(|(name, _)| name.starts_with("_otlake/manifests/"));
    manifests
        .map(|(_, bytes)| Manifest::from_json(bytes).unwrap())
        .collect()
}

/// Returns the published schema of a table, or an empty one if no row came for the table.
fn schema(files: &BTreeMap<String, Vec<u8>>, table: Table) -> DatasetSchema {
    match files.get(&format!("_otlake/{}.schema.json", table.name())) {
        Some(document) => DatasetSchema::from_json(document).unwrap(),
        None => DatasetSchema::new(table),
    }
}

/// The datasets: of recorded payloads in one partition for each day and service, and of random ones.
const DATASETS: [&str; 2] = ["recorded", "random"];

/// What is written: the dataset, the codec, whether it is a flush or the batch, the signal, and the payload: the name
/// of a recorded one or the seed of a random one.
const WRITES: [(&str, &str, &str, Signal, &str); 6] = [
    (
        "recorded",
        "zstd:1",
        "flush",
        Signal::Logs,
        "logs/frontend-nodejs-002.binpb",
    ),
    (
        "recorded",
        "none",
        "batch",
        Signal::Logs,
        "logs/payment-python-002.binpb.gz",
    ),
    ("random", "zstd:1", "flush", Signal::Logs, "17"),
    ("random", "snappy", "flush", Signal::Traces, "17"),
    ("random", "lz4", "flush", Signal::Metrics, "17"),
    ("random", "none", "batch", Signal::Logs, "18"),
];

fn pipeline(dataset: &str, codec: &str, storage: InMemoryStorage) -> Pipeline<(FingerprintStage,)> {
    let names = FileNames::new("part").with_unique(codec.replace(':', ""));
    let partitioning = match dataset {
        "recorded" => "{table}/date={date}/service={resource.service.name}",
        _ => "{table}",
    };
    Pipeline::builder()
        .stage(FingerprintStage::new().with_patterns(PatternOptions::new()))
        .partitioning(partitioning.parse().unwrap())
        .file_names(names)
        .writer_options(WriterOptions::new().with_bloom_filter_columns(["trace_id"]))
        .compression(codec.parse().unwrap())
        .build(storage)
        .unwrap()
}

/// Returns the bytes of a payload in [`WRITES`].
fn payload(signal: Signal, source: &str) -> Vec<u8> {
    if let Ok(seed) = source.parse() {
        let mut rng = Rng::new(seed);
        return match signal {
            Signal::Logs => ExportLogsServiceRequest::arbitrary(&mut rng).encode_to_vec(),
            Signal::Traces => ExportTraceServiceRequest::arbitrary(&mut rng).encode_to_vec(),
            _ => ExportMetricsServiceRequest::arbitrary(&mut rng).encode_to_vec(),
        };
    }
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data");
    let bytes = fs::read(data.join(source)).unwrap();
    let encoding = ContentEncoding::from_extension(source.rsplit('.').next().unwrap());
    encoding.inflate(&bytes.into(), 1 << 20).unwrap().to_vec()
}

/// Writes what this version writes.
fn bless(directory: &Path) {
    let _ = fs::remove_dir_all(directory);
    let write = |name: String, bytes: &[u8]| {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    for dataset in DATASETS {
        let storage = InMemoryStorage::new();
        let mut learned = Patterns::default();
        for (_, codec, kind, signal, source) in WRITES.iter().filter(|write| write.0 == dataset) {
            let payload = payload(*signal, source);
            let name = Table::from(*signal).name();
            write(format!("{dataset}/payloads/{kind}/{name}.binpb"), &payload);
            let mut pipeline = pipeline(dataset, codec, storage.clone());
            if *kind == "batch" {
                pipeline.begin_batch(&batch_id()).unwrap();
            }
            pipeline.ingest(*signal, Format::Protobuf, payload).unwrap();
            if *kind == "batch" {
                pipeline.finish_batch().unwrap();
            }
            pipeline.flush().unwrap();
            learned.merge(pipeline.patterns().unwrap());
        }
        let table = PatternsTable::new(&learned);
        table
            .write(&storage, "_otlake/patterns.parquet", WriterOptions::new())
            .unwrap();
        write(format!("{dataset}/patterns.state"), &learned.save());
        let templates = learned
            .patterns()
            .iter()
            .map(|pattern| pattern.template.clone())
            .collect::<Vec<_>>();
        write(
            format!("{dataset}/templates.json"),
            &serde_json::to_vec_pretty(&templates).unwrap(),
        );
        let fingerprints: BTreeMap<String, String> = learned
            .known()
            .map(|known| {
                (
                    String::from_utf8_lossy(known.example).into_owned(),
                    known.fingerprint.to_string(),
                )
            })
            .collect();
        write(
            format!("{dataset}/fingerprints.json"),
            &serde_json::to_vec_pretty(&fingerprints).unwrap(),
        );
        for (name, bytes) in storage.files() {
            write(format!("{dataset}/lake/{name}"), &bytes);
        }
    }
}

/// The corpus is small enough for a repository.
#[test]
fn the_corpus_is_small() {
    versions();
    let bytes: usize = read(&corpus()).values().map(Vec::len).sum();
    assert!(bytes < 300_000, "{bytes} bytes");
}

/// Every file that a manifest lists is there, with the rows and the bytes that the manifest says, and has the records of
/// the payloads, field by field, as prost decodes them.
#[test]
fn all_records_are_read() {
    for version in versions() {
        for dataset in DATASETS {
            let lake = read(&version.join(dataset).join("lake"));
            let payloads = read(&version.join(dataset).join("payloads"));
            for (signal, table) in TABLES {
                let mut found = Vec::new();
                for manifest in manifests(&lake)
                    .iter()
                    .filter(|manifest| manifest.table() == table)
                {
                    let published = schema(&lake, table);
                    assert!(manifest.schema_version() <= Some(published.version()));
                    for file in manifest.files() {
                        let bytes = &lake[&file.name];
                        assert_eq!(file.bytes, bytes.len() as u64);
                        for column in &file.columns {
                            let published = published.column(&column.name).unwrap();
                            assert_eq!(published.type_name(), column.type_name);
                        }
                        let records = read_file(Bytes::from(bytes.clone()), table);
                        assert_eq!(file.rows, records.len() as u64);
                        found.extend(records);
                    }
                }
                let of_signal = payloads
                    .iter()
                    .filter(|(name, _)| signal_of(name) == signal);
                let rows = of_signal.flat_map(|(_, payload)| canonical(signal, payload));
                let expected = rows.map(|row| expected_record(table, &row));
                assert_eq!(sorted(found), sorted(expected), "{dataset}: {table:?}");
            }
        }
    }
}

/// This version opens a dataset of an older one, adds to it and repeats its batch: no column changes its name, type or
/// id, no record is lost, and those of the batch are not there twice.
#[test]
fn a_dataset_is_continued() {
    for version in versions() {
        for dataset in DATASETS {
            let before = read(&version.join(dataset).join("lake"));
            let payloads = read(&version.join(dataset).join("payloads"));
            let storage = load(&before);
            let mut pipeline = pipeline(dataset, "none", storage.clone());
            pipeline.begin_batch(&batch_id()).unwrap();
            for (name, payload) in payloads
                .iter()
                .filter(|(name, _)| name.starts_with("batch/"))
            {
                pipeline
                    .ingest(signal_of(name), Format::Protobuf, payload.clone())
                    .unwrap();
            }
            pipeline.finish_batch().unwrap();
            let files = |files: &BTreeMap<String, Vec<u8>>| -> BTreeMap<String, u64> {
                let manifests = manifests(files).into_iter();
                let files = manifests.flat_map(|manifest| manifest.files().to_vec());
                files.map(|file| (file.name, file.rows)).collect()
            };
            let stored = || -> BTreeMap<String, Vec<u8>> {
                let files = storage.files().into_iter();
                files.map(|(name, bytes)| (name, bytes.to_vec())).collect()
            };
            assert_eq!(
                files(&stored()),
                files(&before),
                "{dataset}: the batch is there once"
            );

            // The payloads again, after one that has other types for their attributes.
            let other = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"intValue":"1"},"attributes":[
                {"key":"user.id","value":{"boolValue":true}},{"key":"http.route","value":{"doubleValue":0.5}},
                {"key":"new","value":{"intValue":"1"}}]}]}]}]}"#;
            pipeline
                .ingest(Signal::Logs, Format::Json, other.as_slice())
                .unwrap();
            for (name, payload) in &payloads {
                pipeline
                    .ingest(signal_of(name), Format::Protobuf, payload.clone())
                    .unwrap();
            }
            pipeline.flush().unwrap();
            let after = stored();
            for (_, table) in TABLES {
                let (old, new) = (schema(&before, table), schema(&after, table));
                for column in old.columns() {
                    assert_eq!(new.column(column.name()), Some(column), "{dataset}");
                }
            }
            let rows = |all: BTreeMap<String, u64>| all.into_values().sum::<u64>();
            assert_eq!(rows(files(&after)), 2 * rows(files(&before)) + 1);
        }
    }
}

/// Learned patterns are loaded, have the same templates, and go on counting.
#[test]
fn pattern_states_are_loaded() {
    for version in versions() {
        for dataset in DATASETS {
            let directory = version.join(dataset);
            let state = fs::read(directory.join("patterns.state")).unwrap();
            let mut patterns =
                Patterns::load(&state, PatternOptions::new().with_source(7)).unwrap();
            let templates = |patterns: &Patterns| -> Vec<String> {
                patterns
                    .patterns()
                    .iter()
                    .map(|pattern| pattern.template.clone())
                    .collect()
            };
            let frozen = fs::read(directory.join("templates.json")).unwrap();
            let frozen: Vec<String> = serde_json::from_slice(&frozen).unwrap();
            assert_eq!(templates(&patterns), frozen, "{dataset}");

            let count =
                |patterns: &Patterns| patterns.known().map(|known| known.count).sum::<u64>();
            let before = count(&patterns);
            patterns.observe(b"a message of a later version");
            assert_eq!(count(&patterns), before + 1);
        }
    }
}

/// Fingerprints of messages are what they were.
#[test]
fn fingerprints_stay() {
    let mut fingerprinter = Fingerprinter::new();
    let mut checked = 0;
    for version in versions() {
        for dataset in DATASETS {
            let frozen = fs::read(version.join(dataset).join("fingerprints.json")).unwrap();
            let frozen: BTreeMap<String, String> = serde_json::from_slice(&frozen).unwrap();
            for (message, frozen) in frozen {
                let frozen: Fingerprint = frozen.parse().unwrap();
                assert_eq!(
                    fingerprinter.fingerprint(message.as_bytes()),
                    frozen,
                    "{message}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 15, "{checked} messages");
}

/// The random payloads have what can be difficult to keep: every kind of value.
#[test]
fn the_random_payloads_have_all_kinds_of_values() {
    for version in versions() {
        let payloads = read(&version.join("random/payloads"));
        let rows = payloads
            .iter()
            .flat_map(|(name, payload)| canonical(signal_of(name), payload));
        let mut kinds: Vec<_> = rows
            .flat_map(|row| row.attributes)
            .map(|(_, value): (String, CanonicalValue)| std::mem::discriminant(&value))
            .collect();
        kinds.sort_by_key(|kind| format!("{kind:?}"));
        kinds.dedup();
        assert!(kinds.len() >= 7, "{} kinds", kinds.len());
    }
}
