//! The path of a value in a JSON text.

use super::scanner::Scanner;
use super::token::Kind;
use crate::error::Result;

/// Returns the path of the value that begins at `offset`, or of the first one after it.
///
/// The readers of values do not know their position in the text. Only the first reported value of a payload needs its
/// path, so the path is found afterwards, by scanning the text up to the value once more.
#[cold]
pub(crate) fn path_at(json: &[u8], offset: usize) -> String {
    let mut steps = Vec::new();
    // If the text is malformed, the scan stops at the fault, which is not before the value.
    let _ = walk(&mut Scanner::new(json), offset, &mut steps);
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Member(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&String::from_utf8_lossy(name));
            }
            Step::Item(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

enum Step<'p> {
    Member(&'p [u8]),
    Item(usize),
}

/// Scans up to the value at `offset`, and keeps the path in `steps`.
fn walk<'p>(scanner: &mut Scanner<'p>, offset: usize, steps: &mut Vec<Step<'p>>) -> Result<()> {
    loop {
        let first = scanner.peek();
        if scanner.position() >= offset {
            return Ok(());
        }
        match first {
            Some(b'{') => {
                scanner.take();
                if scanner.first(b'}') {
                    let name = scanner.name()?.of(scanner.json());
                    steps.push(Step::Member(name));
                    continue;
                }
            }
            Some(b'[') => {
                scanner.take();
                if scanner.first(b']') {
                    steps.push(Step::Item(0));
                    continue;
                }
            }
            Some(b'"') => drop(scanner.string()?),
            Some(b'n') => drop(scanner.literal("null", Kind::Null)?),
            Some(b't') => drop(scanner.literal("true", Kind::True)?),
            Some(b'f') => drop(scanner.literal("false", Kind::False)?),
            _ => drop(scanner.number()?),
        }
        loop {
            match steps.last_mut() {
                None => return Ok(()),
                Some(Step::Member(name)) => {
                    if scanner.another(b'}')? {
                        *name = scanner.name()?.of(scanner.json());
                        break;
                    }
                }
                Some(Step::Item(index)) => {
                    if scanner.another(b']')? {
                        *index += 1;
                        break;
                    }
                }
            }
            steps.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_found_by_its_offset() {
        let json = r#" {"a": [1, {"b" :null, "c\n":{}}, [[], "x]", true]], "d":-1.5e3} "#;
        for (value, path) in [
            ("{\"a\"", ""),
            ("[1", "a"),
            ("1,", "a[0]"),
            ("{\"b\"", "a[1]"),
            ("null", "a[1].b"),
            ("{}", r"a[1].c\n"),
            ("[[]", "a[2]"),
            ("[], \"x", "a[2][0]"),
            ("\"x]\"", "a[2][1]"),
            ("true", "a[2][2]"),
            ("-1.5e3", "d"),
        ] {
            let offset = json.find(value).unwrap();
            assert_eq!(path_at(json.as_bytes(), offset), path, "{value}");
        }
        assert_eq!(path_at(br#"{"a":[{"b":x"#, 11), "a[0].b");
    }
}
