//! Compares the crate with a second implementation of `docs/fingerprint.md`, on the suites and on random messages.

#[path = "reference/signature.rs"]
mod reference;

use otlake_fingerprint::Fingerprinter;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

/// Returns how many random messages a test tries.
fn rounds() -> ProptestConfig {
    let rounds = std::env::var("OTLAKE_ROUNDS").ok();
    let cases = rounds
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(1_000);
    ProptestConfig::with_cases(cases)
}

/// Returns the signatures of the crate and of the reference, as text.
fn both(message: &[u8]) -> (String, String) {
    let mut fingerprinter = Fingerprinter::new();
    fingerprinter.fingerprint(message);
    let text = |signature: &[u8]| signature.escape_ascii().to_string();
    (
        text(fingerprinter.signature().as_bytes()),
        text(&reference::signature(message)),
    )
}

fn agrees(message: &[u8]) -> Result<(), TestCaseError> {
    let (crate_says, reference_says) = both(message);
    prop_assert_eq!(
        crate_says,
        reference_says,
        "crate and reference on {}",
        message.escape_ascii()
    );
    Ok(())
}

/// The lines of all suites, as they are, behind headers, in JSON, and cut.
#[test]
fn the_suites_agree_with_the_reference() {
    const SUITES: [&str; 3] = [
        include_str!("../testdata/groups.json"),
        include_str!("../testdata/golden-v1.json"),
        include_str!("../testdata/scanner.json"),
    ];
    const HEADERS: [&str; 6] = [
        "",
        "\u{1b}[2m2024-05-01T10:00:00Z\u{1b}[0m \u{1b}[32m INFO\u{1b}[0m \u{1b}[2mapp::net\u{1b}[0m: ",
        "2024-05-01 10:00:00,123 INFO [main] app.Worker: ",
        "May  1 10:00:00 web app[17]: ",
        "I0501 10:00:00.123456    17 server.go:24] ",
        "ERROR ",
    ];
    let mut lines = Vec::new();
    for suite in SUITES {
        strings(
            &serde_json::from_str(suite).expect("a suite is valid JSON"),
            &mut lines,
        );
    }
    assert!(lines.len() > 500);
    let mut wrong = Vec::new();
    let mut check = |message: &[u8]| {
        let (crate_says, reference_says) = both(message);
        if crate_says != reference_says {
            let message = message.escape_ascii();
            wrong.push(format!(
                "{message}\n  crate     {crate_says}\n  reference {reference_says}"
            ));
        }
    };
    lines.extend(DIFFERED.map(str::to_owned));
    for line in &lines {
        for header in HEADERS {
            check(format!("{header}{line}").as_bytes());
        }
        check(
            serde_json::json!({ "level": "info", "msg": line })
                .to_string()
                .as_bytes(),
        );
        check(&line.as_bytes()[..line.len() * 2 / 3]);
        check(format!("{line}\n{line}").as_bytes());
    }
    wrong.truncate(20);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Messages of which the crate and the reference once had different signatures.
const DIFFERED: [&str; 2] = [
    r#"a b {" , {"msg":" , {"}x"#,
    r#"a b  {"{}{ | {"msg": for bob from 10.0.0.1    " |  {"]'a a "#,
];

/// Messages as long as a rule allows, and by one byte longer.
#[test]
fn limits_agree_with_the_reference() {
    for limit in [1_024, 4_096] {
        for len in [limit - 1, limit, limit + 1] {
            let messages = [
                format!("@cee:{}{{\"msg\":\"a b\"}}", " ".repeat(len)),
                format!("node[{},] is up", "1".repeat(len - 1)),
                format!("node-[{}] is up", "1".repeat(len)),
            ];
            for message in messages {
                let (crate_says, reference_says) = both(message.as_bytes());
                assert_eq!(crate_says, reference_says, "{len}: {}", &message[..6]);
            }
        }
    }
}

/// Collects all strings of a document.
fn strings(value: &serde_json::Value, all: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => all.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, all)),
        serde_json::Value::Object(members) => {
            members.values().for_each(|member| strings(member, all))
        }
        _ => {}
    }
}

