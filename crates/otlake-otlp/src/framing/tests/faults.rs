use super::*;

const LIMIT: usize = 16;

#[test]
fn a_fault_is_named_and_the_next_payload_is_read() {
    use Framing::{JsonDocuments, JsonLines, LengthPrefixed, Protobuf};
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(70_000));
    let cases: [(&str, Framing, Vec<u8>, Vec<Item>); 17] = [
        (
            "a request over the limit",
            Protobuf,
            [0x0a; 17].into(),
            vec![Item::error(
                "payload 1, at byte 0: it is longer than the limit of 16: write smaller batches",
            )],
        ),
        (
            "a request of the limit",
            Protobuf,
            [0x0a; 16].into(),
            vec![Item::protobuf(&[0x0a; 16])],
        ),
        (
            "a line over the limit",
            JsonLines,
            format!("{{}}\n{long}\n{{}}").into(),
            vec![
                Item::json("{}"),
                Item::error(
                    "payload 2, at byte 3: it is longer than the limit of 16: write smaller batches",
                ),
                Item::json("{}"),
            ],
        ),
        (
            "a line over the limit by one",
            JsonLines,
            b"{\"a\":\"12345678\"} \r\n{\"a\":\"123456789\"}\n{}".into(),
            vec![
                Item::json("{\"a\":\"12345678\"}"),
                Item::error(
                    "payload 2, at byte 19: it is longer than the limit of 16: write smaller batches",
                ),
                Item::json("{}"),
            ],
        ),
        (
            "a last line over the limit",
            JsonLines,
            format!("{{}}\n{long}").into(),
            vec![
                Item::json("{}"),
                Item::error(
                    "payload 2, at byte 3: it is longer than the limit of 16: write smaller batches",
                ),
            ],
        ),
        (
            "a line that is malformed JSON",
            JsonLines,
            b"{\"a\":[{\n}]}\n{}".into(),
            vec![Item::json("{\"a\":[{"), Item::json("}]}"), Item::json("{}")],
        ),
        (
            "a document over the limit",
            JsonDocuments,
            format!("{{}}{long}{{}}").into(),
            vec![
                Item::json("{}"),
                Item::error(
                    "payload 2, at byte 2: it is 70008 bytes long, over the limit of 16: write smaller batches",
                ),
                Item::json("{}"),
            ],
        ),
        (
            "a document within which another begins",
            JsonDocuments,
            b"{\n \"a\": [{\n{\n \"b\":1}".into(),
            vec![
                Item::error(
                    "payload 1, at byte 0: the JSON document does not end: it was cut off when it was written or copied",
                ),
                Item::json("{\n \"b\":1}"),
            ],
        ),
        (
            "a document cut off in a text",
            JsonDocuments,
            b"{\n \"a\": \"bc\n \"d\": {}\n}\n{\n \"b\":1}".into(),
            vec![
                Item::error(
                    "payload 1, at byte 0: the JSON document does not end: it was cut off when it was written or copied",
                ),
                Item::json("{\n \"b\":1}"),
            ],
        ),
        (
            "a document without its end",
            JsonDocuments,
            b"{} {\"a\":".into(),
            vec![
                Item::json("{}"),
                Item::error(
                    "payload 2, at byte 3: the JSON document does not end: it was cut off when it was written or copied",
                ),
            ],
        ),
        (
            "a line that is not a document",
            JsonDocuments,
            b"{}\nabc {}\n {}\n{\"a\":1}".into(),
            vec![
                Item::json("{}"),
                Item::error(
                    "payload 2, at byte 3: skipped a line that is not a JSON document: it begins with \"abc {}\"",
                ),
                Item::json("{}"),
                Item::json("{\"a\":1}"),
            ],
        ),
        (
            "a message over the limit",
            LengthPrefixed,
            [prefixed(&[0x0a; 17]), prefixed(b"{}")].concat(),
            vec![
                Item::error(
                    "payload 1, at byte 4: it is 17 bytes long, over the limit of 16: write smaller batches",
                ),
                Item::json("{}"),
            ],
        ),
        (
            "the largest length",
            LengthPrefixed,
            b"\xff\xff\xff\xff{}".into(),
            vec![Item::error(
                "payload 1, at byte 4: 4294967295 bytes are expected, but 2 remain: the file is cut off, or does not contain length-prefixed messages",
            )],
        ),
        (
            "a message cut off",
            LengthPrefixed,
            b"\0\0\0\x02{}\0\0\0\x03{}".into(),
            vec![
                Item::json("{}"),
                Item::error(
                    "payload 2, at byte 10: 3 bytes are expected, but 2 remain: the file is cut off, or does not contain length-prefixed messages",
                ),
            ],
        ),
        (
            "a length without its message",
            LengthPrefixed,
            b"\0\0\0\x03".into(),
            vec![Item::error(
                "payload 1, at byte 4: 3 bytes are expected, but 0 remain: the file is cut off, or does not contain length-prefixed messages",
            )],
        ),
        (
            "a length cut off",
            LengthPrefixed,
            b"\0\0\0\x02{}\0\0".into(),
            vec![
                Item::json("{}"),
                Item::error(
                    "payload 2, at byte 6: 4 bytes are expected, but 2 remain: the file is cut off, or does not contain length-prefixed messages",
                ),
            ],
        ),
        (
            "white space that is no line",
            JsonLines,
            [&b" ".repeat(200_000)[..], b"{}", &b" ".repeat(200_000)].concat(),
            vec![Item::error(
                "payload 1, at byte 200000: it is longer than the limit of 16: write smaller batches",
            )],
        ),
    ];
    for (name, framing, file, expected) in cases {
        let sizes = if file.len() < 100 {
            1..=file.len()
        } else {
            file.len()..=file.len()
        };
        for size in sizes.chain([1000]) {
            let items = read(Pieces::new(&file, size), Some(framing), LIMIT);
            assert_eq!(items, expected, "{name}, by {size}");
        }
    }
}

