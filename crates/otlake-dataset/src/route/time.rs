//! The time of an event, as parts of a path and packed into a few bits.

use std::fmt::{self, Write};
use std::ops::Range;

use chrono::{DateTime, Datelike, Timelike, Utc};
use otlake_row::{Key, Row, Value};
use otlake_schema::{FieldKind, Table, field_columns};

use super::partition_value::Transform;

const SECOND: i64 = 1_000_000_000;

/// A part of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeField {
    Year,
    Month,
    Day,
    Date,
    Hour,
    Minute,
}

impl TimeField {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "year" => Self::Year,
            "month" => Self::Month,
            "day" => Self::Day,
            "date" => Self::Date,
            "hour" => Self::Hour,
            "minute" => Self::Minute,
            _ => return None,
        })
    }

    /// Returns the computation of the field from the time of a row.
    pub(crate) fn transform(self) -> Transform {
        match self {
            Self::Year => Transform::Year,
            Self::Month => Transform::Month,
            Self::Day => Transform::Day,
            Self::Date => Transform::Date,
            Self::Hour => Transform::Hour,
            Self::Minute => Transform::Minute,
        }
    }

    /// Returns the least number of nanoseconds between two changes of the field.
    fn step(self) -> i64 {
        match self {
            Self::Year | Self::Month | Self::Day | Self::Date => 86_400 * SECOND,
            Self::Hour => 3_600 * SECOND,
            Self::Minute => 60 * SECOND,
        }
    }

    /// Returns the bits of the field in a packed time: from the highest, 10 for the year, 4 for the month, 5
    /// for the day, 5 for the hour, 6 for the minute.
    fn mask(self) -> u32 {
        match self {
            Self::Year => 0x3ff << 20,
            Self::Month => 0xf << 16,
            Self::Day => 0x1f << 11,
            Self::Date => Self::Year.mask() | Self::Month.mask() | Self::Day.mask(),
            Self::Hour => 0x1f << 6,
            Self::Minute => 0x3f,
        }
    }

    /// Appends the field. Nanoseconds in an i64 are in the years 1677 to 2262, so years have four digits.
    pub(crate) fn put(self, out: &mut String, nanos: i64) -> fmt::Result {
        let time = utc(nanos);
        match self {
            Self::Year => write!(out, "{:04}", time.year()),
            Self::Month => write!(out, "{:02}", time.month()),
            Self::Day => write!(out, "{:02}", time.day()),
            Self::Date => {
                let (year, month, day) = (time.year(), time.month(), time.day());
                write!(out, "{year:04}-{month:02}-{day:02}")
            }
            Self::Hour => write!(out, "{:02}", time.hour()),
            Self::Minute => write!(out, "{:02}", time.minute()),
        }
    }
}

fn utc(nanos: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_nanos(nanos)
}

/// The fields that the time of a table's events is read from: the fields of its column `timestamp`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventTime {
    time: Key,
    or: Option<Key>,
}

impl EventTime {
    pub(crate) fn of(table: Table) -> Option<Self> {
        field_columns(table)
            .into_iter()
            .find_map(|column| match column.kind {
                FieldKind::Timestamp { or } if column.name == "timestamp" => Some(Self {
                    time: column.key,
                    or,
                }),
                _ => None,
            })
    }

    /// Returns the keys of these fields.
    pub(crate) fn keys(self) -> impl Iterator<Item = Key> {
        std::iter::once(self.time).chain(self.or)
    }

    /// Returns nanoseconds since the epoch; `None` where the column is null.
    pub(crate) fn nanos(self, row: &Row<'_>) -> Option<i64> {
        let of = |key| {
            let nanos = row.get(key).and_then(Value::as_int)?;
            (nanos != 0).then_some(nanos)
        };
        of(self.time).or_else(|| self.or.and_then(of))
    }
}

/// Packs the wanted fields of times. Most events are in the same minute, hour or day as the previous one, so
/// the calendar is only needed when that changes.
#[derive(Clone, Debug)]
pub(crate) struct Packer {
    mask: u32,
    step: i64,
    /// The times with the same packed time as the previous one.
    like_last: Range<i64>,
    last: u32,
}

impl Packer {
    /// Returns `None` if no field is wanted.
    pub(crate) fn new(wanted: impl Iterator<Item = TimeField> + Clone) -> Option<Self> {
        Some(Self {
            step: wanted.clone().map(TimeField::step).min()?,
            mask: wanted.map(TimeField::mask).fold(0, |all, mask| all | mask),
            like_last: 0..0,
            last: 0,
        })
    }

    /// Returns a number less than 2^30. Two times have the same number exactly if all wanted fields are the
    /// same.
    pub(crate) fn pack(&mut self, nanos: i64) -> u32 {
        if !self.like_last.contains(&nanos) {
            let start = nanos.div_euclid(self.step).saturating_mul(self.step);
            self.like_last = start..start.saturating_add(self.step);
            let time = utc(nanos);
            let packed = (time.year() - 1_600) as u32 & 0x3ff;
            let packed = packed << 4 | time.month();
            let packed = packed << 5 | time.day();
            let packed = packed << 5 | time.hour();
            self.last = (packed << 6 | time.minute()) & self.mask;
        }
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIELDS: [TimeField; 6] = [
        TimeField::Year,
        TimeField::Month,
        TimeField::Day,
        TimeField::Date,
        TimeField::Hour,
        TimeField::Minute,
    ];

    fn text(fields: &[TimeField], nanos: i64) -> String {
        let mut text = String::new();
        for field in fields {
            field.put(&mut text, nanos).unwrap();
        }
        text
    }

    #[test]
    fn fields_are_in_utc() {
        for (nanos, expected) in [
            (1_795_332_600_000_000_000, "202611222026-11-220730"),
            (-1, "196912311969-12-312359"),
            (951_782_400_000_000_000, "200002292000-02-290000"),
            (i64::MIN, "167709211677-09-210012"),
            (i64::MAX, "226204112262-04-112347"),
        ] {
            assert_eq!(text(&FIELDS, nanos), expected);
        }
    }

    #[test]
    fn the_ends_of_time_are_packed() {
        let mut packer = Packer::new(FIELDS.into_iter()).unwrap();
        let ends = [i64::MIN, i64::MAX].map(|nanos| packer.pack(nanos));
        assert!(ends[0] < ends[1] && ends[1] < 1 << 30);
    }

    proptest! {
        #[test]
        fn the_same_number_for_the_same_fields(
            fields in prop::sample::subsequence(&FIELDS[..], 1..=6),
            times in prop::collection::vec(
                prop_oneof![any::<i64>(), (-100_000i64..100_000).prop_map(|s| s * 30 * SECOND)],
                2..20,
            ),
        ) {
            let mut packer = Packer::new(fields.iter().copied()).unwrap();
            let packed: Vec<u32> = times.iter().map(|nanos| packer.pack(*nanos)).collect();
            for (a, left) in times.iter().zip(&packed) {
                for (b, right) in times.iter().zip(&packed) {
                    prop_assert_eq!(left == right, text(&fields, *a) == text(&fields, *b));
                }
            }
        }
    }
}
