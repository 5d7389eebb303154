use otlake_row::Signal;
use otlake_testkit::{
    Rng, Shape, arbitrary_logs_request, arbitrary_metrics_request, arbitrary_traces_request,
    logs_payload, mutate,
};
use prost::Message;

use super::*;

/// The files are recordings of SDKs, one request each, and of the Collector's file exporter.
#[test]
#[cfg(all(feature = "gzip", feature = "zstd"))]
fn recorded_files_have_the_requests_in_their_manifest() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data");
    let manifest = std::fs::read(format!("{data}/MANIFEST.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    for (name, entry) in manifest.as_object().unwrap() {
        let file = std::fs::File::open(format!("{data}/{name}")).unwrap();
        let payloads: Vec<_> = PayloadReader::new(file).map(Result::unwrap).collect();
        assert_eq!(entry["requests"], payloads.len(), "{name}");
        for payload in payloads {
            let json = entry["form"].as_str().unwrap().contains("json");
            assert_eq!(payload.format == Format::Json, json, "{name}");
            let signal = match payload.format {
                Format::Json => signal_of_json(&payload.bytes),
                Format::Protobuf => signal_of_protobuf(&payload.bytes),
            };
            let signal = signal.unwrap().map(Signal::name);
            let expected = entry["signal"].as_str();
            let right = signal == expected || signal.is_some() && expected == Some("mixed");
            assert!(right, "{name}: {signal:?}");
        }
    }
}

#[test]
fn the_message_of_one_resource_is_recognised() {
    for signal in Signal::ALL {
        let mut named = 0;
        for seed in 0..200 {
            let rng = &mut Rng::new(seed);
            let request = match signal {
                Signal::Logs => arbitrary_logs_request(rng).encode_to_vec(),
                Signal::Traces => arbitrary_traces_request(rng).encode_to_vec(),
                Signal::Metrics => arbitrary_metrics_request(rng).encode_to_vec(),
            };
            let mut reader = crate::protobuf::wire::Reader::new(&request);
            let Ok(0x0a) = reader.tag() else { continue };
            match signal_of_protobuf(reader.delimited().unwrap()) {
                Ok(found) => assert_eq!(found, None, "seed {seed}"),
                Err(error) => {
                    assert_eq!(error, SignalError::BareResource { signal }, "seed {seed}");
                    named += 1;
                }
            }
        }
        assert!(named >= 10, "{named} of {signal:?}");
    }
}

#[test]
fn the_signals_of_generated_requests_are_detected() {
    for shape in [Shape::ten_thousand(), Shape::small_groups()] {
        assert_eq!(
            signal_of_protobuf(&logs_payload(&shape)),
            Ok(Some(Signal::Logs))
        );
    }
    let rng = &mut Rng::new(5);
    for signal in Signal::ALL {
        let mut found = 0;
        for _ in 0..300 {
            let request = match signal {
                Signal::Logs => arbitrary_logs_request(rng).encode_to_vec(),
                Signal::Traces => arbitrary_traces_request(rng).encode_to_vec(),
                Signal::Metrics => arbitrary_metrics_request(rng).encode_to_vec(),
            };
            let said = signal_of_protobuf(&request).unwrap();
            assert!(
                said.is_none() || said == Some(signal),
                "{signal:?}: {said:?}"
            );
            found += usize::from(said.is_some());
            let mut mutated = request;
            mutate(&mut mutated, signal, rng);
            let _ = signal_of_protobuf(&mutated);
        }
        assert!(found > 0, "{signal:?}");
    }
}

fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    prost::encoding::encode_varint(content.len() as u64, &mut field);
    field.extend(content);
    field
}

/// Returns a request with these records.
fn request(records: &[&[u8]]) -> Vec<u8> {
    let records: Vec<u8> = records.iter().flat_map(|record| field(2, record)).collect();
    field(1, &field(2, &records))
}