#[test]
fn lines_are_found_after_a_first_line_that_is_cut_off() {
    let unfinished = "payload 1, at byte 0: the JSON document does not end: it was cut off when it was \
                      written or copied";
    for file in [
        &b"{\"a\":\"b\n{\"c\":1}\n{]\n{}"[..],
        b"{\"a\":{\n{\"c\":1}\n{]\n{}",
    ] {
        let expected = [
            Item::error(unfinished),
            Item::json("{\"c\":1}"),
            Item::json("{]"),
            Item::json("{}"),
        ];
        assert_eq!(read(file, None, 100), expected);
    }
}

#[test]
fn a_fault_in_json_lines_loses_only_its_line() {
    let unfinished = "payload 2, at byte 3: the JSON document does not end: it was cut off when it was \
                      written or copied";
    for (name, fault, expected) in [
        (
            "cut off where a value may stand",
            &b"{\"a\":[\n"[..],
            Item::error(unfinished),
        ),
        (
            "cut off before blank lines",
            b"{\"a\":[{},\r\n\n",
            Item::error(unfinished),
        ),
        (
            "cut off in a text",
            b"{\"a\":\"b\n",
            Item::error(unfinished),
        ),
        (
            "cut off before another",
            b"{\"a\":[1 {\"b\":1}\n",
            Item::json("{\"a\":[1 {\"b\":1}"),
        ),
        (
            "cut off in a text of a pretty one",
            b"{\n  \"a\": \"b\n  \"c\": {}\n}\n",
            Item::error(unfinished),
        ),
        (
            "cut off behind a brace",
            b"{\"a\":[{}\n",
            Item::json("{\"a\":[{}"),
        ),
        (
            "without its quotes",
            b"{\"a\":b}\n",
            Item::json("{\"a\":b}"),
        ),
        (
            "the end of another",
            b"1}]}\n",
            Item::error(
                "payload 2, at byte 3: skipped a line that is not a JSON document: it begins with \"1}]}\"",
            ),
        ),
    ] {
        let file = [b"{}\n", fault, b"{\"d\":1}\n{}"].concat();
        let expected = [
            Item::json("{}"),
            expected,
            Item::json("{\"d\":1}"),
            Item::json("{}"),
        ];
        for size in 1..=file.len() {
            let items = read(Pieces::new(&file, size), None, LIMIT);
            assert_eq!(items, expected, "{name}, by {size}");
        }
    }
}