/// Pieces that the rules are about.
const PIECES: &[&str] = &[
    " ",
    " ",
    " ",
    " ",
    " ",
    "  ",
    "\t",
    "\n",
    "\n  ",
    "\r\n",
    ",",
    ", ",
    ";",
    ":",
    ": ",
    "::",
    "=",
    "==",
    "|",
    " - ",
    " -- ",
    ".",
    "..",
    "...",
    "-",
    "+",
    "/",
    "\\",
    "@",
    "~",
    "'",
    "\"",
    "\\\"",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "<",
    ">",
    "&",
    "?",
    "!",
    "#",
    "*",
    "%",
    "\u{1b}[31m",
    "\u{1b}]0;t\u{7}",
    "\u{1b}",
    "\u{c}",
    "a",
    "b",
    "de",
    "ad",
    "be",
    "ef",
    "de ad be ef",
    "abcd",
    "deadbeef",
    "DEAD",
    "x",
    "z",
    "word",
    "Word",
    "WORD",
    "id",
    "user",
    "account",
    "for",
    "from",
    "password",
    "key",
    "ann",
    "localhost",
    "null",
    "IPv6",
    " True",
    "None",
    "true",
    "No",
    "on",
    "n/a",
    "msg",
    "error",
    "INFO",
    "warn",
    "[error]",
    "E",
    "D",
    "GET",
    "POST /a",
    "SELECT",
    "FROM",
    "BEGIN",
    "0",
    "7",
    "17",
    "123",
    "2024",
    "240501",
    "20240501",
    "12345",
    "0x1f",
    "0xff/0x1",
    "r2",
    "p99",
    "1.5",
    "-3",
    "+2",
    "10.0.0.1",
    "fe80::1",
    "::1",
    "dead::beef",
    "aa:bb:cc:dd",
    "10:00:00",
    "10:00:00.123",
    "10:0:0",
    "2024-05-01",
    "05-01",
    "2024-05-01T10:00:00Z",
    "2024-05-01 10:00:00",
    "2024-05-01-10.00.00.123",
    "1714557600",
    "[10:00:00 INFO]",
    "[2024-05-01 10:00:00,1: INFO/Main]",
    "May",
    "May  1",
    "May  1 10:00:00",
    "Wed",
    "Monday",
    "01/May/2024:10:00:00",
    "<34>",
    "<34>1 ",
    "I0501 10:00:00.1",
    "web",
    "sshd[17]:",
    "kernel:",
    "1.4.1:",
    "stdout F ",
    "[main]",
    "[17]",
    "main.go:17]",
    "a.b.C",
    "a.b.C:",
    "Class.method",
    "Server$1",
    "UTC",
    "PST",
    "+0200",
    "AM",
    "pm",
    "ms",
    "s",
    "MB/s",
    "KB",
    "Files",
    "°C",
    "µs",
    "μs",
    "10µs",
    "10\u{a0}ms",
    "٣٤",
    "é",
    "Gerät",
    "漢字",
    "’",
    "€",
    "\u{feff}",
    "\u{2028}",
    "https://a.b/c?d=e",
    "http://",
    "urn",
    "arn",
    "arn:aws:s3:::b/k",
    "host.name",
    "cache.acme:443",
    "a.c:17",
    "Pool.get:17",
    "www.example.de",
    "org.example.App",
    "org.example.READY",
    "file.txt",
    "/",
    "/usr/lib",
    "/a/[id]/b",
    "/a b",
    "/Library/App Support/x",
    "C:\\Dir\\a",
    "C:",
    "C:\\Program Files (x86)\\a",
    "\\\\srv\\s",
    "domain\\user",
    "ann@host",
    "can't",
    "'a b'",
    "''",
    "\"\"",
    "\"a b\"",
    "'k': ",
    "\"k\":",
    "do_exit+0x1a/0x30",
    "GMT+2",
    "web-[1 2]",
    "web-",
    "[]",
    "{}",
    "[a, b]",
    "[1, 2]",
    "{a,b}",
    "YWJjZGVmZ2hpamtsbW5vcHFy",
    "NullPointerExceptionHandler",
    "C++",
    "Traceback (most recent call last):",
    "  File \"x.py\", line 4",
    "ValueError: ",
    "java.io.IOException: ",
    "Caused by: ",
    " panicked at ",
    "panic: ",
    "at a.b.C",
    "** (",
    "{\"msg\":\"",
    "level=info ",
    "msg=\"a b\" ",
    "FROM",
    "request{a=1}: app: ",
    "I, [",
    "(main)",
    "(17):",
    "FROM \"users\"",
    "`",
    "`foo",
    "“a b”",
    "‘foo’",
    "«",
    "»",
    "(null)",
    ", NULL,",
    "<nil>",
    "?",
    "from READY to LOST",
    "changed from",
    "Mode from [",
    "idle to not-ready",
    "] to [",
    "www-data",
    " -> ",
    ": idle -> ",
    "=up => not-ready",
    "process 17",
    "PID 7 (",
    "(java)",
    "4 Threads",
    "]\"a b\"",
    "mode=shared",
    "READY",
    "to",
    "db:5432",
    "200 OK",
    "404",
    "Not Found",
    "[Europe/Berlin]",
    "[UTC]",
    "nginx.service",
    "a.json",
    "ACME\\ann",
    "\t{\"a\":1}",
    "10.0.0.7 - ann [1",
    " - ",
    "dGhpcyBpcyBhIHRlc3Q=",
    "org.acme.NoStock",
    "\n\tat ",
    "\n    ^\n\n",
    "---> ",
    "reason",
    "<>",
    "USD",
    "7 files",
    "files",
    "3 hosts from",
    "{\"a\":1,\"b\":[{\"c\":null}]}",
    "{\"fields\":{\"message\":\"",
    "\"}",
    "\\n",
    "\\u00e9",
    "3 entries",
    "1 batch was",
    "7 rows were",
    "3 rows are",
    "1 file is",
    "are",
    "for bob from 10.0.0.1",
    "user ann [",
    "entries",
    "@cee: ",
    "{\"a\":1}",
    " | ",
    "{\"a\":\"}\"} []",
    " {\"",
    " {\" } {\"",
    "[] []",
    "@p0=17",
    "'x' (Size = 50)",
    "[10.0.0.1]",
    "unknown[10.0.0.1]",
    "(uid=0)",
    "ann(uid=0)",
    "node[1-3]",
    "=<ann>",
    ": <a b>",
    "<x>",
    "from [READY] to [LOST]",
    "(root) CMD (/a b)",
    "  k=v",
    "  k='v w' l=\"x y\"",
    "$x",
    "GET / ",
    "path=/ ",
    "%LINK-3-UPDOWN:",
    "[0.123s]",
    "{\"msg\":1}",
    "WARNING (main) [a.b] ",
    "ann@shop",
];

