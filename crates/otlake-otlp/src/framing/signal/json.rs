use otlake_row::Signal;

use crate::framing::detect::skip_space;
use crate::framing::document_scanner::{DocumentScanner, Scanned};

/// The error of [`signal_of_json`] and [`signal_of_protobuf`](crate::signal_of_protobuf) for a payload that is
/// known to be something other than a request of logs, traces or metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignalError {
    /// The payload is a request of profiles.
    #[error("the payload holds profiles, which are not supported")]
    Profiles,
    /// The payload is the protobuf message of one resource, such as `ResourceLogs`, without a request around it.
    #[error(
        "the payload is the message of one resource with {}, not a request: put it into field 1 of \
         a request",
        signal.name()
    )]
    BareResource {
        /// The signal of its records.
        signal: Signal,
    },
}

/// Returns the signal of a request in OTLP/JSON. It is the signal of the first key of the outermost object that
/// names one: `resourceLogs`, `resourceSpans`, `resourceMetrics`, or `scopeLogs` and its siblings, also in
/// the spelling of the proto (`resource_logs`). Other members are skipped, and so are members that are `null` or an
/// empty array if there is one that is not.
///
/// This takes almost no time if that key comes first, as it does from all senders. Returns `None` if there is no such
/// key, or if the JSON is cut off or malformed before it. Keys with escapes (`\u0072…`) are not recognised.
///
/// ```
/// use otlake_otlp::{SignalError, signal_of_json};
/// use otlake_row::Signal;
///
/// let signal = signal_of_json(br#"{"resourceLogs":[]}"#)?;
/// assert_eq!(signal, Some(Signal::Logs));
///
/// let error = signal_of_json(br#"{"resourceProfiles":[]}"#).unwrap_err();
/// assert_eq!(error, SignalError::Profiles);
/// # Ok::<(), otlake_otlp::SignalError>(())
/// ```
///
/// # Errors
///
/// Returns an error if the key is `resourceProfiles`.
pub fn signal_of_json(payload: &[u8]) -> Result<Option<Signal>, SignalError> {
    let mut rest = skip_space(payload).strip_prefix(b"{");
    let mut nothing = Ok(None);
    while let Some((key, value)) = rest.and_then(member) {
        match signal_of_key(key) {
            Ok(None) => {}
            named if !is_null_or_empty(value) => return named,
            named if nothing == Ok(None) => nothing = named,
            _ => {}
        }
        rest = after(value).and_then(|rest| skip_space(rest).strip_prefix(b","));
    }
    nothing
}

/// Returns whether a value is `null` or an empty array.
fn is_null_or_empty(value: &[u8]) -> bool {
    match skip_space(value) {
        [b'[', rest @ ..] => skip_space(rest).starts_with(b"]"),
        value => value.starts_with(b"null"),
    }
}

fn signal_of_key(key: &[u8]) -> Result<Option<Signal>, SignalError> {
    match key {
        b"resourceLogs" | b"resource_logs" | b"scopeLogs" | b"scope_logs" => Ok(Some(Signal::Logs)),
        b"resourceSpans" | b"resource_spans" | b"scopeSpans" | b"scope_spans" => {
            Ok(Some(Signal::Traces))
        }
        b"resourceMetrics" | b"resource_metrics" | b"scopeMetrics" | b"scope_metrics" => {
            Ok(Some(Signal::Metrics))
        }
        b"resourceProfiles" | b"resource_profiles" => Err(SignalError::Profiles),
        _ => Ok(None),
    }
}

/// Returns the key of the member with which `rest` begins, and the text after its colon.
fn member(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = skip_space(rest);
    let (key, rest) = rest.split_at_checked(end_of_value(rest)?)?;
    let key = key.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let value = skip_space(rest).strip_prefix(b":")?;
    Some((key, value))
}

/// Returns the text after the value with which `rest` begins.
fn after(rest: &[u8]) -> Option<&[u8]> {
    let rest = skip_space(rest);
    match rest.first()? {
        b'{' | b'[' | b'"' => rest.get(end_of_value(rest)?..),
        _ => {
            let end = rest.iter().position(|byte| matches!(byte, b',' | b'}'))?;
            rest.get(end..)
        }
    }
}

/// Returns the end of the object, array or string with which `rest` begins.
fn end_of_value(rest: &[u8]) -> Option<usize> {
    match DocumentScanner::default().scan(rest) {
        Scanned::End(at) => Some(at),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_that_names_a_signal_counts() {
        let some = |signal| Ok(Some(signal));
        for (payload, expected) in [
            (r#"{"resourceLogs":[]}"#, some(Signal::Logs)),
            (
                "\u{feff} \r\n{\n  \"resource_logs\" : []}",
                some(Signal::Logs),
            ),
            (r#"{"resourceSpans":"#, some(Signal::Traces)),
            (r#"{"resource_spans":1}"#, some(Signal::Traces)),
            (
                r#"{"resourceMetrics":[],"resourceLogs":[]}"#,
                some(Signal::Metrics),
            ),
            (
                r#"{"resourceMetrics":[ ],"resourceLogs":[{}],"resourceSpans":[]}"#,
                some(Signal::Logs),
            ),
            (r#"{"resource_metrics":null}"#, some(Signal::Metrics)),
            (
                r#"{"resourceProfiles":null,"resourceSpans": null,"resourceLogs":[{}]}"#,
                some(Signal::Logs),
            ),
            (r#"{"resource":{},"scopeSpans":[]}"#, some(Signal::Traces)),
            (r#"{"scope_metrics":[]}"#, some(Signal::Metrics)),
            (r#"{"resourceProfiles":[]}"#, Err(SignalError::Profiles)),
            (
                r#"{"a":"\"resourceLogs\":,\\","resourceSpans":[]}"#,
                some(Signal::Traces),
            ),
            (
                r#"{"a":{"resourceLogs":[{"b":"}"}]},"resourceSpans":[]}"#,
                some(Signal::Traces),
            ),
            (
                r#"{"a" : -1.5e3 , "b":true,"c":null,"resourceSpans":[]}"#,
                some(Signal::Traces),
            ),
            (
                r#"{"a":[["]"],{}] ,"\"":"","resourceSpans":[]}"#,
                some(Signal::Traces),
            ),
            (
                r#"{"dictionary":{},"resourceProfiles":[]}"#,
                Err(SignalError::Profiles),
            ),
            (r#"{"a":{"resourceLogs":[]}}"#, Ok(None)),
            (r#"{"a":[{"resourceLogs":[]}"#, Ok(None)),
            (r#"{"a":"resourceLogs"}"#, Ok(None)),
            (r#"{"a" "resourceLogs":[]}"#, Ok(None)),
            (r#"{"a":1"#, Ok(None)),
            (r#"{"resourceLogs"#, Ok(None)),
            (r#"{"\"#, Ok(None)),
            (r#"["resourceLogs"]"#, Ok(None)),
            ("{}", Ok(None)),
            ("{", Ok(None)),
            ("", Ok(None)),
        ] {
            assert_eq!(signal_of_json(payload.as_bytes()), expected, "{payload}");
        }
    }
}
