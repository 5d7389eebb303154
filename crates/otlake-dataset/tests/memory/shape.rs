//! The random shapes of rows.

use std::ops::Range;

use otlake_parquet::Compression;
use otlake_row::{Cell, Group, Key, Keys, Location, Row, RowSink, Signal, Value, fields};

use crate::random::Random;

/// The way in which rows reach a writer.
#[derive(Clone, Copy, Debug)]
pub enum Feed {
    Rows,
    RecordBatches,
}

/// The rows of a round. Each field is drawn at random, which is why there are more than a dozen.
#[derive(Clone, Debug)]
pub struct Shape {
    pub rows: usize,
    /// Rows that have the same resource.
    pub rows_per_resource: usize,
    pub resource_bytes: usize,
    /// Bytes of a resource attribute that goes to overflow, because it is sent twice.
    pub overflow_bytes: usize,
    pub body_bytes: usize,
    /// Whether bodies differ.
    pub distinct: bool,
    pub attributes: usize,
    pub names: usize,
    /// Whether the type of an attribute changes from row to row.
    pub drifting: bool,
    pub tenants: usize,
    pub tables: usize,
    pub sorted: bool,
    pub writers: usize,
    pub in_batch: bool,
    pub feed: Feed,
    pub batch_rows: usize,
    pub compression: Compression,
    pub part_bytes: usize,
}

impl Shape {
    /// Returns a shape with enough rows to reach a limit of `limit` bytes.
    pub fn random(random: &mut Random, limit: usize) -> Self {
        let codecs = [
            Compression::ZSTD,
            Compression::Snappy,
            Compression::Lz4,
            Compression::None,
            Compression::None,
        ];
        let codecs: Vec<_> = codecs
            .into_iter()
            .filter(|codec| codec.is_available())
            .collect();
        let shape = Self {
            rows: 0,
            rows_per_resource: random.one_of(&[1, 3, 100, 10_000]),
            resource_bytes: random.one_of(&[0, 20, 20, 5_000, 200_000]),
            overflow_bytes: random.one_of(&[0, 0, 0, 3_000]),
            body_bytes: random.one_of(&[0, 50, 50, 2_000, 100_000]),
            distinct: random.below(2) == 0,
            attributes: random.one_of(&[0, 5, 30]),
            names: random.one_of(&[5, 40, 230]),
            drifting: random.below(4) == 0,
            tenants: random.one_of(&[1, 1, 1, 10, 40, 300]),
            tables: random.one_of(&[1, 1, 1, 2]),
            sorted: random.below(3) == 0,
            writers: random.one_of(&[1, 1, 1, 2, 8]),
            in_batch: random.below(4) == 0,
            feed: random.one_of(&[Feed::Rows, Feed::Rows, Feed::Rows, Feed::RecordBatches]),
            batch_rows: random.one_of(&[10, 1_000, 100_000]),
            compression: random.one_of(&codecs),
            part_bytes: random.one_of(&[0, 0, limit / 16, usize::MAX]),
        };
        shape.with_rows_for(limit)
    }

    /// Returns shapes that have exceeded the limit before.
    pub fn known(limit: usize) -> [Self; 3] {
        let compression = match Compression::Snappy.is_available() {
            true => Compression::Snappy,
            false => Compression::None,
        };
        let shape = Self {
            rows: 0,
            rows_per_resource: 1,
            resource_bytes: 20,
            overflow_bytes: 0,
            body_bytes: 50,
            distinct: false,
            attributes: 30,
            names: 230,
            drifting: false,
            tenants: 1,
            tables: 2,
            sorted: false,
            writers: 1,
            in_batch: false,
            feed: Feed::Rows,
            batch_rows: 0,
            compression,
            part_bytes: limit / 16,
        };
        // The rows of one table are written while the other has rows and buffers, and files are buffered.
        let large_rows = Self {
            body_bytes: 100_000,
            distinct: true,
            ..shape.clone()
        };
        // The same with a text that leaves its dictionary when the rows are written.
        let large_resources = Self {
            rows_per_resource: 3,
            resource_bytes: 5_000,
            names: 5,
            ..shape.clone()
        };
        // All writers close files of hundreds of columns, and keep the buffers of the footers.
        let large_footers = Self {
            rows_per_resource: 100,
            overflow_bytes: 3_000,
            attributes: 5,
            tenants: 40,
            tables: 1,
            writers: 8,
            part_bytes: 0,
            ..shape
        };
        [large_rows, large_resources, large_footers].map(|shape| shape.with_rows_for(limit))
    }

