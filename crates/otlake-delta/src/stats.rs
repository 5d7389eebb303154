//! The statistics of a file as Delta Lake keeps them, and back.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use otlake_dataset::{ManifestColumn, ManifestFile};
use otlake_parquet::Bound;
use serde_json::{Map, Value, json};

use crate::schema::TableSchema;
use crate::types::to_delta;

/// The number of characters after which a bound of text is cut. Longer ones only make the log larger; Spark cuts at
/// the same length.
const TEXT_CHARACTERS: usize = 32;

/// Returns the `stats` of a file: its number of rows, and bounds and null counts of its columns.
///
/// Every bound is true for all rows, whatever a reader assumes about precision: a time is rounded to milliseconds away
/// from the rows, and a maximum that is cut gets a last character that is greater than any other. A column has no
/// bounds if they are unknown or can't be written as JSON: NaN, infinities, bytes.
pub(crate) fn write(file: &ManifestFile, is_partition_column: impl Fn(&str) -> bool) -> String {
    let (mut min, mut max, mut nulls) = (Map::new(), Map::new(), Map::new());
    for column in &file.columns {
        if is_partition_column(&column.name) {
            continue;
        }
        let delta_type = to_delta(&column.type_name).unwrap_or_default();
        if delta_type["type"] == "struct" {
            // Its statistics would be those of its members.
            continue;
        }
        nulls.insert(column.name.clone(), column.nulls.into());
        let Some(delta_type) = delta_type.as_str() else {
            continue;
        };
        let bounds = (
            column.min.as_ref().and_then(|min| lower(delta_type, min)),
            column.max.as_ref().and_then(|max| upper(delta_type, max)),
        );
        if let (Some(lower), Some(upper)) = bounds {
            min.insert(column.name.clone(), lower);
            max.insert(column.name.clone(), upper);
        }
    }
    json!({"numRecords": file.rows, "minValues": min, "maxValues": max, "nullCount": nulls})
        .to_string()
}

fn lower(delta_type: &str, bound: &Bound) -> Option<Value> {
    match bound {
        Bound::Int64(micros) if delta_type.starts_with("timestamp") => {
            time(delta_type, micros.div_euclid(1_000))
        }
        Bound::Utf8(text) => {
            let end = text.char_indices().nth(TEXT_CHARACTERS);
            Some(end.map_or(&**text, |(end, _)| &text[..end]).into())
        }
        bound => exact(delta_type, bound),
    }
}

fn upper(delta_type: &str, bound: &Bound) -> Option<Value> {
    match bound {
        Bound::Int64(micros) if delta_type.starts_with("timestamp") => {
            let is_between = micros.rem_euclid(1_000) != 0;
            time(delta_type, micros.div_euclid(1_000) + i64::from(is_between))
        }
        Bound::Utf8(text) => {
            let mut beyond = text.char_indices().skip(TEXT_CHARACTERS);
            // A cut text gets the last of all characters, so a text that continues with it is cut later.
            match beyond.find(|(_, character)| *character != char::MAX) {
                None => Some(text.as_str().into()),
                Some((end, _)) => Some(format!("{}{}", &text[..end], char::MAX).into()),
            }
        }
        bound => exact(delta_type, bound),
    }
}

fn exact(delta_type: &str, bound: &Bound) -> Option<Value> {
    match (delta_type, bound) {
        ("byte" | "short" | "integer" | "long", Bound::Int64(value)) => Some((*value).into()),
        ("date", Bound::Int64(days)) => {
            let date = NaiveDate::from_epoch_days(i32::try_from(*days).ok()?)?;
            let date = date.to_string();
            // Ten characters: neither a sign nor a fifth digit of the year.
            (date.len() == 10).then(|| date.into())
        }
        ("float" | "double", Bound::Float64(value)) => {
            serde_json::Number::from_f64(*value).map(Value::Number)
        }
        _ => None,
    }
}

