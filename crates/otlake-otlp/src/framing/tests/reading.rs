use super::*;

const LIMIT: usize = 1 << 20;

#[test]
fn files_as_tools_write_them_are_read() {
    let json = |texts: &[&str]| texts.iter().map(|text| Item::json(text)).collect();
    let cases: [(&str, &[u8], Vec<Item>); 17] = [
        ("a request", b"\x0a\0", vec![Item::protobuf(b"\x0a\0")]),
        ("a document", b"{\"a\":1}", json(&["{\"a\":1}"])),
        (
            "pretty",
            b"{\n  \"a\": {\n  }\n}\n",
            json(&["{\n  \"a\": {\n  }\n}"]),
        ),
        (
            "pretty ones",
            b"{\n  \"a\": 1\n}\n{\n  \"b\": 1\n}\n",
            json(&["{\n  \"a\": 1\n}", "{\n  \"b\": 1\n}"]),
        ),
        (
            "without anything between",
            b"{}{\"a\":[{}]}{}",
            json(&["{}", "{\"a\":[{}]}", "{}"]),
        ),
        ("lines", b"{\"a\":1}\n{}\n", json(&["{\"a\":1}", "{}"])),
        (
            "lines without a last end",
            b"{\"a\":1}\n{}",
            json(&["{\"a\":1}", "{}"]),
        ),
        (
            "lines of Windows, blank ones",
            b"\xef\xbb\xbf{\"a\":1} \r\n\r\n \t\r\n{}\r\n",
            json(&["{\"a\":1}", "{}"]),
        ),
        (
            "joined files",
            b"{\"a\":1}\n\xef\xbb\xbf{}\n\xef\xbb\xbf{}",
            json(&["{\"a\":1}", "{}", "{}"]),
        ),
        (
            "a line feed at first",
            b"\n\n{\"a\":1}\n{}",
            json(&["{\"a\":1}", "{}"]),
        ),
        (
            "a pretty one among lines",
            b"{}\n{\n  \"a\": [\n    {\n    }\n  ]\n}\n{\"b\":1}\n",
            json(&["{}", "{\n  \"a\": [\n    {\n    }\n  ]\n}", "{\"b\":1}"]),
        ),
        (
            "several in a line among lines",
            b"{}\n{\"a\":1}{\"b\":1} \xef\xbb\xbf\t{}\r\n{\"c\":1}",
            json(&["{}", "{\"a\":1}", "{\"b\":1}", "{}", "{\"c\":1}"]),
        ),
        (
            "a pretty one behind another in a line",
            b"{}\n{\"a\":1} {\n\"b\":1\n}{\n}\n{}",
            json(&["{}", "{\"a\":1}", "{\n\"b\":1\n}", "{\n}", "{}"]),
        ),
        (
            "lines with braces in texts",
            b"{}\n{\"a\":\"}{\"}\n{\"b\":\"} {}\"}\n",
            json(&["{}", "{\"a\":\"}{\"}", "{\"b\":\"} {}\"}"]),
        ),
        (
            "messages",
            b"\0\0\0\x02\x0a\0\0\0\0\x03\x0a\x01a",
            vec![Item::protobuf(b"\x0a\0"), Item::protobuf(b"\x0a\x01a")],
        ),
        (
            "empty messages",
            b"\0\0\0\0\0\0\0\x02\x0a\0\0\0\0\0",
            vec![Item::protobuf(b"\x0a\0")],
        ),
        (
            "messages in JSON",
            b"\0\0\0\x02{}\0\0\0\x05\xef\xbb\xbf{}",
            json(&["{}", "{}"]),
        ),
    ];
    for (name, file, expected) in cases {
        for size in 1..=file.len() {
            assert_eq!(
                read(Pieces::new(file, size), None, LIMIT),
                expected,
                "{name} by {size}"
            );
        }
    }
}

#[test]
fn payloads_have_numbers_and_offsets() {
    let file = b"\r\n {\"a\":1}\n\n\xef\xbb\xbf{}\n";
    let places = |file, framing| -> Vec<_> {
        let reader = PayloadReader::new(file).with_framing(framing);
        let payloads = reader.map(Result::unwrap);
        payloads
            .map(|payload| (payload.number, payload.offset))
            .collect()
    };
    assert_eq!(places(&file[..], Framing::JsonLines), [(1, 3), (2, 15)]);
    assert_eq!(places(&file[..], Framing::JsonDocuments), [(1, 3), (2, 15)]);
    let file = b"\0\0\0\x02\x0a\0\0\0\0\0\0\0\0\x02{}";
    assert_eq!(
        places(&file[..], Framing::LengthPrefixed),
        [(1, 4), (2, 14)]
    );
}

#[test]
fn a_framing_that_is_set_is_not_detected() {
    let file = b"\0\0\0\x02ab";
    for (framing, expected) in [
        (Framing::Protobuf, Item::protobuf(file)),
        (Framing::LengthPrefixed, Item::protobuf(b"ab")),
        (Framing::JsonLines, Item::Payload(Format::Json, file.into())),
    ] {
        assert_eq!(
            read(&file[..], Some(framing), LIMIT),
            [expected],
            "{framing}"
        );
    }
    for framing in Framing::ALL {
        assert_eq!(read(&b""[..], Some(framing), LIMIT), [], "{framing}");
    }
}
