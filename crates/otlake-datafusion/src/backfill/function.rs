use std::sync::Arc;

use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{plan_datafusion_err, plan_err};
use datafusion::error::Result;

use super::table::{Backfill, BackfillBuilder};
use crate::otlp::options::{Faults, OtlpOptions};
use crate::otlp::read_otlp::text;

/// The table function `otlp_to_dataset(path, dataset [, option]…)`: a [`Backfill`].
///
/// | argument | |
/// |---|---|
/// | path | a file, a directory with its subdirectories, or a glob; local, or the URL of a registered object store |
/// | dataset | the directory of the dataset; local, or the URL of a registered object store |
/// | `'faults=skip'` | writes the rest of a file with a fault, and counts what is left out; see [`Faults`] |
/// | `'partitioning={table}/date={date}'` | the template of partition directories |
/// | `'sort=resource_service_name,timestamp'` | the columns by which rows are sorted |
/// | `'compression=zstd:3'` | the codec of the files: `zstd:LEVEL`, `snappy`, `lz4` or `none` |
/// | `'memory_limit=268435456'` | bytes of memory of each partition of the query |
///
/// [`register`](crate::register()) leaves it out, because it writes: whoever may send queries to the session may then
/// write to every place that the session can reach. To allow that, call [`register_backfill`](crate::register_backfill).
#[derive(Debug, Default)]
pub struct OtlpToDataset {
    _private: (),
}

impl OtlpToDataset {
    /// The name of the function.
    pub const NAME: &'static str = "otlp_to_dataset";

    /// Returns the function.
    pub fn new() -> OtlpToDataset {
        OtlpToDataset::default()
    }
}

const USAGE: &str = "otlp_to_dataset('path', 'dataset' [, 'faults=skip'] [, 'partitioning={table}/date={date}'] \
                     [, 'sort=column,…'] [, 'compression=zstd:1'] [, 'memory_limit=bytes'])";

impl TableFunctionImpl for OtlpToDataset {
    fn call_with_args(&self, args: TableFunctionArgs<'_, '_>) -> Result<Arc<dyn TableProvider>> {
        let texts: Vec<&str> = args
            .exprs()
            .iter()
            .map(|expr| text(expr, Self::NAME, USAGE))
            .collect::<Result<_>>()?;
        let [path, dataset, options @ ..] = &texts[..] else {
            return plan_err!("otlp_to_dataset needs a path and a dataset: {USAGE}");
        };
        let backfill = Backfill::builder(*path, *dataset);
        let backfill = options.iter().try_fold(backfill, set)?;
        Ok(Arc::new(backfill.build()?))
    }
}

fn set(backfill: BackfillBuilder, option: &&str) -> Result<BackfillBuilder> {
    let invalid =
        |error: &dyn std::fmt::Display| plan_datafusion_err!("{option:?}: {error}: {USAGE}");
    Ok(match option.split_once('=') {
        Some(("faults", "skip")) => backfill.options(OtlpOptions::new().with_faults(Faults::Skip)),
        Some(("faults", "fail")) => backfill.options(OtlpOptions::new()),
        Some(("partitioning", template)) => {
            backfill.partitioning(template.parse().map_err(|error| invalid(&error))?)
        }
        Some(("sort", columns)) => backfill.sort_by(columns.split(',').map(str::trim)),
        Some(("compression", codec)) => {
            backfill.compression(codec.parse().map_err(|error| invalid(&error))?)
        }
        Some(("memory_limit", bytes)) => {
            backfill.memory_limit(bytes.parse().map_err(|error| invalid(&error))?)
        }
        _ => return plan_err!("{option:?} is no option: {USAGE}"),
    })
}
