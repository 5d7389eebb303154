//! Escapes values that become parts of paths: the characters that Spark's
//! `ExternalCatalogUtils.escapePathName` escapes, and all that would lead out of the directory or give two
//! values the same directory.

use std::fmt::Write;

use xxhash_rust::xxh3::xxh3_128;

/// The partition of rows without a value, as Hive calls it.
pub(crate) const DEFAULT: &str = "__HIVE_DEFAULT_PARTITION__";

/// The same partition where a part of the path begins with it: pyarrow and Spark don't read directories that
/// begin with an underscore.
pub(crate) const LEADING_DEFAULT: &str = "HIVE_DEFAULT_PARTITION__";

/// The bytes after the beginning of a value that was cut: a hyphen and 128 bits.
pub(crate) const HASH_LEN: usize = 33;

/// Appends `value`, which is not empty. A value of more than `limit` bytes is cut, and [`HASH_LEN`] bytes are
/// appended. `leads` says that a part of the path begins with the value.
///
/// A cut value is longer than every value that is not cut: it was cut because the next character, of 4 bytes
/// at most, exceeded the limit. So the two can't be confused.
pub(crate) fn put(out: &mut String, value: &str, leads: bool, limit: usize) {
    let start = out.len();
    for (at, character) in value.char_indices() {
        let end = out.len();
        let disguised = at == 0
            && match character {
                '.' => leads,
                '_' => leads || value == DEFAULT,
                'H' => leads && value == LEADING_DEFAULT,
                _ => false,
            };
        if disguised || is_special(character) {
            // Special characters are ASCII.
            put_formatted(out, format_args!("%{:02X}", character as u32));
        } else {
            out.push(character);
        }
        if out.len() - start > limit {
            out.truncate(end);
            put_formatted(out, format_args!("-{:032x}", xxh3_128(value.as_bytes())));
            return;
        }
    }
}

/// Returns whether Spark escapes the character, or it is NUL, which no file system accepts.
fn is_special(character: char) -> bool {
    character.is_ascii_control() || r##""#%'*/:=?\{[]^"##.contains(character)
}

fn put_formatted(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text)
        .unwrap_or_else(|error| unreachable!("a string takes all text: {error}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use otlake_storage::check_name;
    use proptest::prelude::*;

    const LIMIT: usize = 40;

    fn escape(value: &str, leads: bool) -> String {
        let mut out = String::new();
        put(&mut out, value, leads, LIMIT);
        out
    }

    /// Removes the escapes as Spark's `unescapePathName` does.
    fn unescape(text: &str) -> String {
        let mut pieces = text.split('%');
        let mut value = pieces.next().unwrap().to_owned();
        for piece in pieces {
            value.push(char::from(u8::from_str_radix(&piece[..2], 16).unwrap()));
            value.push_str(&piece[2..]);
        }
        value
    }

    #[test]
    fn special_characters_are_escaped() {
        for (value, leads, escaped) in [
            ("checkout", true, "checkout"),
            ("größe 😀", true, "größe 😀"),
            ("a/b\\c", true, "a%2Fb%5Cc"),
            ("..", true, "%2E."),
            ("..", false, ".."),
            ("_otlake", true, "%5Fotlake"),
            ("_otlake", false, "_otlake"),
            (DEFAULT, false, "%5F_HIVE_DEFAULT_PARTITION__"),
            (DEFAULT, true, "%5F_HIVE_DEFAULT_PARTITION__"),
            (LEADING_DEFAULT, true, "%48IVE_DEFAULT_PARTITION__"),
            (LEADING_DEFAULT, false, LEADING_DEFAULT),
            ("a\0\n\u{7f}", false, "a%00%0A%7F"),
            (
                "\"#%'*:=?{[]^}",
                false,
                "%22%23%25%27%2A%3A%3D%3F%7B%5B%5D%5E}",
            ),
        ] {
            assert_eq!(escape(value, leads), escaped, "{value:?}");
        }
    }

    #[test]
    fn long_values_are_cut_at_a_character() {
        let long = "ü".repeat(30);
        let other = format!("{}x", "ü".repeat(29));
        let escaped = escape(&long, false);
        assert!(escaped.starts_with(&"ü".repeat(20)), "{escaped}");
        assert_eq!(escaped.len(), LIMIT + HASH_LEN);
        assert_ne!(escaped, escape(&other, false));
        // The hash never changes, because the directories of a dataset have it in their names.
        assert_eq!(escaped, HASHED);
    }

    const HASHED: &str = "üüüüüüüüüüüüüüüüüüüü-582b83bc76cddb53533be05fdae54cfe";

    proptest! {
        #[test]
        fn escaping_is_undone_by_unescaping(
            value in "[._]?([ -/:-@\\[-`{-~]|\\PC|[\0-\u{7f}]){1,30}",
            leads: bool,
        ) {
            let escaped = escape(&value, leads);
            check_name("create", &if leads { escaped.clone() } else { format!("a={escaped}") }).unwrap();
            prop_assert!(escaped.len() <= LIMIT + HASH_LEN);
            prop_assert_ne!(&escaped, if leads { LEADING_DEFAULT } else { DEFAULT });
            if escaped.len() <= LIMIT {
                prop_assert_eq!(unescape(&escaped), value);
            } else {
                let begin = &escaped[..escaped.len() - HASH_LEN];
                prop_assert!(value.starts_with(&unescape(begin)));
            }
        }

        #[test]
        fn different_values_stay_different(
            left in "[a/._%ü]{1,45}",
            right in "[a/._%ü]{1,45}",
            leads: bool,
        ) {
            let (a, b) = (escape(&left, leads), escape(&right, leads));
            prop_assert_eq!(left == right, a == b);
            // No other value becomes the same text as a cut value.
            prop_assert!(a == left || escape(&a, leads) != a);
        }
    }
}