#[test]
fn text_after_a_document_in_its_line_loses_no_other_document() {
    let file = b"{}\n{\"a\":1} b}\nc\n{\"d\":1}{\n{}";
    let expected = [
        Item::json("{}"),
        Item::json("{\"a\":1} b}"),
        Item::error(
            "payload 3, at byte 14: skipped a line that is not a JSON document: it begins with \"c\"",
        ),
        Item::json("{\"d\":1}"),
        Item::error(
            "payload 5, at byte 23: the JSON document does not end: it was cut off when it was written or copied",
        ),
        Item::json("{}"),
    ];
    for size in 1..=file.len() {
        assert_eq!(read(Pieces::new(file, size), None, LIMIT), expected);
    }
}

/// It would take minutes if each document searched for the end of the line.
#[test]
fn a_line_of_many_documents_is_scanned_once() {
    let many = "{}".repeat(1 << 20);
    let file = format!("{{}}\n{many}\n{{}}");
    let reader = PayloadReader::new(file.as_bytes());
    assert_eq!(reader.map(Result::unwrap).count(), (1 << 20) + 2);
}

#[test]
fn a_file_in_no_known_format_is_an_error_with_its_first_bytes() {
    for (file, expected) in [
        (
            &b"PAX1\x15\x04"[..],
            "payload 1, at byte 0: the file is in no known format (protobuf, JSON or \
             length-prefixed messages): it begins with \"PAX1\\x15\\x04\"",
        ),
        (
            b"BZh91AY",
            "payload 1, at byte 0: the file is bzip2 data: decompress it first",
        ),
        (
            b"\xff\xfe{\0}\0",
            "payload 1, at byte 0: the file is text in UTF-16: convert it to UTF-8 first",
        ),
        (
            b"\0\0\0\0",
            "payload 1, at byte 0: the file is nothing but zero bytes",
        ),
    ] {
        for size in 1..6 {
            let items = read(Pieces::new(file, size), None, 100);
            assert_eq!(items, [Item::error(expected)]);
        }
    }
}

