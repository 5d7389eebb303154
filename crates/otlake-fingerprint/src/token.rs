//! The vocabulary: [`Token`], its [`Kind`], and the [`Tokenizer`] trait.

use std::fmt;
use std::ops::Range;

use crate::kind::kind_of;

/// One token of a message: a literal word, or a variable.
///
/// The [`kind`](Self::kind) of a variable is determined lazily, because a fingerprint only needs to know that the token *is* a
/// variable: the same parameter is `12` today and `0x1f` tomorrow.
///
/// ```
/// use otlake_fingerprint::{Kind, Token};
///
/// let message = b"retry 3 of job nightly";
/// let (word, number) = (Token::word(&message[..5]), Token::variable(&message[6..7]));
/// assert_eq!((word.kind(), word.text()), (Kind::Word, &b"retry"[..]));
/// assert_eq!((number.kind(), number.is_variable()), (Kind::Number, true));
/// assert_eq!(number.span_in(message), Some(6..7));
///
/// // A tokenizer can tag a variable that looks like a word.
/// let job = Token::typed(&message[15..], Kind::Custom("job"));
/// assert_eq!(job.kind().name(), "job");
/// ```
#[derive(Clone, Copy)]
pub struct Token<'t> {
    /// The bytes of the token, and whatever follows them: a copy of fixed size may read both.
    rest: &'t [u8],
    len: usize,
    variable: bool,
    kind: Option<Kind>,
}

impl<'t> Token<'t> {
    /// Creates a word, which belongs to the constant text of the message.
    ///
    /// A word must not contain a space and must not be `*`: a [`Signature`](crate::Signature) uses the space as the separator and `*` as
    /// the mark of variables.
    pub const fn word(text: &'t [u8]) -> Self {
        Self {
            rest: text,
            len: text.len(),
            variable: false,
            kind: None,
        }
    }

    /// Creates a variable whose kind follows from its text.
    pub const fn variable(text: &'t [u8]) -> Self {
        Self {
            rest: text,
            len: text.len(),
            variable: true,
            kind: None,
        }
    }

    /// Creates a variable of a kind that the tokenizer knows.
    pub const fn typed(text: &'t [u8], kind: Kind) -> Self {
        Self {
            rest: text,
            len: text.len(),
            variable: true,
            kind: Some(kind),
        }
    }

    /// Creates a word of the first `len` bytes of `rest`.
    #[inline]
    pub(crate) const fn leading_word(rest: &'t [u8], len: usize) -> Self {
        Self {
            rest,
            len,
            variable: false,
            kind: None,
        }
    }

    /// Returns the bytes of the token, as they are in the message.
    #[inline]
    pub const fn text(&self) -> &'t [u8] {
        self.rest.split_at(self.len).0
    }

    /// Returns the length of the token, and its bytes with whatever follows them.
    #[inline]
    pub(crate) const fn with_rest(&self) -> (usize, &'t [u8]) {
        (self.len, self.rest)
    }

    /// Returns whether this is a variable; otherwise its text is part of the fingerprint.
    pub const fn is_variable(&self) -> bool {
        self.variable
    }

    /// Returns the kind of the token.
    pub fn kind(&self) -> Kind {
        self.kind
            .unwrap_or_else(|| kind_of(self.text(), self.variable))
    }

    /// Returns the range of the token in `message`, or `None` if it is not a part of the message, such as a key path of a JSON body.
    pub fn span_in(&self, message: &[u8]) -> Option<Range<usize>> {
        let start = (self.rest.as_ptr() as usize).checked_sub(message.as_ptr() as usize)?;
        let end = start.checked_add(self.len)?;
        (end <= message.len()).then_some(start..end)
    }
}

impl PartialEq for Token<'_> {
    fn eq(&self, other: &Self) -> bool {
        let parts = |token: &Self| (token.variable, token.kind);
        self.text() == other.text() && parts(self) == parts(other)
    }
}

impl Eq for Token<'_> {}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?}({:?})",
            self.kind(),
            String::from_utf8_lossy(self.text())
        )
    }
}

/// The kind of a token.
///
/// Words and levels are literal: they identify the message. A boolean is literal in prose and a variable as a value. All other kinds are
/// variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// Constant text.
    Word,
    /// `true` or `false`.
    Bool,
    /// The name of a log level in constant text.
    Level,
    /// A decimal number, with sign, fraction, exponent or thousands separators.
    Number,
    /// A number with a unit: `64MB`, `5ms`, `12%`.
    Quantity,
    /// A hexadecimal number or hash: `0x1f`, `deadbeef01`.
    Hex,
    /// A UUID.
    Uuid,
    /// An IPv4 or IPv6 address, with or without port or mask.
    Ip,
    /// A MAC address or a longer run of hexadecimal byte pairs.
    Mac,
    /// A calendar date.
    Date,
    /// A time of day.
    Time,
    /// Date and time in one token.
    DateTime,
    /// A URL.
    Url,
    /// An e-mail address or another `name@place`.
    Email,
    /// A Unix or Windows path.
    Path,
    /// A host name, or a reverse-domain name such as a package's.
    Host,
    /// A version: `v1.2.3`.
    Version,
    /// A quoted string that is a value.
    Str,
    /// A word for no value: `null`, `None`.
    Null,
    /// An identifier that contains digits.
    Id,
    /// A variable of no particular kind, or of several.
    Any,
    /// A kind of your own tokenizer. The text is the name of the placeholder.
    Custom(&'static str),
}

