//! The memory limit, over rows of random shapes, by an allocator that counts.
//!
//! Up to 40 partitions of up to 240 columns: the metadata of hundreds of such files alone is more than the
//! limit of this test.
//!
//! `OTLAKE_SEED` and `OTLAKE_ROUNDS` choose the shapes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod random;

use std::alloc::System;
use std::io::{self, Write};
use std::sync::Arc;

use otlake_dataset::{Dataset, DatasetWriter};
use otlake_parquet::SortingColumn;
use otlake_row::{Cell, Group, Keys, Location, Row, RowSink, Signal, Value, fields};
use otlake_storage::{Storage, StorageError, StorageFile};
use otlake_testkit::{CountingAllocator, measure};

use self::random::Random;

#[global_allocator]
static ALLOCATOR: CountingAllocator<System> = CountingAllocator::new(System);

/// A storage that keeps nothing, so that only the memory of the writers is seen.
#[derive(Debug)]
struct Nowhere;

struct Nothing;

impl Storage for Nowhere {
    fn create(&self, _name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        Ok(Box::new(Nothing))
    }
}

impl Write for Nothing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl StorageFile for Nothing {
    fn commit(self: Box<Self>) -> Result<(), StorageError> {
        Ok(())
    }
}

/// What the rows of a test look like.
#[derive(Clone, Debug)]
struct Shape {
    rows: usize,
    /// Rows that have the same resource.
    rows_per_resource: usize,
    resource_bytes: usize,
    /// Bytes of a resource attribute that goes to overflow, because it is sent twice.
    overflow_bytes: usize,
    body_bytes: usize,
    /// Whether bodies differ.
    distinct: bool,
    attributes: usize,
    names: usize,
    tenants: usize,
    sorted: bool,
    writers: usize,
}

impl Shape {
    fn random(random: &mut Random) -> Self {
        let shape = Self {
            rows: 0,
            rows_per_resource: random.one_of(&[1, 3, 100, 10_000]),
            resource_bytes: random.one_of(&[0, 20, 20, 5_000, 200_000]),
            overflow_bytes: random.one_of(&[0, 0, 0, 3_000]),
            body_bytes: random.one_of(&[0, 50, 50, 2_000, 100_000]),
            distinct: random.below(2) == 0,
            attributes: random.one_of(&[0, 5, 30]),
            names: random.one_of(&[5, 40, 200]),
            tenants: random.one_of(&[1, 1, 10, 40]),
            sorted: random.below(3) == 0,
            writers: random.one_of(&[1, 1, 2]),
        };
        // As many as make the limit matter, and no more than a test has time for.
        let row = shape.body_bytes
            + 60 * shape.attributes
            + (shape.resource_bytes + shape.overflow_bytes) / shape.rows_per_resource
            + shape.overflow_bytes
            + 200;
        Self {
            rows: (48 << 20) / row.max(1_500),
            ..shape
        }
    }
}

fn write(shape: &Shape, writers: &mut [DatasetWriter]) {
    let mut keys = Keys::new();
    let mut key = |location, name: &str| keys.intern(location, name).unwrap();
    let names: Vec<_> = (0..shape.names)
        .map(|name| key(Location::Attribute, &format!("name.{name}")))
        .collect();
    let tenant = key(Location::Attribute, "tenant");
    let text = key(Location::Resource, "text");
    let twice = key(Location::Resource, "twice");
    let mut random = Random::of_sequence(0);
    let noise: String = (0..shape.resource_bytes.max(shape.body_bytes).max(64) * 2)
        .map(|_| char::from(b'a' + random.below(26) as u8))
        .collect();
    let tenants: Vec<String> = (0..shape.tenants)
        .map(|tenant| format!("t{tenant}"))
        .collect();
    let overflow = "o".repeat(shape.overflow_bytes);
    let mut number = 0;
    while number < shape.rows {
        let start = number % (noise.len() / 2);
        let mut cells = vec![Cell {
            key: text,
            value: Value::String(&noise[start..][..shape.resource_bytes]),
        }];
        if shape.overflow_bytes > 0 {
            let value = Value::String(&overflow);
            cells.extend([Cell { key: twice, value }; 2]);
        }
        let resource = Group::new(&cells);
        let end = (number + shape.rows_per_resource).min(shape.rows);
        for number in number..end {
            let mut row = Row::new(Signal::Logs, resource, Group::new(&[]));
            let start = match shape.distinct {
                true => random.below(noise.len() / 2),
                false => 0,
            };
            row.push(fields::TIME_UNIX_NANO, Value::Int(number as i64));
            row.push(
                fields::BODY,
                Value::String(&noise[start..][..shape.body_bytes]),
            );
            row.push(tenant, Value::String(&tenants[number % shape.tenants]));
            for attribute in 0..shape.attributes {
                let name = names[(number * 7 + attribute) % names.len()];
                let value = match attribute % 3 {
                    0 => Value::Int(number as i64),
                    1 => Value::Double(0.5),
                    _ => Value::String(&noise[start..][..20]),
                };
                row.push(name, value);
            }
            row.set_keys(&keys);
            let writers_count = writers.len();
            writers[number % writers_count].row(&mut row).unwrap();
        }
        number = end;
    }
    for writer in writers {
        writer.flush().unwrap();
    }
}

// The only test, because all tests of a process share the allocator.
#[test]
fn the_memory_limit_holds_for_rows_of_every_shape() {
    const LIMIT: usize = 16 << 20;
    let by_time = SortingColumn {
        name: "time_unix_nano".to_owned(),
        descending: false,
        nulls_first: false,
    };
    let mut worst = Vec::new();
    for round in 0..Random::rounds(12) {
        let shape = Shape::random(&mut Random::of_sequence(round));
        let mut options = Dataset::builder()
            .memory_limit(LIMIT)
            .open_partitions(1_000);
        if shape.tenants > 1 {
            options = options.partitioning("{attr.tenant}".parse().unwrap());
        }
        if shape.sorted {
            options = options.sorted_rows(vec![by_time.clone()]);
        }
        let dataset = options.open_files(Arc::new(Nowhere)).unwrap();
        let mut writers: Vec<_> = (0..shape.writers).map(|_| dataset.writer()).collect();
        let (_, used) = measure(|| write(&shape, &mut writers));
        let peak = used.peak as usize;
        if peak > LIMIT {
            worst.push(format!(
                "{:.1} × the limit: {shape:?}",
                peak as f64 / LIMIT as f64
            ));
        }
    }
    assert!(worst.is_empty(), "{}", worst.join("\n"));
}
