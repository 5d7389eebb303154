//! The variables of a message under its pattern.

use std::borrow::Cow;

use crate::template::align;
use crate::term::Term;
use crate::token::{Kind, Tokenizer};

/// One variable of a message under its pattern.
///
/// ```
/// use otlake_fingerprint::{Fingerprinter, Kind, Patterns, Variable};
///
/// let mut patterns = Patterns::default();
/// let message = b"sent 250 bytes to 10.0.0.7";
/// patterns.observe(message);
/// let set = patterns.patterns();
/// let found = set.extract(&mut Fingerprinter::new(), message);
/// let (_, variables): (_, Vec<Variable<'_>>) = found.ok_or("no such pattern")?;
/// let [size, address] = &variables[..] else { return Err("two variables") };
/// assert_eq!((size.wildcard, address.wildcard), (0, 1));
/// assert_eq!((address.kind, &*address.text), (Kind::Ip, &b"10.0.0.7"[..]));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Variable<'m> {
    /// The number of the pattern's wildcard that it belongs to, counted from 0. A run of variables, such as a list, is one wildcard.
    pub wildcard: usize,
    /// The kind of the variable: [`Kind::Any`] for a word in a place that was learned to be a variable.
    pub kind: Kind,
    /// The text of the variable, borrowed unless it had to be unescaped.
    pub text: Cow<'m, [u8]>,
}

/// A copy of one token of a message.
struct Kept<'m> {
    text: Cow<'m, [u8]>,
    kind: Kind,
    variable: bool,
}

/// Returns the variables of `message`, in order, or `None` if the pattern does not cover the message.
pub(crate) fn variables<'m, T: Tokenizer>(
    tokenizer: &T,
    pattern: &[Term<'_>],
    message: &'m [u8],
) -> Option<Vec<Variable<'m>>> {
    let mut tokens: Vec<Kept<'m>> = Vec::new();
    // The position of each token in the signature. A run of variables has one position.
    let mut places: Vec<usize> = Vec::new();
    tokenizer.tokenize(message, |token| {
        let text = match token.span_in(message) {
            Some(span) => Cow::Borrowed(&message[span]),
            None => Cow::Owned(token.text().to_vec()),
        };
        let run = token.is_variable() && tokens.last().is_some_and(|last| last.variable);
        let place = places
            .last()
            .map_or(0, |last| if run { *last } else { last + 1 });
        places.push(place);
        tokens.push(Kept {
            text,
            kind: token.kind(),
            variable: token.is_variable(),
        });
    });
    let count = places.last().map_or(0, |last| last + 1);
    let spans = align(pattern, count, |place, word| {
        let token = &tokens[places.partition_point(|&p| p < place)];
        !token.variable && *token.text == *word
    })?;
    let mut variables = Vec::new();
    let wildcards = spans
        .into_iter()
        .zip(pattern)
        .filter(|(_, term)| **term == Term::Wildcard);
    for (wildcard, (span, _)) in wildcards.enumerate() {
        let first = places.partition_point(|&place| place < span.start);
        let end = places.partition_point(|&place| place < span.end);
        variables.extend(tokens[first..end].iter().map(|token| Variable {
            wildcard,
            kind: if token.variable {
                token.kind
            } else {
                Kind::Any
            },
            text: token.text.clone(),
        }));
    }
    Some(variables)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scanner::Scanner;
    use crate::term::terms;

    fn of(pattern: &str, message: &str) -> Option<Vec<(usize, String, String)>> {
        let pattern: Vec<_> = terms(pattern.as_bytes()).collect();
        let variables = variables(&Scanner::new(), &pattern, message.as_bytes())?;
        let text = |v: &Variable<'_>| String::from_utf8_lossy(&v.text).into_owned();
        Some(
            variables
                .iter()
                .map(|v| (v.wildcard, v.kind.name().to_owned(), text(v)))
                .collect(),
        )
    }

    fn row(wildcard: usize, kind: &str, text: &str) -> (usize, String, String) {
        (wildcard, kind.to_owned(), text.to_owned())
    }

    #[test]
    fn words_and_runs_are_variables_of_their_wildcard() {
        assert_eq!(
            of("login of * from * ok", "login of ann from 10.0.0.7 8080 ok"),
            Some(vec![
                row(0, "*", "ann"),
                row(1, "ip", "10.0.0.7"),
                row(1, "num", "8080")
            ])
        );
        assert_eq!(of("a b", "a b"), Some(vec![]));
        assert_eq!(of("a b", "a c"), None);
        assert_eq!(of("", ""), Some(vec![]));
    }

    #[test]
    fn text_that_was_unescaped_is_owned() {
        assert_eq!(
            of("took * ", r#"{"msg":"took\t5 ms"}"#),
            Some(vec![row(0, "quantity", "5 ms")])
        );
    }
}
