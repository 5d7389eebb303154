use otlake_row::{MetricKind, Signal};

/// The rows that share one schema: the records of a signal, or the data points of one metric kind.
///
/// ```
/// use otlake_row::{MetricKind, Signal};
/// use otlake_schema::Table;
///
/// let table = Table::MetricsOf(MetricKind::Histogram);
/// assert_eq!((table.name(), table.signal()), ("histogram", Signal::Metrics));
/// assert_eq!(Table::from_name("histogram"), Some(table));
/// assert_eq!(Table::ALL[table.index()], table);
/// assert_eq!(Table::from(Signal::Traces).name(), "traces");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Table {
    /// Log records, one a row.
    Logs,
    /// Spans, one a row.
    Traces,
    /// Data points of every kind, one a row.
    Metrics,
    /// Data points of one kind, one a row. The table lacks the columns that only other kinds have.
    MetricsOf(MetricKind),
}

impl Table {
    /// Every table.
    pub const ALL: [Table; 8] = [
        Table::Logs,
        Table::Traces,
        Table::Metrics,
        Table::MetricsOf(MetricKind::Gauge),
        Table::MetricsOf(MetricKind::Sum),
        Table::MetricsOf(MetricKind::Histogram),
        Table::MetricsOf(MetricKind::ExponentialHistogram),
        Table::MetricsOf(MetricKind::Summary),
    ];

    /// Returns the table with this [name](Table::name).
    pub fn from_name(name: &str) -> Option<Table> {
        Table::ALL.into_iter().find(|table| table.name() == name)
    }

    /// Returns the name of the table: `logs`, `traces`, `metrics`, or the
    /// [name of its kind](MetricKind::name).
    pub fn name(self) -> &'static str {
        match self {
            Table::MetricsOf(kind) => kind.name(),
            table => table.signal().name(),
        }
    }

    /// Returns the index of the table in [`Table::ALL`].
    #[inline]
    pub const fn index(self) -> usize {
        match self {
            Table::Logs => 0,
            Table::Traces => 1,
            Table::Metrics => 2,
            Table::MetricsOf(kind) => 3 + kind as usize,
        }
    }

    /// Returns the signal of its rows.
    pub fn signal(self) -> Signal {
        match self {
            Table::Logs => Signal::Logs,
            Table::Traces => Signal::Traces,
            Table::Metrics | Table::MetricsOf(_) => Signal::Metrics,
        }
    }
}

impl From<Signal> for Table {
    fn from(signal: Signal) -> Table {
        match signal {
            Signal::Logs => Table::Logs,
            Signal::Traces => Table::Traces,
            Signal::Metrics => Table::Metrics,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_an_index_and_a_name() {
        for (index, table) in Table::ALL.into_iter().enumerate() {
            assert_eq!(table.index(), index);
            assert_eq!(Table::from_name(table.name()), Some(table));
        }
        assert_eq!(Table::from_name("profiles"), None);
    }
}
