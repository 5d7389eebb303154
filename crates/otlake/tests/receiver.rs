//! `Receiver`: each case of `testdata/otlp_answers.json` gets the answer that the specification of OTLP demands. The bodies
//! are decoded with opentelemetry-proto and serde_json.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "answers/bodies.rs"]
mod bodies;
#[path = "answers/services.rs"]
mod services;
#[path = "answers/status.rs"]
mod status;

use std::time::{Duration, Instant};

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use otlake::otlp::Format;
use otlake::row::{Bytes, Signal};
use otlake::{Acknowledge, FailureKind, Outcome, Protocol, ReceiverBody};
use prost::Message;
use serde_json::Value;

use crate::bodies::{Payload, TestBody};
use crate::services::Running;
use crate::status::Status;

const ANSWERS: &str = include_str!("../testdata/otlp_answers.json");

/// A row of the table.
struct Case<'a>(&'a Value);

impl<'a> Case<'a> {
    fn text(&self, member: &str) -> Option<&'a str> {
        self.0[member].as_str()
    }

    fn name(&self) -> &'a str {
        self.text("name").unwrap()
    }

    fn paths(&self, logs: &'a str) -> Vec<&'a str> {
        match self.0["paths"].as_array() {
            Some(paths) => paths.iter().map(|path| path.as_str().unwrap()).collect(),
            None => vec![logs],
        }
    }

    fn headers(&self, member: &str) -> Vec<(&'a str, &'a str)> {
        let headers = self.0[member].as_object().into_iter().flatten();
        headers
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect()
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        let headers = self.headers("request");
        headers
            .iter()
            .find(|(header, _)| *header == name)
            .map(|(_, value)| *value)
    }
}

