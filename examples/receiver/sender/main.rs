//! Sends the records of `.ci/receiver/records.py` with the OpenTelemetry SDK for Rust.
//!
//! ```text
//! cargo run -p otlake-receiver --features sender --bin send -- http/protobuf|http/json|grpc ENDPOINT COUNT
//! ```

use std::error::Error;
use std::time::{Duration, SystemTime};

use opentelemetry::logs::{LogRecord, Logger, LoggerProvider, Severity};
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::{Span, SpanBuilder, SpanKind, Status, Tracer, TracerProvider};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{
    Compression, LogExporter, MetricExporter, Protocol, RetryPolicy, SpanExporter,
    WithExportConfig, WithHttpConfig, WithTonicConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;

/// Seconds since 1970.
const BEGIN: u64 = 1_764_000_000;

/// A sender, with the arguments of the program.
struct Sender {
    protocol: String,
    endpoint: String,
    count: u64,
}

/// Builds an exporter of a signal.
macro_rules! exporter {
    ($exporter:ident, $sender:expr, $path:literal) => {{
        let Sender {
            protocol, endpoint, ..
        } = $sender;
        let timeout = Duration::from_secs(60);
        let retry = RetryPolicy::recommended()
            .with_max_retries(30)
            .with_max_delay(Duration::from_secs(2));
        match protocol.as_str() {
            "grpc" => $exporter::builder()
                .with_tonic()
                .with_endpoint(endpoint)
                .with_timeout(timeout)
                .with_compression(Compression::Gzip)
                .with_retry_policy(retry)
                .build()?,
            _ => $exporter::builder()
                .with_http()
                .with_protocol(match protocol.as_str() {
                    "http/json" => Protocol::HttpJson,
                    _ => Protocol::HttpBinary,
                })
                .with_endpoint(format!("{endpoint}/v1/{}", $path))
                .with_timeout(timeout)
                .with_compression(Compression::Gzip)
                .with_retry_policy(retry)
                .build()?,
        }
    }};
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [protocol, endpoint, count] = &arguments[..] else {
        return Err("usage: send PROTOCOL ENDPOINT COUNT".into());
    };
    let sender = Sender {
        protocol: protocol.clone(),
        endpoint: endpoint.clone(),
        count: count.parse()?,
    };
    // The HTTP exporters block, and have a runtime of their own.
    tokio::task::spawn_blocking(move || {
        sender.logs()?;
        sender.traces()?;
        sender.metrics()
    })
    .await?
}

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

impl Sender {
    fn name(&self) -> String {
        format!("rust {}", self.protocol)
    }

    fn resource(&self) -> Resource {
        Resource::builder().with_service_name(self.name()).build()
    }

    fn attributes(&self, i: u64) -> [KeyValue; 5] {
        [
            KeyValue::new("sender", self.name()),
            KeyValue::new("id", format!("{} {i}", self.name())),
            KeyValue::new("number", i as i64),
            KeyValue::new("share", i as f64 + 0.25),
            KeyValue::new("even", i.is_multiple_of(2)),
        ]
    }

    fn logs(&self) -> Outcome {
        let provider = SdkLoggerProvider::builder()
            .with_resource(self.resource())
            .with_batch_exporter(exporter!(LogExporter, self, "logs"))
            .build();
        let logger = provider.logger_with_scope(scope());
        let severities = [
            (Severity::Info, "INFO"),
            (Severity::Warn, "WARN"),
            (Severity::Error, "ERROR"),
        ];
        for i in 0..self.count {
            let (number, text) = severities[i as usize % 3];
            let mut record = logger.create_log_record();
            record.set_timestamp(time(i));
            record.set_observed_timestamp(time(i + 1));
            record.set_severity_number(number);
            record.set_severity_text(text);
            record.set_body(format!("message {i}").into());
            record.add_attribute("sender", self.name());
            record.add_attribute("id", format!("{} {i}", self.name()));
            record.add_attribute("number", i as i64);
            record.add_attribute("share", i as f64 + 0.25);
            record.add_attribute("even", i.is_multiple_of(2));
            logger.emit(record);
        }
        Ok(provider.shutdown_with_timeout(Duration::from_secs(60))?)
    }

    fn traces(&self) -> Outcome {
        let provider = SdkTracerProvider::builder()
            .with_resource(self.resource())
            .with_batch_exporter(exporter!(SpanExporter, self, "traces"))
            .build();
        let tracer = provider.tracer_with_scope(scope());
        let kinds = [
            SpanKind::Internal,
            SpanKind::Server,
            SpanKind::Client,
            SpanKind::Producer,
            SpanKind::Consumer,
        ];
        for i in 0..self.count {
            let builder = SpanBuilder::from_name(format!("operation {i}"))
                .with_kind(kinds[i as usize % 5].clone())
                .with_attributes(self.attributes(i))
                .with_start_time(time(i));
            let mut span = tracer.build(builder);
            let number = KeyValue::new("number", i as i64);
            span.add_event_with_timestamp("event", time(i + 1), vec![number]);
            if i % 2 == 1 {
                span.set_status(Status::error(format!("failed {i}")));
            }
            span.end_with_timestamp(time(2 * i));
        }
        Ok(provider.shutdown_with_timeout(Duration::from_secs(60))?)
    }

    fn metrics(&self) -> Outcome {
        let provider = SdkMeterProvider::builder()
            .with_resource(self.resource())
            .with_periodic_exporter(exporter!(MetricExporter, self, "metrics"))
            .build();
        let meter = provider.meter_with_scope(scope());
        let counter = meter.u64_counter("requests").with_unit("1");
        let counter = counter.with_description("a counter").build();
        let gauge = meter.f64_gauge("temperature").with_unit("K");
        let gauge = gauge.with_description("a gauge").build();
        let histogram = meter.f64_histogram("duration").with_unit("s");
        let histogram = histogram.with_description("a histogram").build();
        for i in 0..self.count {
            let attributes = self.attributes(i);
            counter.add(i, &attributes);
            gauge.record(i as f64 / 4.0, &attributes);
            histogram.record(i as f64, &attributes);
        }
        if provider.shutdown().is_err() {
            // The reader waits for 5 s, whatever the timeout. Its thread goes on exporting, and the check finds missing points.
            std::thread::sleep(Duration::from_secs(20));
        }
        Ok(())
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("receiver")
        .with_version("1")
        .build()
}

fn time(nanoseconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(BEGIN) + Duration::from_nanos(nanoseconds)
}
