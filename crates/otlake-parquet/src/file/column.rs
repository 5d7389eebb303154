//! Top-level columns: Arrow field, Parquet type and leaves.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow_schema::{DataType, Field, IntervalUnit, Schema};
use parquet::arrow::ArrowSchemaConverter;
use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::schema::types::{ColumnDescriptor, TypePtr};

use crate::file::schema;
use crate::varint::put_varint;

/// A top-level column, made once per field and shared by all files of an encoder.
#[derive(Debug)]
pub(crate) struct Column {
    /// The field as given, but nullable: a row group may lack the column, so it is `OPTIONAL`.
    pub(crate) field: Arc<Field>,
    pub(crate) root: TypePtr,
    /// The `SchemaElement`s of the footer, serialised.
    pub(crate) elements: Vec<u8>,
    pub(crate) element_count: usize,
    pub(crate) leaves: Vec<Leaf>,
}

/// A leaf of a column, which has a chunk in each row group.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) physical: PhysicalType,
    pub(crate) max_definition_level: u64,
    pub(crate) max_repetition_level: u64,
    /// The elements of `path_in_schema`, serialised.
    pub(crate) path: Vec<u8>,
    pub(crate) path_len: usize,
    /// The names of the path, joined with dots.
    pub(crate) dotted_path: Arc<str>,
    pub(crate) field_id: Option<i32>,
    pub(crate) order: Order,
}

/// The order of a leaf's minima and maxima, which are bytes in their plain encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Little-endian signed integers.
    Signed,
    /// Little-endian unsigned integers, and booleans.
    Unsigned,
    Float,
    Double,
    /// Unsigned bytes of UTF-8 text.
    Utf8,
    /// Unsigned bytes.
    Bytes,
    /// Values that are not compared here.
    Other,
}

impl Column {
    pub(crate) fn new(field: &Field) -> Result<Self, ParquetError> {
        if let Some(inner) = unwritable(field.data_type()) {
            return Err(ParquetError::NYI(format!("no Parquet type for {inner}")));
        }
        let field = Arc::new(field.clone().with_nullable(true));
        // Coercion gives lists and maps the names that the format prescribes for their inner groups.
        let descriptor = ArrowSchemaConverter::new()
            .with_coerce_types(true)
            .convert(&Schema::new(vec![Arc::clone(&field)]))?;
        let root = descriptor.get_column_root_ptr(0);
        let mut elements = Vec::new();
        let element_count = schema::put_elements(&mut elements, &root);
        let leaves = descriptor
            .columns()
            .iter()
            .map(|leaf| Leaf::new(leaf))
            .collect();
        Ok(Self {
            field,
            root,
            elements,
            element_count,
            leaves,
        })
    }

    pub(crate) fn name(&self) -> &str {
        self.field.name()
    }

    /// Returns the type of the values: for dictionaries and runs that of the values in them.
    pub(crate) fn value_type(&self) -> &DataType {
        value_type(self.field.data_type())
    }

    pub(crate) fn field_id(&self) -> Option<i32> {
        field_id(&self.root)
    }

    /// Returns the types of the leaves, and whether they are in a list or a map.
    pub(crate) fn leaf_types(&self) -> Vec<(&DataType, bool)> {
        let mut types = Vec::with_capacity(self.leaves.len());
        put_leaf_types(self.value_type(), false, &mut types);
        types
    }

    /// Returns whether `field` has the same Parquet type, whatever its Arrow type.
    pub(crate) fn accepts(&self, field: &Field) -> bool {
        if self.value_type() == value_type(field.data_type()) {
            return true;
        }
        Self::new(field).is_ok_and(|other| same_type(&self.root, &other.root))
    }
}

pub(crate) fn value_type(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, value) => value_type(value),
        DataType::RunEndEncoded(_, value) => value_type(value.data_type()),
        other => other,
    }
}

fn field_id(node: &parquet::schema::types::Type) -> Option<i32> {
    let info = node.get_basic_info();
    info.has_id().then(|| info.id())
}

fn put_leaf_types<'t>(
    data_type: &'t DataType,
    is_repeated: bool,
    types: &mut Vec<(&'t DataType, bool)>,
) {
    match value_type(data_type) {
        DataType::Struct(fields) => fields
            .iter()
            .for_each(|field| put_leaf_types(field.data_type(), is_repeated, types)),
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => put_leaf_types(field.data_type(), true, types),
        leaf => types.push((leaf, is_repeated)),
    }
}