fn cases(protocol: &str, run: impl AsyncFn(Case<'_>)) {
    let table: Value = serde_json::from_str(ANSWERS).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    for case in table[protocol].as_array().unwrap() {
        assert!(case["section"].is_string(), "{case}: the rule has a source");
        runtime.block_on(run(Case(case)));
    }
}

fn signal_of(path: &str) -> Signal {
    match path {
        path if path.contains("trace") => Signal::Traces,
        path if path.contains("metrics") => Signal::Metrics,
        _ => Signal::Logs,
    }
}

#[test]
fn http_answers_as_specified() {
    cases("http", async |case| {
        for path in case.paths("/v1/logs") {
            for format in [Format::Protobuf, Format::Json] {
                check_http(&case, path, format).await;
            }
        }
    });
}

async fn check_http(case: &Case<'_>, path: &str, format: Format) {
    let context = format!("{}, {path}, {format:?}", case.name());
    let media_type = match format {
        Format::Protobuf => "application/x-protobuf",
        _ => "application/json",
    };
    let running = Running::start(case.text("service").unwrap_or("running")).await;
    let mut request = Request::builder()
        .method(case.text("method").unwrap_or("POST"))
        .uri(path)
        .header("content-type", media_type);
    for (name, value) in case.headers("request") {
        let value = value.replace("FORMAT", media_type);
        request.headers_mut().unwrap().insert(
            http::HeaderName::try_from(name).unwrap(),
            value.try_into().unwrap(),
        );
    }
    let payload = Payload::new(case.text("body").unwrap(), signal_of(path), format);
    let body = payload.http_body(case.header("content-encoding"));
    let response = running.receiver.respond(request.body(body).unwrap()).await;

    assert_eq!(
        response.status(),
        case.0["status"].as_u64().unwrap() as u16,
        "{context}"
    );
    let retryable = matches!(response.status().as_u16(), 429 | 502 | 503 | 504);
    assert_eq!(retryable, case.0["retry"] == true, "{context}");
    let retry_after = response.headers().get("retry-after");
    assert_eq!(
        retry_after.map(|value| value.to_str().unwrap()),
        retryable.then_some("3")
    );
    for (name, value) in case.headers("response") {
        assert_eq!(response.headers()[name], value, "{context}");
    }
    let answered = match case.header("content-type") {
        Some("text/plain") => Format::Protobuf,
        _ => format,
    };
    let expected = match answered {
        Format::Protobuf => "application/x-protobuf",
        _ => "application/json",
    };
    assert_eq!(response.headers()["content-type"], expected, "{context}");
    let outcome = response.extensions().get::<Outcome>().unwrap().clone();
    assert_eq!(outcome.protocol, Protocol::Http);
    let success = response.status() == 200;
    assert_eq!(outcome.result.is_ok(), success, "{context}");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    if success {
        check_success(case, signal_of(path), answered, &body, &context);
    } else {
        check_failure(case, Status::decode_from(&body, answered), &context);
    }
    let rows = running.finish().await;
    assert_eq!(rows, case.0["accepted"].as_u64().unwrap_or(0), "{context}");
}

fn check_success(case: &Case<'_>, signal: Signal, format: Format, body: &[u8], context: &str) {
    let partial = match format {
        // The responses of all signals have the same field numbers.
        Format::Protobuf => {
            let response = ExportLogsServiceResponse::decode(body).unwrap();
            let partial = response.partial_success;
            partial.map(|partial| (partial.rejected_log_records, partial.error_message))
        }
        _ => {
            let response: Value = serde_json::from_slice(body).unwrap();
            let member = match signal {
                Signal::Logs => "rejectedLogRecords",
                Signal::Traces => "rejectedSpans",
                Signal::Metrics => "rejectedDataPoints",
            };
            response.get("partialSuccess").map(|partial| {
                let rejected = partial[member].as_str().unwrap().parse().unwrap();
                (
                    rejected,
                    partial["errorMessage"].as_str().unwrap().to_owned(),
                )
            })
        }
    };
    match (case.text("message"), partial) {
        (None, None) => {}
        (Some(message), Some((rejected, error_message))) => {
            assert_eq!(Some(rejected), case.0["rejected"].as_i64(), "{context}");
            assert!(
                error_message.contains(message),
                "{context}: {error_message}"
            );
        }
        (_, partial) => panic!("{context}: {partial:?}"),
    }
}

fn check_failure(case: &Case<'_>, status: Status, context: &str) {
    let message = case.text("message").unwrap();
    assert!(
        status.message.contains(message),
        "{context}: {}",
        status.message
    );
    let retry_delay = (case.0["retry"] == true).then_some(Duration::from_millis(2_500));
    assert_eq!(status.retry_delay, retry_delay, "{context}");
    let violation = case.0["violation"] == true;
    assert_eq!(
        status.violation.is_some(),
        violation,
        "{context}: {status:?}"
    );
}

#[test]
fn grpc_answers_as_specified() {
    cases("grpc", async |case| {
        for path in case.paths("logs.v1.LogsService") {
            check_grpc(&case, path).await;
        }
    });
}

async fn check_grpc(case: &Case<'_>, path: &str) {
    let context = format!("{}, {path}", case.name());
    let running = Running::start(case.text("service").unwrap_or("running")).await;
    let mut request = Request::post(format!("/opentelemetry.proto.collector.{path}/Export"))
        .version(http::Version::HTTP_2)
        .header("content-type", "application/grpc");
    for (name, value) in case.headers("request") {
        request = request.header(name, value);
    }
    let payload = Payload::new(
        case.text("body").unwrap(),
        signal_of(path),
        Format::Protobuf,
    );
    let body = payload.grpc_body(case.header("grpc-encoding"));
    let response = running.receiver.respond(request.body(body).unwrap()).await;

    assert_eq!(
        response.status(),
        200,
        "{context}: gRPC has its status elsewhere"
    );
    assert_eq!(response.headers()["content-type"], "application/grpc");
    assert_eq!(
        response.headers()["grpc-accept-encoding"],
        "gzip, zstd, identity"
    );
    for (name, value) in case.headers("response") {
        assert_eq!(response.headers()[name], value, "{context}");
    }
    let outcome = response.extensions().get::<Outcome>().unwrap().clone();
    assert_eq!(outcome.protocol, Protocol::Grpc);
    let (parts, body) = response.into_parts();
    let collected = body.collect().await.unwrap();
    let status = match collected.trailers() {
        Some(trailers) => &trailers["grpc-status"],
        None => &parts.headers["grpc-status"],
    };
    assert_eq!(
        status.to_str().unwrap(),
        case.0["status"].to_string(),
        "{context}"
    );
    assert_eq!(outcome.result.is_ok(), status == "0", "{context}");
    if status == "0" {
        let body = collected.to_bytes();
        let length = u32::from_be_bytes(body[1..5].try_into().unwrap()) as usize;
        assert_eq!((body[0], body.len()), (0, 5 + length), "{context}");
        check_success(
            case,
            signal_of(path),
            Format::Protobuf,
            &body[5..],
            &context,
        );
    } else {
        let message = parts.headers["grpc-message"].to_str().unwrap();
        let message = percent_decoded(message);
        let details = parts.headers["grpc-status-details-bin"].to_str().unwrap();
        let status = Status::decode_from(&base64(details), Format::Protobuf);
        assert_eq!(status.message, message, "{context}");
        assert_eq!(
            status.code.to_string(),
            case.0["status"].to_string(),
            "{context}"
        );
        check_failure(case, status, &context);
        assert!(collected.to_bytes().is_empty());
    }
    let rows = running.finish().await;
    assert_eq!(rows, case.0["accepted"].as_u64().unwrap_or(0), "{context}");
}

fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .unwrap()
        .into_owned()
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(text)
        .unwrap()
}

