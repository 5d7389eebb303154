//! Random sequences of calls, with faults in every call to the storage, against what was acknowledged.
//!
//! `OTLAKE_SEED` and `OTLAKE_ROUNDS` choose the sequences:
//!
//! ```sh
//! OTLAKE_SEED=7 OTLAKE_ROUNDS=20000 cargo test -p otlake-dataset --test model --release
//! OTLAKE_SEED=7 OTLAKE_SEQUENCE=1234 cargo test -p otlake-dataset --test model
//! ```

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faulty;
mod random;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use bytes::Bytes;
use otlake_dataset::{
    BatchId, BatchStart, BeginBatchError, CompactionOptions, Compactor, Dataset, DatasetBuilder,
    DatasetWriter, FinishBatchError, FlushError, Manifest, ManifestCommit, MetricTables, RowError,
};
use otlake_parquet::{SortingColumn, WriterOptions};
use otlake_row::{Cell, Group, Keys, Location, Row, RowSink, Signal, Value, fields};
use otlake_schema::{SchemaOptions, Table};
use otlake_storage::InMemoryStorage;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};

use self::faulty::{FaultyStorage, Plan};
use self::random::Random;

/// A sequence makes and drops thousands of small arrays.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HOUR: i64 = 3_600_000_000_000;
/// 2026-11-22, 7 o'clock.
const BEGIN: i64 = 1_795_330_800_000_000_000;

#[test]
fn acknowledged_rows_are_visible_once_and_lost_rows_are_counted() {
    if let Ok(sequence) = std::env::var("OTLAKE_SEQUENCE") {
        run(sequence.parse().unwrap());
        return;
    }
    let rounds = Random::rounds(500);
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for sequence in (thread..rounds).step_by(threads as usize) {
                    let outcome = catch_unwind(AssertUnwindSafe(|| run(sequence)));
                    assert!(outcome.is_ok(), "OTLAKE_SEQUENCE={sequence}");
                }
            });
        }
    });
}

fn run(sequence: u64) {
    let mut model = Model::new(Random::of_sequence(sequence));
    for _ in 0..model.random.below(30) + 5 {
        model.step();
    }
    model.end();
}

/// The writers of a sequence and what they have acknowledged.
struct Model {
    random: Random,
    storage: FaultyStorage,
    options: Options,
    dataset: Option<Dataset>,
    writers: Vec<Writer>,
    keys: Keys,
    /// What rows have follows from this and their numbers.
    seed: u64,
    /// The next number of a row.
    next: i64,
    /// Rows that have to be visible.
    acknowledged: BTreeSet<i64>,
    /// Batches by identity.
    batches: BTreeMap<BatchId, Batch>,
    /// The numbers of the rows of each file, by name; kept while the file has the same bytes.
    read: HashMap<String, (Bytes, Vec<i64>)>,
    /// The manifests by name; kept while they have the same bytes.
    manifests: HashMap<String, (Bytes, Arc<Manifest>)>,
    /// Files that no manifest has to list: their commit was in doubt, their writer crashed, or they are of an
    /// attempt that overlapped another one.
    unlisted: BTreeSet<String>,
}

/// A writer, and the rows that it has accepted and not made visible yet.
struct Writer {
    writer: DatasetWriter,
    pending: BTreeSet<i64>,
    /// Rows that it has reported as lost since it was last flushed.
    lost: u64,
    batch: Option<BatchId>,
    /// Whether the batch was finished before.
    skipped: bool,
    /// Whether a call in the batch has failed.
    failed: bool,
}

struct Batch {
    rows: Vec<i64>,
    acknowledged: bool,
    /// Whether two writers have attempted it at once, so that files of one may stay behind.
    overlapped: bool,
}

#[derive(Clone, Debug)]
struct Options {
    partitioning: &'static str,
    rows_per_file: u64,
    row_group_rows: usize,
    memory_limit: Option<usize>,
    open_partitions: usize,
    budget: usize,
    promoted: bool,
    per_kind: bool,
    sorted: bool,
}

