//! Template text: a message with its variables replaced by typed placeholders.

mod fields;
mod join;

use std::borrow::Cow;
use std::ops::Range;

use crate::term::{Term, terms};
use crate::token::{Kind, Token, Tokenizer};

pub(crate) use join::join;

/// The maximum length of the template text of a pattern, in bytes.
pub(crate) const MAX_TEMPLATE: usize = 4096;

/// The placeholder for values of several kinds.
const ANY: &str = "<*>";

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Atom {
    /// A word of the signature.
    Word(String),
    /// A character between tokens. A run of white space is one space.
    Gap(char),
    /// A variable.
    Variable(Value),
}

/// A variable: the properties that it has in all examples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    /// The placeholder, which is empty for an empty value.
    placeholder: Cow<'static, str>,
    /// The text, if it is the same in all examples and may be constant: a name, not a number.
    text: Option<String>,
}

impl Value {
    const fn any() -> Self {
        Self {
            placeholder: Cow::Borrowed(ANY),
            text: None,
        }
    }

    fn of(token: &Token<'_>) -> Self {
        let text = token.text();
        let kind = token.kind();
        let placeholder = match kind {
            _ if text.is_empty() => Cow::Borrowed(""),
            Kind::Any => Cow::Borrowed(ANY),
            Kind::Str => {
                let quote = char::from(text[0]);
                Cow::Owned(format!("{quote}<{}>{quote}", kind.name()))
            }
            // A unit after a space is shown if it is always the same. A short unit after a fraction was chosen to fit the number.
            Kind::Quantity
                if text.contains(&b' ')
                    && !(text.contains(&b'.')
                        && text[text.len().saturating_sub(3)..].contains(&b' ')) =>
            {
                let space = text.iter().position(|&b| b == b' ').unwrap_or(text.len());
                let unit = String::from_utf8_lossy(&text[space..]);
                Cow::Owned(format!("<{}>{unit}", Kind::Number.name()))
            }
            _ => Cow::Owned(format!("<{}>", kind.name())),
        };
        let name = matches!(
            kind,
            Kind::Any
                | Kind::Id
                | Kind::Version
                | Kind::Str
                | Kind::Null
                | Kind::Path
                | Kind::Host
                | Kind::Email
        );
        Self {
            placeholder,
            text: name.then(|| String::from_utf8_lossy(text).into_owned()),
        }
    }

    /// Widens the value to cover another one.
    fn join(&mut self, other: &Self) {
        if self.text != other.text {
            self.text = None;
        }
        if self.placeholder != other.placeholder {
            let number =
                |text: &str| text.starts_with("<num> ") || text == "<quantity>" || text == "<num>";
            self.placeholder = if number(&self.placeholder) && number(&other.placeholder) {
                Cow::Borrowed("<quantity>")
            } else {
                Cow::Borrowed(ANY)
            };
        }
    }
}

/// A message as words, variables, and the text between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Template {
    atoms: Vec<Atom>,
    /// Whether the template covers several examples. Only then is it evidence that they share a text.
    several: bool,
}

impl Template {
    /// Returns the template of an example with this signature.
    ///
    /// The example may be truncated. The words that it lacks are copied from the signature.
    pub(crate) fn of<T: Tokenizer>(tokenizer: &T, signature: &[u8], example: &[u8]) -> Self {
        let text = tokenizer.text(example);
        let mut builder = Builder {
            example: &example[..text.end],
            end: text.start,
            atoms: Vec::new(),
            spans: true,
        };
        tokenizer.tokenize(example, |token| builder.push(&token));
        let mut template = Self {
            atoms: builder.finish(),
            several: false,
        };
        let places = template.places();
        let terms: Vec<Term<'_>> = terms(signature).collect();
        let fits = |(term, place): (&Term<'_>, &Range<usize>)| match (
            term,
            &template.atoms[place.start],
        ) {
            (Term::Word(word), Atom::Word(text)) => *text == String::from_utf8_lossy(word),
            (Term::Wildcard, Atom::Variable(_)) => true,
            _ => false,
        };
        let same = terms
            .iter()
            .zip(&places)
            .take_while(|pair| fits(*pair))
            .count();
        if same < places.len() || same < terms.len() {
            // From here on the example differs from the signature.
            let end = same.checked_sub(1).map_or(0, |last| places[last].end);
            template.atoms.truncate(end);
        }
        for term in &terms[same..] {
            if !template.atoms.is_empty() {
                template.atoms.push(Atom::Gap(' '));
            }
            template.atoms.push(match term {
                Term::Word(word) => Atom::Word(String::from_utf8_lossy(word).into_owned()),
                Term::Wildcard => Atom::Variable(Value::any()),
            });
        }
        template
    }