/// Returns the outcome of a request for one record of logs.
async fn send_one(running: &Running) -> Response<ReceiverBody> {
    let payload = Payload::new("one record", Signal::Logs, Format::Protobuf);
    let request = Request::post("/v1/logs").header("content-type", "application/x-protobuf");
    let body = payload.http_body(None);
    running.receiver.respond(request.body(body).unwrap()).await
}

#[tokio::test]
async fn an_early_acknowledgement_does_not_wait_for_the_group() {
    let slow = Duration::from_secs(2);
    let running = Running::with(slow, |receiver| receiver.acknowledge(Acknowledge::Queued));
    let started = Instant::now();
    assert_eq!(send_one(&running).await.status(), 200);
    assert!(started.elapsed() < slow / 2);
    assert_eq!(running.finish().await, 1, "the shutdown has stored it");
}

#[tokio::test]
async fn what_was_received_is_stored_even_if_nobody_waits() {
    let running = Running::with(Duration::from_millis(100), |receiver| receiver);
    let sent = tokio::time::timeout(Duration::from_millis(20), send_one(&running));
    assert!(sent.await.is_err(), "the future is dropped");
    assert_eq!(running.finish().await, 1);
}

#[tokio::test]
async fn bodies_on_their_way_share_the_room_of_the_queue() {
    let running = Running::start("running").await;
    let receiver = running.receiver.clone();
    // The queue of the test has 64 KiB; each sender stops after 40,000 bytes.
    let slow = tokio::spawn(async move {
        let request = Request::post("/v1/logs").header("content-type", "application/json");
        let body = TestBody::stops_after(vec![b' '; 40_000]);
        receiver.respond(request.body(body).unwrap()).await
    });
    tokio::task::yield_now().await;
    let queued = running.queued_bytes();
    assert!((40_000..50_000).contains(&queued), "{queued}");
    let request = Request::post("/v1/logs").header("content-type", "application/json");
    let body = Full::new(Bytes::from(vec![b' '; 40_000]));
    let second = running.receiver.respond(request.body(body).unwrap()).await;
    assert_eq!(second.status(), 429);
    assert_eq!(slow.await.unwrap().status(), 408);
    assert_eq!(running.queued_bytes(), 0, "both have given their room back");
    assert_eq!(send_one(&running).await.status(), 200);
    assert_eq!(running.finish().await, 1);
}

