use std::collections::HashSet;
use std::sync::Arc;

use regex_automata::meta::Regex;

use super::redactor::RedactedNames;
use super::sensitive::Sensitive;
use super::texts::{Text, Texts};
use super::{Redact, Rules};

/// A builder for a [`Redact`]: the keys and texts that it redacts.
///
/// ```
/// use otlake::{Redact, RedactBuilder, RedactError, Sensitive};
///
/// let builder: RedactBuilder = Redact::builder()
///     .key("password")
///     .keys(["token", "session"])
///     .sensitive([Sensitive::Email, Sensitive::IpAddress]);
/// assert!(builder.build().is_ok());
/// assert_eq!(Sensitive::Email.replacement(), "<email>");
///
/// let error: Option<RedactError> = Redact::builder().key_regex("(").build().err();
/// assert!(error.is_some());
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RedactBuilder {
    keys: HashSet<String>,
    key_regexes: Vec<String>,
    sensitive: Vec<Sensitive>,
    regexes: Vec<(String, String)>,
}

/// The error of [`RedactBuilder::build`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedactError {
    /// A regular expression is invalid, or too large once compiled.
    #[error("the regular expression {regex:?} can't be compiled")]
    #[non_exhaustive]
    Regex {
        /// The expression.
        regex: String,
        /// The fault of the expression.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A regular expression matches the empty string, which would hide every other match.
    #[error(
        "the regular expression {regex:?} matches the empty string: make it match at least one character"
    )]
    #[non_exhaustive]
    MatchesEmpty {
        /// The expression.
        regex: String,
    },
}

impl RedactBuilder {
    pub(super) fn new() -> RedactBuilder {
        RedactBuilder::default()
    }

    /// Redacts the values of a key: an attribute of a record, a resource or a scope, or an entry of a map
    /// inside a value.
    pub fn key(mut self, name: impl Into<String>) -> RedactBuilder {
        self.keys.insert(name.into());
        self
    }

    /// Redacts the values of several keys; see [`RedactBuilder::key`].
    pub fn keys<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> RedactBuilder {
        self.keys.extend(names.into_iter().map(Into::into));
        self
    }

    /// Redacts the values of all keys in whose name the regular expression matches; see
    /// [`RedactBuilder::key`].
    pub fn key_regex(mut self, regex: impl Into<String>) -> RedactBuilder {
        self.key_regexes.push(regex.into());
        self
    }

    /// Redacts kinds of sensitive texts inside strings.
    pub fn sensitive(mut self, kinds: impl IntoIterator<Item = Sensitive>) -> RedactBuilder {
        for kind in kinds {
            if !self.sensitive.contains(&kind) {
                self.sensitive.push(kind);
            }
        }
        self
    }

    /// Replaces every match of a regular expression inside strings. The replacement is inserted literally.
    /// Where two expressions match at the same position, the one that was added first wins, and both win
    /// over [`RedactBuilder::sensitive`].
    ///
    /// The syntax is that of the [`regex`](https://docs.rs/regex/latest/regex/#syntax) crate. A search takes time
    /// linear in the length of the text, and begins again after each match of any expression. So expressions of which one can go on
    /// to the end of the text while another one matches, such as `[0-9]+x` and `[0-9]`, take quadratic time in a text that is made for
    /// them.
    pub fn regex(
        mut self,
        regex: impl Into<String>,
        replacement: impl Into<String>,
    ) -> RedactBuilder {
        self.regexes.push((regex.into(), replacement.into()));
        self
    }

    /// Builds the stage.
    ///
    /// # Errors
    ///
    /// Returns an error when a regular expression is invalid, too large once compiled, or matches the empty
    /// string.
    pub fn build(self) -> Result<Redact, RedactError> {
        for (regex, _) in &self.regexes {
            if compile(&[regex])?.is_match("") {
                let regex = regex.clone();
                return Err(RedactError::MatchesEmpty { regex });
            }
        }
        let texts = self.regexes.into_iter().map(|(regex, replacement)| Text {
            regex,
            replacement: replacement.into(),
            kind: None,
        });
        let sensitive = self.sensitive.iter().flat_map(|kind| {
            kind.regexes().iter().map(|regex| Text {
                regex: (*regex).to_owned(),
                replacement: kind.replacement().into(),
                kind: Some(*kind),
            })
        });
        let texts: Vec<Text> = texts.chain(sensitive).collect();
        let patterns: Vec<&str> = texts.iter().map(|text| text.regex.as_str()).collect();
        let regex = compile(&patterns)?;
        let key_patterns: Vec<&str> = self.key_regexes.iter().map(String::as_str).collect();
        Ok(Redact::new(Arc::new(Rules {
            names: RedactedNames {
                exact: self.keys,
                regex: (!key_patterns.is_empty())
                    .then(|| compile(&key_patterns))
                    .transpose()?,
            },
            texts: Texts::new(regex, texts),
        })))
    }
}

fn compile(patterns: &[&str]) -> Result<Regex, RedactError> {
    Regex::new_many(patterns).map_err(|error| RedactError::Regex {
        regex: match error.pattern() {
            Some(pattern) => patterns[pattern].to_owned(),
            None => patterns.join("|"),
        },
        // `BuildError` only says that the pattern is wrong; its source says why.
        source: match error.syntax_error() {
            Some(syntax) => Box::new(syntax.clone()),
            None => Box::new(error),
        },
    })
}
