use otlake_row::Location;

/// How the column of an attribute is called.
///
/// Two names may become one column name; their values then share the column, and the second one
/// of a record overflows. The names of fields are not asked for: they are the column names.
pub trait Naming {
    /// Appends the column name of an attribute to `column`, which is empty.
    fn write(&self, location: Location, name: &str, column: &mut String);
}

/// `resource_service_name`, `scope_…`, `attr_http_method`: the location, an underscore and the
/// name in lower case with every character that is not `[a-z0-9]` turned into `_`. A name that
/// begins with an underscore has no location in front. The default.
#[derive(Clone, Copy, Debug, Default)]
pub struct FlatNaming;

impl Naming for FlatNaming {
    fn write(&self, location: Location, name: &str, column: &mut String) {
        if !name.starts_with('_') {
            column.push_str(prefix(location));
            column.push('_');
        }
        column.extend(name.chars().map(|c| match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9') => c,
            _ => '_',
        }));
    }
}

/// `resource.service.name`, `scope.…`, `attr.http.method`: the [`full_name`].
#[derive(Clone, Copy, Debug, Default)]
pub struct VerbatimNaming;

impl Naming for VerbatimNaming {
    fn write(&self, location: Location, name: &str, column: &mut String) {
        column.push_str(&full_name(location, name));
    }
}

/// The name under which a value stands in the `overflow` column: the location, a dot and the name
/// as it was sent; a field's name alone.
pub fn full_name(location: Location, name: &str) -> String {
    match location {
        Location::Field => name.to_owned(),
        _ => format!("{}.{name}", prefix(location)),
    }
}

/// Whether a [`full_name`] is that of an attribute, not of a field.
pub(crate) fn is_attribute(full_name: &str) -> bool {
    let prefixes = [Location::Resource, Location::Scope, Location::Attribute].map(prefix);
    let location = full_name.split_once('.').map(|(location, _)| location);
    location.is_some_and(|location| prefixes.contains(&location))
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
        for (location, name, flat, verbatim) in [
            (
                Location::Resource,
                "service.name",
                "resource_service_name",
                "resource.service.name",
            ),
            (
                Location::Scope,
                "Lib-Kind",
                "scope_lib_kind",
                "scope.Lib-Kind",
            ),
            (
                Location::Attribute,
                "http.request.method",
                "attr_http_request_method",
                "attr.http.request.method",
            ),
            (
                Location::Attribute,
                "_tenant.id",
                "_tenant_id",
                "attr._tenant.id",
            ),
            (Location::Attribute, "größe", "attr_gr__e", "attr.größe"),
            (Location::Attribute, "", "attr_", "attr."),
        ] {
            assert_eq!(column(&FlatNaming, location, name), flat);
            assert_eq!(column(&VerbatimNaming, location, name), verbatim);
        }
    }
}