impl Options {
    fn random(random: &mut Random) -> Self {
        Self {
            partitioning: random.one_of(&["", "hour={hour}", "{attr.tenant}/hour={hour}"]),
            rows_per_file: random.one_of(&[2, 5, 1_000]),
            row_group_rows: random.one_of(&[1, 3, 1_000]),
            memory_limit: random.one_of(&[None, Some(200_000), Some(2 << 20)]),
            open_partitions: random.one_of(&[1, 2, 128]),
            budget: random.one_of(&[2, 4, 256]),
            promoted: random.below(3) == 0,
            per_kind: random.below(2) == 0,
            sorted: random.below(3) == 0,
        }
    }

    fn builder(&self) -> DatasetBuilder {
        // The number is always a column.
        let mut promoted = vec!["attr.number"];
        if self.promoted {
            promoted.extend(["attr.a", "attr.b"]);
        }
        let schema = SchemaOptions::new()
            .with_column_budget(self.budget)
            .with_promoted(promoted);
        let mut builder = Dataset::builder()
            .schema_options(schema)
            .partitioning(self.partitioning.parse().unwrap())
            .writer_options(WriterOptions::new().with_rows_per_file(self.rows_per_file))
            .row_group_rows(self.row_group_rows)
            .open_partitions(self.open_partitions)
            .max_age(Duration::from_secs(60));
        if let Some(limit) = self.memory_limit {
            builder = builder.memory_limit(limit);
        }
        if self.per_kind {
            builder = builder.metric_tables(MetricTables::PerKind);
        }
        if self.sorted {
            builder = builder.sorted_rows(vec![SortingColumn {
                name: "attr_number".to_owned(),
                descending: true,
                nulls_first: false,
            }]);
        }
        builder
    }
}

impl Model {
    fn new(mut random: Random) -> Self {
        let plan = match random.below(4) {
            0 => Plan::Never,
            _ => Plan::Often(random.one_of(&[8, 20, 60, 200]), random.fork()),
        };
        let storage = FaultyStorage::new(InMemoryStorage::new(), plan);
        let options = Options::random(&mut random);
        let seed = random.number();
        Self {
            random,
            seed,
            storage,
            options,
            dataset: None,
            writers: Vec::new(),
            keys: Keys::new(),
            next: 0,
            acknowledged: BTreeSet::new(),
            batches: BTreeMap::new(),
            read: HashMap::new(),
            manifests: HashMap::new(),
            unlisted: BTreeSet::new(),
        }
    }

    fn step(&mut self) {
        if self.writers.is_empty() {
            return self.open();
        }
        let writer = self.random.below(self.writers.len());
        match self.random.below(22) {
            0..10 => self.rows(writer),
            10 => self.tick(writer),
            11 => self.flush(writer),
            12 => self.write_row_groups(writer),
            13 => self.flush_dataset(),
            14 => self.begin_batch(writer),
            15..18 => self.finish_batch(writer),
            18 => self.new_writer(),
            19 => self.crash(),
            _ => self.compact(),
        }
    }

    /// Opens the dataset, perhaps with other options than before.
    fn open(&mut self) {
        if self.random.below(2) == 0 {
            let before = self.options.clone();
            self.options = Options::random(&mut self.random);
            // A retry looks for leftovers in the directories that the rows have now.
            self.options.partitioning = before.partitioning;
            self.options.per_kind = before.per_kind;
        }
        let storage = Arc::new(self.storage.clone());
        if let Ok(dataset) = self.options.builder().open(storage) {
            self.dataset = Some(dataset);
            self.new_writer();
        }
    }

    fn new_writer(&mut self) {
        if let Some(dataset) = &self.dataset
            && self.writers.len() < 3
        {
            self.writers.push(Writer {
                writer: dataset.writer(),
                pending: BTreeSet::new(),
                lost: 0,
                batch: None,
                skipped: false,
                failed: false,
            });
        }
    }

    /// Ends the process: nothing is flushed.
    fn crash(&mut self) {
        self.writers.clear();
        self.dataset = None;
        // What became visible in between is in no manifest.
        let visible = self.storage.inner.files().into_keys();
        let listed = self.listed();
        self.unlisted
            .extend(visible.filter(|name| !listed.contains_key(name)));
    }

