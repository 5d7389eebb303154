//! Carries tables and functions of this crate to the schedulers and executors of Ballista.

mod backfill;
mod functions;
mod location;
mod logical_codec;
mod options;
mod otlp_scan;
mod physical_codec;
mod tables;

pub use self::logical_codec::OtlakeLogicalCodec;
pub use self::physical_codec::OtlakePhysicalCodec;
