//! The partition columns of files and their typed values.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;

/// A partition column of a file and its value there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PartitionValue {
    /// The name of the column: `date` of the template part `date={date}`.
    pub name: String,
    /// The computation of the value from the columns of a row.
    pub transform: Transform,
    /// The value that all rows of the file have, neither escaped nor cut; `None` for the default partition.
    pub value: Option<PartitionLiteral>,
}

/// The computation of a partition value from the columns of a row. Times are those of the column `timestamp`, in
/// UTC.
///
/// Its text is what a table format can keep with a column: `date`, `hour`, `text`, or `identity` and the source.
///
/// ```
/// use otlake_dataset::Transform;
///
/// let transform: Transform = "identity resource.service.name".parse()?;
/// assert_eq!(transform, Transform::Identity("resource.service.name".to_owned()));
/// assert_eq!(transform.to_string(), "identity resource.service.name");
/// assert_eq!(Transform::Date.to_string(), "date");
/// # Ok::<_, otlake_dataset::ParseTransformError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transform {
    /// The date of the time.
    Date,
    /// The year of the time.
    Year,
    /// The month of the time, from 1.
    Month,
    /// The day of the month of the time, from 1.
    Day,
    /// The hour of the day of the time.
    Hour,
    /// The minute of the hour of the time.
    Minute,
    /// The text of an attribute, by its [full name](otlake_schema::full_name), or of a field, by the name of its
    /// column.
    Identity(String),
    /// A text that is constant or has several placeholders.
    Text,
}

/// The error of a text that is no [`Transform`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a transform of partition values, such as `date`")]
#[non_exhaustive]
pub struct ParseTransformError {
    /// The text.
    pub text: String,
}

/// A partition value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PartitionLiteral {
    /// A date, in days since 1970-01-01.
    Date(i32),
    /// A year, month, day, hour or minute.
    Integer(i32),
    /// A text.
    Text(String),
}

impl PartitionValue {
    /// Creates a partition value.
    pub fn new(
        name: impl Into<String>,
        transform: Transform,
        value: Option<PartitionLiteral>,
    ) -> Self {
        Self {
            name: name.into(),
            transform,
            value,
        }
    }

    /// Returns the bytes of memory that the value takes on the heap.
    pub(crate) fn heap_size(&self) -> usize {
        let source = match &self.transform {
            Transform::Identity(source) => source.capacity(),
            _ => 0,
        };
        let text = match &self.value {
            Some(PartitionLiteral::Text(text)) => text.capacity(),
            _ => 0,
        };
        self.name.capacity() + source + text
    }

    fn integer(&self) -> Option<i32> {
        match self.value {
            Some(PartitionLiteral::Integer(value)) => Some(value),
            _ => None,
        }
    }
}

impl fmt::Display for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Date => "date",
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day",
            Self::Hour => "hour",
            Self::Minute => "minute",
            Self::Identity(source) => return write!(f, "identity {source}"),
            Self::Text => "text",
        })
    }
}

impl FromStr for Transform {
    type Err = ParseTransformError;

    fn from_str(text: &str) -> Result<Self, ParseTransformError> {
        Ok(match text {
            "date" => Self::Date,
            "year" => Self::Year,
            "month" => Self::Month,
            "day" => Self::Day,
            "hour" => Self::Hour,
            "minute" => Self::Minute,
            "text" => Self::Text,
            _ => match text.strip_prefix("identity ") {
                Some(source) => Self::Identity(source.to_owned()),
                None => {
                    return Err(ParseTransformError {
                        text: text.to_owned(),
                    });
                }
            },
        })
    }
}

