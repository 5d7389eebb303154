//! Queries over OTLP on many machines: a scheduler, executors and clients of Ballista that know otlake's tables.
//!
//! ```text
//!  client ── logical plan ──▶ scheduler ── tasks ──▶ executor ──▶ object store
//!    ▲       (tables by URL)   plans, prunes         executor ──▶ object store
//!    └───────────── rows ───────────────────────────────┘
//! ```
//!
//! All three need the codecs of otlake-datafusion, and the scheduler and the executors need access to the object store.

use std::error::Error;
use std::sync::Arc;

use ballista::prelude::{SessionConfigExt, SessionContextExt};
use ballista_executor::executor_process::ExecutorProcessConfig;
use ballista_scheduler::config::SchedulerConfig;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use otlake_datafusion::{OtlakeLogicalCodec, OtlakePhysicalCodec};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Returns the configuration of a scheduler.
pub fn scheduler_config() -> SchedulerConfig {
    SchedulerConfig {
        override_logical_codec: Some(Arc::new(OtlakeLogicalCodec::default())),
        override_physical_codec: Some(Arc::new(OtlakePhysicalCodec::default())),
        ..SchedulerConfig::default()
    }
}

/// Returns the configuration of an executor.
pub fn executor_config() -> ExecutorProcessConfig {
    // By default, executors lack the functions for lists and maps.
    let state = SessionStateBuilder::new().with_default_features().build();
    ExecutorProcessConfig {
        override_function_registry: Some(Arc::new((&state).into())),
        override_logical_codec: Some(Arc::new(OtlakeLogicalCodec::default())),
        override_physical_codec: Some(Arc::new(OtlakePhysicalCodec::default())),
        ..ExecutorProcessConfig::default()
    }
}

/// Returns a session whose queries, and backfills, run on the executors of a scheduler, `df://HOST:PORT`.
pub async fn client(scheduler: &str) -> Result<SessionContext, Box<dyn Error>> {
    let config = SessionConfig::new_with_ballista()
        .with_ballista_logical_extension_codec(Arc::new(OtlakeLogicalCodec::default()))
        .with_ballista_physical_extension_codec(Arc::new(OtlakePhysicalCodec::default()));
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_default_features()
        .build();
    let context = SessionContext::remote_with_state(scheduler, state).await?;
    otlake_datafusion::register(&context);
    // Whoever runs a client may also write datasets.
    otlake_datafusion::register_backfill(&context);
    Ok(context)
}

/// Writes what happens to standard error: warnings, unless `RUST_LOG` says otherwise.
pub fn log() {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::WARN.into())
        .from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
