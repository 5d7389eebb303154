//! Files of payloads for `framing`.

use std::io;

/// Returns names, indices of framings, and files.
pub fn files() -> io::Result<Vec<(String, u8, Vec<u8>)>> {
    const PROTOBUF: u8 = 0;
    const DOCUMENTS: u8 = 1;
    const LINES: u8 = 2;
    const PREFIXED: u8 = 3;
    let request = b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a\x02hi";
    let lines = b"\xef\xbb\xbf{\"resourceLogs\":[]}\r\n\r\n{\"resourceSpans\":[{}]}";
    let pretty = b"{\n  \"resourceLogs\": [\n    {}\n  ]\n}\n{\n  \"a\": \"\\\"}\"\n}\n";
    let cut = b"{\"a\":[{\n{\"b\":\"c\n]}\n{\"d\":{}}{}\n";
    let prefixed = |messages: &[&[u8]]| {
        let lengths = messages.iter().map(|message| {
            u32::try_from(message.len())
                .unwrap_or(u32::MAX)
                .to_be_bytes()
        });
        let framed = lengths.zip(messages);
        framed
            .flat_map(|(length, message)| [&length[..], *message].concat())
            .collect::<Vec<u8>>()
    };
    let message = zstd::bulk::compress(request, 1)?;
    let named = |name: &str, framing, file: &[u8]| (name.to_owned(), framing, file.to_vec());
    Ok(vec![
        named("request", PROTOBUF, request),
        named("request-zstd", PROTOBUF, &message),
        named("pretty", DOCUMENTS, pretty),
        named("cut", DOCUMENTS, cut),
        named("lines", LINES, lines),
        named("lines-cut", LINES, cut),
        named("lines-zstd", LINES, &zstd::bulk::compress(lines, 1)?),
        named(
            "messages",
            PREFIXED,
            &prefixed(&[request, b"", b"{}", request]),
        ),
        named(
            "messages-each-zstd",
            PREFIXED,
            &prefixed(&[&message, &message[..9], &message]),
        ),
        named(
            "messages-zstd",
            PREFIXED,
            &zstd::bulk::compress(&prefixed(&[request, b"\n{}"]), 1)?,
        ),
        named(
            "length-2-32",
            PREFIXED,
            &[&[0xff; 4], &request[..]].concat(),
        ),
        named("empty", PROTOBUF, b""),
    ])
}
