//! Files of a manifest as data files of a table.

use std::collections::HashMap;

use iceberg::spec::{
    DataContentType, DataFile, DataFileBuilder, DataFileFormat, Datum, NullOrder, PrimitiveType,
    SortDirection, TableMetadata, Transform,
};
use otlake_dataset::{ManifestFile, ManifestLeaf};
use otlake_parquet::Bound;

use crate::error::FileFault;
use crate::leaves::{Leaf, Leaves};
use crate::partition;
use crate::types::primitive;

/// Returns a file as a data file of a table, with all of its metrics.
///
/// # Errors
///
/// Returns an error if a column has another field id, name or type than in the table, so that readers would find other
/// values or none, or if its rows are not all in one partition of the table.
pub(crate) fn data_file(
    file: &ManifestFile,
    root: &str,
    metadata: &TableMetadata,
    known: &Leaves,
) -> Result<DataFile, FileFault> {
    let leaves: Vec<ManifestLeaf> = file.leaves().collect();
    let mut metrics = Metrics::default();
    for leaf in &leaves {
        if let Some((id, kind)) = check(leaf, known)? {
            metrics.add(id, &kind, leaf);
        }
    }
    let offsets = file.row_group_offsets.iter();
    let offsets: Result<Vec<i64>, _> = offsets.map(|offset| i64::try_from(*offset)).collect();
    let offsets = offsets.map_err(|_| FileFault::TooLarge)?;
    let mut builder = DataFileBuilder::default();
    builder
        .content(DataContentType::Data)
        .file_path(format!("{root}/{}", file.name))
        .file_format(DataFileFormat::Parquet)
        .partition(partition::values(file, &leaves, metadata)?)
        .partition_spec_id(metadata.default_partition_spec_id())
        .record_count(file.rows)
        .file_size_in_bytes(file.bytes)
        .column_sizes(metrics.sizes)
        .value_counts(metrics.values)
        .null_value_counts(metrics.nulls)
        .lower_bounds(metrics.lower)
        .upper_bounds(metrics.upper)
        .split_offsets((!offsets.is_empty()).then_some(offsets));
    if let Some(order) = sort_order_id(file, metadata) {
        builder.sort_order_id(order);
    }
    let built = builder.build();
    built.map_err(|error| FileFault::Metrics(error.to_string()))
}

/// Checks that a leaf is the one that the table has, or once had, under its field id. Returns its id and type; `None` if the table
/// does not have it any more, so that no query reads it.
fn check(leaf: &ManifestLeaf, known: &Leaves) -> Result<Option<(i32, PrimitiveType)>, FileFault> {
    let column = || leaf.path.clone();
    let Some(id) = leaf.field_id else {
        return Err(FileFault::NoFieldId { column: column() });
    };
    if known.is_forgotten(id, &leaf.path) {
        return Ok(None);
    }
    let ever = known.ever(id);
    let Some(expected) = known.current(id).or(ever.first()) else {
        let column = column();
        return Err(FileFault::UnknownFieldId { column, id });
    };
    // A column that was renamed has its old name in files.
    if !ever
        .iter()
        .any(|leaf_of_table| is_path(&leaf_of_table.path, &leaf.path))
    {
        return Err(FileFault::OtherColumn {
            column: column(),
            id,
            expected: expected.path.clone(),
        });
    }
    match primitive(&leaf.type_name) {
        Some(kind) if kind == expected.kind => Ok(known.current(id).map(|_| (id, kind))),
        _ => Err(FileFault::Type {
            column: column(),
            found: leaf.type_name.clone(),
            expected: expected_type(expected),
        }),
    }
}

fn expected_type(leaf: &Leaf) -> String {
    leaf.kind.to_string()
}

/// Returns whether a path in a manifest is that of a leaf of the table. A manifest may leave out the level of lists.
fn is_path(of_table: &str, of_file: &str) -> bool {
    of_table == of_file || of_table.replace(".list.element", ".element") == of_file
}

/// The metrics of a data file, by field id of a leaf.
#[derive(Default)]
struct Metrics {
    sizes: HashMap<i32, u64>,
    values: HashMap<i32, u64>,
    nulls: HashMap<i32, u64>,
    lower: HashMap<i32, Datum>,
    upper: HashMap<i32, Datum>,
}

impl Metrics {
    fn add(&mut self, id: i32, kind: &PrimitiveType, leaf: &ManifestLeaf) {
        self.sizes.insert(id, leaf.bytes);
        self.values.insert(id, leaf.values);
        self.nulls.insert(id, leaf.nulls);
        let bound = |bound: &Option<Bound>| datum(kind, bound.as_ref()?);
        self.lower.extend(bound(&leaf.min).map(|datum| (id, datum)));
        self.upper.extend(bound(&leaf.max).map(|datum| (id, datum)));
    }
}

/// Returns a bound as a value of a type; `None` if the type has no such value.
pub(crate) fn datum(kind: &PrimitiveType, bound: &Bound) -> Option<Datum> {
    Some(match (kind, bound) {
        (PrimitiveType::Boolean, Bound::Boolean(value)) => Datum::bool(*value),
        (PrimitiveType::Long, Bound::Int64(value)) => Datum::long(*value),
        (PrimitiveType::Timestamptz, Bound::Int64(value)) => Datum::timestamptz_micros(*value),
        (PrimitiveType::Double, Bound::Float64(value)) if !value.is_nan() => Datum::double(*value),
        (PrimitiveType::String, Bound::Utf8(value)) => Datum::string(value),
        (PrimitiveType::Binary, Bound::Binary(value)) => Datum::binary(value.to_vec()),
        _ => return None,
    })
}

/// Returns the sort order of the table that the rows of a file have.
fn sort_order_id(file: &ManifestFile, metadata: &TableMetadata) -> Option<i32> {
    let columns = file.sort_order.iter().map(|sorted| {
        let id = file.column(&sorted.name)?.field_id?;
        let direction = match sorted.descending {
            true => SortDirection::Descending,
            false => SortDirection::Ascending,
        };
        let nulls = match sorted.nulls_first {
            true => NullOrder::First,
            false => NullOrder::Last,
        };
        Some((id, direction, nulls))
    });
    let columns = columns.collect::<Option<Vec<_>>>()?;
    let order = metadata.sort_orders_iter().find(|order| {
        let fields = order.fields.iter();
        let mut pairs = fields.zip(&columns);
        !order.fields.is_empty()
            && order.fields.len() <= columns.len()
            && pairs.all(|(field, (id, direction, nulls))| {
                field.transform == Transform::Identity
                    && field.source_id == *id
                    && field.direction == *direction
                    && field.null_order == *nulls
            })
    })?;
    order.order_id.try_into().ok()
}