    /// Returns the atoms of each term of the signature: a word, or a run of variables with the gaps inside it.
    fn places(&self) -> Vec<Range<usize>> {
        let mut places: Vec<Range<usize>> = Vec::new();
        let mut run = false;
        for (at, atom) in self.atoms.iter().enumerate() {
            match atom {
                Atom::Gap(_) => {}
                Atom::Variable(_) if run => {
                    if let Some(last) = places.last_mut() {
                        last.end = at + 1;
                    }
                }
                Atom::Word(_) | Atom::Variable(_) => {
                    run = matches!(atom, Atom::Variable(_));
                    places.push(at..at + 1);
                }
            }
        }
        places
    }

    /// Returns the text. If it is longer than `limit`, it is cut between two atoms.
    pub(crate) fn text(&self, limit: usize) -> String {
        let mut text = String::new();
        for atom in &self.atoms {
            let before = text.len();
            match atom {
                Atom::Word(word) => text.push_str(word),
                Atom::Gap(gap) => text.push(*gap),
                Atom::Variable(value) => match &value.text {
                    Some(constant) if self.several => text.push_str(constant),
                    _ => text.push_str(&value.placeholder),
                },
            }
            if text.len() > limit {
                text.truncate(before);
                break;
            }
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// Returns the template of a pattern that masks words of this template's signature: everything that a wildcard covers becomes one
    /// variable.
    ///
    /// Returns `None` if the pattern does not cover the signature.
    pub(crate) fn masked(mut self, pattern: &[Term<'_>]) -> Option<Self> {
        let places = self.places();
        let spans = align(
            pattern,
            places.len(),
            |place, word| matches!(&self.atoms[places[place].start], Atom::Word(text) if text.as_bytes() == word),
        )?;
        for (span, term) in spans.into_iter().zip(pattern).rev() {
            let first = places[span.start].start;
            let last = places[span.end - 1].end;
            let word = matches!(self.atoms[first], Atom::Word(_));
            if *term == Term::Wildcard && (span.len() > 1 || word) {
                let (before, behind) = self.brackets(first..last);
                let range = first - before..last + behind;
                self.atoms.splice(range, [Atom::Variable(Value::any())]);
            }
        }
        Some(self)
    }

    /// Returns the number of brackets before `range` that are closed inside it, and the number of brackets after `range` that are opened
    /// inside it.
    fn brackets(&self, range: Range<usize>) -> (usize, usize) {
        let mut open = Vec::new();
        let mut closed = Vec::new();
        for atom in &self.atoms[range.clone()] {
            match atom {
                Atom::Gap('(') => open.push(')'),
                Atom::Gap('[') => open.push(']'),
                Atom::Gap('{') => open.push('}'),
                Atom::Gap(gap) if open.last() == Some(gap) => {
                    open.pop();
                }
                Atom::Gap(')') => closed.push('('),
                Atom::Gap(']') => closed.push('['),
                Atom::Gap('}') => closed.push('{'),
                _ => {}
            }
        }
        let matching = |atoms: &mut dyn Iterator<Item = &Atom>,
                        brackets: &mut dyn Iterator<Item = &char>| {
            atoms
                .zip(brackets)
                .take_while(|(atom, bracket)| **atom == Atom::Gap(**bracket))
                .count()
        };
        (
            matching(
                &mut self.atoms[..range.start].iter().rev(),
                &mut closed.iter(),
            ),
            matching(&mut self.atoms[range.end..].iter(), &mut open.iter().rev()),
        )
    }
}

struct Builder<'m> {
    example: &'m [u8],
    /// The end of the last token.
    end: usize,
    atoms: Vec<Atom>,
    /// Whether all tokens so far are in the example, in order.
    spans: bool,
}

impl Builder<'_> {
    fn push(&mut self, token: &Token<'_>) {
        let span = token
            .span_in(self.example)
            .filter(|span| self.spans && span.start >= self.end);
        match span {
            Some(span) => {
                let between = &self.example[self.end..span.start];
                let line = memchr::memchr2(b'\n', b'\r', between).unwrap_or(0);
                if line > 0 {
                    self.rest(self.end + line);
                }
                self.gap(self.end + line, span.start);
                self.end = span.end;
            }
            None => {
                if self.atoms.iter().any(|atom| !matches!(atom, Atom::Gap(_))) {
                    self.atoms.push(Atom::Gap(' '));
                } else {
                    // In a JSON body, the text before the first token is not part of the template.
                    self.atoms.clear();
                }
                self.spans = false;
            }
        }
        self.atoms.push(match token.is_variable() {
            true => Atom::Variable(Value::of(token)),
            false => Atom::Word(String::from_utf8_lossy(token.text()).into_owned()),
        });
    }

    fn finish(mut self) -> Vec<Atom> {
        if self.spans {
            let rest = &self.example[self.end..];
            let line = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            self.rest(self.end + line);
            while self.atoms.last() == Some(&Atom::Gap(' ')) {
                self.atoms.pop();
            }
        }
        self.atoms
    }

    /// Adds the text after the last token of a line, up to `end`. If it consists of the fields of a record, their values are placeholders.
    fn rest(&mut self, end: usize) {
        let rest = self.example[self.end..end].trim_ascii_end();
        let separates = |b: &&u8| matches!(b, b' ' | b'\t' | b'"' | b'|' | b'-');
        let separators = rest.iter().take_while(separates).count();
        let mut at = self.end;
        if separators > 0 {
            let first = self.end + separators;
            for value in fields::values(&rest[separators..]) {
                if !value.is_empty() {
                    self.gap(at, first + value.start);
                    self.atoms.extend(ANY.chars().map(Atom::Gap));
                    at = first + value.end;
                }
            }
        }
        self.gap(at, end);
    }

    /// Adds the text between two tokens, without ANSI escapes and control bytes.
    fn gap(&mut self, start: usize, end: usize) {
        let mut bytes = &self.example[start..end];
        // Lines between two tokens were skipped and are not part of the template.
        if let Some(first) = memchr::memchr(b'\n', bytes)
            && let Some(last) = memchr::memrchr(b'\n', bytes)
            && first < last
        {
            self.gap(start, start + first);
            bytes = &bytes[last..];
        }
        let mut clean = Vec::with_capacity(bytes.len());
        let spaced = self.atoms.last() == Some(&Atom::Gap(' '));
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                0x1b => {
                    at = crate::level::skip_escape(bytes, at);
                    continue;
                }
                _ if byte.is_ascii_whitespace() => {
                    if clean.last() != Some(&b' ') && !(spaced && clean.is_empty()) {
                        clean.push(b' ');
                    }
                }
                _ if byte.is_ascii_control() => {}
                _ => clean.push(byte),
            }
            at += 1;
        }
        let text = String::from_utf8_lossy(&clean);
        let text = if self.atoms.is_empty() {
            text.trim_start()
        } else {
            &text
        };
        self.atoms.extend(text.chars().map(Atom::Gap));
    }
}

