use std::any::Any;

use super::{Stage, Staged};
use crate::{Row, RowSink};

/// A tuple of stages to which another one can be appended, as a builder does.
///
/// It is implemented for tuples of up to seven stages. A longer chain is a tuple of tuples.
///
/// ```
/// use otlake_row::{BoxStage, Stage, StageChain};
///
/// /// A builder that does not know how many stages it will have.
/// struct Builder<T> {
///     stages: T,
/// }
///
/// impl<T: StageChain> Builder<T> {
///     fn stage<N: Stage>(self, next: N) -> Builder<T::With<N>> {
///         Builder { stages: self.stages.with(next) }
///     }
/// }
///
/// let builder = Builder { stages: () }.stage(None::<BoxStage>).stage(BoxStage::new(()));
/// assert_eq!(builder.stages.dropped(), 0);
/// ```
pub trait StageChain: Stage {
    /// The chain with a stage of type `T` at its end.
    type With<T: Stage>: Stage;

    /// Appends a stage: rows pass it after all others.
    fn with<T: Stage>(self, stage: T) -> Self::With<T>;
}

/// Passes rows on as they are.
impl Stage for () {
    #[inline]
    fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
        next.row(row)
    }

    fn visit<'s>(&'s self, _: &mut dyn FnMut(&'s dyn Any)) {}
}

impl StageChain for () {
    type With<T: Stage> = (T,);

    fn with<T: Stage>(self, stage: T) -> (T,) {
        (stage,)
    }
}

/// Stages that are borrowed, as the rest of a chain.
struct Rest<'a, T>(&'a mut T);

impl<T: Stage> Stage for Rest<'_, T> {
    #[inline]
    fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
        self.0.row(row, next)
    }
}

macro_rules! chains {
    ($($first:ident $(, $rest:ident)*;)*) => {$(
        /// Passes rows through the stages in the order written.
        #[allow(non_snake_case, reason = "a variable has the name of its type")]
        impl<$first: Stage $(, $rest: Stage)*> Stage for ($first, $($rest,)*) {
            #[inline]
            fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
                let ($first, $($rest,)*) = self;
                let rest = ($(Rest($rest),)*);
                $first.row(row, &mut rest.before(next))
            }

            fn flush<S: RowSink>(&mut self, next: &mut S) -> Result<(), S::Error> {
                let ($first, $($rest,)*) = self;
                $first.flush(&mut Staged { stage: ($(Rest($rest),)*), sink: &mut *next })?;
                chains!(@flush next $($rest)*);
                Ok(())
            }

            fn discard(&mut self) {
                let ($first, $($rest,)*) = self;
                $first.discard();
                $($rest.discard();)*
            }

            fn dropped(&self) -> u64 {
                let ($first, $($rest,)*) = self;
                $first.dropped() $(+ $rest.dropped())*
            }

            fn visit<'s>(&'s self, visit: &mut dyn FnMut(&'s dyn Any))
            where
                Self: 'static,
            {
                let ($first, $($rest,)*) = self;
                $first.visit(visit);
                $($rest.visit(visit);)*
            }
        }
    )*};
    (@flush $next:ident) => {};
    (@flush $next:ident $first:ident $($rest:ident)*) => {
        $first.flush(&mut Staged { stage: ($(Rest($rest),)*), sink: &mut *$next })?;
        chains!(@flush $next $($rest)*);
    };
}

chains! {
    A;
    A, B;
    A, B, C;
    A, B, C, D;
    A, B, C, D, E;
    A, B, C, D, E, F;
    A, B, C, D, E, F, G;
    A, B, C, D, E, F, G, H;
}

macro_rules! with {
    ($($stage:ident),+) => {
        #[allow(non_snake_case, reason = "a variable has the name of its type")]
        impl<$($stage: Stage),+> StageChain for ($($stage,)+) {
            type With<T: Stage> = ($($stage,)+ T);

            fn with<T: Stage>(self, stage: T) -> Self::With<T> {
                let ($($stage,)+) = self;
                ($($stage,)+ stage)
            }
        }
    };
}

with!(A);
with!(A, B);
with!(A, B, C);
with!(A, B, C, D);
with!(A, B, C, D, E);
with!(A, B, C, D, E, F);
with!(A, B, C, D, E, F, G);