/// Returns the part of a type that the `parquet` crate would panic at, or write as something that no reader
/// reads.
fn unwritable(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::Union(..) | DataType::Interval(IntervalUnit::MonthDayNano) => Some(data_type),
        DataType::Dictionary(_, value) => unwritable(value),
        DataType::RunEndEncoded(_, field)
        | DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => unwritable(field.data_type()),
        DataType::Struct(fields) => fields
            .iter()
            .find_map(|field| unwritable(field.data_type())),
        _ => None,
    }
}

/// Returns whether two types are equal except for their field ids, which are metadata.
fn same_type(left: &TypePtr, right: &TypePtr) -> bool {
    let (a, b) = (left.get_basic_info(), right.get_basic_info());
    a.name() == b.name()
        && a.repetition() == b.repetition()
        && a.converted_type() == b.converted_type()
        && a.logical_type_ref() == b.logical_type_ref()
        && match (left.is_primitive(), right.is_primitive()) {
            (true, true) => {
                left.get_physical_type() == right.get_physical_type()
                    && left.get_precision() == right.get_precision()
                    && left.get_scale() == right.get_scale()
                    && type_length(left) == type_length(right)
            }
            (false, false) => {
                left.get_fields().len() == right.get_fields().len()
                    && std::iter::zip(left.get_fields(), right.get_fields())
                        .all(|(a, b)| same_type(a, b))
            }
            _ => false,
        }
}

fn type_length(node: &TypePtr) -> i32 {
    match node.as_ref() {
        parquet::schema::types::Type::PrimitiveType { type_length, .. } => *type_length,
        parquet::schema::types::Type::GroupType { .. } => -1,
    }
}

impl Leaf {
    fn new(descriptor: &ColumnDescriptor) -> Self {
        let mut path = Vec::new();
        for part in descriptor.path().parts() {
            put_varint(&mut path, part.len() as u64);
            path.extend_from_slice(part.as_bytes());
        }
        let logical = descriptor.logical_type_ref();
        let order = match descriptor.physical_type() {
            PhysicalType::BOOLEAN => Order::Unsigned,
            PhysicalType::INT32 | PhysicalType::INT64 => match logical {
                Some(LogicalType::Integer(integer)) if !integer.is_signed => Order::Unsigned,
                _ => Order::Signed,
            },
            PhysicalType::FLOAT => Order::Float,
            PhysicalType::DOUBLE => Order::Double,
            PhysicalType::BYTE_ARRAY => match logical {
                Some(LogicalType::String) => Order::Utf8,
                None if descriptor.converted_type() == ConvertedType::NONE => Order::Bytes,
                _ => Order::Other,
            },
            _ => Order::Other,
        };
        Self {
            physical: descriptor.physical_type(),
            max_definition_level: descriptor.max_def_level() as u64,
            max_repetition_level: descriptor.max_rep_level() as u64,
            path,
            path_len: descriptor.path().parts().len(),
            dotted_path: descriptor.path().string().into(),
            field_id: field_id(descriptor.self_type()),
            order,
        }
    }
}

impl Order {
    /// Compares two values in their plain encoding; returns `None` for values that have no order.
    pub(crate) fn compare(self, a: &[u8], b: &[u8]) -> Option<Ordering> {
        match self {
            Self::Utf8 | Self::Bytes => Some(a.cmp(b)),
            Self::Signed => Some(signed(a)?.cmp(&signed(b)?)),
            Self::Unsigned => {
                // The lengths are equal and the bytes little-endian, so the last byte counts most.
                Some(a.iter().rev().cmp(b.iter().rev()))
            }
            Self::Float => {
                let value = |bytes: &[u8]| Some(f32::from_le_bytes(bytes.try_into().ok()?));
                value(a)?.partial_cmp(&value(b)?)
            }
            Self::Double => {
                let value = |bytes: &[u8]| Some(f64::from_le_bytes(bytes.try_into().ok()?));
                value(a)?.partial_cmp(&value(b)?)
            }
            Self::Other => None,
        }
    }
}

fn signed(bytes: &[u8]) -> Option<i64> {
    match bytes.len() {
        4 => Some(i64::from(i32::from_le_bytes(bytes.try_into().ok()?))),
        8 => Some(i64::from_le_bytes(bytes.try_into().ok()?)),
        _ => None,
    }
}
