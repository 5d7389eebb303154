//! The partition values of a file, and partitionings that are too coarse for a table.

use iceberg::spec::{
    Datum, Literal, PartitionField, PrimitiveType, Struct, TableMetadata, Transform,
};
use iceberg::transform::create_transform_function;
use otlake_dataset::{
    ManifestFile, ManifestLeaf, PartitionLiteral, Partitioning, Transform as OurTransform,
};

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

/// Returns a partition field of the table for which files of a dataset with this partitioning may have several values, such
/// as `day(timestamp)`.
pub(crate) fn undetermined_field(
    partitioning: &Partitioning,
    metadata: &TableMetadata,
) -> Option<String> {
    let fields = metadata.default_partition_spec().fields().iter();
    let mut undetermined = fields.filter_map(|field| {
        let column = metadata.current_schema().field_by_id(field.source_id)?;
        let full_name = full_name_of(metadata, field.source_id);
        let source = full_name.as_deref().unwrap_or(&column.name);
        let is_determined = determines(partitioning, field.transform, source);
        (!is_determined).then(|| format!("{}({source})", field.transform))
    });
    undetermined.next()
}

/// Returns whether all rows of a partition have the same value for a transform of a column. The time of partitions is the
/// column `timestamp`.
pub(crate) fn determines(partitioning: &Partitioning, transform: Transform, source: &str) -> bool {
    // A part with several placeholders has no transform of its own, so the template is searched.
    let template = partitioning.to_string();
    let has = |placeholder: &str| template.contains(&format!("{{{placeholder}}}"));
    let has_year = has("date") || has("year");
    let has_month = has("date") || has("year") && has("month");
    let has_day = has("date") || has_month && has("day");
    match transform {
        Transform::Void => true,
        _ if has(source) => true,
        _ if source != "timestamp" => false,
        Transform::Year => has_year,
        Transform::Month => has_month,
        Transform::Day => has_day,
        Transform::Hour => has_day && has("hour"),
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
        && let Some(text) = text(field, file, metadata).map(Datum::string)
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

/// Returns the text that all rows of a file have in the source column of a partition field, if the dataset is partitioned by
/// it.
fn text(field: &PartitionField, file: &ManifestFile, metadata: &TableMetadata) -> Option<String> {
    let full_name = full_name_of(metadata, field.source_id);
    let column = metadata.current_schema().field_by_id(field.source_id)?;
    let source = full_name.as_deref().unwrap_or(&column.name);
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

    /// Templates that determine a time or an attribute in different ways, or not at all.
    #[test]
    fn partitionings_at_least_as_fine_as_a_transform_determine_it() {
        use Transform::{Bucket, Day, Hour, Identity, Month, Void, Year};
        let service = "resource.service.name";
        let cases = [
            ("", Void, "timestamp", true),
            ("", Day, "timestamp", false),
            ("{table}/date={date}", Day, "timestamp", true),
            ("date={date}", Year, "timestamp", true),
            ("date={date}", Hour, "timestamp", false),
            ("date={date}", Day, "end_timestamp", false),
            ("date={date}/hour={hour}", Hour, "timestamp", true),
            ("hour={hour}", Hour, "timestamp", false),
            ("on={year}-{month}-{day}", Day, "timestamp", true),
            ("y={year}/d={day}", Month, "timestamp", false),
            ("date={date}", Identity, "timestamp", false),
            ("s={resource.service.name}", Identity, service, true),
            ("s={resource.service.name}", Bucket(16), service, true),
            ("s={resource.service.name}", Identity, "attr.x", false),
        ];
        for (template, transform, source, expected) in cases {
            let partitioning = template.parse().unwrap();
            let found = determines(&partitioning, transform, source);
            assert_eq!(found, expected, "{template:?}: {transform}({source})");
        }
    }
}