    fn with_rows_for(self, limit: usize) -> Self {
        let shape = self;
        // As many as make the limit matter, and no more than a test has time for.
        let row = shape.body_bytes
            + 60 * shape.attributes
            + (shape.resource_bytes + shape.overflow_bytes) / shape.rows_per_resource
            + shape.overflow_bytes
            + 200;
        Self {
            rows: 3 * limit / row.max(1_500),
            tables: match shape.feed {
                Feed::Rows => shape.tables,
                Feed::RecordBatches => 1,
            },
            ..shape
        }
    }

    /// Returns the bytes of a row with its resource.
    pub fn row_bytes(&self) -> usize {
        let overflow = 2 * self.overflow_bytes;
        self.resource_bytes + overflow + self.body_bytes + 60 * self.attributes
    }
}

/// The texts and keys of rows. They belong to the test, and the limit does not count them.
pub struct Source {
    shape: Shape,
    keys: Keys,
    names: Vec<Key>,
    /// The attribute with the tenant, the resource attribute with a text, and the one that is sent twice.
    tenant: Key,
    text: Key,
    twice: Key,
    noise: String,
    tenants: Vec<String>,
    overflow: String,
}

impl Source {
    pub fn new(shape: &Shape) -> Self {
        let mut keys = Keys::new();
        let mut key = |location, name: &str| keys.intern(location, name).unwrap();
        let names = (0..shape.names)
            .map(|name| key(Location::Attribute, &format!("name.{name}")))
            .collect();
        let tenant = key(Location::Attribute, "tenant");
        let text = key(Location::Resource, "text");
        let twice = key(Location::Resource, "twice");
        let mut random = Random::of_sequence(0);
        let noise = (0..shape.resource_bytes.max(shape.body_bytes).max(64) * 2)
            .map(|_| char::from(b'a' + random.below(26) as u8))
            .collect();
        let tenants = (0..shape.tenants).map(|tenant| format!("t{tenant}"));
        Self {
            names,
            tenant,
            text,
            twice,
            noise,
            tenants: tenants.collect(),
            overflow: "o".repeat(shape.overflow_bytes),
            keys,
            shape: shape.clone(),
        }
    }

    /// Pushes the rows of the `share.start`th of `share.end` writers into a sink.
    pub fn rows<S: RowSink<Error: std::fmt::Debug>>(&self, share: Range<usize>, sink: &mut S) {
        let Self {
            shape,
            noise,
            twice,
            ..
        } = self;
        let mut random = Random::of_sequence(0);
        let (mut number, mut turn) = (0, 0);
        while number < shape.rows {
            let start = number % (noise.len() / 2);
            let mut cells = vec![Cell {
                key: self.text,
                value: Value::String(&noise[start..][..shape.resource_bytes]),
            }];
            if shape.overflow_bytes > 0 {
                let value = Value::String(&self.overflow);
                cells.extend([Cell { key: *twice, value }; 2]);
            }
            let resource = Group::new(&cells);
            let end = (number + shape.rows_per_resource).min(shape.rows);
            for number in number..end {
                turn += 1;
                let own = turn % share.end == share.start;
                let start = match shape.distinct {
                    true => random.below(noise.len() / 2),
                    false => 0,
                };
                if !own {
                    continue;
                }
                let signal = match number % shape.tables {
                    0 => Signal::Logs,
                    _ => Signal::Traces,
                };
                let mut row = Row::new(signal, resource, Group::new(&[]));
                let body = Value::String(&noise[start..][..shape.body_bytes]);
                match signal {
                    Signal::Logs => {
                        row.push(fields::TIME_UNIX_NANO, Value::Int(number as i64));
                        row.push(fields::BODY, body);
                    }
                    _ => {
                        row.push(fields::START_TIME_UNIX_NANO, Value::Int(number as i64));
                        row.push(fields::NAME, body);
                    }
                }
                row.push(
                    self.tenant,
                    Value::String(&self.tenants[number % shape.tenants]),
                );
                for attribute in 0..shape.attributes {
                    let name = self.names[(number * 7 + attribute) % self.names.len()];
                    let kind = match shape.drifting {
                        true => attribute + number % 50 / 49,
                        false => attribute,
                    };
                    let value = match kind % 3 {
                        0 => Value::Int(number as i64),
                        1 => Value::Double(0.5),
                        _ => Value::String(&noise[start..][..20]),
                    };
                    row.push(name, value);
                }
                row.set_keys(&self.keys);
                sink.row(&mut row).unwrap();
            }
            number = end;
        }
    }
}
