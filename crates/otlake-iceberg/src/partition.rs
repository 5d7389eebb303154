//! The partition values of a file, and partitionings that are too coarse for a table.

use iceberg::spec::{
    Datum, Literal, PartitionField, PrimitiveType, Struct, TableMetadata, Transform,
};
use iceberg::transform::create_transform_function;
use otlake_dataset::{
    ManifestFile, ManifestLeaf, PartitionLiteral, Partitioning, Transform as OurTransform,
};
use otlake_schema::{DatasetSchema, Table};

use crate::data_file::datum;
use crate::error::FileFault;
use crate::published::full_name_of;

/// Returns the values of the table's partition fields for a file, in the order of the table's partition spec.
///
/// They are computed from the bounds of the source columns, so that a file whose rows are in several partitions is an
/// error, whatever the dataset's partitions are.
pub(crate) fn values(
    file: &ManifestFile,
    leaves: &[ManifestLeaf],
    metadata: &TableMetadata,
) -> Result<Struct, FileFault> {
    let fields = metadata.default_partition_spec().fields().iter();
    let values = fields.map(|field| {
        let value = value(field, file, leaves, metadata)?;
        Ok(value.map(|datum| Literal::Primitive(datum.literal().clone())))
    });
    values.collect()
}

/// Returns the partition field of the table that takes the year, month, day or hour of a row's time, such as
/// `day(timestamp)`, if rows of one partition of the dataset may differ in it.
///
/// Other partition fields are not checked, because templates can't express most of them: whether files fit is only known
/// from their rows.
pub(crate) fn too_fine_field(
    partitioning: &Partitioning,
    table: Table,
    metadata: &TableMetadata,
) -> Option<String> {
    // Another engine may have renamed the column.
    let time = DatasetSchema::new(table).column("timestamp")?.id();
    let mut fields = metadata.default_partition_spec().fields().iter();
    let field = fields.find(|field| {
        u32::try_from(field.source_id) == Ok(time) && is_too_coarse(partitioning, field.transform)
    })?;
    let column = metadata.current_schema().field_by_id(field.source_id)?;
    Some(format!("{}({})", field.transform, column.name))
}

/// Returns whether rows of one partition may differ in the year, month, day or hour of their time, if that is what a
/// transform takes.
pub(crate) fn is_too_coarse(partitioning: &Partitioning, transform: Transform) -> bool {
    let has = |time: OurTransform| partitioning.times().any(|found| found == time);
    let has_date = has(OurTransform::Date);
    let has_year = has_date || has(OurTransform::Year);
    let has_month = has_date || has_year && has(OurTransform::Month);
    let has_day = has_date || has_month && has(OurTransform::Day);
    match transform {
        Transform::Year => !has_year,
        Transform::Month => !has_month,
        Transform::Day => !has_day,
        Transform::Hour => !(has_day && has(OurTransform::Hour)),
        _ => false,
    }
}

fn value(
    field: &PartitionField,
    file: &ManifestFile,
    leaves: &[ManifestLeaf],
    metadata: &TableMetadata,
) -> Result<Option<Datum>, FileFault> {
    if field.transform == Transform::Void {
        return Ok(None);
    }
    let leaf = leaves
        .iter()
        .find(|leaf| leaf.field_id == Some(field.source_id));
    let Some(leaf) = leaf.filter(|leaf| leaf.nulls < leaf.values) else {
        // The column has no value in this file.
        return Ok(None);
    };
    let several = || FileFault::SeveralPartitions {
        field: field.name.clone(),
        column: leaf.path.clone(),
    };
    if leaf.nulls > 0 {
        return Err(several());
    }
    let kind = metadata
        .current_schema()
        .field_by_id(field.source_id)
        .and_then(|field| field.field_type.as_primitive_type().cloned())
        .ok_or_else(several)?;
    let (min, max) = match (&leaf.min, &leaf.max) {
        (Some(min), Some(max)) => (datum(&kind, min), datum(&kind, max)),
        _ => (None, None),
    };
    let (Some(min), Some(max)) = (min, max) else {
        return Err(several());
    };
    let function = create_transform_function(&field.transform).map_err(metrics)?;
    let apply = |datum: &Datum| function.transform_literal(datum).map_err(metrics);
    if min == max {
        return apply(&min);
    }
    // A bound of a long text is cut. The dataset's own partition value has all of it.
    if kind == PrimitiveType::String
        && let Some(text) = text(leaf, field, file, metadata).map(Datum::string)
        && min <= text
        && text <= max
    {
        return apply(&text);
    }
    let keeps_order = matches!(
        field.transform,
        Transform::Year | Transform::Month | Transform::Day | Transform::Hour
    );
    match (apply(&min)?, apply(&max)?) {
        (first, last) if keeps_order && first == last => Ok(first),
        _ => Err(several()),
    }
}

/// Returns the text that all rows of a file have in a leaf, the source of a partition field, if the dataset is partitioned
/// by it.
fn text(
    leaf: &ManifestLeaf,
    field: &PartitionField,
    file: &ManifestFile,
    metadata: &TableMetadata,
) -> Option<String> {
    // A column that every file has keeps its name in files, even if another engine has renamed it in the table.
    let full_name = full_name_of(metadata, field.source_id);
    let source = full_name.as_deref().unwrap_or(&leaf.path);
    let value = file
        .partition
        .iter()
        .find(|value| matches!(&value.transform, OurTransform::Identity(name) if name == source))?;
    match &value.value {
        Some(PartitionLiteral::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

fn metrics(error: iceberg::Error) -> FileFault {
    FileFault::Metrics(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitionings_are_too_coarse_for_finer_times() {
        use Transform::{Bucket, Day, Hour, Identity, Month, Truncate, Void, Year};
        let cases = [
            ("", Day, true),
            ("date={date}", Day, false),
            ("{table}/date={date}", Day, false),
            ("date={date}", Year, false),
            ("date={date}", Hour, true),
            ("date={date}/hour={hour}", Hour, false),
            ("hour={hour}", Hour, true),
            ("on={year}-{month}-{day}", Day, false),
            ("y={year}/d={day}", Month, true),
            // No template has these.
            ("", Void, false),
            ("", Identity, false),
            ("", Bucket(16), false),
            ("", Truncate(1_000), false),
        ];
        for (template, transform, expected) in cases {
            let partitioning = template.parse().unwrap();
            let found = is_too_coarse(&partitioning, transform);
            assert_eq!(found, expected, "{template:?}: {transform}");
        }
    }
}
