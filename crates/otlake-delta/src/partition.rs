//! The partition columns of a Delta table.

use std::collections::{BTreeMap, BTreeSet};

use otlake_dataset::{PartitionLiteral, PartitionValue, Partitioning, Transform};
use serde_json::Value;

use crate::actions::PartitionTexts;
use crate::error::DeltaError;

/// The property of a table that says how its partition columns follow from the rows.
pub(crate) const TRANSFORMS_PROPERTY: &str = "otlake.transforms";

/// Returns the partition values that become columns: those with a name. A part of a template without a name, such as
/// `{date}`, has its text as name, which no column can have.
pub(crate) fn columns(partition: &[PartitionValue]) -> impl Iterator<Item = &PartitionValue> {
    partition.iter().filter(|value| is_column(&value.name))
}

fn is_column(name: &str) -> bool {
    !name.contains('{')
}

/// Returns the names of the columns that a partitioning has.
pub(crate) fn names(partitioning: &Partitioning) -> Vec<String> {
    let columns = partitioning.columns().map(|(name, _)| name);
    let names = columns.filter(|name| is_column(name));
    names.map(str::to_owned).collect()
}

/// Checks the partition columns of files against those of the table, in any order.
pub(crate) fn check<'a>(
    directory: &str,
    found: impl IntoIterator<Item = &'a String>,
    expected: &[String],
) -> Result<(), DeltaError> {
    let found: BTreeSet<&String> = found.into_iter().collect();
    if found == expected.iter().collect() {
        return Ok(());
    }
    Err(DeltaError::PartitionColumns {
        directory: directory.to_owned(),
        found: found.into_iter().cloned().collect(),
        expected: expected.to_vec(),
    })
}

/// Returns the Delta type of a partition column.
pub(crate) fn delta_type(transform: &Transform) -> &'static str {
    match transform {
        Transform::Date => "date",
        Transform::Year
        | Transform::Month
        | Transform::Day
        | Transform::Hour
        | Transform::Minute => "integer",
        _ => "string",
    }
}

/// Returns the text of a partition value, as in the log; `None` is null.
pub(crate) fn text(value: &PartitionValue) -> Result<Option<String>, String> {
    let delta_type = delta_type(&value.transform);
    match (&value.value, delta_type) {
        (Some(PartitionLiteral::Text(text)), "date" | "integer") => Err(format!(
            "its partition value {text:?} is not of type {delta_type}"
        )),
        // Delta Lake reads an empty text as null.
        (Some(PartitionLiteral::Text(text)), _) if text.is_empty() => Ok(None),
        (value, _) => Ok(value.as_ref().map(ToString::to_string)),
    }
}

/// Returns the property with the transforms of partition columns.
pub(crate) fn transforms(partition: &[PartitionValue]) -> String {
    let transforms = columns(partition).map(|value| {
        (
            value.name.as_str(),
            Value::from(value.transform.to_string()),
        )
    });
    let transforms: BTreeMap<_, _> = transforms.collect();
    Value::from_iter(transforms).to_string()
}

/// Returns the transform of each partition column that the property has. One that this version doesn't know is a text.
pub(crate) fn read_transforms(property: &str) -> BTreeMap<String, Transform> {
    let transforms: BTreeMap<String, String> = serde_json::from_str(property).unwrap_or_default();
    let transforms = transforms.into_iter();
    transforms
        .map(|(name, text)| (name, text.parse().unwrap_or(Transform::Text)))
        .collect()
}

/// Returns the partition values of a file of a table.
pub(crate) fn values(
    columns: &[String],
    transforms: &BTreeMap<String, Transform>,
    texts: &PartitionTexts,
) -> Vec<PartitionValue> {
    let value = |name: &String| {
        let transform = transforms.get(name).cloned().unwrap_or(Transform::Text);
        let text = texts.get(name).cloned().flatten();
        let literal = text.map(|text| PartitionLiteral::of_text(&transform, text));
        PartitionValue::new(name, transform, literal)
    };
    columns.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Partition values of all kinds, as the log has them, and back.
    #[test]
    fn values_are_written_and_read() {
        let text = |text: &str| Some(PartitionLiteral::Text(text.to_owned()));
        let values_of = [
            PartitionValue::new(
                "date",
                Transform::Date,
                Some(PartitionLiteral::Date(20_779)),
            ),
            PartitionValue::new("hour", Transform::Hour, Some(PartitionLiteral::Integer(7))),
            PartitionValue::new("site", Transform::Text, None),
            PartitionValue::new("svc", Transform::Identity("resource.x".into()), text("a/b")),
        ];
        let unnamed = PartitionValue::new("{table}", Transform::Text, text("logs"));
        let all: Vec<_> = values_of.iter().chain([&unnamed]).cloned().collect();
        let texts: PartitionTexts = columns(&all)
            .map(|value| (value.name.clone(), super::text(value).unwrap()))
            .collect();
        let expected = [Some("2026-11-22"), Some("7"), None, Some("a/b")];
        assert_eq!(
            texts.values().map(Option::as_deref).collect::<Vec<_>>(),
            expected
        );
        let names: Vec<String> = texts.keys().cloned().collect();
        let read = values(&names, &read_transforms(&transforms(&all)), &texts);
        assert_eq!(read, values_of);
    }

    #[test]
    fn a_text_in_a_column_of_numbers_is_an_error() {
        let value = PartitionLiteral::Text("x".into());
        let value = PartitionValue::new("hour", Transform::Hour, Some(value));
        assert!(
            text(&value)
                .unwrap_err()
                .contains("\"x\" is not of type integer")
        );
    }
}
