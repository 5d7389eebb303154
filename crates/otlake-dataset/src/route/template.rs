//! Parses the templates of directories.

use std::fmt;

use otlake_row::{Keys, Location};

use super::escape::{DEFAULT, HASH_LEN};
use super::time::TimeField;

/// The maximum number of bytes of a part of a path. File systems allow 255; the rest is for the suffix of temporary
/// files.
const PART_BYTES: usize = 200;

/// The bytes of an attribute or field that fit every part before the value is cut.
const VALUE_BYTES: usize = 47;

/// The placeholders that a template can have, as error messages list them.
const PLACEHOLDERS: &str = "{signal}, {table}, {date}, {year}, {month}, {day}, {hour}, {minute}, \
    {resource.NAME}, {scope.NAME}, {attr.NAME}, fields such as {severity_text} and the fields that stages \
    have registered";

/// A part of a path: what is between two slashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) pieces: Vec<Piece>,
    /// The partition column of `NAME={…}`; the template of a part that has no name.
    pub(crate) name: String,
    /// The number of bytes at which the attribute or field in it is cut.
    pub(crate) limit: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Signal,
    Table,
    Time(TimeField),
    Cell(CellName),
}

/// The name of an attribute or a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CellName {
    pub(crate) location: Location,
    pub(crate) name: String,
}

impl Piece {
    fn from_placeholder(name: &str) -> Option<Self> {
        match name {
            "signal" => return Some(Self::Signal),
            "table" => return Some(Self::Table),
            _ => {}
        }
        if let Some(field) = TimeField::from_name(name) {
            return Some(Self::Time(field));
        }
        let (location, name) = match name.split_once('.') {
            Some(("resource", name)) => (Location::Resource, name),
            Some(("scope", name)) => (Location::Scope, name),
            Some(("attr", name)) => (Location::Attribute, name),
            _ if Keys::of_fields().find(Location::Field, name).is_some() => (Location::Field, name),
            _ => return None,
        };
        let name = name.to_owned();
        (!name.is_empty()).then_some(Self::Cell(CellName { location, name }))
    }

    /// Returns the maximum number of bytes of a piece; 0 for attributes and fields, which are cut.
    fn most_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            // exponential_histogram is the longest.
            Self::Signal | Self::Table => 21,
            Self::Time(_) => DEFAULT.len(),
            Self::Cell(_) => 0,
        }
    }
}

/// Parses a template; the empty one has no parts.
pub(crate) fn parse(template: &str) -> Result<Vec<Part>, ParsePartitioningError> {
    let mut parts: Vec<Part> = Vec::new();
    let mut pieces = Vec::new();
    let (mut start, mut at) = (0, 0);
    let error = |at, kind| ParsePartitioningError {
        template: template.to_owned(),
        at,
        kind,
    };
    while let Some(character) = template[at..].chars().next() {
        let next = at + character.len_utf8();
        at = match character {
            '/' => {
                let part = Part::new(&template[start..at], std::mem::take(&mut pieces));
                parts.push(part.map_err(|kind| error(start, kind))?);
                start = next;
                next
            }
            '{' => {
                let len = template[next..].find('}');
                let len = len.ok_or_else(|| error(at, PartitioningErrorKind::Unclosed))?;
                let name = &template[next..next + len];
                let unknown = || PartitioningErrorKind::UnknownPlaceholder(name.to_owned());
                let piece = Piece::from_placeholder(name).ok_or_else(|| error(at, unknown()))?;
                let is_cell = |piece: &Piece| matches!(piece, Piece::Cell(_));
                if is_cell(&piece) && pieces.iter().any(is_cell) {
                    return Err(error(at, PartitioningErrorKind::TwoValues));
                }
                pieces.push(piece);
                next + len + 1
            }
            '}' => return Err(error(at, PartitioningErrorKind::Unopened)),
            '\\' | '\0'..' ' | '\x7f' => {
                return Err(error(at, PartitioningErrorKind::Character(character)));
            }
            _ => {
                match pieces.last_mut() {
                    Some(Piece::Text(text)) => text.push(character),
                    _ => pieces.push(Piece::Text(character.to_string())),
                }
                next
            }
        };
    }
    if !template.is_empty() {
        let part = Part::new(&template[start..], pieces).map_err(|kind| error(start, kind))?;
        parts.push(part);
    }
    check_names(&parts).map_err(|kind| error(0, kind))?;
    Ok(parts)
}

impl Part {
    fn new(template: &str, pieces: Vec<Piece>) -> Result<Self, PartitioningErrorKind> {
        let first = pieces.first().ok_or(PartitioningErrorKind::EmptyPart)?;
        let mut name = template;
        if let Piece::Text(text) = first {
            if text.starts_with(['.', '_']) {
                return Err(PartitioningErrorKind::Hidden);
            }
            name = text.split_once('=').map_or(template, |(name, _)| name);
            if name.is_empty() {
                return Err(PartitioningErrorKind::NoName);
            }
        }
        let fixed: usize = pieces.iter().map(Piece::most_bytes).sum();
        let mut limit = 0;
        let mut left = PART_BYTES.checked_sub(fixed);
        if pieces.iter().any(|piece| matches!(piece, Piece::Cell(_))) {
            left = left.and_then(|left| left.checked_sub(HASH_LEN + VALUE_BYTES));
            limit = VALUE_BYTES + left.unwrap_or_default();
        }
        if left.is_none() {
            return Err(PartitioningErrorKind::TooLong(template.to_owned()));
        }
        let name = name.to_owned();
        Ok(Self {
            pieces,
            name,
            limit,
        })
    }
}

