use super::document::{Json, Member};
use crate::rng::Rng;

/// Writes a document, making each choice at random.
pub(super) fn write(document: &Json, rng: &mut Rng) -> String {
    let mut writer = Writer {
        out: String::new(),
        // Either no white space, or some everywhere.
        space: if rng.chance(0.5) { 0.0 } else { 0.3 },
        rng,
    };
    writer.space();
    writer.value(document);
    writer.space();
    writer.out
}

struct Writer<'r> {
    out: String,
    space: f64,
    rng: &'r mut Rng,
}

impl Writer<'_> {
    fn value(&mut self, value: &Json) {
        match value {
            Json::Bool(bool) => self.out.push_str(if *bool { "true" } else { "false" }),
            Json::Integer(int) => {
                let text = self.integer(*int);
                self.quoted_or_not(&text);
            }
            Json::Double(double) => self.double(*double),
            Json::Enum(_, Some(name)) if self.rng.chance(0.3) => self.string(name),
            Json::Enum(number, _) => self.quoted_or_not(&number.to_string()),
            Json::String(string) => self.string(string),
            Json::Bytes(bytes) => {
                let url_safe = self.rng.chance(0.3);
                let padded = self.rng.chance(0.7);
                self.string(&base64(bytes, url_safe, padded));
            }
            Json::Id(bytes, length) if bytes.len() == *length && self.rng.chance(0.1) => {
                self.string(&base64(bytes, false, true));
            }
            Json::Id(bytes, _) => {
                let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                let upper = self.rng.chance(0.2);
                self.string(&if upper { digits.to_uppercase() } else { digits });
            }
            Json::Array(items) => self.array(items),
            Json::Object(members) => self.object(members),
        }
    }

    fn array(&mut self, items: &[Json]) {
        self.out.push('[');
        self.space();
        for (index, item) in items.iter().enumerate() {
            self.comma(index > 0);
            self.value(item);
            self.space();
        }
        self.out.push(']');
    }

    fn object(&mut self, members: &[Member]) {
        let may_have_unknown = may_have_unknown(members);
        let mut members: Vec<&Member> = members.iter().collect();
        members
            .retain(|member| member.explicit || !member.value.is_default() || self.rng.chance(0.3));
        if self.rng.chance(0.5) {
            for last in (1..members.len()).rev() {
                members.swap(last, self.rng.below(last + 1));
            }
        }
        self.out.push('{');
        self.space();
        let mut some = false;
        for member in members {
            self.extra(member, may_have_unknown, &mut some);
            self.comma(some);
            self.name(member.name);
            self.value(&member.value);
            self.space();
            some = true;
        }
        if may_have_unknown && self.rng.chance(0.03) {
            self.comma(some);
            self.unknown();
        }
        self.out.push('}');
    }

    /// Writes something before a member that does not change the meaning of the message.
    fn extra(&mut self, member: &Member, may_have_unknown: bool, some: &mut bool) {
        let scalar = matches!(
            member.value,
            Json::Bool(_) | Json::Integer(_) | Json::Double(_) | Json::String(_)
        );
        match self.rng.below(60) {
            0 if may_have_unknown => {
                self.comma(*some);
                self.unknown();
            }
            // A null, which means "not set".
            1 => {
                self.comma(*some);
                self.name(member.name);
                self.out.push_str("null");
                self.space();
            }
            // An earlier value of a scalar; the last one counts.
            2 if scalar => {
                self.comma(*some);
                self.name(member.name);
                let other = match member.value {
                    Json::Bool(bool) => Json::Bool(!bool),
                    Json::Integer(_) => Json::Integer(7),
                    Json::Double(_) => Json::Double(0.5),
                    _ => Json::String("overwritten".into()),
                };
                self.value(&other);
                self.space();
            }
            _ => return,
        }
        *some = true;
    }

    /// Writes an unknown member.
    fn unknown(&mut self) {
        const VALUES: [&str; 8] = [
            "null",
            "-0.0e-99",
            "[]",
            "{}",
            r#"[{"key":[[["}"]]]},"\\",1]"#,
            r#"{"resource":{"attributes":null},"scopeLogs":17}"#,
            r#""\"resourceLogs\":[""#,
            "[true,false,null,1e400]",
        ];
        self.string("x-unknown");
        self.space();
        self.out.push(':');
        self.space();
        let value = *self.rng.pick(&VALUES);
        self.out.push_str(value);
        self.space();
    }

    fn name(&mut self, proto: &str) {
        let name = if self.rng.chance(0.8) {
            camel_case(proto)
        } else {
            proto.to_owned()
        };
        self.string(&name);
        self.space();
        self.out.push(':');
        self.space();
    }

    fn comma(&mut self, some: bool) {
        if some {
            self.out.push(',');
            self.space();
        }
    }

    fn space(&mut self) {
        while self.rng.chance(self.space) {
            self.out.push(*self.rng.pick(&[' ', '\n', '\t', '\r']));
        }
    }

    /// Writes an integer as digits, or in another form of the same number.
    fn integer(&mut self, int: i128) -> String {
        match self.rng.below(20) {
            0 => format!("{int}.0"),
            1 => format!("{int}.000e0"),
            2 if int != 0 => format!("{int}000E-3"),
            3 if int % 10 == 0 => format!("{}e+1", int / 10),
            4 if int == 0 => "-0".to_owned(),
            _ => int.to_string(),
        }
    }

    fn double(&mut self, double: f64) {
        match double {
            double if double.is_nan() => self.string("NaN"),
            f64::INFINITY => self.one_of(&["Infinity", "+Inf"]),
            f64::NEG_INFINITY => self.one_of(&["-Infinity", "-Inf"]),
            double => {
                let text = match self.rng.below(4) {
                    0 => format!("{double:e}"),
                    1 => format!("{double}"),
                    _ => format!("{double:?}"),
                };
                self.quoted_or_not(&text);
            }
        }
    }

    fn one_of(&mut self, strings: &[&str]) {
        let string = *self.rng.pick(strings);
        self.string(string);
    }

    fn quoted_or_not(&mut self, text: &str) {
        if self.rng.chance(0.5) {
            self.string(text);
        } else {
            self.out.push_str(text);
        }
    }

    fn string(&mut self, string: &str) {
        // Most strings have only the escapes they need, some have many.
        let share = if self.rng.chance(0.05) { 0.5 } else { 0.0 };
        self.out.push('"');
        for char in string.chars() {
            match char {
                '"' | '\\' => self.out.extend(['\\', char]),
                '/' if self.rng.chance(0.1) => self.out.push_str("\\/"),
                '\n' if self.rng.chance(0.5) => self.out.push_str("\\n"),
                '\t' if self.rng.chance(0.5) => self.out.push_str("\\t"),
                '\r' if self.rng.chance(0.5) => self.out.push_str("\\r"),
                '\u{8}' if self.rng.chance(0.5) => self.out.push_str("\\b"),
                '\u{c}' if self.rng.chance(0.5) => self.out.push_str("\\f"),
                '\0'..' ' => self.unicode_escape(char),
                _ if self.rng.chance(share) => self.unicode_escape(char),
                _ => self.out.push(char),
            }
        }
        self.out.push('"');
    }

    fn unicode_escape(&mut self, char: char) {
        let upper = self.rng.chance(0.5);
        for unit in char.encode_utf16(&mut [0; 2]) {
            let escape = if upper {
                format!("\\u{unit:04X}")
            } else {
                format!("\\u{unit:04x}")
            };
            self.out.push_str(&escape);
        }
    }
}

