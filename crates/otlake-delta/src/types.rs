//! The Delta types of the types in a manifest.

use serde_json::{Value, json};

/// The reason why a column can't be a column of a Delta table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unsupported(pub(crate) String);

/// Returns the Delta type, as in a schema's JSON, of a type in words, such as `list<float64>`.
pub(crate) fn to_delta(type_name: &str) -> Result<Value, Unsupported> {
    let mut parser = Parser { rest: type_name };
    let value = parser.parse()?;
    match parser.rest {
        "" => Ok(value),
        rest => Err(Unsupported(format!(
            "its type {type_name:?} has {rest:?} after its end"
        ))),
    }
}

struct Parser<'t> {
    rest: &'t str,
}

impl<'t> Parser<'t> {
    fn parse(&mut self) -> Result<Value, Unsupported> {
        if self.skip("list<") {
            let element = self.parse()?;
            self.expect(">")?;
            return Ok(json!({"type": "array", "elementType": element, "containsNull": true}));
        }
        if self.skip("map<") {
            let key = self.parse()?;
            self.expect(", ")?;
            let value = self.parse()?;
            self.expect(">")?;
            return Ok(json!({
                "type": "map", "keyType": key, "valueType": value, "valueContainsNull": true
            }));
        }
        if self.skip("struct<") {
            let mut fields = Vec::new();
            loop {
                let (name, rest) = self.rest.split_once(": ").ok_or_else(|| self.wrong(": "))?;
                self.rest = rest;
                check_name(name)?;
                fields.push(field(name, self.parse()?));
                if !self.skip(", ") {
                    break;
                }
            }
            self.expect(">")?;
            return Ok(json!({"type": "struct", "fields": fields}));
        }
        primitive(self.word()).map(Value::from)
    }

    fn skip(&mut self, prefix: &str) -> bool {
        let rest = self.rest.strip_prefix(prefix);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, text: &str) -> Result<(), Unsupported> {
        if self.skip(text) {
            return Ok(());
        }
        Err(self.wrong(text))
    }

    fn wrong(&self, expected: &str) -> Unsupported {
        let found = self.rest;
        Unsupported(format!(
            "its type has {found:?} where {expected:?} is expected"
        ))
    }

    /// Returns the name of a primitive type, which may have a comma in brackets.
    fn word(&mut self) -> &'t str {
        let mut depth = 0;
        let end = self.rest.find(|character| {
            match character {
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                _ => {}
            }
            depth == 0 && matches!(character, ',' | '>')
        });
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }
}

fn primitive(name: &str) -> Result<String, Unsupported> {
    let delta = match name {
        "boolean" => "boolean",
        "int8" => "byte",
        "int16" => "short",
        "int32" => "integer",
        "int64" => "long",
        "float32" => "float",
        "float64" => "double",
        "utf8" | "largeutf8" | "utf8view" => "string",
        "binary" | "largebinary" | "binaryview" => "binary",
        "date32" => "date",
        "timestamp[us]" => "timestamp_ntz",
        _ if name.starts_with("timestamp[us, ") => "timestamp",
        _ if name.starts_with("decimal") => return decimal(name),
        _ => {
            let advice = match name {
                "uint64" => "cast it to int64 or decimal128(20, 0)",
                _ if name.starts_with("uint") => "cast it to int64",
                _ if name.starts_with("timestamp") => "cast it to microseconds",
                _ => "leave the column out or cast it to another type",
            };
            return Err(Unsupported(format!(
                "Delta Lake has no type for {name}: {advice}"
            )));
        }
    };
    Ok(delta.to_owned())
}

/// `decimal128(10, 2)` is `decimal(10,2)`.
fn decimal(name: &str) -> Result<String, Unsupported> {
    let parts = name.split_once('(').and_then(|(_, rest)| {
        let (precision, scale) = rest.strip_suffix(')')?.split_once(", ")?;
        Some((precision.parse::<u8>().ok()?, scale.parse::<i8>().ok()?))
    });
    match parts {
        Some((precision @ ..=38, scale @ 0..)) => Ok(format!("decimal({precision},{scale})")),
        _ => Err(Unsupported(format!(
            "Delta Lake has no type for {name}: its decimals have up to 38 digits and no negative scale"
        ))),
    }
}

/// Returns a nullable field of a schema.
pub(crate) fn field(name: &str, delta_type: Value) -> Value {
    json!({"name": name, "type": delta_type, "nullable": true, "metadata": {}})
}

/// Checks the name of a column against the characters that Delta Lake excludes.
pub(crate) fn check_name(name: &str) -> Result<(), Unsupported> {
    const EXCLUDED: &[char] = &[' ', ',', ';', '{', '}', '(', ')', '\n', '\t', '='];
    match name.find(EXCLUDED).and_then(|at| name[at..].chars().next()) {
        None => Ok(()),
        Some(character) => Err(Unsupported(format!(
            "Delta Lake does not allow {character:?} in the name of a column: use the default naming, which replaces it"
        ))),
    }
}

