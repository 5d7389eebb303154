//! Template text: a message with its variables replaced by typed placeholders.

use std::ops::Range;

use crate::term::{Term, terms};
use crate::token::{Token, Tokenizer};

/// The longest template text of a pattern in bytes.
pub(crate) const MAX_TEMPLATE: usize = 4096;

/// One word, or one run of variables, with the text before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// White space and punctuation since the last piece; runs of white space are one space.
    pub(crate) gap: String,
    /// The word, or the placeholders of the run.
    pub(crate) text: String,
    /// Whether it is a run of variables.
    pub(crate) variable: bool,
    /// The closing brackets that belong to brackets opened inside the run: when the run becomes `<*>`, they go with it.
    open: String,
}

/// Follows the brackets of the text inside a run.
fn brackets(open: &mut String, gap: &str) {
    for c in gap.chars() {
        match c {
            '(' => open.insert(0, ')'),
            '[' => open.insert(0, ']'),
            '{' => open.insert(0, '}'),
            _ if open.starts_with(c) => {
                open.remove(0);
            }
            _ => {}
        }
    }
}

/// A message as the pieces of its signature, and the punctuation behind the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) tail: String,
}

impl Template {
    /// The template of an example with this signature.
    ///
    /// An example may be cut short; the words it lacks are taken from the signature.
    pub(crate) fn of<T: Tokenizer>(tokenizer: &T, signature: &[u8], example: &[u8]) -> Self {
        let mut builder = Builder {
            example,
            end: 0,
            template: Self::default(),
            spans: true,
        };
        tokenizer.tokenize(example, |token| builder.push(&token));
        let mut template = builder.finish();
        let mut place = 0;
        for term in terms(signature) {
            let fits = template.pieces.get(place).is_some_and(|piece| match term {
                Term::Word(word) => !piece.variable && piece.text == String::from_utf8_lossy(word),
                Term::Wildcard => piece.variable,
            });
            if !fits {
                // From here on the example says something else than the signature.
                template.pieces.truncate(place);
                template.tail.clear();
                let gap = if place == 0 {
                    String::new()
                } else {
                    " ".to_owned()
                };
                let (text, variable) = match term {
                    Term::Word(word) => (String::from_utf8_lossy(word).into_owned(), false),
                    Term::Wildcard => ("<*>".to_owned(), true),
                };
                template.pieces.push(Piece {
                    gap,
                    text,
                    variable,
                    open: String::new(),
                });
            }
            place += 1;
        }
        if place < template.pieces.len() {
            template.pieces.truncate(place);
            template.tail.clear();
        }
        template
    }

    /// The text, cut between pieces when it is longer than `limit`.
    pub(crate) fn text(&self, limit: usize) -> String {
        let mut text = String::new();
        let mut open = "";
        for piece in &self.pieces {
            let gap = piece.gap.strip_prefix(open).unwrap_or(&piece.gap);
            if text.len() + gap.len() + piece.text.len() > limit {
                return text;
            }
            text.push_str(gap);
            text.push_str(&piece.text);
            open = if piece.text == ANY { &piece.open } else { "" };
        }
        let tail = self.tail.strip_prefix(open).unwrap_or(&self.tail);
        if text.len() + tail.len() <= limit {
            text.push_str(tail);
        }
        text
    }
}

struct Builder<'m> {
    example: &'m [u8],
    /// Where the last token ended.
    end: usize,
    template: Template,
    /// Whether all tokens so far stand in the example, in order.
    spans: bool,
}

impl Builder<'_> {
    fn push(&mut self, token: &Token<'_>) {
        let span = token
            .span_in(self.example)
            .filter(|span| self.spans && span.start >= self.end);
        let first = self.template.pieces.is_empty();
        let gap = match span {
            Some(ref span) => gap(&self.example[self.end..span.start], first),
            None if first => String::new(),
            None => " ".to_owned(),
        };
        match span {
            Some(span) => self.end = span.end,
            None => self.spans = false,
        }
        let text = match token.kind() {
            kind if token.is_variable() => format!("<{}>", kind.name()),
            _ => String::from_utf8_lossy(token.text()).into_owned(),
        };
        match self.template.pieces.last_mut() {
            Some(last) if last.variable && token.is_variable() => {
                brackets(&mut last.open, &gap);
                last.text.push_str(&gap);
                last.text.push_str(&text);
            }
            _ => self.template.pieces.push(Piece {
                gap,
                text,
                variable: token.is_variable(),
                open: String::new(),
            }),
        }
    }

    fn finish(mut self) -> Template {
        if self.spans {
            let rest = &self.example[self.end..];
            let line = memchr::memchr2(b'\n', b'\r', rest).map_or(rest, |at| &rest[..at]);
            self.template.tail = gap(line, false).trim_end().to_owned();
        } else if let Some(first) = self.template.pieces.first_mut() {
            // A JSON body: what stands before its message field is no part of the template.
            first.gap.clear();
        }
        self.template
    }
}