#[test]
fn the_fields_of_records_show_the_signal() {
    let trace_id = b"\x0a\x100123456789abcdef";
    let span = [&trace_id[..], b"\x12\x0801234567\x39\0\0\0\0\0\0\0\0"].concat();
    let cut_name = [&span[..], b"\x2a\x05name\xc3"].concat();
    let binary_name = [&span[..], b"\x2a\x03\x08\x01\xff"].concat();
    let bad_name = [&span[..], b"\x28\x05"].concat();
    type Case<'a> = (&'a str, Vec<&'a [u8]>, Option<Signal>);
    let cases: [Case<'_>; 23] = [
        ("a body", vec![b"\x2a\x04\x0a\x02hi"], Some(Signal::Logs)),
        (
            "a time",
            vec![b"\x09\0\0\0\0\0\0\0\x01"],
            Some(Signal::Logs),
        ),
        (
            "an observed time",
            vec![b"\x59\0\0\0\0\0\0\0\x01"],
            Some(Signal::Logs),
        ),
        ("an event's name", vec![b"\x62\x01a"], Some(Signal::Logs)),
        (
            "behind an empty record",
            vec![b"", b"\x10\x09"],
            Some(Signal::Logs),
        ),
        ("a span", vec![&span], Some(Signal::Traces)),
        ("a gauge", vec![b"\x0a\x01a\x2a\0"], Some(Signal::Metrics)),
        (
            "a name of 16 bytes and a sum",
            vec![b"\x0a\x100123456789abcdef\x3a\0"],
            Some(Signal::Metrics),
        ),
        ("a name alone", vec![b"\x0a\x01a"], Some(Signal::Metrics)),
        ("a name or an id of 16 bytes", vec![trace_id], None),
        (
            "that, and then a span",
            vec![trace_id, &span],
            Some(Signal::Traces),
        ),
        ("a span and a log record", vec![&span, b"\x10\x09"], None),
        (
            "a span with a number for its name among others",
            vec![&bad_name, &span],
            Some(Signal::Traces),
        ),
        ("an empty record", vec![b""], None),
        ("unknown fields", vec![b"\xa2\x06\x01a"], None),
        ("a record that is cut off", vec![b"\x09\0"], None),
        (
            "a body that was cut within a character",
            vec![b"\x2a\x08\x0a\x06cut \xe2\x82"],
            Some(Signal::Logs),
        ),
        (
            "a body in Latin-1, with colours",
            vec![b"\x2a\x0e\x0a\x0c\x1b[1mM\xfcller\r\n"],
            Some(Signal::Logs),
        ),
        (
            "no body, but a data point",
            vec![b"\x2a\x0b\x0a\x09\x19\0\0\x2a\x36\xfe\x9c\x97\x17"],
            None,
        ),
        (
            "a cut name of a span",
            vec![&cut_name],
            Some(Signal::Traces),
        ),
        ("a message for a span's name", vec![&binary_name], None),
        (
            "a cut name of a metric",
            vec![b"\x0a\x03ab\xc3\x2a\0"],
            Some(Signal::Metrics),
        ),
        (
            "a cut description",
            vec![b"\x0a\x01a\x12\x02b\xff\x2a\0"],
            Some(Signal::Metrics),
        ),
    ];
    for (name, records, expected) in cases {
        let said = signal_of_protobuf(&request(&records));
        assert_eq!(said, Ok(expected), "{name}");
    }
    for malformed in [&b""[..], b"\x0a", b"\x0a\x05\0", b"{}", b"\x08\x01"] {
        assert_eq!(
            signal_of_protobuf(malformed),
            Ok(None),
            "{}",
            malformed.escape_ascii()
        );
    }
}

#[test]
fn profiles_are_recognised_by_their_dictionary() {
    let log = request(&[b"\x10\x09"]);
    let profile = request(&[b"\x0a\x04\x08\x01\x10\x02\x2a\x04\x08\x01\x10\x02"]);
    let texts = b"\x2a\0\x2a\x03cpu";
    let many = [log.repeat(100), field(2, texts)].concat();
    let profiles = Err(SignalError::Profiles);
    for (name, payload, expected) in [
        (
            "profiles",
            [&profile[..], &field(2, texts)].concat(),
            profiles,
        ),
        (
            "their dictionary first",
            [&field(2, texts)[..], &profile].concat(),
            profiles,
        ),
        ("a dictionary alone", field(2, texts), profiles),
        ("behind many records", many, profiles),
        (
            "an empty dictionary",
            [&log[..], &field(2, b"")].concat(),
            Ok(Some(Signal::Logs)),
        ),
        (
            "a field of another kind",
            [&log[..], &field(2, b"\x08\x01")].concat(),
            Ok(Some(Signal::Logs)),
        ),
        (
            "a text in that field",
            [&log[..], &field(2, b"https://a")].concat(),
            Ok(Some(Signal::Logs)),
        ),
    ] {
        assert_eq!(signal_of_protobuf(&payload), expected, "{name}");
    }
}