    /// Merges the files of a table. Calls to the storage may fail, so the merge may end anywhere.
    fn compact(&mut self) {
        let table = self.random.one_of(&Table::ALL);
        let storage = Arc::new(self.storage.clone());
        let commit = Arc::new(ManifestCommit::new(storage.clone()));
        let options = CompactionOptions::new()
            .with_memory_limit(self.random.one_of(&[1 << 20, 384 << 20]))
            .with_row_group_rows(self.random.one_of(&[2, 1_000]));
        let compactor = Compactor::new(storage, commit.clone(), options);
        if let Ok(plan) = compactor.plan(table) {
            let _ = compactor.run(&plan, &mut |_| {});
        }
        if self.random.below(4) == 0 {
            let _ = commit.remove_leftovers(table, Duration::ZERO);
        }
    }

    /// Merges all files, and deletes those that are no longer part of their table.
    fn clean_up(&mut self) {
        let storage = Arc::new(self.storage.clone());
        let commit = Arc::new(ManifestCommit::new(storage.clone()));
        let compactor = Compactor::new(storage, commit.clone(), CompactionOptions::new());
        for table in Table::ALL {
            let plan = compactor.plan(table).unwrap();
            let report = compactor.run(&plan, &mut |_| {}).unwrap();
            assert!(report.errors.is_empty(), "{:?}", report.errors);
            commit.clean_up(table, Duration::ZERO).unwrap();
            commit.remove_leftovers(table, Duration::ZERO).unwrap();
        }
    }

    fn rows(&mut self, writer: usize) {
        let batch = self.writers[writer].batch.clone();
        for _ in 0..self.random.below(6) {
            // The rows of a batch are given when it begins.
            if batch.is_some() {
                return;
            }
            let number = self.next;
            self.next += 1;
            self.row(writer, number);
        }
    }

    fn row(&mut self, writer: usize, number: i64) {
        // A retry has the same rows.
        let mut random = Random::of_sequence(self.seed.wrapping_add(number as u64));
        let signal = random.one_of(&Signal::ALL);
        let texts = ["x", "", "4", &"long ".repeat(random.below(200))];
        let mut cell = |name, value: Value<'static>| Cell {
            key: self.keys.intern(Location::Attribute, name).unwrap(),
            value,
        };
        let mut cells = vec![cell("number", Value::Int(number))];
        if random.below(4) > 0 {
            cells.push(cell(
                "tenant",
                Value::String(random.one_of(&["t1", "t2", "__HIVE_DEFAULT_PARTITION__"])),
            ));
        }
        for _ in 0..random.below(4) {
            let name = random.one_of(&["a", "b", "c", "d", "e", "A"]);
            let value = match random.below(5) {
                0 => Value::Int(random.number().cast_signed()),
                1 => Value::Double(0.5),
                2 => Value::Bool(true),
                3 => Value::Empty,
                _ => Value::String("x"),
            };
            cells.push(cell(name, value));
        }
        let text = random.one_of(&texts);
        let resource = [Cell {
            key: self.keys.intern(Location::Resource, "host").unwrap(),
            value: Value::String(text),
        }];
        let mut row = Row::new(signal, Group::new(&resource), Group::new(&[]));
        row.push(
            fields::TIME_UNIX_NANO,
            Value::Int(BEGIN + number % 3 * HOUR),
        );
        row.push(
            fields::START_TIME_UNIX_NANO,
            Value::Int(BEGIN + number % 3 * HOUR),
        );
        if signal == Signal::Metrics {
            row.push(
                fields::KIND,
                Value::String(random.one_of(&["gauge", "sum"])),
            );
        }
        cells
            .into_iter()
            .for_each(|cell| row.push(cell.key, cell.value));
        row.set_keys(&self.keys);

