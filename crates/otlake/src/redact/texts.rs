use std::ops::Range;
use std::sync::Arc;

use bumpalo::Bump;
use bumpalo::collections::String as BumpString;
use regex_automata::Input;
use regex_automata::meta::{Cache, Regex};

use super::Sensitive;

/// The texts that are recognised inside strings. One search looks for all of them.
pub(super) struct Texts {
    regex: Regex,
    cache: Cache,
    texts: Arc<[Text]>,
}

/// A text that is recognised.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) regex: String,
    pub(super) replacement: Box<str>,
    /// The kind that checks a match.
    pub(super) kind: Option<Sensitive>,
}

impl Texts {
    /// Returns the texts with their regular expressions, compiled as one in the same order.
    pub(super) fn new(regex: Regex, texts: Vec<Text>) -> Texts {
        let cache = regex.create_cache();
        let texts = texts.into();
        Texts {
            regex,
            cache,
            texts,
        }
    }

    /// Returns the string with all texts replaced, or `None` if it has none.
    pub(super) fn replace<'b>(&mut self, string: &str, scratch: &'b Bump) -> Option<&'b str> {
        let (first, mut replacement) = self.find(string, 0)?;
        let mut found = first;
        let mut redacted = BumpString::with_capacity_in(string.len(), scratch);
        let mut copied = 0;
        loop {
            redacted.push_str(&string[copied..found.start]);
            redacted.push_str(&self.texts[replacement].replacement);
            copied = found.end;
            match self.find(string, copied) {
                Some(next) => (found, replacement) = next,
                None => break,
            }
        }
        redacted.push_str(&string[copied..]);
        Some(redacted.into_bump_str())
    }

    /// Returns the first text from `from` on, as its range and its index.
    fn find(&mut self, string: &str, mut from: usize) -> Option<(Range<usize>, usize)> {
        if self.texts.is_empty() {
            return None;
        }
        let begin = from;
        loop {
            // The search sees what comes before `from`, as `\b` needs it.
            let input = Input::new(string).range(from..);
            let found = self.regex.search_with(&mut self.cache, &input)?;
            let index = found.pattern().as_usize();
            let accepted = match self.texts[index].kind {
                Some(kind) => kind.accept(string, found.range()),
                None => Some(found.range()).filter(|range| !range.is_empty()),
            };
            if let Some(mut range) = accepted {
                if self.texts[index].kind == Some(Sensitive::Email) {
                    range.start =
                        begin + Sensitive::before_email(&string[begin..range.start]).len();
                }
                return Some((range, index));
            }
            let skipped = string[found.start()..].chars().next()?;
            from = found.start() + skipped.len_utf8();
        }
    }
}

/// Makes texts for another worker, with a cache of their own.
impl Clone for Texts {
    fn clone(&self) -> Texts {
        Texts {
            regex: self.regex.clone(),
            cache: self.regex.create_cache(),
            texts: Arc::clone(&self.texts),
        }
    }
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.texts.iter()).finish()
    }
}
