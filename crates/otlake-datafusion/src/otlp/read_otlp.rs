use std::future::Future;
use std::sync::Arc;

use datafusion::catalog::{Session, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{ScalarValue, plan_datafusion_err, plan_err};
use datafusion::datasource::listing::ListingTableUrl;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::Expr;
use datafusion::object_store::ObjectStoreExt;
use otlake_row::Signal;
use otlake_schema::DatasetSchema;
use tokio::runtime::{Builder, Handle, RuntimeFlavor};

use super::options::{Faults, OtlpOptions};
use super::table::OtlpTable;

/// The table function `read_otlp(path, signal [, option]…)`: raw OTLP files as a table, without registering one.
///
/// | argument | |
/// |---|---|
/// | path | a file, a directory with its subdirectories, or a glob; local, or the URL of a registered object store |
/// | signal | `'logs'`, `'traces'` or `'metrics'`; payloads of other signals are skipped |
/// | `'faults=skip'` | leaves out what cannot be read, and counts it; see [`Faults`] |
/// | `'files=10'` | finds the columns in the first ten files only |
/// | `'schema=path'` | takes the columns from the published schema document of a dataset |
///
/// The columns are found when a query is planned, which reads the files once more. For files that are queried often,
/// register an [`OtlpTable`], which does this once.
#[derive(Debug, Default)]
pub struct ReadOtlp {
    _private: (),
}

impl ReadOtlp {
    /// The name of the function.
    pub const NAME: &'static str = "read_otlp";

    /// Returns the function.
    pub fn new() -> ReadOtlp {
        ReadOtlp::default()
    }
}

impl TableFunctionImpl for ReadOtlp {
    fn call_with_args(&self, args: TableFunctionArgs<'_, '_>) -> Result<Arc<dyn TableProvider>> {
        let arguments = Arguments::parse(args.exprs())?;
        let table = wait(arguments.open(args.session()))??;
        Ok(Arc::new(table))
    }
}

/// The arguments of a call.
#[derive(Debug, PartialEq)]
struct Arguments {
    path: String,
    signal: Signal,
    options: OtlpOptions,
    files: Option<usize>,
    schema: Option<String>,
}

const USAGE: &str = "read_otlp('path', 'logs' | 'traces' | 'metrics' [, 'faults=skip'] [, 'files=10'] [, 'schema=path'])";

impl Arguments {
    fn parse(exprs: &[Expr]) -> Result<Arguments> {
        let text = |expr| text(expr, ReadOtlp::NAME, USAGE);
        let texts: Vec<&str> = exprs.iter().map(text).collect::<Result<_>>()?;
        let [path, signal, options @ ..] = &texts[..] else {
            return plan_err!("read_otlp needs a path and a signal: {USAGE}");
        };
        let signal = match *signal {
            "logs" => Signal::Logs,
            "traces" => Signal::Traces,
            "metrics" => Signal::Metrics,
            other => return plan_err!("{other:?} is no signal: {USAGE}"),
        };
        let mut arguments = Arguments {
            path: (*path).to_owned(),
            signal,
            options: OtlpOptions::new(),
            files: None,
            schema: None,
        };
        for option in options {
            arguments.set(option)?;
        }
        Ok(arguments)
    }

    fn set(&mut self, option: &str) -> Result<()> {
        match option.split_once('=') {
            Some(("faults", "skip")) => self.options.faults = Faults::Skip,
            Some(("faults", "fail")) => self.options.faults = Faults::Fail,
            Some(("files", files)) => {
                let files = files.parse().ok().filter(|files| *files > 0);
                let missing = || plan_datafusion_err!("{option:?} has no number of files: {USAGE}");
                self.files = Some(files.ok_or_else(missing)?);
            }
            Some(("schema", path)) => self.schema = Some(path.to_owned()),
            _ => return plan_err!("{option:?} is no option: {USAGE}"),
        }
        Ok(())
    }

    async fn open(self, session: &dyn Session) -> Result<OtlpTable> {
        let mut builder = OtlpTable::builder(self.path, self.signal).options(self.options);
        if let Some(files) = self.files {
            builder = builder.inferred_files(files);
        }
        if let Some(path) = &self.schema {
            let url = ListingTableUrl::parse(path)?;
            let store = session.runtime_env().object_store(&url)?;
            let json = store.get(url.prefix()).await?.bytes().await?;
            let columns = DatasetSchema::from_json(&json)
                .map_err(|error| plan_datafusion_err!("{path}: {error}"))?;
            builder = builder.columns(columns);
        }
        builder.open(session).await
    }
}

/// Returns an argument of a table function.
pub(crate) fn text<'e>(expr: &'e Expr, function: &str, usage: &str) -> Result<&'e str> {
    match expr {
        Expr::Literal(
            ScalarValue::Utf8(Some(text))
            | ScalarValue::Utf8View(Some(text))
            | ScalarValue::LargeUtf8(Some(text)),
            _,
        ) => Ok(text),
        other => plan_err!("the arguments of {function} are texts, not {other}: {usage}"),
    }
}

/// Waits for a future in a function that is not async but called by one. DataFusion plans table functions this way.
fn wait<F>(future: F) -> Result<F::Output>
where
    F: Future + Send,
    F::Output: Send,
{
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
            Ok(tokio::task::block_in_place(|| handle.block_on(future)))
        }
        // The thread of this runtime cannot wait and run the future at the same time, so another thread does.
        _ => std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let runtime = Builder::new_current_thread().enable_all().build()?;
                Ok(runtime.block_on(future))
            });
            let panicked = || DataFusionError::Execution("read_otlp panicked".to_owned());
            thread.join().map_err(|_| panicked())?
        }),
    }
}
