//! Sorts the rows of a row group by some of their columns.

use arrow_array::RecordBatch;
use arrow_ord::sort::{SortColumn, SortOptions, lexsort_to_indices};
use arrow_schema::DataType;
use arrow_select::take::take_record_batch;

use otlake_parquet::SortingColumn;

/// Returns the same rows, sorted. A column that the record batch lacks is null in all rows and has no
/// effect on the order. Lists, maps and structs have no order.
pub(crate) fn sorted(batch: &RecordBatch, order: &[SortingColumn]) -> RecordBatch {
    let columns: Vec<SortColumn> = order
        .iter()
        .filter_map(|wanted| {
            let values = batch.column_by_name(&wanted.name)?;
            Some(SortColumn {
                values: values.clone(),
                options: Some(sort_options(wanted, values.data_type())?),
            })
        })
        .collect();
    if columns.is_empty() {
        return batch.clone();
    }
    lexsort_to_indices(&columns, None)
        .and_then(|indices| take_record_batch(batch, &indices))
        .unwrap_or_else(|error| unreachable!("every column has an order and all rows: {error}"))
}

/// Returns how the values of a column of an order are compared; `None` if its type has no order.
pub(crate) fn sort_options(column: &SortingColumn, data_type: &DataType) -> Option<SortOptions> {
    has_order(data_type).then_some(SortOptions {
        descending: column.descending,
        nulls_first: column.nulls_first,
    })
}

fn has_order(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => has_order(values),
        DataType::Boolean
        | DataType::Int64
        | DataType::Float64
        | DataType::Utf8
        | DataType::Binary
        | DataType::Timestamp(_, _) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::cast::AsArray;
    use arrow_array::types::{Int32Type, Int64Type};
    use arrow_array::{ArrayRef, DictionaryArray, Int64Array, ListArray};

    use super::*;

    #[test]
    fn rows_are_sorted_by_the_columns_that_exist() {
        let services: DictionaryArray<Int32Type> =
            vec![Some("b"), None, Some("a"), Some("b"), Some("a")]
                .into_iter()
                .collect();
        let times: Int64Array = vec![1, 2, 3, 4, 5].into();
        let lists = ListArray::from_iter_primitive::<Int64Type, _, _>(
            (0..5).map(|number| Some(vec![Some(number)])),
        );
        let columns: [(&str, ArrayRef); 3] = [
            ("service", Arc::new(services)),
            ("time", Arc::new(times)),
            ("list", Arc::new(lists)),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.map(|(name, array)| (name, array, true)),
        )
        .unwrap();
        let by = |name: &str, descending| SortingColumn {
            name: name.to_owned(),
            descending,
            nulls_first: false,
        };
        let times = |order: &[SortingColumn]| {
            let sorted = sorted(&batch, order);
            let lists = sorted["list"].as_list::<i32>();
            let items = lists.values().as_primitive::<Int64Type>().clone();
            let times = sorted["time"].as_primitive::<Int64Type>().values().to_vec();
            let of_lists: Vec<i64> = lists
                .offsets()
                .iter()
                .take(5)
                .map(|offset| items.value(*offset as usize) + 1)
                .collect();
            assert_eq!(times, of_lists, "a row stays together");
            times
        };
        assert_eq!(
            times(&[by("service", false), by("time", true)]),
            [5, 3, 4, 1, 2]
        );
        assert_eq!(
            times(&[by("absent", false), by("list", true), by("time", true)]),
            [5, 4, 3, 2, 1]
        );
        assert_eq!(times(&[by("absent", false)]), [1, 2, 3, 4, 5]);
    }
}
