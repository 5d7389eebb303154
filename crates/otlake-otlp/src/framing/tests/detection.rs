use super::super::detect::{Detected, HEAD, detect};
use super::*;
use crate::foreign;

#[test]
fn the_first_bytes_show_the_framing() {
    use Detected::{Json, LengthPrefixed, Nothing, Protobuf, Unrecognised};
    let long = [&b" ".repeat(HEAD)[..], b"{}"].concat();
    // Its beginning could be base64.
    let cut_off = [&b"a".repeat(40)[..], b"\"}\n{\"a\":1}"].concat();
    let mut tar = b"a.json\n{\"a\":1}".to_vec();
    tar.resize(257, 0);
    tar.extend(b"ustar");
    for (head, expected) in [
        // Nothing, and almost nothing.
        (&b""[..], Nothing),
        (b"\n", Nothing),
        (b" \r\n\t", Nothing),
        (b"\xef\xbb\xbf", Nothing),
        (b"\x00", Unrecognised),
        (b"\x01", LengthPrefixed),
        (b"{", Json),
        (b"a", Unrecognised),
        (b"\xef", Unrecognised),
        (b"\xef\xbb", Unrecognised),
        // JSON.
        (b"{}", Json),
        (b"{\"a\"", Json),
        (b"{a", Json),
        (b"\xef\xbb\xbf{", Json),
        (b"\r\n\xef\xbb\xbf \t{", Json),
        (b"\n\n  {\"a\":1}", Json),
        (b"\n{\"resourceLogs\":[]}", Json),
        (b"\n{\n  \"resourceLogs\": []\n}", Json),
        (b"\n{}", Json),
        (b"\n{ }", Json),
        (b"\n{", Json),
        (b"[{}]", Json),
        (b"[ \n {\"a\"", Json),
        (b"\0\0{}", Json),
        (b"\0\0\0{\"a\":1}", Json),
        (b"a\"}\n{\"a\":1}", Json),
        (&cut_off, Json),
        (&long, Unrecognised),
        (&tar, Unrecognised),
        // UTF-16.
        (b"{\0\"\0r\0", Unrecognised),
        (b"\xff\xfe{\0", Unrecognised),
        // A length of 123.
        (b"\0\0\0{\x0a\x22\x0a\x20", LengthPrefixed),
        (b"\0\0\0{\x0a\x20\x0a\x1e", LengthPrefixed),
        // Requests. The brace is the length 123, the second line feed a tag, and the blank the length 32.
        (b"\x0a\x00", Protobuf),
        (b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a\x02hi", Protobuf),
        (b"\x0a\x7b\x0a\x20\x0a\x1e\x0a\x0cservice.name", Protobuf),
        (b"\x0a\x7b\x0a\x22\x0a\x20\x0a\x0cservice.name", Protobuf),
        (b"\x0a\x7b\x12\x79\x12", Protobuf),
        (
            b"\x0a\x20\x0a\x0a\x0a\x08\x0a\x01a\x12\x03\x0a\x01b",
            Protobuf,
        ),
        (b"\x0a\x0d\x12\x0b", Protobuf),
        // Profiles with only a dictionary, and something that is not a request.
        (b"\x12\x02\x12\x00", Unrecognised),
        (b"\x08\x01", Unrecognised),
        // Lengths.
        (b"\0\0\0\x02\x0a\0", LengthPrefixed),
        (b"\0\0\0\x02{}", LengthPrefixed),
        (b"\0\0\0\x03\n{}", LengthPrefixed),
        (b"\0\0\0\x05\xef\xbb\xbf{}", LengthPrefixed),
        (b"\x07\xff\xff\xff\x0a", LengthPrefixed),
        (b"\0\0\0\x0d\x28\xb5\x2f\xfd", LengthPrefixed),
        (b"\0\0\0\0\0\0\0\x02\x0a\0", LengthPrefixed),
        (b"\0\0\0\x02", LengthPrefixed),
        (b"\0\0\0\x02ab", Unrecognised),
        (b"\0\0\0\0\0\0\0\x02ab", Unrecognised),
        (b"\0\0\0\0", Unrecognised),
        (&[0; 100], Unrecognised),
        (&[0; HEAD + 5], Unrecognised),
        (b"\x08\0\0\0\x0a", Unrecognised),
    ] {
        let shown = head[..head.len().min(40)].escape_ascii();
        assert_eq!(detect(head, true), expected, "{shown}");
        for end in 0..head.len().min(foreign::ENOUGH) {
            // An early decision is the final one.
            let early = detect(&head[..end], false);
            let right = early == Detected::Undecided || early == expected;
            assert!(right, "{shown}: {early:?} after {end}");
        }
    }
}

#[test]
fn a_payload_of_any_length_is_not_mistaken_for_a_length() {
    // With these lengths, the second byte of a request is white space, a brace or a quote.
    for length in 0..300 {
        let resource = prost::Message::encode_to_vec(&resource_of(length));
        let mut request = vec![0x0a];
        prost::encoding::encode_varint(resource.len() as u64, &mut request);
        request.extend(resource);
        assert_eq!(Format::of(&request), Format::Protobuf, "{length}");
        assert_eq!(detect(&request, true), Detected::Protobuf, "{length}");
        let file = prefixed(&request);
        assert_eq!(detect(&file, true), Detected::LengthPrefixed, "{length}");
    }
}

fn resource_of(length: usize) -> opentelemetry_proto::tonic::logs::v1::ResourceLogs {
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
    use opentelemetry_proto::tonic::resource::v1::Resource;
    let value = Value::StringValue("x".repeat(length));
    let attribute = KeyValue {
        key: "k".into(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    };
    let resource = Resource {
        attributes: vec![attribute],
        ..Resource::default()
    };
    opentelemetry_proto::tonic::logs::v1::ResourceLogs {
        resource: Some(resource),
        ..Default::default()
    }
}

#[test]
fn the_reader_returns_the_framing_that_it_detected() {
    for (file, first, second) in [
        (&b"\x0a\0"[..], Framing::Protobuf, Framing::Protobuf),
        (b"{}\n{}", Framing::JsonDocuments, Framing::JsonLines),
        (b"{\n}\n{}", Framing::JsonDocuments, Framing::JsonDocuments),
        (b"{} {}", Framing::JsonDocuments, Framing::JsonDocuments),
        (
            b"\0\0\0\x02{}",
            Framing::LengthPrefixed,
            Framing::LengthPrefixed,
        ),
    ] {
        let mut reader = PayloadReader::new(file);
        assert_eq!(reader.framing(), None);
        reader.next();
        assert_eq!(reader.framing(), Some(first), "{}", file.escape_ascii());
        reader.next();
        assert_eq!(reader.framing(), Some(second), "{}", file.escape_ascii());
    }
}

#[test]
fn framings_have_names() {
    for framing in Framing::ALL {
        assert_eq!(framing.to_string().parse(), Ok(framing));
    }
    let error = "lines".parse::<Framing>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "no framing is called \"lines\": choose protobuf, json, json-lines or length-prefixed, or \
         none to have it detected"
    );
}