fn check_names(parts: &[Part]) -> Result<(), PartitioningErrorKind> {
    for (number, part) in parts.iter().enumerate() {
        let named = || {
            part.pieces
                .iter()
                .any(|piece| !matches!(piece, Piece::Text(_)))
        };
        if named() && parts[..number].iter().any(|other| other.name == part.name) {
            return Err(PartitioningErrorKind::DuplicateName(part.name.clone()));
        }
    }
    Ok(())
}

/// The error of parsing a [`Partitioning`](crate::Partitioning): a mistake and its position.
///
/// ```
/// use otlake_dataset::{ParsePartitioningError, Partitioning, PartitioningErrorKind};
///
/// let error: Result<Partitioning, ParsePartitioningError> = "date={date}/hour={hours}".parse();
/// let Err(error) = error else { panic!("there is no such placeholder") };
/// assert_eq!(error.kind(), &PartitioningErrorKind::UnknownPlaceholder("hours".to_owned()));
/// assert_eq!(error.at(), "date={date}/hour=".len());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsePartitioningError {
    template: String,
    at: usize,
    kind: PartitioningErrorKind,
}

impl ParsePartitioningError {
    /// Returns the byte offset of the mistake in the template, or of the part with the mistake.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Returns the kind of the mistake.
    pub fn kind(&self) -> &PartitioningErrorKind {
        &self.kind
    }
}

impl fmt::Display for ParsePartitioningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { template, at, kind } = self;
        write!(
            f,
            "the partitioning {template:?} is wrong at byte {at}: {kind}"
        )
    }
}

impl std::error::Error for ParsePartitioningError {}

/// The kind of a mistake in a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartitioningErrorKind {
    /// A placeholder that does not exist.
    #[error("there is no placeholder {{{0}}}: write one of {PLACEHOLDERS}")]
    UnknownPlaceholder(String),
    /// A `{` without a `}`.
    #[error("the brace is not closed: write }} after the name")]
    Unclosed,
    /// A `}` without a `{`.
    #[error("the brace closes nothing: write {{ before the name, or remove it")]
    Unopened,
    /// A part without a character.
    #[error(
        "a part of the path is empty: remove slashes at the beginning and the end, and double ones"
    )]
    EmptyPart,
    /// A part that begins with a dot or an underscore.
    #[error(
        "a part of the path begins with a dot or an underscore, which leads elsewhere or is hidden \
         from readers: begin it with something else"
    )]
    Hidden,
    /// A part that begins with an equals sign.
    #[error("a part of the path begins with =: write the name of the partition column before it")]
    NoName,
    /// A character that file names can't have.
    #[error(
        "{0:?} is no character of a path: separate the parts with /, and leave it out elsewhere"
    )]
    Character(char),
    /// Two attributes or fields in one part.
    #[error(
        "a part of the path has two attributes or fields, so that \"a\" and \"bc\" would get the \
         directory of \"ab\" and \"c\": put a / between them"
    )]
    TwoValues,
    /// A part whose text leaves no space for values.
    #[error(
        "the part {0:?} of the path may get longer than {PART_BYTES} bytes: shorten it, or put a / \
         into it"
    )]
    TooLong(String),
    /// Two parts are the same partition column.
    #[error("two parts of the path are called {0:?}: rename one of them")]
    DuplicateName(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::partition::Partitioning;

    #[test]
    fn templates_come_back_as_they_were() {
        for template in [
            "",
            "logs",
            "signal={signal}/date={date}/hour={hour}",
            "{table}/service={resource.service.name}/date={date}",
            "{resource.k8s.pod.label.app/name}",
            "env=prod/dt={year}{month}{day}{hour}{minute}",
            "größe={attr.größe}-{date}",
            "{severity_text}/{scope_name}/{scope.a}",
            "raw/raw/{kind}",
        ] {
            let partitioning: Partitioning = template.parse().unwrap();
            assert_eq!(partitioning.to_string(), template);
            assert_eq!(partitioning.is_none(), template.is_empty());
        }
    }

    #[test]
    fn errors_say_what_is_wrong_and_where() {
        use PartitioningErrorKind::*;
        let unknown = |name: &str| UnknownPlaceholder(name.to_owned());
        let long = "x".repeat(200);
        for (template, at, kind) in [
            ("a={signl}", 2, unknown("signl")),
            ("{}", 0, unknown("")),
            ("{attr.}", 0, unknown("attr.")),
            ("{field.a}", 0, unknown("field.a")),
            ("ü/{date", 3, Unclosed),
            ("{date}}", 6, Unopened),
            ("/a", 0, EmptyPart),
            ("a//b", 2, EmptyPart),
            ("a/", 2, EmptyPart),
            ("..", 0, Hidden),
            ("a/../b", 2, Hidden),
            ("a/.{date}", 2, Hidden),
            ("_otlake", 0, Hidden),
            ("a/={date}", 2, NoName),
            ("a\\b", 1, Character('\\')),
            ("a\nb", 1, Character('\n')),
            ("a\u{7f}", 1, Character('\u{7f}')),
            ("x={attr.a}-{attr.b}", 11, TwoValues),
            (&format!("a/{long}x"), 2, TooLong(format!("{long}x"))),
            ("a={date}/a={hour}", 0, DuplicateName("a".to_owned())),
        ] {
            let error = template.parse::<Partitioning>().unwrap_err();
            assert_eq!((error.at(), error.kind()), (at, &kind), "{template}");
            let text = error.to_string();
            assert!(text.contains(&format!("{template:?}")), "{text}");
        }
        let error = "a={signl}".parse::<Partitioning>().unwrap_err().to_string();
        assert!(
            error.contains("at byte 2: there is no placeholder {signl}: write one of {signal}"),
            "{error}"
        );
    }
}
