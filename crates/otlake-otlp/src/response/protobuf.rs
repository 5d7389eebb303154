use std::time::Duration;

use super::{Detail, RpcStatus};

/// Returns an `Export…ServiceResponse`. The fields of all signals have the same numbers.
pub(super) fn response(rejected: u64, error_message: Option<&str>) -> Vec<u8> {
    let mut response = Vec::new();
    if let Some(error_message) = error_message {
        let mut partial_success = Vec::new();
        push_integer(&mut partial_success, 1, rejected);
        push_bytes(&mut partial_success, 2, error_message.as_bytes());
        push_bytes(&mut response, 1, &partial_success);
    }
    response
}

/// Returns a `google.rpc.Status`.
pub(super) fn status(status: &RpcStatus) -> Vec<u8> {
    let mut message = Vec::new();
    push_integer(&mut message, 1, status.code.number().into());
    push_bytes(&mut message, 2, status.message.as_bytes());
    for detail in &status.details {
        let mut any = Vec::new();
        push_bytes(&mut any, 1, detail.type_url().as_bytes());
        push_bytes(&mut any, 2, &self::detail(detail));
        push_bytes(&mut message, 3, &any);
    }
    message
}

fn detail(detail: &Detail) -> Vec<u8> {
    let mut message = Vec::new();
    match detail {
        Detail::RetryInfo(delay) => push_bytes(&mut message, 1, &duration(*delay)),
        Detail::BadRequest { field, description } => {
            let mut violation = Vec::new();
            push_bytes(&mut violation, 1, field.as_bytes());
            push_bytes(&mut violation, 2, description.as_bytes());
            push_bytes(&mut message, 1, &violation);
        }
    }
    message
}

/// Returns a `google.protobuf.Duration`.
fn duration(duration: Duration) -> Vec<u8> {
    let mut message = Vec::new();
    push_integer(&mut message, 1, duration.as_secs());
    push_integer(&mut message, 2, duration.subsec_nanos().into());
    message
}

/// Appends a field of an integer type, unless it is 0, which proto3 does not write.
fn push_integer(message: &mut Vec<u8>, field: u64, value: u64) {
    if value != 0 {
        push_varint(message, field << 3);
        push_varint(message, value);
    }
}

/// Appends a string or a message, even if it is empty.
fn push_bytes(message: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    push_varint(message, field << 3 | 2);
    push_varint(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

fn push_varint(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}
