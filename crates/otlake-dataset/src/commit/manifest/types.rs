//! Types in words, and bounds as JSON.

use arrow_schema::{DataType, Field, TimeUnit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use otlake_parquet::Bound;

/// Returns the name of a type as in the schema of a dataset, or Arrow's name in lower case if that schema can't
/// have the type.
pub(crate) fn type_name(data_type: &DataType) -> String {
    let names = |fields: &[&Field]| {
        let name = |field: &&Field| format!("{}: {}", field.name(), type_name(field.data_type()));
        fields.iter().map(name).collect::<Vec<_>>().join(", ")
    };
    match data_type {
        DataType::Timestamp(unit, zone) => {
            let unit = match unit {
                TimeUnit::Second => "s",
                TimeUnit::Millisecond => "ms",
                TimeUnit::Microsecond => "us",
                TimeUnit::Nanosecond => "ns",
            };
            match zone {
                Some(zone) => format!("timestamp[{unit}, {zone}]"),
                None => format!("timestamp[{unit}]"),
            }
        }
        DataType::List(item) | DataType::LargeList(item) => {
            format!("list<{}>", type_name(item.data_type()))
        }
        DataType::Struct(members) => {
            let members: Vec<&Field> = members.iter().map(|member| &**member).collect();
            format!("struct<{}>", names(&members))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(entry) => {
                let types = entry.iter().map(|field| type_name(field.data_type()));
                format!("map<{}>", types.collect::<Vec<_>>().join(", "))
            }
            other => format!("map<{}>", type_name(other)),
        },
        other => other.to_string().to_lowercase(),
    }
}

/// Returns a bound as a JSON value.
pub(super) fn to_json(bound: &Bound) -> Value {
    match bound {
        Bound::Boolean(value) => (*value).into(),
        Bound::Int64(value) => (*value).into(),
        Bound::UInt64(value) => (*value).into(),
        Bound::Float64(value) if value.is_nan() => "NaN".into(),
        Bound::Float64(f64::INFINITY) => "Infinity".into(),
        Bound::Float64(f64::NEG_INFINITY) => "-Infinity".into(),
        Bound::Float64(value) => (*value).into(),
        Bound::Utf8(value) => value.as_str().into(),
        Bound::Binary(value) => STANDARD.encode(value).into(),
        // A kind that a later version adds: no bound is always true.
        _ => Value::Null,
    }
}

/// Returns the bound that a JSON value means for a column of this type, or the value if the type has no such value.
pub(super) fn from_json(type_name: &str, value: Value) -> Result<Bound, Value> {
    match (type_name, value) {
        // It is moved, because most bounds are texts.
        ("utf8" | "largeutf8" | "utf8view", Value::String(text)) => Ok(Bound::Utf8(text)),
        (_, value) => of_json(type_name, &value).ok_or(value),
    }
}

fn of_json(type_name: &str, value: &Value) -> Option<Bound> {
    Some(match type_name {
        "uint64" => Bound::UInt64(value.as_u64()?),
        "float32" | "float64" => Bound::Float64(match value.as_str() {
            Some("NaN") => f64::NAN,
            Some("Infinity") => f64::INFINITY,
            Some("-Infinity") => f64::NEG_INFINITY,
            _ => value.as_f64()?,
        }),
        "binary" | "largebinary" | "binaryview" => {
            Bound::Binary(STANDARD.decode(value.as_str()?).ok()?.into())
        }
        "boolean" => Bound::Boolean(value.as_bool()?),
        "utf8" | "largeutf8" | "utf8view" => return None,
        // Integers of all kinds, dates and times.
        _ => Bound::Int64(value.as_i64()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use otlake_arrow::BatchBuilder;
    use otlake_schema::{DatasetSchema, Schema, Table};

    #[test]
    fn types_are_named_as_in_the_schema_of_a_dataset() {
        for table in Table::ALL {
            let dataset = DatasetSchema::new(table);
            let schema = Schema::new(table, Default::default());
            let batch = BatchBuilder::new(schema).finish_batch();
            assert_eq!(batch.num_columns(), dataset.columns().len());
            for field in batch.schema().fields() {
                let column = dataset.column(field.name()).unwrap();
                let data_type = match field.data_type() {
                    DataType::Dictionary(_, value) => value,
                    other => other,
                };
                assert_eq!(type_name(data_type), column.type_name(), "{}", field.name());
            }
        }
    }

    #[test]
    fn a_bound_is_of_its_columns_type() {
        for (type_name, value) in [
            ("boolean", Value::from(1)),
            ("int64", Value::from("1")),
            ("int64", Value::from(1.5)),
            ("int64", Value::from(u64::MAX)),
            ("uint64", Value::from(-1)),
            ("float64", Value::from("nan")),
            ("utf8", Value::from(1)),
            ("binary", Value::from("=")),
        ] {
            let found = from_json(type_name, value.clone());
            assert_eq!(found, Err(value), "{type_name}");
        }
    }
}