/// Returns whether two Delta types are the same, whatever they say about nulls.
pub(crate) fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Object(a), Value::Object(b)) => {
            let same = |member: &str| match (a.get(member), b.get(member)) {
                (None, None) => true,
                (Some(a), Some(b)) => is_same(a, b),
                _ => false,
            };
            let names = |fields: Option<&Value>| {
                let fields = fields.and_then(Value::as_array)?.iter();
                Some(
                    fields
                        .map(|field| (field["name"].clone(), field["type"].clone()))
                        .collect(),
                )
            };
            let fields: [Option<Vec<_>>; 2] = [names(a.get("fields")), names(b.get("fields"))];
            ["type", "elementType", "keyType", "valueType"]
                .into_iter()
                .all(same)
                && match fields {
                    [Some(a), Some(b)] => {
                        a.len() == b.len()
                            && a.iter()
                                .zip(&b)
                                .all(|(a, b)| a.0 == b.0 && is_same(&a.1, &b.1))
                    }
                    [None, None] => true,
                    _ => false,
                }
        }
        _ => false,
    }
}

/// Returns the type in words of a Delta type.
pub(crate) fn to_words(delta_type: &Value) -> String {
    let nested = |member: &str| to_words(&delta_type[member]);
    if let Some(name) = delta_type.as_str() {
        let name = match name {
            "byte" => "int8",
            "short" => "int16",
            "integer" => "int32",
            "long" => "int64",
            "float" => "float32",
            "double" => "float64",
            "string" => "utf8",
            "date" => "date32",
            "timestamp" => "timestamp[us, UTC]",
            "timestamp_ntz" => "timestamp[us]",
            name => name,
        };
        return name
            .replace("decimal(", "decimal128(")
            .replace(',', ", ")
            .replace(",  ", ", ");
    }
    match delta_type["type"].as_str() {
        Some("array") => format!("list<{}>", nested("elementType")),
        Some("map") => format!("map<{}, {}>", nested("keyType"), nested("valueType")),
        Some("struct") => {
            let fields = delta_type["fields"].as_array();
            let fields = fields.into_iter().flatten().map(|field| {
                let name = field["name"].as_str().unwrap_or_default();
                format!("{name}: {}", to_words(&field["type"]))
            });
            format!("struct<{}>", fields.collect::<Vec<_>>().join(", "))
        }
        _ => delta_type.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every type that a column of telemetry has, and those of other producers that Delta Lake has as well.
    #[test]
    fn types_are_translated_and_back() {
        for (words, delta) in [
            ("boolean", json!("boolean")),
            ("int32", json!("integer")),
            ("int64", json!("long")),
            ("float64", json!("double")),
            ("utf8", json!("string")),
            ("binary", json!("binary")),
            ("date32", json!("date")),
            ("timestamp[us, UTC]", json!("timestamp")),
            ("timestamp[us]", json!("timestamp_ntz")),
            ("decimal128(10, 2)", json!("decimal(10,2)")),
            (
                "map<utf8, utf8>",
                json!({"type": "map", "keyType": "string", "valueType": "string", "valueContainsNull": true}),
            ),
            (
                "list<struct<time: int64, attributes: map<utf8, utf8>>>",
                json!({"type": "array", "containsNull": true, "elementType": {"type": "struct", "fields": [
                    {"name": "time", "type": "long", "nullable": true, "metadata": {}},
                    {"name": "attributes", "nullable": true, "metadata": {}, "type": {
                        "type": "map", "keyType": "string", "valueType": "string", "valueContainsNull": true
                    }},
                ]}}),
            ),
        ] {
            let translated = to_delta(words).unwrap();
            assert_eq!(translated, delta, "{words}");
            assert!(is_same(&translated, &delta));
            assert_eq!(to_words(&translated), words);
        }
    }

    /// A type that no Delta type can hold is an error that says what to do.
    #[test]
    fn a_type_that_delta_lake_lacks_is_an_error() {
        for (words, message) in [
            ("uint64", "cast it to int64 or decimal128(20, 0)"),
            ("uint8", "cast it to int64"),
            ("timestamp[ns, UTC]", "cast it to microseconds"),
            ("time64(µs)", "leave the column out"),
            ("decimal256(76, 2)", "up to 38 digits"),
            ("list<uint32>", "cast it to int64"),
            ("list<int64", "where \">\" is expected"),
            ("struct<a b: int64>", "does not allow ' '"),
            ("int64>", "after its end"),
        ] {
            let Unsupported(error) = to_delta(words).unwrap_err();
            assert!(error.contains(message), "{words}: {error}");
        }
    }

    #[test]
    fn nullability_does_not_make_a_type_another_one() {
        let strict = json!({"type": "array", "elementType": "long", "containsNull": false});
        assert!(is_same(&strict, &to_delta("list<int64>").unwrap()));
        assert!(!is_same(&strict, &to_delta("list<float64>").unwrap()));
        assert!(!is_same(&json!("long"), &json!("integer")));
        let (a, b) = (
            to_delta("struct<a: int64>"),
            to_delta("struct<a: int64, b: int64>"),
        );
        assert!(!is_same(&a.unwrap(), &b.unwrap()));
    }
}
