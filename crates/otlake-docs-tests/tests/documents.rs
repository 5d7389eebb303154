//! Checks the Markdown files of the repository: their links, the targets in their commands, and which of them are compiled.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use otlake_docs_tests::{COMPILED, COMPILED_BY_CRATES};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

fn root() -> PathBuf {
    normal(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
}

/// Resolves `..` and `.` without looking at the file system.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            _ => normal.push(component),
        }
    }
    normal
}

/// What a document has that can be wrong.
#[derive(Default)]
struct Document {
    links: Vec<String>,
    anchors: BTreeSet<String>,
    /// Code blocks with their language.
    code: Vec<(String, String)>,
}

/// Returns the Markdown files of the repository, without what is ignored by git.
fn documents() -> BTreeMap<PathBuf, Document> {
    fn visit(directory: &Path, found: &mut BTreeMap<PathBuf, Document>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !name.starts_with('.') && name != "target" && name != "node_modules" {
                    visit(&path, found);
                }
            } else if name.ends_with(".md") {
                let document = Document::parse(&fs::read_to_string(&path).unwrap());
                found.insert(path, document);
            }
        }
    }
    let mut found = BTreeMap::new();
    visit(&root(), &mut found);
    assert!(found.len() > 40, "there are documents: {}", found.len());
    found
}

impl Document {
    fn parse(text: &str) -> Document {
        let mut document = Document::default();
        let mut heading: Option<String> = None;
        let mut code: Option<(String, String)> = None;
        let mut same: HashMap<String, usize> = HashMap::new();
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    document.links.push(dest_url.into_string());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let slug = slug(&heading.take().unwrap());
                    let before = same.entry(slug.clone()).or_default();
                    document.anchors.insert(match *before {
                        0 => slug,
                        n => format!("{slug}-{n}"),
                    });
                    *before += 1;
                }
                Event::Start(Tag::CodeBlock(kind)) => {
                    let language = match kind {
                        CodeBlockKind::Fenced(language) => language.into_string(),
                        CodeBlockKind::Indented => String::new(),
                    };
                    code = Some((language, String::new()));
                }
                Event::End(TagEnd::CodeBlock) => document.code.extend(code.take()),
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                    if let Some((_, code)) = &mut code {
                        code.push_str(&text);
                    }
                }
                Event::Html(html) | Event::InlineHtml(html) => {
                    let ids = html.split("<a name=\"").skip(1);
                    let ids = ids.filter_map(|rest| rest.split('"').next());
                    document.anchors.extend(ids.map(str::to_owned));
                }
                _ => {}
            }
        }
        document
    }
}

/// Returns the anchor of a heading, as GitHub and mdBook make it.
fn slug(heading: &str) -> String {
    let lower = heading.trim().to_lowercase();
    let kept = lower
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Every relative link leads to a file of the repository and, if it has an anchor, to a heading. Links into the web are not
/// followed: a check must not fail because of somebody else's server.
#[test]
fn links_lead_somewhere() {
    let documents = documents();
    let mut broken = Vec::new();
    let mut checked = 0;
    for (path, document) in &documents {
        for link in &document.links {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            checked += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                _ => normal(&path.parent().unwrap().join(file)),
            };
            let found = target.starts_with(root()) && target.exists();
            let has_anchor = || match documents.get(&target) {
                Some(target) => target.anchors.contains(anchor),
                // Lines of source files.
                None => anchor.starts_with('L'),
            };
            if !found || !(anchor.is_empty() || has_anchor()) {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(checked > 150, "links were checked: {checked}");
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}

/// Links into this repository by its address lead to a file.
#[test]
fn links_into_the_repository_lead_somewhere() {
    let mut broken = Vec::new();
    for (path, document) in documents() {
        for link in &document.links {
            let here = "https://github.com/otlake/otlake/blob/main/";
            let Some(file) = link.strip_prefix(here) else {
                continue;
            };
            let file = file.split('#').next().unwrap_or_default();
            if !root().join(file).exists() {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}

/// Each document with Rust code is a doc test somewhere, so that its code compiles and does what it says.
#[test]
fn rust_code_is_compiled() {
    for (path, name) in COMPILED_BY_CRATES {
        let lib = fs::read_to_string(root().join("crates").join(name).join("src/lib.rs")).unwrap();
        let included = format!("include_str!(\"../../../docs/{path}\")");
        assert!(lib.contains(&included), "{name} does not compile {path}");
    }
    let paths = COMPILED_BY_CRATES.iter().map(|(path, _)| path);
    let compiled: BTreeSet<PathBuf> = COMPILED
        .iter()
        .chain(paths)
        .map(|path| root().join("docs").join(path))
        .collect();
    for (path, document) in documents() {
        let rust = document
            .code
            .iter()
            .any(|(language, _)| language.starts_with("rust"));
        // Crates compile their own READMEs, and the facade that of the repository.
        let readme = path.ends_with("README.md") && {
            let lib = match path.parent() {
                Some(parent) if parent == root() => root().join("crates/otlake/src/lib.rs"),
                Some(parent) => parent.join("src/lib.rs"),
                None => continue,
            };
            fs::read_to_string(lib).is_ok_and(|lib| lib.contains("README.md\")]"))
        };
        assert_eq!(
            rust,
            rust && (readme || compiled.contains(&path)),
            "{} has Rust code that no test compiles: add it to the list in src/lib.rs",
            path.display()
        );
        assert!(
            rust || !compiled.contains(&path),
            "{} has no Rust code",
            path.display()
        );
    }
}

/// Packages, examples, binaries and benches in commands exist.
#[test]
fn commands_name_targets_that_exist() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--no-deps", "--format-version=1"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let mut known = BTreeSet::new();
    for package in metadata["packages"].as_array().unwrap() {
        known.insert(("-p".to_owned(), package["name"].to_string()));
        for target in package["targets"].as_array().unwrap() {
            let kind = target["kind"][0].as_str().unwrap();
            known.insert((format!("--{kind}"), target["name"].to_string()));
        }
    }
    let mut checked = 0;
    for (path, document) in documents() {
        let commands = document
            .code
            .iter()
            .filter(|(language, _)| language.starts_with("sh"));
        for line in commands.flat_map(|(_, code)| code.lines()) {
            // The fuzz targets are a workspace of their own.
            if !line.contains("cargo ") || line.contains("--manifest-path") {
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            for pair in words.windows(2) {
                if matches!(pair[0], "-p" | "--example" | "--bin" | "--bench" | "--test") {
                    checked += 1;
                    let named = (pair[0].to_owned(), format!("{:?}", pair[1]));
                    let file = path.display();
                    assert!(known.contains(&named), "{file}: {line}: no {}", pair[1]);
                }
            }
        }
    }
    assert!(checked > 10, "commands were checked: {checked}");
}
