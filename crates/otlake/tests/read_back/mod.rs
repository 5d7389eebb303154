//! Files as records again, read with the parquet crate, and the same from prost's decode.

mod expected;
mod found;

use std::collections::BTreeMap;

pub use self::expected::expected_record;
pub use self::found::read_file;

/// A record by the names of columns: the fields that every file has, and everything else as a
/// sorted list, whether it is in a column or in the overflow.
#[derive(Debug, PartialEq, Default)]
pub struct Record {
    pub fields: BTreeMap<String, Datum>,
    pub attributes: Vec<(String, Option<String>)>,
}

/// A value of a field: a number or string as its text, or one that has others inside. What is null
/// inside of it is left out.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    Text(String),
    List(Vec<Option<Datum>>),
    /// Of a map or a struct.
    Entries(Vec<(String, Option<Datum>)>),
}

impl From<&str> for Datum {
    fn from(text: &str) -> Self {
        Datum::Text(text.to_owned())
    }
}
