//! The keys of the protocol's own fields, the same in every [`Keys`](crate::Keys).
//!
//! The names are those of the OTLP messages; a field of the resource or the scope carries that
//! word in front. A cell is present when its field was: a number that is 0, a string or an id that
//! is empty is not sent by proto3, so there is no cell for it.

use crate::key::{Key, Location};

macro_rules! fields {
    ($($constant:ident = $name:literal, $doc:literal;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "only counts the constants")]
        enum Index { $($constant),* }
        $(
            #[doc = concat!("`", $name, "`: ", $doc)]
            pub const $constant: Key = Key::new(Location::Field, Index::$constant as u32);
        )*
        /// The names of all constants of this module, in the order of their keys.
        pub const NAMES: &[&str] = &[$($name),*];
    };
}

fields! {
    TIME_UNIX_NANO = "time_unix_nano", "when the event occurred, in nanoseconds since the epoch.";
    OBSERVED_TIME_UNIX_NANO = "observed_time_unix_nano", "when the event was observed, in nanoseconds since the epoch.";
    SEVERITY_NUMBER = "severity_number", "1 to 24, from TRACE to FATAL4.";
    SEVERITY_TEXT = "severity_text", "the severity as its source wrote it.";
    BODY = "body", "the log record's body, any value.";
    EVENT_NAME = "event_name", "the name that identifies the class of an event.";
    TRACE_ID = "trace_id", "16 bytes.";
    SPAN_ID = "span_id", "8 bytes.";
    FLAGS = "flags", "the flags as sent; the low 8 bits are W3C trace flags.";
    DROPPED_ATTRIBUTES_COUNT = "dropped_attributes_count", "attributes of the record dropped by its sender.";
    FINGERPRINT = "fingerprint", "a 64-bit hash of the body's typed tokens, added by a stage.";
    TEMPLATE = "template", "the body's text with its variables as placeholders, added by a stage.";
    RESOURCE_SCHEMA_URL = "resource_schema_url", "the schema URL of the resource.";
    RESOURCE_DROPPED_ATTRIBUTES_COUNT = "resource_dropped_attributes_count", "attributes of the resource dropped by its sender.";
    RESOURCE_ENTITY_REFS = "resource_entity_refs", "the entities that the resource takes part in, a list of maps.";
    SCOPE_NAME = "scope_name", "the name of the instrumentation scope.";
    SCOPE_VERSION = "scope_version", "the version of the instrumentation scope.";
    SCOPE_SCHEMA_URL = "scope_schema_url", "the schema URL of the scope's records.";
    SCOPE_DROPPED_ATTRIBUTES_COUNT = "scope_dropped_attributes_count", "attributes of the scope dropped by its sender.";
}
