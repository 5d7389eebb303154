//! Payloads in the JSON encoding, against the same requests in protobuf and against serde_json.

#![cfg(feature = "json")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

/// A test for every signal, of a function over [`subject::Subject`].
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
mod dialect;
mod errors;
mod fields;
mod subject;
mod syntax;
