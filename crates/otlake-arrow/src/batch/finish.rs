use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{Schema as ArrowSchema, SchemaRef};
use otlake_row::Location;
use otlake_schema::{FieldColumn, FieldKind, OVERFLOW, OVERFLOW_ID};

use super::BatchBuilder;
use crate::column::derived;
use crate::column::field::{data_type, field, type_of_attribute};

/// The name of a column and its field id.
type Name<'a> = (&'a str, Option<u32>);

impl BatchBuilder {
    /// Returns the rows added so far as a record batch, and begins the next one. The record batch has a
    /// column for each column of the schema that has a type and belongs to the
    /// [projection](BatchBuilder::with_projection).
    ///
    /// All columns are nullable. The fields come first, then the attributes in the order in which they were
    /// found, then `overflow`.
    pub fn finish_batch(&mut self) -> RecordBatch {
        let rows = self.rows;
        self.end_group(Location::Resource);
        self.end_group(Location::Scope);
        self.fit_columns();
        self.widen_columns();
        let mut names: Vec<Name<'_>> = Vec::with_capacity(self.columns.len() + 1);
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len() + 1);
        let own: Vec<Option<ArrayRef>> = self
            .columns
            .iter_mut()
            .map(|column| column.finish(rows))
            .collect();
        for (id, declared) in self.schema.columns().iter().enumerate() {
            if !self.columns[id].selected {
                continue;
            }
            let array = match declared.field() {
                Some(field) if field.kind.is_derived() => self.derive(*field, &own),
                _ => own[id].clone(),
            };
            let nulls = || match declared.field() {
                Some(field) => Some(data_type(field)),
                None => declared.column_type().map(type_of_attribute),
            };
            let nulls = || nulls().map(|data_type| new_null_array(&data_type, rows));
            if let Some(array) = array.or_else(nulls) {
                let has_id = declared.field().is_some() || self.options.field_ids;
                names.push((declared.name(), declared.id().filter(|_| has_id)));
                arrays.push(array);
            }
        }
        let overflow = self.overflow.finish(rows, self.options.plain_strings);
        if self.projection.selects_overflow() {
            names.push((OVERFLOW, Some(OVERFLOW_ID)));
            arrays.push(overflow);
        }
        self.rows = 0;
        self.scratch.bytes = 0;
        let schema = match self.last_schema.take() {
            Some(last) if describes(&last, &names, &arrays) => last,
            _ => arrow_schema(&names, &arrays),
        };
        self.last_schema = Some(Arc::clone(&schema));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(schema, arrays, &options)
            .unwrap_or_else(|error| unreachable!("every column was filled up: {error}"))
    }

    /// Takes back the memory of a record batch that is no longer needed, to reuse it for later ones. Memory that
    /// is still referenced elsewhere is left alone.
    pub fn recycle(&mut self, batch: RecordBatch) {
        let (schema, arrays, _) = batch.into_parts();
        let mut columns = self.columns.iter_mut().zip(self.schema.columns());
        for (field, array) in schema.fields().iter().zip(arrays) {
            // The columns of a record batch are in the order of the schema, which may have more columns.
            if let Some((column, _)) = columns.find(|(_, known)| known.name() == field.name()) {
                column.values.recycle(array);
            }
        }
    }

    /// Returns a column that is computed from other columns.
    fn derive(&self, field: FieldColumn, own: &[Option<ArrayRef>]) -> Option<ArrayRef> {
        let of = |key| own[self.schema.field_column(key)?.index()].as_ref();
        let values = of(field.key)?;
        match field.kind {
            FieldKind::Timestamp { or } => Some(derived::timestamps(values, or.and_then(of))),
            FieldKind::Duration { since } => Some(derived::durations(of(since)?, values)),
            FieldKind::EnumName(names) => {
                let plain = self.options.plain_strings;
                Some(derived::enum_names(values, names, plain))
            }
            _ => None,
        }
    }
}

fn arrow_schema(names: &[Name<'_>], arrays: &[ArrayRef]) -> SchemaRef {
    let columns = names.iter().zip(arrays);
    let fields = columns.map(|((name, id), array)| {
        let data_type = array.data_type().clone();
        field(name, data_type, true, *id)
    });
    Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>()))
}

/// Returns whether [`arrow_schema()`] would return the given schema for these columns.
fn describes(schema: &ArrowSchema, names: &[Name<'_>], arrays: &[ArrayRef]) -> bool {
    let fields = schema.fields();
    fields.len() == names.len()
        && fields.iter().zip(names).all(|(field, (name, id))| {
            field.name() == name && id.is_some() != field.metadata().is_empty()
        })
        && fields
            .iter()
            .zip(arrays)
            .all(|(field, array)| field.data_type() == array.data_type())
}