fn time(delta_type: &str, millis: i64) -> Option<Value> {
    let time: DateTime<Utc> = DateTime::from_timestamp_millis(millis)?;
    let with_zone = delta_type == "timestamp";
    let mut text = time.to_rfc3339_opts(SecondsFormat::Millis, true);
    if text.len() != "2026-11-22T07:00:00.000Z".len() {
        return None;
    }
    if !with_zone {
        text.pop();
    }
    Some(text.into())
}

/// Adds the rows and columns that `stats` describes to a file. Statistics that this version doesn't know are left out,
/// so that a bound is unknown.
pub(crate) fn read(stats: &str, schema: &TableSchema, file: &mut ManifestFile) {
    let Ok(stats) = serde_json::from_str::<Value>(stats) else {
        return;
    };
    file.rows = stats["numRecords"].as_u64().unwrap_or_default();
    for (name, delta_type, type_name) in schema.columns() {
        // A column without a null count may be missing in the file.
        let Some(nulls) = stats["nullCount"][name].as_u64() else {
            continue;
        };
        let bound = |bounds: &str| bound(delta_type.as_str()?, &stats[bounds][name]);
        let mut column = ManifestColumn::new(name, type_name);
        column.nulls = nulls;
        column.min = bound("minValues");
        column.max = bound("maxValues").map(|max| latest(delta_type, max));
        file.columns.push(column);
    }
}

/// Returns a maximum that is true for all rows. Times of other writers are cut to milliseconds, which the Delta protocol
/// allows.
fn latest(delta_type: &Value, max: Bound) -> Bound {
    match max {
        Bound::Int64(micros) if delta_type == "timestamp" && micros.rem_euclid(1_000) == 0 => {
            Bound::Int64(micros.saturating_add(999))
        }
        max => max,
    }
}