/// A message of such pieces, many of them glued together.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(PIECES), 0..14)
        .prop_map(|pieces| pieces.concat().into_bytes())
}

/// The same with a space behind most pieces, so that more rules about neighbours apply.
fn words() -> impl Strategy<Value = Vec<u8>> {
    let piece = (
        prop::sample::select(PIECES),
        prop::sample::select(&[" ", " ", " ", "=", ": ", "\n", ""][..]),
    );
    let many = prop::collection::vec(piece, 0..14);
    many.prop_map(|pieces| {
        pieces
            .into_iter()
            .map(|(piece, space)| format!("{piece}{space}"))
            .collect::<String>()
            .into_bytes()
    })
}

/// A header of up to six fields and a message.
fn raw_line() -> impl Strategy<Value = Vec<u8>> {
    let fields = &[
        "2024-05-01 10:00:00",
        "2024-05-01T10:00:00.1Z",
        "May  1 10:00:00",
        "10:00:00",
        "[10:00:00]",
        "I0501 10:00:00.1",
        "<34>",
        "INFO",
        "info",
        "[warn]",
        "core:error",
        "E/Tag:",
        "KERNREC",
        "DISK_ALERT",
        "D Tag:",
        "[main]",
        "[17]",
        "[a [b] c]",
        "a.b.C:",
        "Server :",
        "main.go:17]",
        "main.go:17]{}",
        "web",
        "app[17]:",
        "kernel:",
        "-",
        "--",
        "---",
        "17",
        "R02-M1",
        "UTC",
        "stdout F",
        "|",
        ":",
        ",",
        "]",
        "name  ",
        "name\t",
        "app.jobs -",
        "12.345678",
        "2024",
        "Wed",
        "(x):",
        "(17):",
        "(main)",
        "[a.b]",
        "[x/INFO]",
        "{}",
        "request{a={b}}:",
        "conn{}:x{n=1}:",
        "app::db:",
        "app",
        "I, [2024-05-01T10:00:00 #17]",
        "I,",
        "<165>1 2024-05-01T10:00:00Z",
        "[a@1 b=\"]\\\"\"]",
        "App[17:4a]",
        "I NETWORK  [x]",
        "PM",
        "am",
    ][..];
    let header = prop::collection::vec(
        (
            prop::sample::select(fields),
            prop::sample::select(&[" ", " ", " ", "  ", "|", ""][..]),
            // Colours are rare, but in one line there are several.
            prop::sample::select(&["", "", "\u{1b}[0m", "\u{1b}[1;32m", "\u{1b}]0;t\u{7}"][..]),
        ),
        1..7,
    );
    (any::<bool>(), header, words()).prop_map(|(coloured, fields, message)| {
        let header: String = fields
            .into_iter()
            .map(|(field, space, colour)| {
                let colour = if coloured { colour } else { "" };
                format!("{colour}{field}{colour}{space}")
            })
            .collect();
        [header.into_bytes(), message].concat()
    })
}

