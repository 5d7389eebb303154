//! The types of columns, in Iceberg and in words.

use iceberg::spec::{ListType, MapType, NestedField, PrimitiveType, StructType, Type};
use otlake_schema::{DatasetColumn, FieldColumn, FieldKind, OVERFLOW_ID, Table, field_columns};

/// Returns the type for a name in words, if it is one that columns of a dataset can have. All readers of Iceberg
/// version 2 accept these types in the form that our files have.
pub(crate) fn primitive(type_name: &str) -> Option<PrimitiveType> {
    Some(match type_name {
        "boolean" => PrimitiveType::Boolean,
        "int64" => PrimitiveType::Long,
        "float64" => PrimitiveType::Double,
        "utf8" => PrimitiveType::String,
        "binary" => PrimitiveType::Binary,
        "timestamp[us, UTC]" => PrimitiveType::Timestamptz,
        _ => return None,
    })
}

/// Returns the name of a type in words, if columns of a dataset can have it.
pub(crate) fn name_of(data_type: &Type) -> Option<String> {
    Some(match data_type {
        Type::Primitive(kind) => {
            let name = match kind {
                PrimitiveType::Boolean => "boolean",
                PrimitiveType::Long => "int64",
                PrimitiveType::Double => "float64",
                PrimitiveType::String => "utf8",
                PrimitiveType::Binary => "binary",
                PrimitiveType::Timestamptz => "timestamp[us, UTC]",
                _ => return None,
            };
            name.to_owned()
        }
        Type::List(list) => format!("list<{}>", name_of(&list.element_field.field_type)?),
        Type::Map(map) => {
            let (key, value) = (&map.key_field.field_type, &map.value_field.field_type);
            format!("map<{}, {}>", name_of(key)?, name_of(value)?)
        }
        Type::Struct(members) => {
            let member = |member: &std::sync::Arc<NestedField>| {
                Some(format!("{}: {}", member.name, name_of(&member.field_type)?))
            };
            let members: Option<Vec<_>> = members.fields().iter().map(member).collect();
            format!("struct<{}>", members?.join(", "))
        }
    })
}

/// Returns the field of a published column, with the ids that files have, including those inside lists, maps and
/// structs.
pub(crate) fn field_of(table: Table, column: &DatasetColumn) -> Option<NestedField> {
    let own = field_columns(table);
    let own = own.iter().find(|field| field.name == column.name());
    let mut ids = (1..).map(|number| FieldColumn::inner_id(column.id(), number));
    let data_type = match own {
        Some(field) => type_of(field.kind, &mut ids)?,
        None if column.id() == OVERFLOW_ID => type_of(FieldKind::Map, &mut ids)?,
        None => Type::Primitive(primitive(column.type_name())?),
    };
    let field = NestedField::optional(signed(column.id())?, column.name(), data_type);
    Some(match column.full_name() {
        Some(full_name) => field.with_doc(full_name),
        None => field,
    })
}

/// Returns the type of a field's column. The ids inside are numbered depth first, as in files.
fn type_of(kind: FieldKind, ids: &mut impl Iterator<Item = u32>) -> Option<Type> {
    Some(match kind {
        FieldKind::Map => {
            let (key, value) = (signed(ids.next()?)?, signed(ids.next()?)?);
            let string = || Type::Primitive(PrimitiveType::String);
            Type::Map(MapType::new(
                NestedField::map_key_element(key, string()).into(),
                NestedField::map_value_element(value, string(), false).into(),
            ))
        }
        FieldKind::List(item) => {
            let id = signed(ids.next()?)?;
            let item = type_of(*item, ids)?;
            Type::List(ListType::new(
                NestedField::list_element(id, item, false).into(),
            ))
        }
        FieldKind::Struct(members) => {
            let mut fields = Vec::with_capacity(members.len());
            for member in members {
                let id = signed(ids.next()?)?;
                let data_type = type_of(member.kind, ids)?;
                fields.push(NestedField::optional(id, member.name, data_type).into());
            }
            Type::Struct(StructType::new(fields))
        }
        kind => Type::Primitive(primitive(&kind.type_name())?),
    })
}

fn signed(id: u32) -> Option<i32> {
    id.try_into().ok()
}

#[cfg(test)]
mod tests {
    use otlake_schema::DatasetSchema;

    use super::*;

    /// Every column that every file has: its type in Iceberg has the published type in words, and all ids differ.
    #[test]
    fn all_columns_of_all_tables_have_a_type() {
        for table in Table::ALL {
            let mut ids = std::collections::HashSet::new();
            for column in DatasetSchema::new(table).columns() {
                let field = field_of(table, column).unwrap();
                let name = name_of(&field.field_type);
                assert_eq!(name.as_deref(), Some(column.type_name()));
                let schema = iceberg::spec::Schema::builder().with_fields([field.into()]);
                let schema = schema.build().unwrap();
                for id in schema.field_id_to_fields().keys() {
                    assert!(ids.insert(*id), "{id} twice");
                    assert!(*id < crate::new_table::FIRST_NEW_ID, "{id}");
                }
            }
        }
    }
}