        let writer = &mut self.writers[writer];
        let result = writer.writer.row(&mut row);
        writer.failed |= result.is_err();
        let accepted = match result {
            Ok(()) | Err(RowError::Publish(_)) => true,
            Err(RowError::Lost(lost)) => {
                writer.lost += lost.rows();
                true
            }
            Err(_) => false,
        };
        if accepted && writer.batch.is_none() {
            writer.pending.insert(number);
        }
        if let Some(limit) = self.options.memory_limit {
            // Columns without values alone take more than the smallest limit.
            let used = self.dataset.as_ref().unwrap().memory_estimate();
            assert!(
                limit < 1 << 20 || used <= limit,
                "{used} of {limit} bytes are used"
            );
        }
    }

    /// Notes what a call that closes files has promised, and returns whether it succeeded.
    fn note(&mut self, writer: usize, result: Result<(), FlushError>) -> bool {
        let writer = &mut self.writers[writer];
        match result {
            Ok(()) => return true,
            Err(FlushError::Lost(lost)) => writer.lost += lost.rows(),
            Err(_) => {}
        }
        writer.failed |= writer.batch.is_some();
        false
    }

    /// Moves the rows of a writer that have to be visible now.
    fn acknowledge(&mut self, writer: usize) {
        let visible = self.visible();
        let writer = &mut self.writers[writer];
        let pending = std::mem::take(&mut writer.pending);
        let missing = pending.iter().filter(|row| !visible.contains_key(row));
        let missing: Vec<_> = missing.collect();
        assert!(
            missing.len() as u64 <= writer.lost,
            "{missing:?} are not visible, and {} rows are reported as lost",
            writer.lost
        );
        let visible = pending.into_iter().filter(|row| visible.contains_key(row));
        self.acknowledged.extend(visible);
        writer.lost = 0;
    }

    fn flush(&mut self, writer: usize) {
        let result = self.writers[writer].writer.flush();
        if self.note(writer, result) && self.writers[writer].batch.is_none() {
            self.acknowledge(writer);
        }
    }

    fn tick(&mut self, writer: usize) {
        let now = Instant::now() + Duration::from_secs(self.random.below(2) as u64 * 120);
        let result = self.writers[writer].writer.tick(now);
        self.note(writer, result);
    }

    fn write_row_groups(&mut self, writer: usize) {
        let result = self.writers[writer].writer.write_row_groups();
        self.note(writer, result);
    }

    fn flush_dataset(&mut self) {
        // Each writer is told of its own lost rows when it is flushed.
        let _ = self.dataset.as_ref().unwrap().flush();
    }

    fn begin_batch(&mut self, writer: usize) {
        let source = format!("source-{}", self.random.below(3));
        let of_source = self.batches.iter();
        let of_source = of_source.filter(|(id, _)| id.source() == source);
        // Sometimes one that is acknowledged already, as if the acknowledgement was lost.
        let again = self.random.below(4) == 0;
        let (finished, unfinished): (Vec<_>, Vec<_>) =
            of_source.partition(|(_, batch)| batch.acknowledged);
        // The batches of a source are finished in order, so there is at most one that is not.
        let (finished, unfinished) = match (finished.len(), unfinished.first()) {
            (0, unfinished) => (None, unfinished),
            (count, unfinished) => (Some(finished[self.random.below(count)].0), unfinished),
        };
        let number = self.batches.len() as u64 + 1;
        let id = match (finished, unfinished) {
            (Some(finished), _) if again => finished.clone(),
            (_, Some((unfinished, _))) => (*unfinished).clone(),
            (_, None) => BatchId::new(source, number).unwrap(),
        };
        if !self.batches.contains_key(&id) {
            let rows = self.random.below(10) as i64;
            let batch = Batch {
                rows: (self.next..self.next + rows).collect(),
                acknowledged: false,
                overlapped: false,
            };
            self.batches.insert(id.clone(), batch);
            self.next += rows;
        }
        self.try_batch(writer, id);
    }

    fn try_batch(&mut self, writer: usize, id: BatchId) {
        self.writers[writer].batch = None;
        let others = self.writers.iter();
        let overlaps = others
            .filter(|other| other.batch.as_ref() == Some(&id))
            .count()
            > 0;
        let begun = self.writers[writer].writer.begin_batch(&id);
        let (begun, start) = match begun {
            Ok(start) => (Ok(()), Some(start)),
            Err(BeginBatchError::Flush(error)) => (Err(error), None),
            Err(BeginBatchError::Unknown { .. }) => {
                self.acknowledge(writer);
                return;
            }
            Err(error) => panic!("{error}"),
        };
        if !self.note(writer, begun) {
            return;
        }
        self.acknowledge(writer);
        self.writers[writer].batch = Some(id.clone());
        self.writers[writer].failed = false;
        self.writers[writer].skipped = start == Some(BatchStart::AlreadyFinished);
        let batch = self.batches.get_mut(&id).unwrap();
        if batch.acknowledged {
            assert_eq!(start, Some(BatchStart::AlreadyFinished), "{id} is finished");
        }
        batch.overlapped |= overlaps;
        let rows = batch.rows.clone();
        for number in rows {
            self.row(writer, number);
            match self.random.below(30) {
                0 => self.tick(writer),
                1 => self.flush(writer),
                _ => {}
            }
        }
    }

    fn finish_batch(&mut self, writer: usize) {
        let Writer {
            writer,
            batch,
            failed,
            skipped,
            ..
        } = &mut self.writers[writer];
        let (skipped, failed) = (std::mem::take(skipped), *failed);
        let result = writer.finish_batch();
        let Some(id) = batch.take() else {
            assert!(
                matches!(result, Err(FinishBatchError::NoBatch)),
                "{result:?}"
            );
            return;
        };
        match result {
            Ok(()) => {
                assert!(skipped || !failed, "{id} is finished after an error");
                let visible = self.visible();
                let listed = self.listed_rows();
                let batch = self.batches.get_mut(&id).unwrap();
                batch.acknowledged = true;
                for row in &batch.rows {
                    let times = listed.get(row).copied().unwrap_or(0);
                    assert_eq!(times, 1, "row {row} of {id} is in manifests {times} times");
                    let times = visible.get(row).copied().unwrap_or(0);
                    assert!(
                        times == 1 || batch.overlapped && times > 1,
                        "row {row} of {id} is visible {times} times"
                    );
                }
            }
            Err(FinishBatchError::NoBatch) => panic!("{id} is open"),
            Err(FinishBatchError::Incomplete) => assert!(failed, "{id}"),
            Err(_) => {}
        }
    }

    /// Lets every call succeed from here on, finishes everything, and checks what is there.
    fn end(&mut self) {
        self.storage.set_plan(Plan::Never);
        if self.writers.is_empty() {
            self.open();
        }
        for writer in 0..self.writers.len() {
            // A batch that is open is abandoned.
            self.finish_batch(writer);
            let mut result = self.writers[writer].writer.flush();
            while let Err(FlushError::Lost(lost)) = result {
                self.writers[writer].lost += lost.rows();
                result = self.writers[writer].writer.flush();
            }
            result.unwrap();
            self.acknowledge(writer);
        }
        let unfinished = self.batches.iter().filter(|(_, batch)| !batch.acknowledged);
        let unfinished: Vec<BatchId> = unfinished.map(|(id, _)| id.clone()).collect();
        for id in unfinished {
            let writer = self.random.below(self.writers.len());
            self.try_batch(writer, id.clone());
            self.finish_batch(writer);
            assert!(self.batches[&id].acknowledged, "{id} can't be finished");
        }
        self.dataset.as_ref().unwrap().flush().unwrap();
        self.check();
        // A merge of all tables takes as long as the rest of a sequence.
        if self.random.below(4) == 0 {
            self.clean_up();
            self.check();
            self.check_leftovers();
        }
    }

    /// Checks that no file of a merge is left over.
    fn check_leftovers(&mut self) {
        let listed = self.listed();
        for name in self.storage.inner.files().keys() {
            let merged = name.contains("/compact-") && name.ends_with(".parquet");
            assert!(!merged || listed.contains_key(name), "{name} is left over");
        }
    }

    /// Checks that all rows are visible once, and that files and manifests agree.
    fn check(&mut self) {
        let visible = self.visible();
        let overlapped = self.batches.values().filter(|batch| batch.overlapped);
        let overlapped: BTreeSet<i64> = overlapped.flat_map(|batch| &batch.rows).copied().collect();
        for (row, times) in &visible {
            assert!(
                *times == 1 || overlapped.contains(row),
                "row {row} is visible {times} times"
            );
        }
        let listed = self.listed_rows();
        for (row, times) in &listed {
            assert_eq!(*times, 1, "row {row} is in manifests {times} times");
        }
        for row in self.batches.values().flat_map(|batch| &batch.rows) {
            assert!(listed.contains_key(row), "row {row} is in no manifest");
        }
        let batches = self.batches.values();
        let of_batches = batches.flat_map(|batch| &batch.rows);
        for row in self.acknowledged.iter().chain(of_batches) {
            assert!(visible.contains_key(row), "row {row} was acknowledged");
        }
        self.check_manifests();
    }

    /// Returns how often each row is visible. Files that were replaced stay for readers of older manifests, and merged
    /// files that replace none are leftovers; neither count.
    fn visible(&mut self) -> BTreeMap<i64, usize> {
        let mut visible = BTreeMap::new();
        let (listed, replaced) = self.listed_and_replaced();
        for (name, bytes) in self.storage.inner.files() {
            let is_leftover = name.contains("/compact-") && !listed.contains_key(&name);
            if !name.ends_with(".parquet") || replaced.contains(&name) || is_leftover {
                continue;
            }
            let known = self.read.get(&name).filter(|(known, _)| *known == bytes);
            let rows = match known {
                Some((_, rows)) => rows.clone(),
                None => {
                    let rows = numbers(&name, bytes.clone(), self.storage.footer(&name));
                    self.read.insert(name, (bytes, rows.clone()));
                    rows
                }
            };
            for row in rows {
                *visible.entry(row).or_default() += 1;
            }
        }
        visible
    }

    /// Returns how often each row is in a file that a manifest lists.
    fn listed_rows(&mut self) -> BTreeMap<i64, usize> {
        // This reads the files that have not been read yet.
        self.visible();
        let mut rows = BTreeMap::new();
        for (name, times) in self.listed() {
            let file = self.read.get(&name);
            let (_, numbers) = file.unwrap_or_else(|| panic!("{name} is listed and not there"));
            for row in numbers {
                *rows.entry(*row).or_default() += times;
            }
        }
        rows
    }

    /// Returns the files of all tables, and how often each is listed.
    fn listed(&mut self) -> BTreeMap<String, usize> {
        self.listed_and_replaced().0
    }

    /// Returns the files of all tables, and how often each is listed, and the files that were replaced by merged ones.
    fn listed_and_replaced(&mut self) -> (BTreeMap<String, usize>, BTreeSet<String>) {
        let files = self.storage.inner.files().into_iter();
        let documents = files.filter(|(name, _)| name.starts_with("_otlake/manifests/"));
        let mut manifests = Vec::new();
        for (name, bytes) in documents {
            let known = self.manifests.get(&name);
            let known = known.filter(|(known, _)| *known == bytes);
            let manifest = match known {
                Some((_, manifest)) => Arc::clone(manifest),
                None => {
                    let manifest = Arc::new(Manifest::from_json(&bytes).unwrap());
                    self.manifests.insert(name, (bytes, Arc::clone(&manifest)));
                    manifest
                }
            };
            manifests.push(manifest);
        }
        let replaced = manifests.iter().flat_map(|manifest| manifest.replaces());
        let replaced: BTreeSet<String> = replaced.cloned().collect();
        let mut listed = BTreeMap::new();
        for file in manifests.iter().flat_map(|manifest| manifest.files()) {
            if !replaced.contains(&file.name) {
                *listed.entry(file.name.clone()).or_default() += 1;
            }
        }
        (listed, replaced)
    }

    /// Every visible file is in one manifest.
    fn check_manifests(&mut self) {
        let mut unlisted = self.storage.in_doubt();
        unlisted.extend(self.unlisted.iter().cloned());
        let overlapped = self.batches.iter().filter(|(_, batch)| batch.overlapped);
        let overlapped: Vec<String> = overlapped.map(|(id, _)| format!("/part-{id}-")).collect();
        let files = self.storage.inner.files();
        let (listed, replaced) = self.listed_and_replaced();
        for (name, times) in &listed {
            assert_eq!(*times, 1, "{name} is listed {times} times");
            assert!(files.contains_key(name), "{name} is listed and not there");
        }
        for name in files.keys().filter(|name| name.ends_with(".parquet")) {
            assert!(
                listed.contains_key(name)
                    || replaced.contains(name)
                    || name.contains("/compact-")
                    || unlisted.contains(name)
                    || overlapped.iter().any(|beginning| name.contains(beginning)),
                "{name} is in no manifest"
            );
        }
    }
}

/// Returns the numbers of the rows of a file.
fn numbers(name: &str, bytes: Bytes, footer: ArrowReaderMetadata) -> Vec<i64> {
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, footer);
    let mut numbers = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let column = batch["attr_number"].as_primitive::<Int64Type>();
        assert_eq!(column.null_count(), 0, "{name}");
        numbers.extend(column.values());
    }
    numbers
}
