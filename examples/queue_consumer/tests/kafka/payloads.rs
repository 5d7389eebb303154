use std::fs;
use std::path::Path;

use fastrand::Rng;
use otlake::row::Signal;

/// Recorded payloads in random order, each with a record more that exists once, so that a message that is lost does not make up for
/// an equal one that is stored twice.
pub struct Payloads {
    pub random: Rng,
    /// The recorded payloads by signal, some in protobuf and some in JSON.
    recorded: [Vec<Vec<u8>>; 3],
    count: usize,
}

impl Payloads {
    pub fn new(seed: u64) -> Payloads {
        Payloads {
            random: Rng::with_seed(seed),
            recorded: Signal::ALL.map(recorded),
            count: 0,
        }
    }

    pub fn next(&mut self, signal: Signal) -> Vec<u8> {
        self.count += 1;
        let text = format!("message {}", self.count);
        let recorded = &self.recorded[signal as usize];
        let payload = &recorded[self.random.usize(0..recorded.len())];
        if payload.starts_with(b"{") {
            with_json_marker(signal, payload, &text)
        } else {
            // Messages of protobuf are merged when their bytes are concatenated.
            [&payload[..], &marker(signal, &text)].concat()
        }
    }
}

/// Returns the recorded payloads of a signal.
pub fn recorded(signal: Signal) -> Vec<Vec<u8>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let mut payloads = Vec::new();
    for directory in [data.clone(), data.join("json")] {
        let entries = fs::read_dir(directory.join(signal.name())).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.retain(|path| path.extension().is_some_and(|extension| extension != "gz"));
        payloads.extend(paths.iter().map(|path| fs::read(path).unwrap()));
    }
    payloads
}

/// Returns a payload in protobuf with one record.
pub fn marker(signal: Signal, text: &str) -> Vec<u8> {
    let text = text.as_bytes();
    let record = match signal {
        Signal::Logs => field(5, &field(1, text)),
        Signal::Traces => field(5, text),
        // A gauge with a data point without a value.
        Signal::Metrics => [field(1, text), field(5, &field(1, &[]))].concat(),
    };
    field(1, &field(2, &field(2, &record)))
}

fn with_json_marker(signal: Signal, payload: &[u8], text: &str) -> Vec<u8> {
    let (resources, scopes, record) = match signal {
        Signal::Logs => (
            "resourceLogs",
            "scopeLogs",
            format!(r#""logRecords":[{{"body":{{"stringValue":"{text}"}}}}]"#),
        ),
        Signal::Traces => (
            "resourceSpans",
            "scopeSpans",
            format!(r#""spans":[{{"name":"{text}"}}]"#),
        ),
        Signal::Metrics => (
            "resourceMetrics",
            "scopeMetrics",
            format!(r#""metrics":[{{"name":"{text}","gauge":{{"dataPoints":[{{}}]}}}}]"#),
        ),
    };
    let begin = format!(r#"{{"{resources}":["#);
    let rest = payload
        .strip_prefix(begin.as_bytes())
        .expect("recorded payloads begin with their resources");
    [
        begin.as_bytes(),
        format!(r#"{{"{scopes}":[{{{record}}}]}},"#).as_bytes(),
        rest,
    ]
    .concat()
}

/// Encodes a field of protobuf that has a length.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut encoded = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length >= 0x80 {
        encoded.push(length as u8 | 0x80);
        length >>= 7;
    }
    encoded.push(length as u8);
    encoded.extend_from_slice(bytes);
    encoded
}
