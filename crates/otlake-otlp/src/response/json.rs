use std::fmt::Write;

use otlake_row::Signal;

use super::{Detail, RpcStatus};

/// Returns an `Export…ServiceResponse` in proto3's JSON, which has 64-bit integers as strings.
pub(super) fn response(signal: Signal, rejected: u64, error_message: Option<&str>) -> Vec<u8> {
    let Some(error_message) = error_message else {
        return b"{}".to_vec();
    };
    let member = match signal {
        Signal::Logs => "rejectedLogRecords",
        Signal::Traces => "rejectedSpans",
        Signal::Metrics => "rejectedDataPoints",
    };
    let message = text(error_message);
    format!(r#"{{"partialSuccess":{{"{member}":"{rejected}","errorMessage":{message}}}}}"#)
        .into_bytes()
}

/// Returns a `google.rpc.Status` in proto3's JSON.
pub(super) fn status(status: &RpcStatus) -> Vec<u8> {
    let (code, message) = (status.code.number(), text(&status.message));
    let mut json = format!(r#"{{"code":{code},"message":{message}"#);
    if !status.details.is_empty() {
        let details: Vec<_> = status.details.iter().map(detail).collect();
        json.push_str(&format!(r#","details":[{}]"#, details.join(",")));
    }
    json.push('}');
    json.into_bytes()
}

fn detail(detail: &Detail) -> String {
    let type_url = detail.type_url();
    match detail {
        Detail::RetryInfo(delay) => {
            let (seconds, nanoseconds) = (delay.as_secs(), delay.subsec_nanos());
            format!(r#"{{"@type":"{type_url}","retryDelay":"{seconds}.{nanoseconds:09}s"}}"#)
        }
        Detail::BadRequest { field, description } => {
            let (field, description) = (text(field), text(description));
            format!(
                r#"{{"@type":"{type_url}","fieldViolations":[{{"field":{field},"description":{description}}}]}}"#
            )
        }
    }
}

/// Returns a JSON string.
fn text(value: &str) -> String {
    let mut json = String::with_capacity(value.len() + 2);
    json.push('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            '\0'..='\x1f' => {
                // Writing to a string does not fail.
                let _ = write!(json, "\\u{:04x}", u32::from(character));
            }
            _ => json.push(character),
        }
    }
    json.push('"');
    json
}
