use std::fmt::Write;

use super::threshold::Threshold;

/// OpenTelemetry's member of a W3C trace state holds at most this many characters.
const MAX_LENGTH: usize = 256;

/// A W3C trace state: members with commas between them, of which that of OpenTelemetry, `ot=`, has fields with
/// semicolons between them.
#[derive(Clone, Copy, Debug)]
pub(super) struct TraceState<'s> {
    text: &'s str,
}

impl<'s> TraceState<'s> {
    pub(super) fn new(text: &'s str) -> TraceState<'s> {
        TraceState { text }
    }

    fn members(self) -> impl Iterator<Item = &'s str> {
        let members = self.text.split(',').map(str::trim);
        members.filter(|member| !member.is_empty())
    }

    fn fields(self) -> impl Iterator<Item = &'s str> {
        let fields = self.members().find_map(|member| member.strip_prefix("ot="));
        let fields = fields.unwrap_or_default().split(';');
        fields.filter(|field| !field.is_empty())
    }

    fn field(self, name: &str) -> Option<&'s str> {
        self.fields()
            .find_map(|field| field.strip_prefix(name)?.strip_prefix(':'))
    }

    /// Returns the random value that the root of the trace has chosen.
    pub(super) fn random(self) -> Option<u64> {
        Threshold::random_from_hex(self.field("rv")?)
    }

    /// Returns the highest threshold that was applied so far.
    pub(super) fn threshold(self) -> Option<Threshold> {
        Threshold::from_hex(self.field("th")?)
    }

    /// Writes the state with another threshold, or without one, into `text`. OpenTelemetry's member comes
    /// first then, as W3C wants it of one that has changed. Returns `false` if the member would get too long.
    pub(super) fn write_with_threshold(
        self,
        threshold: Option<Threshold>,
        text: &mut String,
    ) -> bool {
        text.clear();
        let fields = self.fields().filter(|field| !field.starts_with("th:"));
        for field in fields {
            let separator = if text.is_empty() { "ot=" } else { ";" };
            text.push_str(separator);
            text.push_str(field);
        }
        if let Some(threshold) = threshold {
            let separator = if text.is_empty() { "ot=" } else { ";" };
            // Writing to a String does not fail.
            let _ = write!(text, "{separator}th:{threshold}");
        }
        if text.len() > "ot=".len() + MAX_LENGTH {
            return false;
        }
        for member in self.members().filter(|member| !member.starts_with("ot=")) {
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(member);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_threshold(state: &str, threshold: Option<&str>) -> Option<String> {
        let threshold = threshold.and_then(Threshold::from_hex);
        let mut text = "old".to_owned();
        let written = TraceState::new(state).write_with_threshold(threshold, &mut text);
        written.then_some(text)
    }

    #[test]
    fn values_are_found_among_other_members_and_fields() {
        let state = TraceState::new("vendor=th:1, ot=x:1;th:c;rv:0123456789abcd,tenant@ot=th:0");
        assert_eq!(state.threshold(), Threshold::from_hex("c"));
        assert_eq!(state.random(), Some(0x0001_2345_6789_abcd));
        let empty = TraceState::new("");
        assert_eq!((empty.threshold(), empty.random()), (None, None));
        assert_eq!(TraceState::new("ot=th:xyz;rv:1").threshold(), None);
    }

    #[test]
    fn a_threshold_replaces_the_one_before_and_keeps_everything_else() {
        let cases = [
            ("", Some("8"), "ot=th:8"),
            ("a=1,b=2", Some("8"), "ot=th:8,a=1,b=2"),
            (
                "a=1,ot=th:4;rv:0123456789abcd",
                Some("8"),
                "ot=rv:0123456789abcd;th:8,a=1",
            ),
            ("a=1,ot=th:4;x:1", None, "ot=x:1,a=1"),
            ("ot=th:4", None, ""),
        ];
        for (state, threshold, expected) in cases {
            assert_eq!(with_threshold(state, threshold).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_member_that_would_get_too_long_is_not_written() {
        let full = format!("ot=x:{}", "y".repeat(250));
        assert_eq!(with_threshold(&full, Some("8")), None);
    }
}