fn bound(delta_type: &str, value: &Value) -> Option<Bound> {
    Some(match delta_type {
        "byte" | "short" | "integer" | "long" => Bound::Int64(value.as_i64()?),
        "float" | "double" => Bound::Float64(value.as_f64()?),
        "string" => Bound::Utf8(value.as_str()?.to_owned()),
        "date" => {
            let date: NaiveDate = value.as_str()?.parse().ok()?;
            Bound::Int64(date.to_epoch_days().into())
        }
        "timestamp" => {
            let time = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
            Bound::Int64(time.timestamp_micros())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, type_name: &str, min: Bound, max: Bound) -> ManifestColumn {
        let mut column = ManifestColumn::new(name, type_name);
        (column.min, column.max) = (Some(min), Some(max));
        column
    }

    fn written(columns: Vec<ManifestColumn>) -> Value {
        let mut file = ManifestFile::new("logs/a.parquet");
        (file.rows, file.columns) = (3, columns);
        serde_json::from_str(&write(&file, |name| name == "partition")).unwrap()
    }

    /// Bounds stay true when they are rounded or cut: a time between two milliseconds, a time before 1970, a long text, a
    /// text with the last of all characters where it is cut.
    #[test]
    fn bounds_are_never_too_narrow() {
        const TIME: &str = "timestamp[us, UTC]";
        let time = |min, max| column("c", TIME, Bound::Int64(min), Bound::Int64(max));
        let text = |text: &str| {
            column(
                "c",
                "utf8",
                Bound::Utf8(text.into()),
                Bound::Utf8(text.into()),
            )
        };
        let long = "é".repeat(40);
        let last = format!("{}{}x", "a".repeat(32), char::MAX);
        for (column, min, max) in [
            (
                time(1_999, 2_001),
                "1970-01-01T00:00:00.001Z",
                "1970-01-01T00:00:00.003Z",
            ),
            (
                time(2_000, 2_000),
                "1970-01-01T00:00:00.002Z",
                "1970-01-01T00:00:00.002Z",
            ),
            (
                time(-1, -1),
                "1969-12-31T23:59:59.999Z",
                "1970-01-01T00:00:00.000Z",
            ),
            (text("short"), "short", "short"),
            (
                text(&long),
                &"é".repeat(32),
                &format!("{}{}", "é".repeat(32), char::MAX),
            ),
            (
                text(&last),
                &"a".repeat(32),
                &format!("{}{}{}", "a".repeat(32), char::MAX, char::MAX),
            ),
            (
                column("c", "date32", Bound::Int64(-1), Bound::Int64(20_779)),
                "1969-12-31",
                "2026-11-22",
            ),
        ] {
            let stats = written(vec![column]);
            assert_eq!(stats["minValues"]["c"], min);
            assert_eq!(stats["maxValues"]["c"], max);
        }
        assert!(
            long < format!("{}{}", "é".repeat(32), char::MAX)
                && last < format!("{}{}{}", "a".repeat(32), char::MAX, char::MAX)
        );
    }

    /// What JSON can't hold, or a reader could misread, has no bounds, and its nulls are counted all the same.
    #[test]
    fn bounds_that_cannot_be_written_are_left_out() {
        let floats = |min, max| column("c", "float64", Bound::Float64(min), Bound::Float64(max));
        for column in [
            floats(f64::NEG_INFINITY, 1.0),
            floats(f64::NAN, f64::NAN),
            column(
                "c",
                "binary",
                Bound::Binary("a".into()),
                Bound::Binary("b".into()),
            ),
            column("c", "boolean", Bound::Boolean(false), Bound::Boolean(true)),
            column(
                "c",
                "timestamp[us, UTC]",
                Bound::Int64(i64::MIN),
                Bound::Int64(0),
            ),
            column(
                "c",
                "date32",
                Bound::Int64(0),
                Bound::Int64(i64::from(i32::MAX)),
            ),
            ManifestColumn::new("c", "int64"),
        ] {
            let stats = written(vec![column]);
            assert_eq!(
                stats,
                json!({"numRecords": 3, "minValues": {}, "maxValues": {}, "nullCount": {"c": 0}})
            );
        }
        let partition = column(
            "partition",
            "utf8",
            Bound::Utf8("a".into()),
            Bound::Utf8("a".into()),
        );
        assert_eq!(written(vec![partition])["nullCount"], json!({}));
    }

    /// The maxima of a writer that cuts times to milliseconds, as the Delta protocol allows, and of one that keeps them: no
    /// row is later, so retention doesn't drop it early.
    #[test]
    fn a_time_that_is_cut_is_no_maximum() {
        let mut schema = TableSchema::default();
        assert!(schema.add("t", json!("timestamp")).unwrap());
        for (text, max) in [
            ("1970-01-01T00:00:00.005Z", 5_999),
            ("1970-01-01T00:00:00.005001Z", 5_001),
            ("1970-01-01T00:00:00Z", 999),
            ("1969-12-31T23:59:59.999Z", -1),
        ] {
            let stats = json!({"numRecords": 1, "minValues": {"t": text}, "maxValues": {"t": text}, "nullCount": {"t": 0}});
            let mut file = ManifestFile::new("a");
            read(&stats.to_string(), &schema, &mut file);
            let t = file.column("t").unwrap();
            assert_eq!(t.max, Some(Bound::Int64(max)), "{text}");
            assert!(matches!(t.min, Some(Bound::Int64(min)) if min <= max));
        }
    }

    /// What is written is read, with the bounds that were written; a time may be up to a millisecond later.
    #[test]
    fn statistics_are_read() {
        let mut schema = TableSchema::default();
        for (name, delta_type) in [("n", "long"), ("t", "timestamp"), ("missing", "string")] {
            assert!(schema.add(name, json!(delta_type)).unwrap());
        }
        let mut n = column("n", "int64", Bound::Int64(i64::MIN), Bound::Int64(i64::MAX));
        n.nulls = 2;
        let t = column(
            "t",
            "timestamp[us, UTC]",
            Bound::Int64(1_000),
            Bound::Int64(5_000),
        );
        let stats = written(vec![n.clone(), t.clone()]).to_string();
        let mut file = ManifestFile::new("a");
        read(&stats, &schema, &mut file);
        let mut read_t = t.clone();
        read_t.max = Some(Bound::Int64(5_999));
        assert_eq!((file.rows, &file.columns[..]), (3, &[n, read_t][..]));
        let mut damaged = ManifestFile::new("a");
        read("{", &schema, &mut damaged);
        assert_eq!(damaged, ManifestFile::new("a"));
    }
}