/// A line of pairs, sometimes with other text in it.
fn record() -> impl Strategy<Value = Vec<u8>> {
    let pairs = &[
        "level=info",
        "msg=",
        "msg=a",
        "msg=\"a b\"",
        "msg='a b'",
        "x='",
        "msg=\"took 5 ms \\\"x\\\"\"",
        "msg=\"level=info msg=x\"",
        "msg=\"{\\\"msg\\\":1}\"",
        "msg=f(1)",
        "message=7",
        "message=\"\"",
        "n=17",
        "a.b=\"",
        "May=1",
        "deadbeef=1",
        "x1=2",
        "=",
        "word",
        "\\",
        "\n",
    ][..];
    let space = prop::sample::select(&[" ", " ", " ", "  ", "", "\t"][..]);
    prop::collection::vec((prop::sample::select(pairs), space), 0..7).prop_map(|pairs| {
        let text: String = pairs
            .into_iter()
            .map(|(pair, space)| format!("{pair}{space}"))
            .collect();
        text.into_bytes()
    })
}

/// JSON of nested members, sometimes cut short or broken.
fn json() -> impl Strategy<Value = Vec<u8>> {
    let key = prop::sample::select(
        &[
            "msg",
            "Message",
            "m",
            "log",
            "event",
            "fields",
            "state",
            "{OriginalFormat}",
            "@mt",
            "a",
            "7b",
            "b c",
            "error",
            "action",
            "stringValue",
            "é",
        ][..],
    );
    let leaf = prop_oneof![
        words()
            .prop_map(|text| serde_json::Value::from(String::from_utf8_lossy(&text).into_owned())),
        Just(serde_json::Value::Null),
        Just(serde_json::Value::from(17)),
        Just(serde_json::Value::from("")),
        Just(serde_json::Value::from("{Message}")),
        Just(serde_json::Value::from("{a{b}}c {")),
    ];
    let tree = leaf.prop_recursive(4, 12, 4, move |inner| {
        prop_oneof![
            3 => prop::collection::vec((key.clone(), inner.clone()), 0..4)
                .prop_map(|members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<serde_json::Map<_, _>>().into()),
            1 => prop::collection::vec(inner, 0..3).prop_map(serde_json::Value::from),
        ]
    });
    (tree, any::<prop::sample::Index>(), 0..7).prop_map(|(tree, index, damage)| {
        let mut text = format!("{{\"k\":{tree}}}").into_bytes();
        let at = index.index(text.len());
        match damage {
            0 => text.truncate(at),
            1 => text[at] = b',',
            2 => drop(text.remove(at)),
            3 => drop(text.splice(at..at, *b"\\u+12f\\u00e9\\n")),
            _ => {}
        }
        text
    })
}

proptest! {
    #![proptest_config(rounds())]

    #[test]
    fn glued_pieces_agree_with_the_reference(message in pieces()) {
        agrees(&message)?;
    }

    #[test]
    fn words_agree_with_the_reference(message in words()) {
        agrees(&message)?;
    }

    #[test]
    fn raw_lines_agree_with_the_reference(message in raw_line()) {
        agrees(&message)?;
    }

    #[test]
    fn pairs_agree_with_the_reference(message in record()) {
        agrees(&message)?;
    }

    #[test]
    fn json_bodies_agree_with_the_reference(message in json()) {
        agrees(&message)?;
    }

    #[test]
    fn any_bytes_agree_with_the_reference(message in prop::collection::vec(any::<u8>(), 0..80)) {
        agrees(&message)?;
    }

    #[test]
    fn long_messages_agree_with_the_reference(message in prop::collection::vec(words(), 0..90)) {
        agrees(&message.concat())?;
    }
}
