//! The directories of rows: a template, and the keys that distinguish partitions.
//!
//! ```text
//! "date={date}/service={resource.service.name}"
//!        │ FromStr (template)
//!        ▼
//!   Partitioning ──▶ Partitioner ──▶ key(row): bytes, for every row
//!                                └─▶ directory(row): text (escape), for every new key
//! ```

use std::fmt;
use std::str::FromStr;

use otlake_schema::Table;

use crate::route::partition_value::Transform;
use crate::route::partitioner::Partitioner;
use crate::route::template::{self, ParsePartitioningError, Part, Piece};

/// The directories of rows: a template with placeholders, as in Hive.
///
/// | placeholder | value |
/// |---|---|
/// | `{signal}` | `logs`, `traces` or `metrics` |
/// | `{table}` | the table: `logs`, `traces`, `metrics`, or the kind of data points, such as `gauge` |
/// | `{date}` | the day of the event, as `2026-11-22` |
/// | `{year}`, `{month}`, `{day}`, `{hour}`, `{minute}` | a part of its time, as `2026`, `07` |
/// | `{resource.NAME}`, `{scope.NAME}`, `{attr.NAME}` | an attribute of resource, scope or record |
/// | `{severity_text}`, `{scope_name}`, … | a field, by its name in [`otlake_row::fields`] |
/// | `{NAME}` | a field of a stage, if it was [registered](otlake_row::Key::register) before the template is parsed |
///
/// The time is that of the table's column `timestamp`, in UTC. Attributes and fields are written as
/// their OpenTelemetry text. A row that lacks the value, or has an empty one, goes to the
/// partition `__HIVE_DEFAULT_PARTITION__`; where a part of the path begins with the value, to
/// `HIVE_DEFAULT_PARTITION__`, because readers skip directories that begin with an underscore.
///
/// Values are escaped as in Hive and Spark: `%` and two hexadecimal digits replace control characters
/// and each of `"#%'*/:=?\{[]^`. They also replace a `.` or `_` at the beginning of a directory, because
/// readers skip hidden directories, and the first character of a value that looks like the default
/// partition. A value that would make the name of a directory longer than 200 bytes is cut, and a 128-bit
/// hash (XXH3) of the whole value is appended. So different values always have different directories. That
/// is also why a part of the path has one attribute or field at most.
///
/// Spark and other engines recognise partition columns where a part is `NAME={…}`.
///
/// ```
/// use otlake_dataset::Partitioning;
/// use otlake_row::{Cell, Group, Keys, Location, Row, Signal, Value, fields};
/// use otlake_schema::Table;
///
/// let partitioning: Partitioning = "service={resource.service.name}/date={date}".parse()?;
/// let mut partitioner = partitioning.partitioner(Table::Logs);
///
/// let mut keys = Keys::new();
/// let name = keys.intern(Location::Resource, "service.name").expect("below the limit");
/// let resource = [Cell { key: name, value: Value::String("a/b") }];
/// let mut row = Row::new(Signal::Logs, Group::new(&resource), Group::new(&[]));
/// row.push(fields::TIME_UNIX_NANO, Value::Int(1_795_305_600_000_000_000));
/// row.set_keys(&keys);
///
/// assert_eq!(partitioner.directory(&row), "service=a%2Fb/date=2026-11-22");
/// let mut key = Vec::new();
/// partitioner.key(&row, &mut key);
/// assert_eq!(key.len(), 11);
/// # Ok::<_, otlake_dataset::ParsePartitioningError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partitioning {
    template: String,
    pub(crate) parts: Vec<Part>,
}

impl Partitioning {
    /// Returns the partitioning without directories: the empty template.
    ///
    /// ```
    /// use otlake_dataset::Partitioning;
    ///
    /// let partitioning: Partitioning = "{table}/date={date}".parse()?;
    /// assert!(partitioning.has_table() && !partitioning.has_signal());
    /// assert!(!partitioning.is_none());
    /// assert_eq!("".parse::<Partitioning>()?.to_string(), Partitioning::none().to_string());
    /// # Ok::<_, otlake_dataset::ParsePartitioningError>(())
    /// ```
    pub fn none() -> Self {
        Self::default()
    }

    /// Returns whether there are no directories.
    pub fn is_none(&self) -> bool {
        self.parts.is_empty()
    }

    /// Returns whether each table has directories of its own, by `{table}`.
    pub fn has_table(&self) -> bool {
        self.pieces().any(|piece| *piece == Piece::Table)
    }

    /// Returns whether each signal has directories of its own, by `{signal}`.
    pub fn has_signal(&self) -> bool {
        self.pieces().any(|piece| *piece == Piece::Signal)
    }

    /// Returns the names of the partition columns and how their values are computed, in the order of the
    /// [values](Partitioner::values) of each row.
    ///
    /// ```
    /// use otlake_dataset::{Partitioning, Transform};
    ///
    /// let partitioning: Partitioning = "lake/date={date}".parse()?;
    /// let columns: Vec<_> = partitioning.columns().collect();
    /// assert_eq!(columns, [("date", Transform::Date)]);
    /// # Ok::<_, otlake_dataset::ParsePartitioningError>(())
    /// ```
    pub fn columns(&self) -> impl Iterator<Item = (&str, Transform)> {
        let columns = self.parts.iter().filter(|part| part.is_column());
        columns.map(|part| (&*part.name, part.transform()))
    }

    /// Returns the parts of the time that all rows of a directory share: its placeholders for times. Unlike
    /// [`columns`](Self::columns), this includes those that are one of several placeholders of a directory.
    ///
    /// ```
    /// use otlake_dataset::{Partitioning, Transform};
    ///
    /// let partitioning: Partitioning = "on={year}-{month}/hour={hour}".parse()?;
    /// let times: Vec<_> = partitioning.times().collect();
    /// assert_eq!(times, [Transform::Year, Transform::Month, Transform::Hour]);
    /// # Ok::<_, otlake_dataset::ParsePartitioningError>(())
    /// ```
    pub fn times(&self) -> impl Iterator<Item = Transform> {
        self.pieces().filter_map(|piece| match piece {
            Piece::Time(field) => Some(field.transform()),
            _ => None,
        })
    }

    fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.parts.iter().flat_map(|part| &part.pieces)
    }

    /// Returns a partitioner for the rows of a table.
    pub fn partitioner(&self, table: Table) -> Partitioner {
        Partitioner::new(self, table)
    }
}

impl FromStr for Partitioning {
    type Err = ParsePartitioningError;

    /// Parses a template. The empty one has no directories.
    fn from_str(template: &str) -> Result<Self, ParsePartitioningError> {
        Ok(Self {
            template: template.to_owned(),
            parts: template::parse(template)?,
        })
    }
}

impl fmt::Display for Partitioning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.template)
    }
}
