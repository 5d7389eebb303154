//! The memory limit, over rows of random shapes, by an allocator that counts.
//!
//! Up to 300 partitions of up to 240 columns: the metadata of hundreds of such files alone is more than the
//! limit of this test.
//!
//! `OTLAKE_SEED`, `OTLAKE_FIRST` and `OTLAKE_ROUNDS` choose the shapes, `OTLAKE_MEMORY_LIMIT` the limit in MiB.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../random/mod.rs"]
mod random;
mod shape;
mod storage;

use std::alloc::System;
use std::sync::{Arc, Mutex};
use std::thread;

use arrow_array::RecordBatch;
use otlake_arrow::{BatchBuilder, BatchOptions, BatchSink};
use otlake_dataset::{BatchId, Dataset, DatasetBuilder, DatasetWriter};
use otlake_parquet::{SortingColumn, WriterOptions};
use otlake_row::{Row, RowSink, sink_fn};
use otlake_schema::{Schema, Table};
use otlake_testkit::{CountingAllocator, measure};

use self::random::Random;
use self::shape::{Feed, Shape, Source};
use self::storage::Buffered;

#[global_allocator]
static ALLOCATOR: CountingAllocator<System> = CountingAllocator::new(System);

fn options(shape: &Shape, limit: usize) -> DatasetBuilder {
    let mut options = Dataset::builder()
        .memory_limit(limit)
        .open_partitions(1_000)
        .writer_options(WriterOptions::new().with_compression(shape.compression));
    if shape.tenants > 1 {
        options = options.partitioning("{attr.tenant}".parse().unwrap());
    }
    if shape.sorted {
        options = options.sorted_rows(vec![SortingColumn {
            name: "time_unix_nano".to_owned(),
            descending: false,
            nulls_first: false,
        }]);
    }
    options
}

/// The rows of a shape as record batches, which the caller owns and the limit does not count.
fn record_batches(shape: &Shape, source: &Source) -> Vec<RecordBatch> {
    let mut batches = Vec::new();
    let mut builder = BatchBuilder::with_options(Schema::logs(), BatchOptions::new());
    source.rows(
        0..1,
        &mut sink_fn(|row: &mut Row<'_>| {
            if builder.rows() == shape.batch_rows || builder.is_full() {
                batches.push(builder.finish_batch());
                builder.freeze();
            }
            builder.row(row)
        }),
    );
    batches.push(builder.finish_batch());
    batches
}

fn write(
    shape: &Shape,
    source: &Source,
    batches: &[RecordBatch],
    number: usize,
    writer: &mut DatasetWriter,
) {
    let of_batch = shape
        .in_batch
        .then(|| BatchId::new("batch", number as u64).unwrap());
    if let Some(batch) = &of_batch {
        let _ = writer.begin_batch(batch).unwrap();
    }
    match shape.feed {
        Feed::Rows => source.rows(number..shape.writers, writer),
        Feed::RecordBatches => {
            for batch in batches.iter().skip(number).step_by(shape.writers) {
                writer.table(Table::Logs).batch(batch).unwrap();
            }
        }
    }
    match of_batch {
        Some(_) => writer.finish_batch().unwrap(),
        None => writer.flush().unwrap(),
    }
}

/// Writes the rows of a shape. Returns the largest number of bytes at once, and the number of files.
fn peak(shape: &Shape, limit: usize) -> (usize, usize) {
    let source = Source::new(shape);
    let batches = match shape.feed {
        Feed::Rows => Vec::new(),
        Feed::RecordBatches => record_batches(shape, &source),
    };
    let storage = Arc::new(Buffered::of(shape.part_bytes));
    let (_, used) = measure(|| {
        let dataset = options(shape, limit).open_files(storage.clone()).unwrap();
        let writers: Vec<_> = (0..shape.writers)
            .map(|_| Mutex::new(dataset.writer()))
            .collect();
        thread::scope(|scope| {
            for (number, writer) in writers.iter().enumerate() {
                let (source, batches) = (&source, &batches);
                let work =
                    move || write(shape, source, batches, number, &mut writer.lock().unwrap());
                match shape.writers {
                    1 => work(),
                    _ => drop(scope.spawn(work)),
                }
            }
        });
    });
    (used.peak as usize, storage.files())
}

/// Returns how much of the limit the rows of a shape may take up, as the documentation of `memory_limit` says.
fn allowed(shape: &Shape, limit: usize) -> f64 {
    let share = limit / shape.writers;
    if shape.row_bytes() > share / 128 || shape.part_bytes > limit / 8 || share < 2 << 20 {
        // The documentation promises nothing here. The worst of such shapes took 2.12 × the limit.
        2.5
    } else if share < 4 << 20 {
        1.1
    } else {
        1.0
    }
}

// The only test, because all tests of a process share the allocator.
#[test]
fn the_memory_limit_holds_for_rows_of_every_shape() {
    let limit = Random::variable("OTLAKE_MEMORY_LIMIT", 16) as usize * (1 << 20);
    let mut exceeded = Vec::new();
    let known = Shape::known(limit).into_iter().enumerate();
    let known = known.map(|(number, shape)| (format!("known shape {number}"), shape));
    let first = Random::variable("OTLAKE_FIRST", 0);
    let random = (first..first + Random::rounds(12)).map(|round| {
        let shape = Shape::random(&mut Random::of_sequence(round), limit);
        (format!("round {round}"), shape)
    });
    for (round, shape) in known.chain(random) {
        let (used, files) = peak(&shape, limit);
        let used = used as f64 / limit as f64;
        let allowed = allowed(&shape, limit);
        eprintln!("{round}: {used:.2} of {allowed:.1}, {files} files {shape:?}");
        if used > allowed {
            exceeded.push(format!(
                "{round}: {used:.2} × the limit, {allowed:.1} allowed: {shape:?}"
            ));
        }
    }
    assert!(exceeded.is_empty(), "{}", exceeded.join("\n"));
}
