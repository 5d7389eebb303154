//! Runs the suite in `testdata/scanner.json` over the scanner and the templates.

use otlake_fingerprint::{Fingerprint, Fingerprinter, Kind, Patterns, Scanner, Tokenizer};
use serde::Deserialize;

/// One row: a line, its tokens (`kind:text`; a plain word without its kind), and its template.
#[derive(Deserialize)]
struct Case {
    name: String,
    line: String,
    tokens: Vec<String>,
    template: String,
}

#[test]
fn the_scanner_suite_holds() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../testdata/scanner.json"))
        .expect("the suite is valid JSON");
    let mut wrong = Vec::new();
    for case in cases {
        let mut tokens = Vec::new();
        Scanner::new().tokenize(case.line.as_bytes(), |token| {
            let text = String::from_utf8_lossy(token.text()).into_owned();
            tokens.push(match token.kind() {
                Kind::Word => text,
                kind => format!("{}:{text}", kind.name()),
            });
        });
        let mut patterns = Patterns::default();
        let fingerprint = patterns.observe(case.line.as_bytes());
        let template = patterns.template(fingerprint).unwrap_or_default();
        if tokens != case.tokens || template != case.template {
            wrong.push(format!("{}: {tokens:?} {template:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// One frozen fingerprint.
#[derive(Deserialize)]
struct Golden {
    line: String,
    signature: String,
    fingerprint: String,
}

/// Fingerprints stand in files for years. A change here needs a new `Fingerprint::VERSION`.
#[test]
fn frozen_fingerprints_stay() {
    let golden: Vec<Golden> = serde_json::from_str(include_str!("../testdata/golden-v1.json"))
        .expect("the golden file is valid JSON");
    assert_eq!(
        Fingerprint::VERSION,
        1,
        "a new version needs a golden file of its own"
    );
    let mut fingerprinter = Fingerprinter::new();
    for row in golden {
        let fingerprint = fingerprinter.fingerprint(row.line.as_bytes());
        assert_eq!(
            fingerprinter.signature().to_string(),
            row.signature,
            "{}",
            row.line
        );
        assert_eq!(fingerprint.to_string(), row.fingerprint, "{}", row.line);
    }
}

/// Messages that belong together, or apart.
#[derive(Deserialize)]
struct Group {
    kind: String,
    #[serde(default)]
    same: Vec<String>,
    #[serde(default)]
    different: Vec<String>,
}

/// Messages that a person would call one event have one fingerprint, and others have not. Each kind of log text has cases in both directions.
#[test]
fn messages_are_grouped_as_a_person_would() {
    let groups: Vec<Group> = serde_json::from_str(include_str!("../testdata/groups.json"))
        .expect("the suite is valid JSON");
    let mut fingerprinter = Fingerprinter::new();
    let mut wrong = Vec::new();
    for group in groups {
        let mut signatures = |messages: &[String]| {
            let all = messages.iter().map(|message| {
                let fingerprint = fingerprinter.fingerprint(message.as_bytes());
                (fingerprint, fingerprinter.signature().to_string())
            });
            let all: std::collections::BTreeMap<_, _> = all.collect();
            all.into_values().collect::<Vec<_>>()
        };
        let same = signatures(&group.same);
        let different = signatures(&group.different);
        if same.len() > 1 || different.len() < group.different.len() {
            wrong.push(format!("{}: {same:?} {different:?}", group.kind));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Messages, and the templates of the patterns that are learned from them, sorted.
#[derive(Deserialize)]
struct Learned {
    kind: String,
    messages: Vec<String>,
    templates: Vec<String>,
}

/// Patterns join messages whose words vary in one place, and no others.
#[test]
fn messages_are_joined_as_a_person_would() {
    let cases: Vec<Learned> = serde_json::from_str(include_str!("../testdata/patterns.json"))
        .expect("the suite is valid JSON");
    let mut wrong = Vec::new();
    for case in cases {
        let mut patterns = Patterns::default();
        for message in &case.messages {
            patterns.observe(message.as_bytes());
        }
        let patterns = patterns.patterns();
        let mut templates: Vec<_> = patterns.iter().map(|pattern| &*pattern.template).collect();
        templates.sort_unstable();
        if templates != case.templates {
            wrong.push(format!("{}: {templates:?}", case.kind));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A header changes neither the pattern of a message nor its variables.
#[test]
fn variables_are_the_same_after_every_header() {
    const HEADERS: [&str; 9] = [
        "2024-05-01T10:00:00.123Z ",
        "2024-05-01 10:00:00,123 - INFO  [main:Server@17] - ",
        "2024-05-01 10:00:00.123  INFO 17 --- [           main] c.acme.Server   : ",
        "May  1 10:00:00 web sshd[17]: ",
        "<34>1 2024-05-01T10:00:00Z web app[17]: ",
        "[Wed May 01 10:00:00.123 2024] [core:error] [pid 17:tid 4] ",
        "05-01 10:00:00.123  1702  2395 D WindowManager: ",
        "I0501 10:00:00.123456    17 server.go:24] ",
        "2024-05-01T10:00:00.000Z stdout F ",
    ];
    const MESSAGES: [&str; 4] = [
        "login of ann from 10.0.0.7 took 35 ms",
        "login of bob from 10.0.0.8 took 1.5 s",
        "login of cy from fe80::1 took 7 ms",
        "login of dee from 10.0.0.9 took 2 min",
    ];
    let mut patterns = Patterns::default();
    for message in MESSAGES {
        patterns.observe(message.as_bytes());
    }
    let set = patterns.patterns();
    let mut fingerprinter = Fingerprinter::new();
    for message in MESSAGES {
        let (pattern, variables) = set
            .extract(&mut fingerprinter, message.as_bytes())
            .expect("the message was learned");
        assert_eq!(variables.len(), 3);
        for header in HEADERS {
            let line = format!("{header}{message}");
            let (other, behind) = set
                .extract(&mut fingerprinter, line.as_bytes())
                .expect("a header does not count");
            assert_eq!((other.id, &behind), (pattern.id, &variables), "{line}");
        }
    }
}