/// Returns whether unknown members don't change the meaning of an object. They do in an `AnyValue` or a `KeyValue`
/// without a value, because decoders keep the text of values that consist of unknown members.
fn may_have_unknown(members: &[Member]) -> bool {
    let of_name = |name| members.iter().find(|member| member.name == name);
    match (of_name("key"), of_name("value")) {
        (Some(_), Some(value)) => match &value.value {
            Json::Object(members) => may_have_unknown(members),
            _ => true,
        },
        (Some(_), None) => false,
        (None, _) => !members.is_empty() && of_name("string_value_strindex").is_none(),
    }
}

/// Converts `time_unix_nano` to `timeUnixNano`.
fn camel_case(proto: &str) -> String {
    let mut camel = String::with_capacity(proto.len());
    for (index, word) in proto.split('_').enumerate() {
        let mut chars = word.chars();
        if index > 0 {
            camel.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        }
        camel.push_str(chars.as_str());
    }
    camel
}

fn base64(bytes: &[u8], url_safe: bool, padded: bool) -> String {
    let alphabet: Vec<char> = ('A'..='Z')
        .chain('a'..='z')
        .chain('0'..='9')
        .chain(if url_safe { ['-', '_'] } else { ['+', '/'] })
        .collect();
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().enumerate().fold(0u32, |bits, (at, byte)| {
            bits | u32::from(*byte) << (16 - 8 * at)
        });
        for digit in 0..4 {
            if digit <= chunk.len() {
                out.push(alphabet[(bits >> (18 - 6 * digit)) as usize & 63]);
            } else if padded {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bytes_are_written_as_proto3_says() {
        assert_eq!(
            camel_case("observed_time_unix_nano"),
            "observedTimeUnixNano"
        );
        assert_eq!(camel_case("kvlist_value"), "kvlistValue");
        assert_eq!(camel_case("key"), "key");
        // The examples of RFC 4648.
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes(), false, true), text);
            let unpadded = text.trim_end_matches('=');
            assert_eq!(base64(bytes.as_bytes(), false, false), unpadded);
        }
        assert_eq!(base64(&[0xfb, 0xff], true, true), "-_8=");
    }
}
