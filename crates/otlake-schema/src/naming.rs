use otlake_row::Location;
use xxhash_rust::xxh3::xxh3_64;

/// Derives the column name of an attribute from its location and its name.
///
/// A naming may derive the same column name for several attributes, but a column holds the values of one
/// attribute only: the [`Schema`](crate::Schema) gives the name to the attribute that comes first, and
/// appends a hash of the [full name](full_name) for every other. Names that differ only in case count
/// as the same, because DuckDB and Spark cannot distinguish them. An attribute never gets the name of one
/// of the protocol's fields.
///
/// Fields have no naming: the column of a field has the name of the field.
///
/// ```
/// use otlake_row::Location;
/// use otlake_schema::{FlatNaming, Naming, Resolved, Schema, SchemaOptions, Table};
///
/// /// Names columns of attributes without the prefix `attr_`.
/// struct Short;
///
/// impl Naming for Short {
///     fn write(&self, location: Location, name: &str, column: &mut String) {
///         match location {
///             Location::Attribute => column.push_str(name),
///             _ => FlatNaming.write(location, name, column),
///         }
///     }
/// }
///
/// let mut schema = Schema::new(Table::Logs, SchemaOptions::new().with_naming(Short));
/// let Resolved::Column(id) = schema.resolve(Location::Attribute, "tenant") else {
///     panic!("the column budget is not used up");
/// };
/// assert_eq!(schema.column(id).name(), "tenant");
/// ```
pub trait Naming {
    /// Appends the column name of an attribute to `column`, which is empty.
    fn write(&self, location: Location, name: &str, column: &mut String);
}

/// The default naming: `resource_service_name`, `scope_…`, `attr_http_method`.
///
/// A column name is the location, an underscore, and the attribute's name in lower case. ASCII
/// characters other than letters and digits become `_`, and so do white space and control characters;
/// letters of other scripts are kept. A name that begins with an underscore gets no location as prefix.
#[derive(Clone, Copy, Debug, Default)]
pub struct FlatNaming;

impl Naming for FlatNaming {
    fn write(&self, location: Location, name: &str, column: &mut String) {
        if !name.starts_with('_') {
            column.push_str(prefix(location));
            column.push('_');
        }
        for c in name.chars() {
            match c {
                'a'..='z' | '0'..='9' => column.push(c),
                'A'..='Z' => column.push(c.to_ascii_lowercase()),
                // Not `is_alphanumeric`: the vowel signs and tone marks of many scripts are neither.
                _ if c.is_ascii() || c.is_whitespace() || c.is_control() => column.push('_'),
                _ => column.extend(c.to_lowercase()),
            }
        }
    }
}

/// The naming that keeps names as they were sent: `resource.service.name`, `scope.…`,
/// `attr.http.method`. The column name is the [`full_name`].
///
/// ```
/// use otlake_row::Location;
/// use otlake_schema::{FlatNaming, Naming, VerbatimNaming};
///
/// let mut column = String::new();
/// VerbatimNaming.write(Location::Resource, "service.name", &mut column);
/// assert_eq!(column, "resource.service.name");
/// column.clear();
/// FlatNaming.write(Location::Resource, "service.name", &mut column);
/// assert_eq!(column, "resource_service_name");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct VerbatimNaming;

impl Naming for VerbatimNaming {
    fn write(&self, location: Location, name: &str, column: &mut String) {
        column.push_str(&full_name(location, name));
    }
}

/// Returns the full name of a value: its location, a dot and its name as sent. The full name of a field
/// is its name alone. A value that goes to the `overflow` column is stored under its full name.
///
/// ```
/// use otlake_row::Location;
/// use otlake_schema::full_name;
///
/// assert_eq!(full_name(Location::Resource, "service.name"), "resource.service.name");
/// assert_eq!(full_name(Location::Attribute, "User-Id"), "attr.User-Id");
/// assert_eq!(full_name(Location::Field, "body"), "body");
/// ```
pub fn full_name(location: Location, name: &str) -> String {
    match location {
        Location::Field => name.to_owned(),
        _ => format!("{}.{name}", prefix(location)),
    }
}