/// The text between two tokens: ANSI escapes out, white space as one space, control bytes out.
fn gap(bytes: &[u8], first: bool) -> String {
    let mut clean = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            0x1b => {
                at = crate::level::skip_escape(bytes, at);
                continue;
            }
            _ if byte.is_ascii_whitespace() => {
                if clean.last() != Some(&b' ') {
                    clean.push(b' ');
                }
            }
            _ if byte.is_ascii_control() => {}
            _ => clean.push(byte),
        }
        at += 1;
    }
    let text = String::from_utf8_lossy(&clean).into_owned();
    if first {
        text.trim_start().to_owned()
    } else {
        text
    }
}

/// The pieces of `template` as a pattern that was made by masking words of its signature: each wildcard becomes one piece.
///
/// `None` when the pattern does not cover the signature.
pub(crate) fn mask(template: Template, pattern: &[Term<'_>]) -> Option<Template> {
    let spans = align(pattern, template.pieces.len(), |place, word| {
        let piece = &template.pieces[place];
        !piece.variable && piece.text.as_bytes() == word
    })?;
    let pieces = spans
        .into_iter()
        .zip(pattern)
        .map(|(span, term)| {
            let covered = &template.pieces[span];
            let whole =
                covered.len() == 1 && (covered[0].variable || matches!(term, Term::Word(_)));
            let text = if whole {
                covered[0].text.clone()
            } else {
                ANY.to_owned()
            };
            let mut open = covered[0].open.clone();
            for piece in &covered[1..] {
                brackets(&mut open, &piece.gap);
                open.insert_str(0, &piece.open);
            }
            Piece {
                gap: covered[0].gap.clone(),
                text,
                variable: *term == Term::Wildcard,
                open,
            }
        })
        .collect();
    Some(Template {
        pieces,
        tail: template.tail,
    })
}

const ANY: &str = "<*>";

/// Makes `a` cover `b` too, in the layout of `a`: placeholders that differ become `<*>`.
pub(crate) fn join(a: &mut Template, b: &Template) {
    for (piece, other) in a.pieces.iter_mut().zip(&b.pieces) {
        if piece.text != other.text {
            ANY.clone_into(&mut piece.text);
        }
    }
}

/// Which places of a sequence of `len` each term of `pattern` covers: a word one, a wildcard one or more.
///
/// The earliest fit of each wildcard, as a glob is matched.
pub(crate) fn align(
    pattern: &[Term<'_>],
    len: usize,
    is_word: impl Fn(usize, &[u8]) -> bool,
) -> Option<Vec<Range<usize>>> {
    let mut spans: Vec<Range<usize>> = Vec::with_capacity(pattern.len());
    let mut at = 0;
    // The last wildcard, which is made longer when what follows it does not fit.
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
        assert_eq!(template("took   35 ms,\tdone."), "took <quantity>, done.");
        assert_eq!(
            template("Rect(0, 48 - 720, 1208)"),
            "Rect(<num>, <num> - <num>, <num>)"
        );
        assert_eq!(
            template("\u{1b}[31mERROR\u{1b}[0m: disk full"),
            "ERROR: disk full"
        );
    }

    #[test]
    fn a_bracket_goes_with_the_run_that_opened_it() {
        let of = |message: &str| {
            Template::of(&Scanner::new(), b"setting up * done ", message.as_bytes())
        };
        let mut both = of("setting up 7 (1.2) done.");
        assert_eq!(both.text(MAX_TEMPLATE), "setting up <num> (<num>) done.");
        join(&mut both, &of("setting up 7 (v1.2, 9) done."));
        assert_eq!(both.text(MAX_TEMPLATE), "setting up <*> done.");
        let pattern: Vec<_> = terms(b"setting up * ").collect();
        let masked = mask(of("setting up 7 [9 done]"), &pattern).unwrap_or_default();
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
