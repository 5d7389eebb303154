//! OTLP payloads of all signals to rows: a zero-copy walk over protobuf or JSON, with limits, and with
//! errors that say where.
//!
//! ```text
//! HTTP body ──▶ ContentEncoding ──┐
//!               (gzip, zstd)      ├─▶ OtlpDecoder ──▶ Row ──▶ any RowSink
//! file ───────▶ PayloadReader ────┘   (export requests and data messages)
//! ```
//!
//! Strings and bytes of a [`Row`](otlake_row::Row) borrow from the payload, names of attributes
//! are resolved by comparing them with the names that stood there in the record before, and the
//! resource and the scope are decoded once for all of their records. In the steady state nothing
//! is allocated for a record.
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
//!     "resource_logs[0]: the field is 10 bytes long, but 7 remain, at byte 2 \
//!      (0 records before it were delivered)",
//! );
//! ```
//!
//! # What is a field, what is an attribute
//!
//! The fields of the messages have the keys of [`otlake_row::fields`]. Proto3 does not send a
//! number that is 0 nor a string that is empty, so a row has no cell for it. Times beyond
//! [`i64::MAX`] nanoseconds are [`Value::String`](otlake_row::Value::String)s of their digits.
//! Of a field that is sent more than once, the last counts, or the messages merge, as the protobuf
//! encoding defines it. Unknown fields are skipped. `string_value_strindex` and `key_strindex`
//! point into the dictionary of a profiles payload and stand for nothing in any other, so they
//! are read as not set.
//!
//! # When to use this crate alone
//!
//! To read OTLP into something that is not Parquet: write a [`RowSink`](otlake_row::RowSink).
//!
//! # Features
//!
//! * `gzip`, `zstd` (both on): [`ContentEncoding`] inflates such payloads, and [`PayloadReader`]
//!   reads such files.
//! * `json` (on): [`OtlpDecoder::decode`] takes payloads in OTLP's JSON encoding.
//! * `opentelemetry-proto` (off): `OtlpDecoder::decode_request` takes the message types of the
//!   `opentelemetry-proto` crate, for services that receive them from their gRPC server, and
//!   `Summary::partial_success` makes the part of the response that says what was rejected.

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
pub use crate::summary::{Rejection, RejectionReason, Summary};
#[cfg(feature = "opentelemetry-proto")]
pub use crate::typed::ExportRequest;

#[cfg(feature = "opentelemetry-proto")]
pub use opentelemetry_proto;
