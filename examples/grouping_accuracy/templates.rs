//! Template text by the rules of the published benchmark.
//!
//! Two templates are compared after the same corrections, those of "Guidelines for Assessing the Accuracy of Log Message Template
//! Identification Techniques" (Khan et al., ICSE 2022), which Loghub-2.0 uses:
//!
//! * white space is one space;
//! * a token that is a path (`/a/b`), a number, a boolean, `null` or `root` is a variable;
//! * a token with a variable in it is a variable;
//! * variables with nothing, or one of `. : / @ #`, between them are one, and so is a variable in quotes between spaces.

use std::collections::{HashMap, HashSet};

const ANY: &str = "<*>";

/// Returns the corrected text of a template, with every placeholder as `<*>`.
pub(crate) fn correct(template: &str) -> String {
    let text = template.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = map_tokens(&text, " ,!;:=|\"'[](){}", |token| {
        let path = token.starts_with('/')
            && token.len() > 1
            && !token.contains("//")
            && !token.ends_with('/');
        path.then_some(ANY)
    });
    let text = map_tokens(&text, " ,!;:=|\"'[](){}.-+@#$%&", |token| {
        let constant = ["true", "false", "null", "root"]
            .iter()
            .any(|word| token.eq_ignore_ascii_case(word));
        let digits = !token.is_empty() && token.bytes().all(|b| b.is_ascii_digit());
        let mixed = token.contains(ANY) && !token.contains('/');
        (constant || digits || mixed).then_some(ANY)
    });
    let mut text = text;
    loop {
        let mut next = text.clone();
        for (from, to) in [
            ("<*>.<*>", ANY),
            ("<*><*>", ANY),
            ("#<*>#", ANY),
            ("<*>:<*>", ANY),
            ("<*>#<*>", ANY),
            ("<*>/<*>", ANY),
            ("<*>@<*>", ANY),
            (" \"<*>\" ", " <*> "),
            (" '<*>' ", " <*> "),
        ] {
            next = next.replace(from, to);
        }
        if next == text {
            return text;
        }
        text = next;
    }
}

/// Returns the text with each token between delimiters replaced, where `change` says by what.
fn map_tokens(
    text: &str,
    delimiters: &str,
    change: impl Fn(&str) -> Option<&'static str>,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let len = rest.find(|c| delimiters.contains(c)).unwrap_or(rest.len());
        let (token, tail) = rest.split_at(len);
        out.push_str(change(token).unwrap_or(token));
        let delimiter = tail.chars().next().map_or(0, char::len_utf8);
        out.push_str(&tail[..delimiter]);
        rest = &tail[delimiter..];
    }
    out
}

/// Accuracy of template text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Accuracy {
    /// Parsing accuracy: the share of lines whose template has the text of the true one.
    pub(crate) pa: f64,
    /// F1 of templates: a template is right when all its lines have one true template, and the text is that.
    pub(crate) fta: f64,
}

impl Accuracy {
    /// Compares the template of each line with the true one. Both are corrected already.
    pub(crate) fn new(parsed: &[&str], truth: &[&str]) -> Self {
        let mut truths: HashMap<&str, HashSet<&str>> = HashMap::new();
        for (parsed, truth) in parsed.iter().zip(truth) {
            truths.entry(parsed).or_default().insert(truth);
        }
        let equal = parsed.iter().zip(truth).filter(|(a, b)| a == b).count();
        let right = truths
            .iter()
            .filter(|(parsed, truths)| truths.len() == 1 && truths.contains(*parsed))
            .count() as f64;
        let all: HashSet<_> = truth.iter().collect();
        let (precision, recall) = (right / truths.len() as f64, right / all.len() as f64);
        Self {
            pa: equal as f64 / truth.len() as f64,
            fta: if right == 0.0 {
                0.0
            } else {
                2.0 * precision * recall / (precision + recall)
            },
        }
    }
}

/// Returns a template of this crate's with its typed placeholders as `<*>`.
pub(crate) fn untyped(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find('<') {
        let name = &rest[open + 1..];
        let len = name
            .find(|c: char| !c.is_ascii_lowercase())
            .unwrap_or(name.len());
        let placeholder = name[len..].starts_with('>') && KINDS.contains(&&name[..len]);
        out.push_str(&rest[..open]);
        if placeholder {
            out.push_str(ANY);
            rest = &name[len + 1..];
        } else {
            out.push('<');
            rest = name;
        }
    }
    out.push_str(rest);
    out
}

/// The names of placeholders.
const KINDS: [&str; 18] = [
    "bool", "num", "quantity", "hex", "uuid", "ip", "mac", "date", "time", "datetime", "url",
    "email", "path", "host", "version", "str", "null", "id",
];
