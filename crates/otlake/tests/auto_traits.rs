//! What can be sent to another thread, or shared with it: a change of these is a breaking change.

use otlake::dataset::{Dataset, DatasetWriter};
use otlake::row::BoxStage;
use otlake::{
    BatchError, EncodedPayload, Filter, FingerprintStage, FlushError, HasAttribute, IngestError,
    MinSeverity, PatternsTable, Pipeline, PipelineBuilder, Redact, Rename, Report, Sample,
};

const fn is_send<T: Send>() {}
const fn is_send_and_sync<T: Send + Sync>() {}

const _: () = {
    is_send::<Pipeline>();
    is_send::<
        Pipeline<(
            Redact,
            Rename,
            FingerprintStage,
            Filter<MinSeverity>,
            Sample,
        )>,
    >();
    is_send::<Pipeline<Vec<BoxStage>>>();
    is_send::<PipelineBuilder>();
    is_send::<DatasetWriter>();
    is_send::<Filter<HasAttribute>>();
    is_send_and_sync::<Dataset>();
    is_send_and_sync::<EncodedPayload>();
    is_send_and_sync::<PatternsTable>();
    is_send_and_sync::<Report>();
    is_send_and_sync::<IngestError>();
    is_send_and_sync::<FlushError>();
    is_send_and_sync::<BatchError>();
    #[cfg(feature = "tokio")]
    is_send_and_sync::<otlake::ServiceHandle>();
    #[cfg(feature = "tokio")]
    is_send::<otlake::Response>();
    #[cfg(feature = "tokio")]
    is_send::<otlake::Service>();
};