#[tokio::test]
async fn a_sender_that_stops_gets_the_failure_before_it() {
    let running = Running::start("running").await;
    let post = |path: &str| Request::post(path).header("content-type", "application/json");
    let respond = |path: &str, bytes| {
        let request = post(path).body(TestBody::stops_after(vec![b' '; bytes]));
        running.receiver.respond(request.unwrap())
    };
    // The queue of the test has 64 KiB, and so may a body.
    let (first, second) = tokio::join!(respond("/v1/logs", 40_000), respond("/v1/logs", 40_000));
    assert_eq!(
        (first.status().as_u16(), second.status().as_u16()),
        (408, 429)
    );
    assert_eq!(respond("/v1/logs", 70_000).await.status(), 413);
    assert_eq!(respond("/v1/profiles", 40_000).await.status(), 404);
    running.finish().await;
}

#[test]
fn a_failure_is_retryable_where_the_specification_lists_its_status() {
    for kind in FailureKind::ALL {
        let listed = matches!(kind.http_status().as_u16(), 429 | 502 | 503 | 504);
        assert_eq!(kind.is_retryable(), listed, "{kind:?}");
    }
}

#[test]
fn the_documentation_lists_every_failure() {
    let page = include_str!("../../../docs/receiver.md");
    for kind in FailureKind::ALL {
        let status = kind.http_status().as_u16();
        let code = kind.rpc_code();
        let retry = if kind.is_retryable() { "yes" } else { "no" };
        let row = format!("| `{kind:?}` | {status} | {code:?} | {retry} |");
        assert!(page.contains(&row), "docs/receiver.md has no row {row}");
    }
}

/// The receiver is a service of tower, with any body.
#[tokio::test]
async fn the_receiver_is_a_tower_service() {
    use tower_service::Service;
    let running = Running::start("running").await;
    let mut service = running.receiver.clone();
    let request = Request::post("/v1/logs").header("content-type", "application/json");
    let response = service.call(request.body(Full::new(Bytes::from("{}"))).unwrap());
    assert_eq!(response.await.unwrap().status(), 200);
    drop(service);
    running.finish().await;
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn the_metrics_adapter_counts_requests() {
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};
    use otlake::MetricsObserver;

    let running = Running::with(Duration::from_millis(1), |receiver| receiver);
    let unknown = Request::get("/v1/dogs").body(Full::<Bytes>::default());
    let responses = [
        send_one(&running).await,
        send_one(&running).await,
        running.receiver.respond(unknown.unwrap()).await,
    ];
    running.finish().await;
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let observer = MetricsObserver::new();
        for response in &responses {
            let outcome = response.extensions().get::<Outcome>().unwrap();
            observer.observe_request(outcome, Duration::from_millis(20));
        }
    });
    let mut seen = Vec::new();
    for (key, _, description, value) in snapshotter.snapshot().into_vec() {
        assert!(description.is_some(), "{key:?}");
        let labels: Vec<_> = key.key().labels().map(|label| label.value()).collect();
        let count = match value {
            DebugValue::Counter(count) => count as usize,
            DebugValue::Histogram(times) => times.len(),
            DebugValue::Gauge(_) => panic!("{key:?}"),
        };
        if count > 0 {
            seen.push(format!(
                "{} {}: {count}",
                key.key().name(),
                labels.join(" ")
            ));
        }
    }
    seen.sort();
    assert_eq!(
        seen,
        [
            "otlake_request_duration_seconds http logs 200: 2",
            "otlake_request_duration_seconds http unknown 404: 1",
            "otlake_requests_total http logs 200: 2",
            "otlake_requests_total http unknown 404: 1",
        ]
    );
}