impl PartitionLiteral {
    /// Reads the text of a value of a transform, as [`Display`](fmt::Display) writes it. A text that doesn't have the
    /// form of the transform's values stays text.
    ///
    /// ```
    /// use otlake_dataset::{PartitionLiteral, Transform};
    ///
    /// let hour = PartitionLiteral::of_text(&Transform::Hour, "07".to_owned());
    /// assert_eq!(hour, PartitionLiteral::Integer(7));
    /// ```
    pub fn of_text(transform: &Transform, text: String) -> Self {
        let literal = match transform {
            Transform::Date => text.parse().ok().map(|date| Self::Date(days(date))),
            Transform::Identity(_) | Transform::Text => None,
            _ => text.parse().ok().map(Self::Integer),
        };
        literal.unwrap_or(Self::Text(text))
    }
}

/// Writes dates as `2026-11-22` and integers as they are.
impl fmt::Display for PartitionLiteral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(days) => match NaiveDate::from_epoch_days(*days) {
                Some(date) => write!(f, "{date}"),
                None => write!(f, "{days}"),
            },
            Self::Integer(value) => write!(f, "{value}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// Returns the days from 1970-01-01 to a date.
pub(crate) fn days(date: NaiveDate) -> i32 {
    date.to_epoch_days()
}

/// Returns the day that all rows of a partition have, in days since 1970-01-01; `None` if the partition columns
/// don't determine it.
pub(crate) fn day_of(partition: &[PartitionValue]) -> Option<i32> {
    let integer = |transform| find(partition, transform)?.integer();
    match find(partition, Transform::Date).map(|value| &value.value) {
        Some(Some(PartitionLiteral::Date(days))) => Some(*days),
        Some(_) => None,
        None => {
            let year = integer(Transform::Year)?;
            let month = integer(Transform::Month)?.try_into().ok()?;
            let day = integer(Transform::Day)?.try_into().ok()?;
            NaiveDate::from_ymd_opt(year, month, day).map(days)
        }
    }
}

/// Returns the hour that all rows of a partition have, in hours since 1970-01-01; `None` if the partition columns
/// don't determine it.
pub(crate) fn hour_of(partition: &[PartitionValue]) -> Option<i64> {
    let hour = find(partition, Transform::Hour)?.integer()?;
    Some(i64::from(day_of(partition)?) * 24 + i64::from(hour))
}

fn find(partition: &[PartitionValue], transform: Transform) -> Option<&PartitionValue> {
    partition.iter().find(|value| value.transform == transform)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every transform is written and read, and no other text is one.
    #[test]
    fn transforms_are_written_and_read() {
        use Transform::*;
        let identity = || Identity("attr.a b".to_owned());
        for transform in [Date, Year, Month, Day, Hour, Minute, identity(), Text] {
            assert_eq!(transform.to_string().parse(), Ok(transform));
        }
        for text in ["", "Date", "identity", "bucket[16]"] {
            let error = text.parse::<Transform>().unwrap_err();
            assert_eq!(error.text, text);
        }
    }

    fn values(columns: &[(Transform, &str)]) -> Vec<PartitionValue> {
        let value = |(transform, text): &(Transform, &str)| {
            let literal = PartitionLiteral::of_text(transform, (*text).to_owned());
            PartitionValue::new("x", transform.clone(), Some(literal))
        };
        columns.iter().map(value).collect()
    }

    /// Templates that determine the day or hour in different ways, or not at all.
    #[test]
    fn days_and_hours_follow_from_the_columns_that_determine_them() {
        use Transform::*;
        let by_date = values(&[(Date, "2026-11-22"), (Hour, "07")]);
        let by_parts = values(&[(Year, "2026"), (Month, "11"), (Day, "22"), (Hour, "07")]);
        for partition in [&by_date, &by_parts] {
            assert_eq!(day_of(partition), Some(20_779));
            assert_eq!(hour_of(partition), Some(20_779 * 24 + 7));
        }
        for partition in [
            values(&[(Hour, "07")]),
            values(&[(Year, "2026"), (Month, "11")]),
            values(&[(Text, "2026-11-22")]),
            vec![PartitionValue::new("date", Date, None)],
        ] {
            assert_eq!((day_of(&partition), hour_of(&partition)), (None, None));
        }
    }
}
