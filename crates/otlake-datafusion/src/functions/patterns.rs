use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, ListArray, StringArray, StructArray,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::not_impl_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature};
use datafusion::scalar::ScalarValue;
use otlake_fingerprint::{PatternOptions, PatternSet, Patterns};

use super::texts;

/// The aggregate function `patterns(text)`: the patterns of the messages of a group, most frequent first.
///
/// The result is a list of structs, or null if the group has no message:
///
/// | member | type | |
/// |---|---|---|
/// | `template` | Utf8 | the text of the pattern with placeholders: `user <*> logged in from <ip>` |
/// | `count` | Int64 | the number of messages |
/// | `example` | Utf8 | the shortest message, possibly cut short |
/// | `pattern_id` | Int64 | the id of the pattern, which is the same wherever it was learned |
///
/// Each partition learns a state of its own. A partial result is a serialised state, and states are merged in any
/// order and grouping, so the result does not depend on how the messages are spread over partitions or machines.
///
/// The state of a group takes up to 64 MiB and counts against the memory of the query. A group with more
/// distinct messages keeps a uniform sample of them; see [`Patterns`].
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct PatternsFunction {
    signature: Signature,
}

impl PatternsFunction {
    /// Returns the function.
    pub fn new() -> PatternsFunction {
        PatternsFunction {
            signature: texts::signature(),
        }
    }
}

impl Default for PatternsFunction {
    fn default() -> Self {
        PatternsFunction::new()
    }
}

/// Returns the members of a pattern.
fn members() -> Fields {
    Fields::from(vec![
        Field::new("template", DataType::Utf8, false),
        Field::new("count", DataType::Int64, false),
        Field::new("example", DataType::Utf8, false),
        Field::new("pattern_id", DataType::Int64, false),
    ])
}

fn pattern_field() -> FieldRef {
    Arc::new(Field::new_list_field(DataType::Struct(members()), true))
}

impl AggregateUDFImpl for PatternsFunction {
    fn name(&self) -> &str {
        "patterns"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(pattern_field()))
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            return not_impl_err!(
                "patterns(DISTINCT …) next to other aggregates: learn from a subquery with SELECT DISTINCT"
            );
        }
        Ok(Box::new(PatternsAccumulator::default()))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let name = format_state_name(args.name, "state");
        Ok(vec![Arc::new(Field::new(name, DataType::Binary, true))])
    }
}

/// The state of one group in one partition.
#[derive(Debug, Default)]
struct PatternsAccumulator {
    patterns: Patterns,
}

impl Accumulator for PatternsAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let patterns = &mut self.patterns;
        texts::for_each(&values[0], |message| {
            if let Some(message) = message {
                patterns.observe(message.as_bytes());
            }
        })
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for state in states[0].as_binary::<i32>().iter().flatten() {
            let other = Patterns::load(state, PatternOptions::new())
                .map_err(|error| DataFusionError::External(Box::new(error)))?;
            self.patterns.merge(&other);
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let state = (!self.patterns.is_empty()).then(|| self.patterns.save());
        Ok(vec![ScalarValue::Binary(state)])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.patterns.is_empty() {
            return ScalarValue::try_from(&DataType::List(pattern_field()));
        }
        let list = list_of(&self.patterns.patterns())?;
        Ok(ScalarValue::List(Arc::new(list)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.patterns.weight()
    }
}

/// Returns the patterns as the only value of a list array.
fn list_of(set: &PatternSet) -> Result<ListArray> {
    let templates = set.iter().map(|pattern| Some(pattern.template.as_str()));
    let counts = set
        .iter()
        .map(|pattern| i64::try_from(pattern.count).unwrap_or(i64::MAX));
    let examples = set
        .iter()
        .map(|pattern| Some(String::from_utf8_lossy(&pattern.example)));
    let ids = set.iter().map(|pattern| pattern.id.as_i64());
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter(templates)),
        Arc::new(Int64Array::from_iter_values(counts)),
        Arc::new(StringArray::from_iter(examples)),
        Arc::new(Int64Array::from_iter_values(ids)),
    ];
    let structs = StructArray::try_new(members(), columns, None)?;
    let offsets = OffsetBuffer::from_lengths([structs.len()]);
    Ok(ListArray::try_new(
        pattern_field(),
        offsets,
        Arc::new(structs),
        None,
    )?)
}
