//! Thrift's `SchemaElement`.

use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::schema::types::Type;

use crate::file::thrift::{Element, Fields};

/// Appends the elements of `node` and its children, depth first. Returns their number.
pub(crate) fn put_elements(out: &mut Vec<u8>, node: &Type) -> usize {
    let info = node.get_basic_info();
    let mut fields = Fields::new(out);
    if let Type::PrimitiveType {
        physical_type,
        type_length,
        ..
    } = node
    {
        fields.i32(1, *physical_type as i32);
        if *type_length >= 0 {
            fields.i32(2, *type_length);
        }
    }
    if info.has_repetition() {
        fields.i32(3, info.repetition() as i32);
    }
    fields.binary(4, info.name().as_bytes());
    if let Type::GroupType {
        fields: children, ..
    } = node
    {
        fields.i32(5, children.len() as i32);
    }
    if info.converted_type() != ConvertedType::NONE {
        // The first variant of the crate's enum is NONE; the format starts with UTF8 = 0.
        fields.i32(6, info.converted_type() as i32 - ConvertedType::UTF8 as i32);
    }
    if let Type::PrimitiveType {
        scale, precision, ..
    } = node
    {
        if *scale >= 0 {
            fields.i32(7, *scale);
        }
        if *precision >= 0 {
            fields.i32(8, *precision);
        }
    }
    if info.has_id() {
        fields.i32(9, info.id());
    }
    if let Some(logical) = info.logical_type_ref().filter(|logical| is_known(logical)) {
        fields.structure(10, |union| put_logical(union, logical));
    }
    fields.stop();

    match node {
        Type::PrimitiveType { .. } => 1,
        Type::GroupType {
            fields: children, ..
        } => {
            1 + children
                .iter()
                .map(|child| put_elements(out, child))
                .sum::<usize>()
        }
    }
}

/// Appends the root of a schema with `children` top-level columns.
pub(crate) fn put_root(fields: &mut Fields<'_>, children: usize) {
    fields.struct_element(|root| {
        root.binary(4, b"schema");
        root.i32(5, children as i32);
    });
}

/// Appends the header of the list of schema elements.
pub(crate) fn put_list(fields: &mut Fields<'_>, id: i16, elements: usize) {
    fields.list(id, Element::Struct, elements);
}

fn is_known(logical: &LogicalType) -> bool {
    !matches!(
        logical,
        LogicalType::_Unknown { .. } | LogicalType::Geometry(_) | LogicalType::Geography(_)
    )
}

fn put_logical(union: &mut Fields<'_>, logical: &LogicalType) {
    let empty = |_: &mut Fields<'_>| {};
    match logical {
        LogicalType::String => union.structure(1, empty),
        LogicalType::Map => union.structure(2, empty),
        LogicalType::List => union.structure(3, empty),
        LogicalType::Enum => union.structure(4, empty),
        LogicalType::Decimal(decimal) => union.structure(5, |fields| {
            fields.i32(1, decimal.scale);
            fields.i32(2, decimal.precision);
        }),
        LogicalType::Date => union.structure(6, empty),
        LogicalType::Time(time) => union.structure(7, |fields| {
            fields.bool(1, time.is_adjusted_to_u_t_c);
            fields.structure(2, |unit| put_unit(unit, &time.unit));
        }),
        LogicalType::Timestamp(timestamp) => union.structure(8, |fields| {
            fields.bool(1, timestamp.is_adjusted_to_u_t_c);
            fields.structure(2, |unit| put_unit(unit, &timestamp.unit));
        }),
        LogicalType::Integer(integer) => union.structure(10, |fields| {
            fields.i8(1, integer.bit_width);
            fields.bool(2, integer.is_signed);
        }),
        LogicalType::Unknown => union.structure(11, empty),
        LogicalType::Json => union.structure(12, empty),
        LogicalType::Bson => union.structure(13, empty),
        LogicalType::Uuid => union.structure(14, empty),
        LogicalType::Float16 => union.structure(15, empty),
        LogicalType::Variant(variant) => union.structure(16, |fields| {
            if let Some(version) = variant.specification_version {
                fields.i8(1, version);
            }
        }),
        // Ruled out by `is_known`. Without the annotation, readers still read the values.
        LogicalType::Geometry(_) | LogicalType::Geography(_) | LogicalType::_Unknown { .. } => {}
    }
}

fn put_unit(union: &mut Fields<'_>, unit: &TimeUnit) {
    let id = match unit {
        TimeUnit::MILLIS => 1,
        TimeUnit::MICROS => 2,
        TimeUnit::NANOS => 3,
    };
    union.structure(id, |_| {});
}
