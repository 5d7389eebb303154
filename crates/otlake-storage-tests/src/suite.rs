//! The suite in `testdata/suite.json`, which every storage has to pass.

use std::collections::HashMap;

use otlake_storage::{Documents, PutIf, PutOutcome, StorageErrorKind, Version};
use serde_json::Value;

const SUITE: &str = include_str!("../testdata/suite.json");

/// Runs every case of the suite on an empty storage of its own, which `new` creates from a name.
///
/// A step is an array that begins with the operation:
///
/// - `write NAME CONTENT` writes and commits a file, `drop NAME CONTENT` writes and drops one;
/// - `put NAME CONTENT CONDITION OUTCOME`: the condition is `absent` or the label of a version, the outcome
///   is `conflict` or the label that the new version gets;
/// - `get NAME CONTENT [LABEL]`: the content is null where nothing exists;
/// - `read NAME BEGIN END CONTENT`: a range; the content is null where nothing exists, and `"error"` where the file ends
///   before the range;
/// - `list PREFIX NAMES`; `delete NAME`;
/// - `reject NAME` and `reject list PREFIX`: every operation fails because the name is invalid.
///
/// # Panics
///
/// Panics at the first step whose outcome is another one.
pub fn run_suite<D: Documents>(new: impl Fn(&str) -> D) {
    let suite: Vec<Value> = serde_json::from_str(SUITE).expect("the suite is valid JSON");
    assert!(!suite.is_empty());
    for (number, case) in suite.iter().enumerate() {
        let storage = new(&format!("case-{number}"));
        let mut run = Run {
            storage: &storage,
            versions: HashMap::new(),
            case: text(&case["case"]),
        };
        for step in case["steps"].as_array().expect("steps") {
            run.step(step);
        }
    }
}

struct Run<'a> {
    storage: &'a dyn Documents,
    versions: HashMap<&'a str, Version>,
    case: &'a str,
}

impl<'a> Run<'a> {
    fn step(&mut self, step: &'a Value) {
        let at = format!("{}: {step}", self.case);
        let storage = self.storage;
        let name = text(&step[1]);
        match text(&step[0]) {
            operation @ ("write" | "drop") => {
                let mut file = storage.create(name).expect(&at);
                file.write_all(text(&step[2]).as_bytes()).expect(&at);
                if operation == "write" {
                    file.commit().expect(&at);
                }
            }
            "put" => {
                let condition = match text(&step[3]) {
                    "absent" => PutIf::Absent,
                    label => PutIf::Matches(self.versions[label].clone()),
                };
                let content = text(&step[2]).to_owned().into();
                match (
                    storage.put(name, content, condition).expect(&at),
                    text(&step[4]),
                ) {
                    (PutOutcome::Conflict, outcome) => assert_eq!(outcome, "conflict", "{at}"),
                    (PutOutcome::Stored(version), label) => {
                        assert_ne!(label, "conflict", "{at}");
                        assert!(
                            self.versions.values().all(|other| *other != version),
                            "{at}: an earlier version is the same"
                        );
                        self.versions.insert(label, version);
                    }
                }
            }
            "get" => {
                let read = storage.get(name).expect(&at);
                let content = read.as_ref().map(|read| &read.bytes[..]);
                assert_eq!(content, step[2].as_str().map(str::as_bytes), "{at}");
                if let Some(label) = step[3].as_str() {
                    let version = read.map(|read| read.version);
                    assert_eq!(version.as_ref(), Some(&self.versions[label]), "{at}");
                }
            }
            "read" => {
                let bound = |place: usize| step[place].as_u64().expect(&at);
                let read = storage.read_range(name, bound(2)..bound(3));
                match (read, step[4].as_str()) {
                    (Err(error), Some("error")) => {
                        assert_eq!(error.kind(), StorageErrorKind::Failed, "{at}: {error}");
                    }
                    (read, content) => {
                        let read = read.expect(&at);
                        assert_eq!(read.as_deref(), content.map(str::as_bytes), "{at}");
                    }
                }
            }
            "list" => {
                let listed = storage.list(name).expect(&at);
                let names: Vec<_> = listed.iter().map(|file| file.name.as_str()).collect();
                let expected: Vec<_> = step[2].as_array().expect(&at).iter().map(text).collect();
                assert_eq!(names, expected, "{at}");
                for file in &listed {
                    let read = storage.get(&file.name).expect(&at).expect(&at);
                    assert_eq!(file.bytes, read.bytes.len() as u64, "{at}");
                }
            }
            "delete" => storage.delete(name).expect(&at),
            "reject" => {
                let errors = [
                    storage.create(name).map(drop).unwrap_err(),
                    storage.get(name).unwrap_err(),
                    storage.read_range(name, 0..1).unwrap_err(),
                    storage.put(name, "x".into(), PutIf::Absent).unwrap_err(),
                    storage.delete(name).unwrap_err(),
                ];
                for error in errors {
                    assert_eq!(error.kind(), StorageErrorKind::InvalidName, "{at}: {error}");
                }
            }
            "reject list" => {
                let error = storage.list(name).unwrap_err();
                assert_eq!(error.kind(), StorageErrorKind::InvalidName, "{at}: {error}");
            }
            other => panic!("{at}: {other} is no operation"),
        }
    }
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}