/// Returns the places of a sequence of `len` terms that each term of `pattern` covers: a word covers one, a wildcard one or more.
///
/// Each wildcard is matched as early as possible, like in a glob.
pub(crate) fn align(
    pattern: &[Term<'_>],
    len: usize,
    is_word: impl Fn(usize, &[u8]) -> bool,
) -> Option<Vec<Range<usize>>> {
    let mut spans: Vec<Range<usize>> = Vec::with_capacity(pattern.len());
    let mut at = 0;
    // The last wildcard, which is extended if the terms after it do not fit.
    let mut retry: Option<usize> = None;
    loop {
        let fits = match pattern.get(spans.len()) {
            None => at == len,
            Some(Term::Wildcard) => at < len,
            Some(Term::Word(word)) => at < len && is_word(at, word),
        };
        if fits && spans.len() == pattern.len() {
            return Some(spans);
        }
        if fits {
            if pattern[spans.len()] == Term::Wildcard {
                retry = Some(spans.len());
            }
            spans.push(at..at + 1);
            at += 1;
            continue;
        }
        let wildcard = retry?;
        spans.truncate(wildcard + 1);
        spans[wildcard].end += 1;
        at = spans[wildcard].end;
        if at > len {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Fingerprinter;
    use crate::scanner::Scanner;

    fn template(message: &str) -> String {
        let mut fingerprinter = Fingerprinter::new();
        let _ = fingerprinter.fingerprint(message.as_bytes());
        Template::of(
            &Scanner::new(),
            fingerprinter.signature().as_bytes(),
            message.as_bytes(),
        )
        .text(MAX_TEMPLATE)
    }

    #[test]
    fn placeholders_are_typed_and_punctuation_stays() {
        assert_eq!(
            template("session opened for user root by (uid=0)"),
            "session opened for user <*> by (uid=<num>)"
        );
        assert_eq!(template("took   35 ms,\tdone."), "took <num> ms, done.");
        assert_eq!(
            template("Rect(0, 48 - 720, 1208)"),
            "Rect(<num>, <num> - <num>, <num>)"
        );
        assert_eq!(
            template("\u{1b}[31mERROR\u{1b}[0m: disk full"),
            "ERROR: disk full"
        );
        assert_eq!(template("rhost= user=ann"), "rhost= user=ann");
    }

    #[test]
    fn a_bracket_goes_with_the_words_that_a_wildcard_covers() {
        let of = |message: &str| {
            Template::of(&Scanner::new(), b"setting up * done ", message.as_bytes())
        };
        let pattern: Vec<_> = terms(b"setting up * ").collect();
        let masked = of("setting up 7 [9 done]")
            .masked(&pattern)
            .unwrap_or_default();
        assert_eq!(masked.text(MAX_TEMPLATE), "setting up <*>");
    }

    #[test]
    fn wildcards_cover_one_or_more_places() {
        let places = |pattern: &str, text: &str| {
            let pattern: Vec<_> = terms(pattern.as_bytes()).collect();
            let words: Vec<_> = text.split(' ').collect();
            align(&pattern, words.len(), |place, word| {
                words[place].as_bytes() == word
            })
        };
        assert_eq!(places("a * c", "a b b c"), Some(vec![0..1, 1..3, 3..4]));
        assert_eq!(places("* a", "b a a"), Some(vec![0..2, 2..3]));
        assert_eq!(places("a *", "a"), None);
        assert_eq!(places("a", "a b"), None);
        assert_eq!(places("* b *", "b b b c"), Some(vec![0..1, 1..2, 2..4]));
    }

    #[test]
    fn an_example_cut_short_is_completed_from_the_signature() {
        let template = Template::of(&Scanner::new(), b"disk * is full ", b"disk 7 is");
        assert_eq!(template.text(MAX_TEMPLATE), "disk <num> is full");
        let template = Template::of(&Scanner::new(), b"disk * ", b"disk 7 is");
        assert_eq!(template.text(MAX_TEMPLATE), "disk <num>");
    }
}
