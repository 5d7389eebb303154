use std::collections::VecDeque;
use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use otlake::otlp::Format;
use otlake::row::{Bytes, Signal};

/// A body of the table.
pub(crate) struct Payload<'a> {
    kind: &'a str,
    plain: Vec<u8>,
}

impl<'a> Payload<'a> {
    pub(crate) fn new(kind: &'a str, signal: Signal, format: Format) -> Payload<'a> {
        let json = format == Format::Json;
        let plain = match kind {
            "one record" | "never ends" | "breaks" | "two messages" | "damaged gzip"
            | "length beyond the end" | "flag without an encoding" => request(signal, json, &[true]),
            "one of two rejected" => request(signal, json, &[false, true]),
            "cut off after one record" => {
                // The second resource is cut off.
                let whole = request(signal, json, &[true]);
                match json {
                    true => [&whole[..whole.len() - 2], br#","x":"#].concat(),
                    false => [&whole[..], b"\x0a\x40\x12"].concat(),
                }
            }
            "empty" if json => b"{}".to_vec(),
            "empty" | "no message" => Vec::new(),
            "empty envelope" if json => {
                let resources = names(signal).0;
                format!(r#"{{"{resources}":[{{}}]}}"#).into_bytes()
            }
            "empty envelope" => b"\x0a\x00".to_vec(),
            "invalid UTF-8" if json => {
                b"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"eventName\":\"\xff\"}]}]}]}"
                    .to_vec()
            }
            "invalid UTF-8" => b"\x0a\x07\x12\x05\x12\x03\x62\x01\xff".to_vec(),
            "text" => b"this is not a request".to_vec(),
            "too large" | "too large in pieces" => vec![b' '; 70_000],
            "bomb" => vec![b' '; 2 << 20],
            other => panic!("{other}"),
        };
        Payload { kind, plain }
    }

    pub(crate) fn http_body(&self, encoding: Option<&str>) -> TestBody {
        let body = self.encoded(encoding);
        match self.kind {
            "never ends" => TestBody::stops_after(body),
            "breaks" => TestBody::breaks_after(body),
            "too large in pieces" => TestBody::in_pieces(&body),
            _ => TestBody::whole(body),
        }
    }

    pub(crate) fn grpc_body(&self, encoding: Option<&str>) -> TestBody {
        let message = self.encoded(encoding);
        let flag = encoding.is_some() || self.kind == "flag without an encoding";
        let mut framed = vec![u8::from(flag)];
        framed.extend((message.len() as u32).to_be_bytes());
        framed.extend(&message);
        match self.kind {
            "never ends" => TestBody::stops_after(framed),
            "breaks" => TestBody::breaks_after(framed),
            "too large in pieces" => TestBody::in_pieces(&framed),
            "no message" => TestBody::whole(Vec::new()),
            "two messages" => TestBody::whole([&framed[..], &framed].concat()),
            "length beyond the end" => TestBody::whole(framed[..framed.len() - 1].to_vec()),
            _ => TestBody::whole(framed),
        }
    }

    fn encoded(&self, encoding: Option<&str>) -> Vec<u8> {
        let mut encoded = match encoding {
            Some("gzip") => {
                let level = flate2::Compression::default();
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(&self.plain).unwrap();
                encoder.finish().unwrap()
            }
            Some("zstd") => zstd::encode_all(&self.plain[..], 1).unwrap(),
            _ => self.plain.clone(),
        };
        if self.kind == "damaged gzip" {
            encoded.truncate(encoded.len() - 9);
        }
        encoded
    }
}

/// Returns the members of a request, a resource and a scope.
fn names(signal: Signal) -> (&'static str, &'static str) {
    match signal {
        Signal::Logs => ("resourceLogs", "scopeLogs"),
        Signal::Traces => ("resourceSpans", "scopeSpans"),
        Signal::Metrics => ("resourceMetrics", "scopeMetrics"),
    }
}

/// Returns a request with records, of which some are invalid.
fn request(signal: Signal, json: bool, valid: &[bool]) -> Vec<u8> {
    match json {
        true => json_request(signal, valid).into_bytes(),
        false => protobuf_request(signal, valid),
    }
}

fn json_request(signal: Signal, valid: &[bool]) -> String {
    let records: Vec<_> = valid
        .iter()
        .map(|valid| match (signal, valid) {
            (Signal::Logs | Signal::Traces, true) => r#"{"traceId":""}"#,
            (Signal::Logs | Signal::Traces, false) => r#"{"traceId":"wrong"}"#,
            (Signal::Metrics, true) => r#"{"asInt":"1"}"#,
            (Signal::Metrics, false) => r#"{"asInt":"wrong"}"#,
        })
        .collect();
    let records = records.join(",");
    let (resources, scopes) = names(signal);
    let scope = match signal {
        Signal::Logs => format!(r#""logRecords":[{records}]"#),
        Signal::Traces => format!(r#""spans":[{records}]"#),
        Signal::Metrics => {
            format!(r#""metrics":[{{"name":"m","gauge":{{"dataPoints":[{records}]}}}}]"#)
        }
    };
    format!(r#"{{"{resources}":[{{"{scopes}":[{{{scope}}}]}}]}}"#)
}

fn protobuf_request(signal: Signal, valid: &[bool]) -> Vec<u8> {
    let mut records = Vec::new();
    for valid in valid {
        let record: &[u8] = match (signal, valid) {
            // A trace id that is empty, and one that is a number.
            (Signal::Logs, true) => b"\x4a\x00",
            (Signal::Logs, false) => b"\x48\x01",
            (Signal::Traces, true) => b"\x0a\x00",
            (Signal::Traces, false) => b"\x08\x01",
            // The value as sfixed64, and as a varint.
            (Signal::Metrics, true) => b"\x31\x01\x00\x00\x00\x00\x00\x00\x00",
            (Signal::Metrics, false) => b"\x30\x01",
        };
        let field = if signal == Signal::Metrics { 1 } else { 2 };
        records.extend(message(field, record));
    }
    let scope = match signal {
        Signal::Logs | Signal::Traces => records,
        Signal::Metrics => message(2, &[b"\x0a\x01m", &message(5, &records)[..]].concat()),
    };
    message(1, &message(2, &scope))
}

fn message(field: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    assert!(length < 0x80);
    [&[field << 3 | 2, length], content].concat()
}

/// A body as a server passes it on: in frames, with or without a length, which may stop or break.
pub(crate) struct TestBody {
    frames: VecDeque<Bytes>,
    end: End,
    length: Option<u64>,
}

enum End {
    Complete,
    Never,
    Error,
}

impl TestBody {
    fn whole(body: Vec<u8>) -> TestBody {
        TestBody {
            length: Some(body.len() as u64),
            ..TestBody::new(body, End::Complete)
        }
    }

    fn new(body: Vec<u8>, end: End) -> TestBody {
        TestBody {
            frames: VecDeque::from([Bytes::from(body)]),
            end,
            length: None,
        }
    }

    fn in_pieces(body: &[u8]) -> TestBody {
        TestBody {
            frames: body.chunks(1000).map(Bytes::copy_from_slice).collect(),
            end: End::Complete,
            length: None,
        }
    }

    pub(crate) fn stops_after(body: Vec<u8>) -> TestBody {
        TestBody::new(body, End::Never)
    }

    fn breaks_after(body: Vec<u8>) -> TestBody {
        TestBody::new(body, End::Error)
    }
}

impl Body for TestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match (self.frames.pop_front(), &self.end) {
            (Some(frame), _) => Poll::Ready(Some(Ok(Frame::data(frame)))),
            (None, End::Complete) => Poll::Ready(None),
            (None, End::Never) => Poll::Pending,
            (None, End::Error) => {
                Poll::Ready(Some(Err(io::Error::other("the connection was reset"))))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.length
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
