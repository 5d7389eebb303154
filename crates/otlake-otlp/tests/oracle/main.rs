//! Compares the decoders with prost. The rows of both are brought into one canonical form.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

/// Defines a test per signal for functions that are generic over [`subject::Subject`].
macro_rules! for_every_signal {
    ($($test:ident,)*) => {
        for_every_signal! { logs: ExportLogsServiceRequest, $($test,)* }
        for_every_signal! { traces: ExportTraceServiceRequest, $($test,)* }
        for_every_signal! { metrics: ExportMetricsServiceRequest, $($test,)* }
    };
    ($signal:ident: $request:ident, $($test:ident,)*) => {
        mod $signal {
            $(
                #[test]
                fn $test() {
                    super::$test::<crate::subject::$request>();
                }
            )*
        }
    };
}

mod agreement;
mod attributes;
mod bytes;
mod limits;
mod subject;
mod utf8;