#[test]
fn dirt_between_documents_is_reported_and_skipped() {
    let log = |number: u32| format!("{{\"resourceLogs\":[{number}]}}");
    let (one, two) = (log(1), log(2));
    let found = |items: Vec<Item>| {
        let documents = items
            .iter()
            .filter(|item| matches!(item, Item::Payload(..)));
        let errors = items.iter().filter_map(|item| match item {
            Item::Error(error) => Some(error.clone()),
            Item::Payload(..) => None,
        });
        (documents.count(), errors.collect::<Vec<_>>())
    };
    for (name, file, documents, errors) in [
        (
            "zero bytes at the beginning",
            format!("{}{one}\n{two}\n", "\0".repeat(7)),
            2,
            vec!["payload 1, at byte 0: skipped 7 zero bytes, which are not JSON"],
        ),
        (
            "zero bytes between lines",
            format!("{one}\n\0\0\0\n{two}\n\0\0"),
            2,
            vec![
                "payload 2, at byte 21: skipped 3 zero bytes, which are not JSON",
                "payload 4, at byte 46: skipped 2 zero bytes, which are not JSON",
            ],
        ),
        (
            "the end of a line at the beginning",
            format!("lue\":{{\"intValue\":5}}}}]}}\n{one}\n{two}\n"),
            2,
            vec![
                "payload 1, at byte 0: skipped a line that is not a JSON document: it begins with \
                 \"lue\\\":{\\\"intValue\\\":5}}]}\"",
            ],
        ),
        (
            "lines of another program",
            format!("{one}\nstarting\nstarted\n{two}\n"),
            2,
            vec![
                "payload 2, at byte 21: skipped 2 lines that are not JSON documents: the first begins with \"starting\"",
            ],
        ),
        ("an array", format!("[{one},{two}]"), 2, vec![]),
        (
            "an array over lines",
            format!("[\n{one},\n{two}\n]\n"),
            2,
            vec![],
        ),
        (
            "an array with leading commas",
            format!("[{one}\n,{two}\n]"),
            2,
            vec![],
        ),
        ("an empty array", "[]".to_owned(), 0, vec![]),
        (
            "zero bytes and then the end of a line at the beginning",
            format!("{}5}}}}]}}\n{one}\n{two}\n", "\0".repeat(10)),
            2,
            vec![
                "payload 1, at byte 0: skipped 10 zero bytes, which are not JSON",
                "payload 2, at byte 10: skipped a line that is not a JSON document: it begins with \"5}}]}\"",
            ],
        ),
        (
            "a JSON text sequence (RFC 7464)",
            format!("\x1e{one}\n\x1e{two}\n"),
            2,
            vec![],
        ),
        (
            "a sequence of which the first text is cut off",
            format!("\x1e{{\"a\":\n\x1e{one}\n\x1e{two}\n"),
            2,
            vec![
                "payload 1, at byte 1: the JSON document does not end: it was cut off when it was written or copied",
            ],
        ),
        (
            "null lines",
            format!("null\n{one}\nnull\nnull\n{two}\n"),
            2,
            vec![
                "payload 1, at byte 0: skipped a line that is not a JSON document: it begins with \"null\"",
                "payload 3, at byte 26: skipped 2 lines that are not JSON documents: the first begins with \"null\"",
            ],
        ),
        (
            "a separator like base64",
            format!("{}\n{one}\n", "=".repeat(40)),
            1,
            vec![
                "payload 1, at byte 0: skipped a line that is not a JSON document: it begins with \"================================\"",
            ],
        ),
        (
            "the end of a line with a tag",
            format!("<b>x</b>\"}}}}]}}\n{one}\n"),
            1,
            vec![
                "payload 1, at byte 0: skipped a line that is not a JSON document: it begins with \"<b>x</b>\\\"}}]}\"",
            ],
        ),
        // The line that is cut off is a payload of its own, which the decoder rejects.
        (
            "a line that is cut off, and the next document behind it",
            format!("{one}\n{two}\n{{\"resourceLogs\":[{{\"sco{one}\n{two}\n"),
            5,
            vec![],
        ),
        (
            "a request within a document",
            format!("{one}\n{{\"a\":{one}}}\n{{\"b\":\"{{\\\"resourceLogs\\\":[]}}\"}}\n"),
            3,
            vec![],
        ),
        (
            "a comment and the head of an HTTP request",
            format!("POST /v1/logs HTTP/1.1\r\nHost: h\r\n\r\n{one}\n// next\n{two}"),
            2,
            vec![
                "payload 1, at byte 0: skipped 2 lines that are not JSON documents: the first begins with \"POST /v1/logs HTTP/1.1\\r\"",
                "payload 3, at byte 56: skipped a line that is not a JSON document: it begins with \"// next\"",
            ],
        ),
    ] {
        for size in [1, 2, 3, 7, 1000] {
            let items = read(Pieces::new(file.as_bytes(), size), None, 1000);
            let errors: Vec<String> = errors.iter().map(|error| (*error).to_owned()).collect();
            assert_eq!(found(items), (documents, errors), "{name}, by {size}");
        }
    }
}

#[test]
fn zero_bytes_before_documents_may_be_many_and_are_counted() {
    let zeros = 3 * super::super::detect::HEAD + 5;
    let file = [&vec![0; zeros][..], b"{\"resourceLogs\":[]}\n"].concat();
    // More than a payload may have.
    let items = read(&file[..], None, zeros / 2);
    let error = format!("payload 1, at byte 0: skipped {zeros} zero bytes, which are not JSON");
    assert_eq!(
        items,
        [Item::error(&error), Item::json("{\"resourceLogs\":[]}")]
    );

    // A multiple of four zero bytes may be empty messages.
    let file = [&vec![0; 4 * zeros][..], &prefixed(b"{}")].concat();
    assert_eq!(read(&file[..], None, 1 << 20), [Item::json("{}")]);
}

struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

#[test]
fn an_error_of_the_file_is_not_mistaken_for_damage() {
    #[cfg_attr(
        not(any(feature = "gzip", feature = "zstd")),
        allow(unused_mut, reason = "nothing is compressed")
    )]
    let mut files: Vec<Vec<u8>> = vec![b"".into(), b"{}\n{".into(), b"\x0a\0".into()];
    #[cfg(feature = "gzip")]
    files.push(gzip(b"{}\n{").split_at(20).0.into());
    #[cfg(feature = "zstd")]
    files.push(zstd(b"{}\n{").split_at(10).0.into());
    for file in files {
        let mut reader = PayloadReader::new(file.chain(Failing));
        let error = reader.find_map(Result::err).unwrap();
        assert!(error.is_final());
        assert!(matches!(error.kind(), PayloadErrorKind::Read(_)), "{error}");
        assert!(reader.next().is_none());
    }
}

#[test]
#[cfg(all(feature = "gzip", feature = "zstd"))]
fn damage_to_a_message_affects_no_other() {
    let message = zstd(b"{\"a\":\"123456\"}");
    let mut damaged = message.clone();
    damaged.truncate(15);
    let bomb = zstd(&[b' '; 100]);
    let file = [
        prefixed(&damaged),
        prefixed(&message),
        prefixed(&bomb),
        prefixed(b"{}"),
    ]
    .concat();
    let items = read(&file[..], None, 30);
    let [Item::Error(first), second, Item::Error(third), fourth] = &items[..] else {
        panic!("{items:?}");
    };
    assert!(
        first.starts_with("payload 1, at byte 4: the zstd data is damaged"),
        "{first}"
    );
    assert_eq!(*second, Item::json("{\"a\":\"123456\"}"));
    assert!(
        third.contains("more than the limit of 30 bytes once inflated"),
        "{third}"
    );
    assert_eq!(*fourth, Item::json("{}"));
}

#[test]
#[cfg(all(feature = "gzip", feature = "zstd"))]
fn payloads_before_the_end_of_a_compression_that_is_cut_off_are_read() {
    let lines = b"{\"a\":1}\n{\"b\":2}\n";
    for (compressed, name) in [(gzip(lines), "gzip"), (zstd(lines), "zstd")] {
        let next = &compressed[..compressed.len() - 1];
        let file = [&compressed[..], next].concat();
        let mut items = read(&file[..], None, 100);
        let last = items.pop();
        let Some(Item::Error(error)) = last else {
            panic!("{last:?}");
        };
        assert!(
            error.contains(&format!("the file's {name} data is damaged or cut off")),
            "{error}"
        );
        assert!(items.len() >= 2, "{items:?}");
    }
}

#[test]
#[cfg(not(all(feature = "gzip", feature = "zstd")))]
fn a_compression_whose_feature_is_off_is_named() {
    for (name, on, head) in [
        ("gzip", cfg!(feature = "gzip"), &b"\x1f\x8b\x08\0"[..]),
        ("zstd", cfg!(feature = "zstd"), b"\x28\xb5\x2f\xfd"),
    ] {
        if on {
            continue;
        }
        let reason = format!(
            "it is compressed with {name}: build with the feature `{name}`, or inflate it first"
        );
        let expected = Item::Error(format!("payload 1, at byte 0: {reason}"));
        assert_eq!(read(head, None, 100), [expected]);
        let file = [prefixed(head), prefixed(b"{}")].concat();
        let expected = [
            Item::Error(format!("payload 1, at byte 4: {reason}")),
            Item::json("{}"),
        ];
        assert_eq!(
            read(&file[..], Some(Framing::LengthPrefixed), 100),
            expected
        );
    }
}
