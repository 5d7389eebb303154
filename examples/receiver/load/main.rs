//! Loads a receiver on this machine, for a bounded number of requests, and prints the throughput and the times until durable
//! acknowledgements.
//!
//! ```text
//! cargo run --release -p otlake-receiver --features load --bin load -- ADDRESS CONNECTIONS REQUESTS RECORDS [BYTES]
//! ```
//!
//! With `memory:DIRECTORY` as the address, CONNECTIONS pipelines without a receiver write the same records to a dataset there.
//!
//! Each connection sends one request after another. RECORDS is the number of log records of a request; with BYTES, a request
//! is padded to that size instead. Requests that are answered with 429 or 503 are sent again after a second.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use otlake::dataset::Dataset;
use otlake::{Pipeline, ReceiverBody};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The latencies and retries that connections have measured.
#[derive(Default)]
struct Seen {
    latencies: Vec<Duration>,
    retries: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, numbers @ ..] = &arguments[..] else {
        return Err("usage: load ADDRESS CONNECTIONS REQUESTS RECORDS [BYTES]".into());
    };
    let numbers = numbers
        .iter()
        .map(|number| number.parse())
        .collect::<Result<Vec<usize>, _>>()?;
    let (connections, requests, records, bytes) = match numbers[..] {
        [connections, requests, records] => (connections, requests, records, 0),
        [connections, requests, records, bytes] => (connections, requests, records, bytes),
        _ => return Err("usage: load ADDRESS CONNECTIONS REQUESTS RECORDS [BYTES]".into()),
    };
    let body = body(records, bytes);
    let size = body.len();
    let left = Arc::new(AtomicUsize::new(requests));
    if let Some(directory) = address.strip_prefix("memory:") {
        let elapsed = from_memory(directory, connections, &body, &left)?.as_secs_f64();
        println!(
            "{connections} pipelines: {:.0} records/s",
            (requests * records) as f64 / elapsed
        );
        return Ok(());
    }
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        tasks.spawn(send(address.clone(), body.clone(), Arc::clone(&left)));
    }
    let mut all = Seen::default();
    while let Some(seen) = tasks.join_next().await {
        let seen = seen?.map_err(|error| error.to_string())?;
        all.latencies.extend(seen.latencies);
        all.retries += seen.retries;
    }
    let elapsed = started.elapsed().as_secs_f64();
    all.latencies.sort_unstable();
    let at = |share: f64| {
        let last = all.latencies.len().saturating_sub(1);
        all.latencies
            .get((last as f64 * share) as usize)
            .map_or(0, Duration::as_millis)
    };
    println!(
        "{connections} connections, {requests} requests of {records} records and {size} bytes: {:.0} records/s, {:.1} MB/s, \
         p50 {} ms, p99 {} ms, {} sent again",
        (requests * records) as f64 / elapsed,
        (requests * size) as f64 / elapsed / 1e6,
        at(0.5),
        at(0.99),
        all.retries,
    );
    Ok(())
}

async fn send(
    address: String,
    body: Bytes,
    left: Arc<AtomicUsize>,
) -> Result<Seen, Box<dyn Error + Send + Sync>> {
    let stream = TcpStream::connect(&address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut seen = Seen::default();
    while take(&left) {
        let started = Instant::now();
        loop {
            let request = Request::post("/v1/logs")
                .header("host", &address)
                .header("content-type", "application/x-protobuf");
            sender.ready().await?;
            let response = sender
                .send_request(request.body(ReceiverBody::from(body.clone()))?)
                .await?;
            match response.status() {
                StatusCode::OK => break,
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    seen.retries += 1;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                other => return Err(format!("the receiver answers {other}").into()),
            }
        }
        seen.latencies.push(started.elapsed());
    }
    Ok(seen)
}

/// Writes requests from memory with one pipeline for each thread, and returns the time until all are durable.
fn from_memory(
    directory: &str,
    threads: usize,
    body: &Bytes,
    left: &AtomicUsize,
) -> Result<Duration, Box<dyn Error>> {
    let dataset = Dataset::builder()
        .partitioning("{table}".parse()?)
        .memory_limit(256 << 20)
        .open(otlake::storage::open(directory)?)?;
    let started = Instant::now();
    std::thread::scope(|scope| {
        let run = || {
            let mut pipeline = Pipeline::on(&dataset).fingerprint().build();
            while take(left) {
                pipeline
                    .ingest_logs(body.clone())
                    .map_err(|error| error.to_string())?;
            }
            pipeline
                .write_row_groups()
                .map_err(|error| error.to_string())
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        threads.into_iter().try_for_each(|thread| {
            thread
                .join()
                .map_err(|_| "a thread has panicked".to_owned())?
        })
    })?;
    dataset.flush()?;
    Ok(started.elapsed())
}

/// Takes one of the requests that are left.
fn take(left: &AtomicUsize) -> bool {
    let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
        left.checked_sub(1)
    });
    taken.is_ok()
}

/// Returns an `ExportLogsServiceRequest`.
fn body(records: usize, bytes: usize) -> Bytes {
    let padding = bytes.saturating_sub(records * 200) / records.max(1);
    let mut scope = Vec::new();
    for number in 0..records {
        let text = format!(
            "request {number} of user {} took {} ms",
            number * 7919,
            number % 250
        );
        let mut record = vec![0x09];
        record.extend(
            1_764_000_000_000_000_000_u64
                .wrapping_add(number as u64)
                .to_le_bytes(),
        );
        record.extend([0x10, 9, 0x1a, 4]);
        record.extend(b"INFO");
        push(&mut record, 0x2a, &message(0x0a, text.as_bytes()));
        for (key, value) in [
            ("http.route", "/api/orders"),
            ("user.id", &*text),
            ("region", "eu-1"),
        ] {
            push(&mut record, 0x32, &attribute(key, value));
        }
        if padding > 0 {
            push(
                &mut record,
                0x32,
                &attribute("padding", &"x".repeat(padding)),
            );
        }
        push(&mut scope, 0x12, &record);
    }
    let mut resource = message(0x0a, &message(0x0a, &attribute("service.name", "load")));
    push(&mut resource, 0x12, &scope);
    message(0x0a, &resource).into()
}

fn attribute(key: &str, value: &str) -> Vec<u8> {
    let mut attribute = message(0x0a, key.as_bytes());
    push(&mut attribute, 0x12, &message(0x0a, value.as_bytes()));
    attribute
}

fn message(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(content.len() + 6);
    push(&mut message, tag, content);
    message
}

/// Appends a field: its tag, its length and its content.
fn push(message: &mut Vec<u8>, tag: u8, content: &[u8]) {
    message.push(tag);
    let mut length = content.len();
    while length >= 0x80 {
        message.push(length as u8 | 0x80);
        length >>= 7;
    }
    message.push(length as u8);
    message.extend_from_slice(content);
}
