use std::any::Any;
use std::fmt;

use super::Stage;
use crate::{Row, RowSink};

/// A stage behind a pointer, for chains that are only known at run time. Each row costs a dynamic call
/// to the stage and another one to the sink behind it.
///
/// ```
/// use otlake_row::{BoxStage, Row, RowSink, Stage};
///
/// struct Nothing;
///
/// impl Stage for Nothing {
///     fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
///         next.row(row)
///     }
/// }
///
/// let configured = ["nothing", "nothing"];
/// let stages: Vec<BoxStage> = configured.iter().map(|_| BoxStage::new(Nothing)).collect();
/// let sink = stages.before(Vec::new());
/// # let _ = sink;
/// ```
pub struct BoxStage(Box<dyn ErasedStage + Send>);

impl BoxStage {
    /// Puts a stage into a box.
    pub fn new(stage: impl Stage + Send + 'static) -> BoxStage {
        BoxStage(Box::new(stage))
    }
}

impl fmt::Debug for BoxStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxStage")
    }
}

/// [`Stage`] without type parameters.
trait ErasedStage {
    fn row(&mut self, row: &mut Row<'_>, next: &mut ErasedSink<'_>) -> Result<(), Stopped>;
    fn flush(&mut self, next: &mut ErasedSink<'_>) -> Result<(), Stopped>;
    fn discard(&mut self);
    fn dropped(&self) -> u64;
    fn visit<'s>(&'s self, visit: &mut dyn FnMut(&'s dyn Any));
}

/// The placeholder for the error of a sink, whose type the stage cannot know.
struct Stopped;

type ErasedSink<'a> = dyn RowSink<Error = Stopped> + 'a;

impl<T: Stage + 'static> ErasedStage for T {
    fn row(&mut self, row: &mut Row<'_>, mut next: &mut ErasedSink<'_>) -> Result<(), Stopped> {
        Stage::row(self, row, &mut next)
    }

    fn flush(&mut self, mut next: &mut ErasedSink<'_>) -> Result<(), Stopped> {
        Stage::flush(self, &mut next)
    }

    fn discard(&mut self) {
        Stage::discard(self);
    }

    fn dropped(&self) -> u64 {
        Stage::dropped(self)
    }

    fn visit<'s>(&'s self, visit: &mut dyn FnMut(&'s dyn Any)) {
        Stage::visit(self, visit);
    }
}

/// A sink that keeps its error for the caller of the stage.
struct Keeping<'a, S: RowSink> {
    sink: &'a mut S,
    error: Option<S::Error>,
}

impl<S: RowSink> RowSink for Keeping<'_, S> {
    type Error = Stopped;

    fn row(&mut self, row: &mut Row<'_>) -> Result<(), Stopped> {
        self.sink.row(row).map_err(|error| {
            self.error = Some(error);
            Stopped
        })
    }
}

impl<'a, S: RowSink> Keeping<'a, S> {
    /// Calls a stage with the sink and returns the sink's error, also if the stage did not.
    fn call<R>(
        sink: &'a mut S,
        call: impl FnOnce(&mut Keeping<'a, S>) -> Result<(), R>,
    ) -> Result<(), S::Error> {
        let mut keeping = Keeping { sink, error: None };
        // What the stage returns says no more than whether there is an error.
        let _ = call(&mut keeping);
        keeping.error.map_or(Ok(()), Err)
    }
}

impl Stage for BoxStage {
    fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
        Keeping::call(next, |next| self.0.row(row, next))
    }

    fn flush<S: RowSink>(&mut self, next: &mut S) -> Result<(), S::Error> {
        Keeping::call(next, |next| self.0.flush(next))
    }

    fn discard(&mut self) {
        self.0.discard();
    }

    fn dropped(&self) -> u64 {
        self.0.dropped()
    }

    fn visit<'s>(&'s self, visit: &mut dyn FnMut(&'s dyn Any)) {
        self.0.visit(visit);
    }
}

/// Passes rows through the stages from the first to the last.
impl Stage for Vec<BoxStage> {
    fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
        Keeping::call(next, |next| Rest { stages: self, next }.row(row))
    }

    fn flush<S: RowSink>(&mut self, next: &mut S) -> Result<(), S::Error> {
        Keeping::call(next, |next| {
            let mut stages = self.as_mut_slice();
            while let [first, rest @ ..] = stages {
                first.0.flush(&mut Rest { stages: rest, next })?;
                stages = rest;
            }
            Ok::<_, Stopped>(())
        })
    }

    fn discard(&mut self) {
        self.iter_mut().for_each(Stage::discard);
    }

    fn dropped(&self) -> u64 {
        self.iter().map(Stage::dropped).sum()
    }

    fn visit<'s>(&'s self, visit: &mut dyn FnMut(&'s dyn Any)) {
        for stage in self {
            Stage::visit(stage, visit);
        }
    }
}

/// The stages that a row has not passed yet, and the sink behind them.
struct Rest<'a, 'n> {
    stages: &'a mut [BoxStage],
    next: &'a mut ErasedSink<'n>,
}

impl RowSink for Rest<'_, '_> {
    type Error = Stopped;

    fn row(&mut self, row: &mut Row<'_>) -> Result<(), Stopped> {
        match &mut *self.stages {
            [] => self.next.row(row),
            [first, rest @ ..] => first.0.row(
                row,
                &mut Rest {
                    stages: rest,
                    next: self.next,
                },
            ),
        }
    }
}
