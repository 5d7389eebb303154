use otlake_dataset::SinkError;
use otlake_row::{Row, RowSink};
use otlake_storage::Storage;

use crate::FingerprintStage;
use crate::tables::Tables;

/// The stages before the tables.
#[derive(Debug)]
pub(super) enum Stages<S: Storage> {
    Plain(Box<Tables<S>>),
    Fingerprint(Box<FingerprintStage<Tables<S>>>),
}

impl<S: Storage> RowSink for Stages<S> {
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

impl<S: Storage> Stages<S> {
    pub(super) fn tables(&self) -> &Tables<S> {
        match self {
            Stages::Plain(tables) => tables,
            Stages::Fingerprint(stage) => stage.sink(),
        }
    }

    pub(super) fn tables_mut(&mut self) -> &mut Tables<S> {
        match self {
            Stages::Plain(tables) => tables,
            Stages::Fingerprint(stage) => stage.sink_mut(),
        }
    }
}
