//! Decodes OTLP payloads of all signals to rows, from protobuf, JSON, files and typed messages. Strings are
//! not copied, input limits hold, and errors name the byte and the field.
//!
//! ```text
//! HTTP body ──▶ ContentEncoding ──┐
//!               (gzip, zstd)      ├─▶ OtlpDecoder ──▶ Row ──▶ any RowSink
//! file ───────▶ PayloadReader ────┤
//! gRPC message ───────────────────┘
//! ```
//!
//! Strings and bytes of a [`Row`](otlake_row::Row) borrow from the payload. Names of attributes are resolved
//! by comparing them with those of the previous record. A resource and a scope are decoded once for all of
//! their records. In the steady state nothing is allocated for a record.
//!
//! # Example
//!
//! ```
//! use otlake_otlp::{Format, OtlpDecoder};
//! use otlake_row::{Bytes, OwnedRow, OwnedValue, Signal, fields};
//!
//! // ExportLogsServiceRequest { resource_logs { scope_logs { log_records { body: "hi" } } } }
//! let payload = Bytes::from_static(b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a\x02hi");
//!
//! let mut decoder = OtlpDecoder::new();
//! let mut rows: Vec<OwnedRow> = Vec::new();
//! let summary = decoder.decode(Signal::Logs, Format::Protobuf, &payload, &mut rows).unwrap();
//!
//! assert_eq!(summary.accepted, 1);
//! assert_eq!(rows[0].get(fields::BODY), Some(&OwnedValue::String("hi".into())));
//!
//! let cut_off = payload.slice(..9);
//! let error = decoder.decode(Signal::Logs, Format::Protobuf, &cut_off, &mut rows).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "resource_logs[0]: 10 bytes are expected, but 7 remain: the payload is cut off or damaged, \
//!      at byte 2 (0 records before it were delivered)",
//! );
//! ```
//!
//! # Fields and attributes
//!
//! Fields of the messages have the keys in [`otlake_row::fields`], and attributes have keys of their own.
//! Proto3 does not send a number that is 0 or an empty string, so a row has no cell for it. Times beyond
//! [`i64::MAX`] nanoseconds are [`Value::String`](otlake_row::Value::String)s of their digits. If a field is
//! sent more than once, the last one counts, or the messages merge, as protobuf defines it. Unknown fields
//! are skipped and counted in the [`Summary`]. `string_value_strindex` and `key_strindex` refer to the
//! dictionary of a profiles payload and mean nothing in other payloads, so they are treated as not set.
//!
//! # When to use this crate alone
//!
//! Use it alone to read OTLP into something other than Parquet. Write a [`RowSink`](otlake_row::RowSink) for it.
//!
//! # Features
//!
//! * `gzip`, `zstd` (both on): [`ContentEncoding`] inflates bodies in these encodings, and [`PayloadReader`] reads
//!   files in them.
//! * `json` (on): [`OtlpDecoder::decode`] accepts OTLP's JSON encoding.
//! * `opentelemetry-proto` (off): `OtlpDecoder::decode_request` accepts the message types of the
//!   `opentelemetry-proto` crate, for services that get them from their gRPC server, and
//!   `Summary::partial_success` returns the part of the response that reports rejected records.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod attributes;
mod decoder;
mod encoding;
mod error;
mod foreign;
mod framing;
#[cfg(feature = "json")]
mod json;
mod limits;
mod names;
#[cfg(feature = "opentelemetry-proto")]
mod partial_success;
mod protobuf;
mod record;
mod response;
mod run;
mod summary;
#[cfg(feature = "opentelemetry-proto")]
mod typed;
mod utf8;
mod values;

pub use crate::decoder::{OtlpDecoder, OtlpDecoderBuilder};
pub use crate::encoding::{ContentEncoding, InflateError, InflateLimits};
pub use crate::error::{DecodeError, InvalidPayload, InvalidPayloadKind};
pub use crate::framing::{
    Format, Framing, Payload, PayloadError, PayloadErrorKind, PayloadReader, SignalError,
    UnknownFraming, signal_of_json, signal_of_protobuf,
};
pub use crate::limits::{InvalidUtf8, Limits};
#[cfg(feature = "opentelemetry-proto")]
pub use crate::partial_success::PartialSuccess;
pub use crate::response::{RpcCode, RpcStatus};
pub use crate::summary::{Rejection, RejectionReason, Summary};
#[cfg(feature = "opentelemetry-proto")]
pub use crate::typed::ExportRequest;

#[cfg(feature = "opentelemetry-proto")]
pub use opentelemetry_proto;

#[doc = include_str!("../README.md")]
#[cfg(all(doctest, feature = "gzip", feature = "json"))]
struct Readme;

// Decoders are moved to the threads of workers, and errors to those that report them.
const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    const fn is_send<T: Send>() {}
    is_send::<OtlpDecoder>();
    is_send::<PayloadReader<std::fs::File>>();
    is_send_and_sync::<OtlpDecoderBuilder>();
    is_send_and_sync::<Payload>();
    is_send_and_sync::<Summary>();
    is_send_and_sync::<DecodeError<std::convert::Infallible>>();
    is_send_and_sync::<PayloadError>();
    is_send_and_sync::<InflateError>();
    is_send_and_sync::<SignalError>();
};
