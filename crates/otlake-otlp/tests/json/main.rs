//! Compares payloads in the JSON encoding with the same requests in protobuf, and with serde_json.

#![cfg(feature = "json")]
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
mod dialect;
mod errors;
mod fields;
mod subject;
mod syntax;
