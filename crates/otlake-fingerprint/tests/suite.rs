//! Runs the suite in `testdata/scanner.json` over the scanner and the templates.

use otlake_fingerprint::{Kind, Patterns, Scanner, Tokenizer};
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
