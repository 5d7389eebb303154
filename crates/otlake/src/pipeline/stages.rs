use otlake_dataset::SinkError;
use otlake_row::{Row, RowSink};

use crate::FingerprintStage;
use crate::tables::Tables;

/// The stages before the tables.
#[derive(Debug)]
pub(super) enum Stages {
    Plain(Box<Tables>),
    Fingerprint(Box<FingerprintStage<Tables>>),
}

impl RowSink for Stages {
    type Error = SinkError;

    #[inline]
    fn row(&mut self, row: &mut Row<'_>) -> Result<(), SinkError> {
        match self {
            Stages::Plain(tables) => tables.row(row),
            Stages::Fingerprint(stage) => stage.row(row),
        }
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        match self {
            Stages::Plain(tables) => tables.finish(),
            Stages::Fingerprint(stage) => stage.finish(),
        }
    }
}

impl Stages {
    pub(super) fn tables(&self) -> &Tables {
        match self {
            Stages::Plain(tables) => tables,
            Stages::Fingerprint(stage) => stage.sink(),
        }
    }

    pub(super) fn tables_mut(&mut self) -> &mut Tables {
        match self {
            Stages::Plain(tables) => tables,
            Stages::Fingerprint(stage) => stage.sink_mut(),
        }
    }
}