/// Returns the location and the name that a [`full_name`] was made of.
pub(crate) fn split_full_name(full_name: &str) -> (Location, &str) {
    let attributes = [Location::Resource, Location::Scope, Location::Attribute];
    full_name
        .split_once('.')
        .and_then(|(before, name)| {
            let mut locations = attributes.into_iter();
            let location = locations.find(|location| prefix(*location) == before)?;
            Some((location, name))
        })
        .unwrap_or((Location::Field, full_name))
}

/// Returns whether a [`full_name`] is that of an attribute, not of a field.
pub(crate) fn is_attribute(full_name: &str) -> bool {
    split_full_name(full_name).0 != Location::Field
}

/// Returns the names that a column may get, best first: the one given, then with a short and with a
/// long hash of the full name. They depend on nothing else, so all writers try the same ones.
pub(crate) fn candidates(base: &str, full_name: &str) -> [String; 3] {
    let hash = format!("{:016x}", xxh3_64(full_name.as_bytes()));
    [
        base.to_owned(),
        format!("{base}_{}", &hash[..8]),
        format!("{base}_{hash}"),
    ]
}

/// The hash of a column name without its case. At least one reader cannot distinguish two names with the
/// same hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Folded(u64);

/// Folds the case of a column name. Two names are the same for DuckDB if they differ only in the case of
/// ASCII letters, and for Spark if Java's `equalsIgnoreCase` says so.
pub(crate) fn fold(name: &str) -> Folded {
    if name.is_ascii() {
        return Folded(xxh3_64(name.to_ascii_lowercase().as_bytes()));
    }
    // To upper case first, so that `ſ` is `s` and the Kelvin sign is `k`.
    let upper = name.chars().flat_map(char::to_uppercase);
    let folded: String = upper.flat_map(char::to_lowercase).collect();
    Folded(xxh3_64(folded.as_bytes()))
}

fn prefix(location: Location) -> &'static str {
    match location {
        Location::Field => "",
        Location::Resource => "resource",
        Location::Scope => "scope",
        Location::Attribute => "attr",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(naming: &impl Naming, location: Location, name: &str) -> String {
        let mut column = String::new();
        naming.write(location, name, &mut column);
        column
    }

    #[test]
    fn names_become_column_names() {
        use Location::{Attribute, Resource, Scope};
        for (location, name, flat, verbatim) in [
            (
                Resource,
                "service.name",
                "resource_service_name",
                "resource.service.name",
            ),
            (Scope, "Lib-Kind", "scope_lib_kind", "scope.Lib-Kind"),
            (
                Attribute,
                "http.request.method",
                "attr_http_request_method",
                "attr.http.request.method",
            ),
            (Attribute, "_tenant.id", "_tenant_id", "attr._tenant.id"),
            (Attribute, "Größe", "attr_größe", "attr.Größe"),
            (Attribute, "Имя.ГОД", "attr_имя_год", "attr.Имя.ГОД"),
            (Attribute, "हिन्दी", "attr_हिन्दी", "attr.हिन्दी"),
            (Attribute, "ชื่อ 1", "attr_ชื่อ_1", "attr.ชื่อ 1"),
            (
                Attribute,
                "a\u{a0}b\u{85}c",
                "attr_a_b_c",
                "attr.a\u{a0}b\u{85}c",
            ),
            (Attribute, "", "attr_", "attr."),
        ] {
            assert_eq!(column(&FlatNaming, location, name), flat);
            assert_eq!(column(&VerbatimNaming, location, name), verbatim);
        }
    }

    #[test]
    fn names_that_a_reader_cannot_distinguish_fold_to_the_same() {
        for (left, right) in [
            ("attr.User", "attr.uSER"),
            ("attr.STRASSE", "attr.straße"),
            ("attr.K", "attr.\u{212a}"),
            ("attr.s", "attr.ſ"),
            ("attr.ИМЯ", "attr.имя"),
        ] {
            assert_eq!(fold(left), fold(right), "{left} {right}");
        }
        assert_ne!(fold("attr.имя"), fold("attr.год"));
    }

    /// The hash is in published schemas and in queries, so it never changes.
    #[test]
    fn the_hash_in_a_name_is_stable() {
        let [base, short, long] = candidates("attr_http_status", "attr.http_status");
        assert_eq!(base, "attr_http_status");
        assert_eq!(short, "attr_http_status_7a26a12e");
        assert_eq!(long, "attr_http_status_7a26a12e3fdb2bce");
    }
}