impl Kind {
    /// Returns the name inside the placeholder: `ip` for `<ip>`; `*` for [`Kind::Any`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Word => "word",
            Self::Bool => "bool",
            Self::Level => "level",
            Self::Number => "num",
            Self::Quantity => "quantity",
            Self::Hex => "hex",
            Self::Uuid => "uuid",
            Self::Ip => "ip",
            Self::Mac => "mac",
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime => "datetime",
            Self::Url => "url",
            Self::Email => "email",
            Self::Path => "path",
            Self::Host => "host",
            Self::Version => "version",
            Self::Str => "str",
            Self::Null => "null",
            Self::Id => "id",
            Self::Any => "*",
            Self::Custom(name) => name,
        }
    }
}

/// Splits a message into tokens.
///
/// The shipped implementation is [`Scanner`](crate::Scanner). A tokenizer must be a pure function of the message, because fingerprints
/// are compared across machines and years.
///
/// ```
/// use std::ops::Range;
///
/// use otlake_fingerprint::{Fingerprinter, Token, Tokenizer};
///
/// /// Messages of a device: a number in brackets, then fields with commas between them.
/// struct Fields;
///
/// impl Tokenizer for Fields {
///     fn tokenize<F: FnMut(Token<'_>)>(&self, message: &[u8], mut emit: F) {
///         for field in message[self.text(message)].split(|byte| *byte == b',') {
///             let variable = field.iter().any(u8::is_ascii_digit);
///             emit(if variable { Token::variable(field) } else { Token::word(field) });
///         }
///     }
///
///     fn text(&self, message: &[u8]) -> Range<usize> {
///         self.header(message)..message.len()
///     }
///
///     fn header(&self, message: &[u8]) -> usize {
///         message.iter().position(|byte| *byte == b']').map_or(0, |at| at + 1)
///     }
/// }
///
/// let mut fingerprinter = Fingerprinter::with_tokenizer(Fields);
/// let first = fingerprinter.fingerprint(b"[1]door,open,17");
/// let second = fingerprinter.fingerprint(b"[2]door,open,18");
/// assert_eq!(first, second);
/// assert_eq!(fingerprinter.signature().to_string(), "door open *");
/// assert_eq!(fingerprinter.tokenizer().text(b"[2]door"), 3..7);
/// ```
pub trait Tokenizer {
    /// Calls `emit` for every token of `message`, in order.
    ///
    /// Tokens usually borrow from `message`. Tokens that the tokenizer builds itself, such as a key path of a JSON body, borrow from its
    /// scratch. That is why `emit` can't keep tokens.
    fn tokenize<F: FnMut(Token<'_>)>(&self, message: &[u8], emit: F);

    /// Returns the part of `message` that a template shows: all of the message, unless the tokenizer recognises a header or an envelope
    /// that it emits no tokens for.
    fn text(&self, message: &[u8]) -> Range<usize> {
        0..message.len()
    }

    /// Returns the length of the header of `message`, such as a timestamp, that can be left out: the rest must have the same tokens.
    fn header(&self, message: &[u8]) -> usize {
        let _ = message;
        0
    }
}

impl<T: Tokenizer + ?Sized> Tokenizer for &T {
    fn tokenize<F: FnMut(Token<'_>)>(&self, message: &[u8], emit: F) {
        (**self).tokenize(message, emit);
    }

    fn text(&self, message: &[u8]) -> Range<usize> {
        (**self).text(message)
    }

    fn header(&self, message: &[u8]) -> usize {
        (**self).header(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_found_only_inside_the_message() {
        let message = b"disk full".as_slice();
        assert_eq!(Token::word(&message[5..]).span_in(message), Some(5..9));
        assert_eq!(Token::word(b"disk").span_in(&message[..0]), None);
        assert_eq!(Token::word(message).span_in(&message[1..]), None);
    }

    #[test]
    fn a_kind_given_wins_over_the_text() {
        assert_eq!(Token::variable(b"17").kind(), Kind::Number);
        assert_eq!(
            Token::typed(b"17", Kind::Custom("order")).kind().name(),
            "order"
        );
        assert_eq!(Token::word(b"WARN").kind(), Kind::Level);
    }
}
