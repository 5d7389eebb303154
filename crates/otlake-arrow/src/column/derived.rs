//! Columns that are derived from other columns when their record batch is finished.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{
    ArrayRef, DictionaryArray, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use arrow_buffer::NullBuffer;

/// Returns times in microseconds, given times in nanoseconds. Where `time` is 0, the value of `or` is used.
/// Where both are 0, the result is null.
pub(crate) fn timestamps(time: &ArrayRef, or: Option<&ArrayRef>) -> ArrayRef {
    let times = time.as_primitive::<Int64Type>().values();
    let nanos: Vec<i64> = match or {
        None => times.to_vec(),
        Some(or) => {
            let others = or.as_primitive::<Int64Type>().values();
            let both = times.iter().zip(others);
            both.map(|(&time, &other)| if time != 0 { time } else { other })
                .collect()
        }
    };
    let nulls = nulls_where(nanos.iter(), |nanos| **nanos == 0);
    // Collecting into a vector of the same element type reuses the memory.
    let micros: Vec<i64> = nanos.into_iter().map(|nanos| nanos / 1_000).collect();
    let array = TimestampMicrosecondArray::new(micros.into(), nulls);
    Arc::new(array.with_timezone("UTC"))
}

/// Returns the nanoseconds from `since` to `until`, or null where one of them is 0.
pub(crate) fn durations(since: &ArrayRef, until: &ArrayRef) -> ArrayRef {
    let since = since.as_primitive::<Int64Type>().values();
    let until = until.as_primitive::<Int64Type>().values();
    let both = since.iter().zip(until);
    let nulls = nulls_where(both.clone(), |(since, until)| **since == 0 || **until == 0);
    // The protocol's times are not negative, so the difference fits.
    let durations: Vec<i64> = both
        .map(|(since, until)| until.wrapping_sub(*since))
        .collect();
    Arc::new(Int64Array::new(durations.into(), nulls))
}

/// Returns the names of an enum's numbers, or null for numbers without a name. The number of a name is its
/// index in `names`.
pub(crate) fn enum_names(numbers: &ArrayRef, names: &[&str], plain: bool) -> ArrayRef {
    let numbers = numbers.as_primitive::<Int64Type>();
    let name_of = |number: i64| usize::try_from(number).ok().filter(|&n| n < names.len());
    if plain {
        let names = numbers.iter().map(|number| names.get(name_of(number?)?));
        return Arc::new(names.collect::<StringArray>());
    }
    let ids: Int32Array = numbers
        .iter()
        .map(|number| name_of(number?).map(|name| name as i32))
        .collect();
    let names = Arc::new(StringArray::from_iter_values(names));
    Arc::new(DictionaryArray::<Int32Type>::new(ids, names))
}

fn nulls_where<T>(
    values: impl Iterator<Item = T> + Clone,
    is_null: impl Fn(&T) -> bool,
) -> Option<NullBuffer> {
    let nulls = values.clone().any(|value| is_null(&value));
    nulls.then(|| values.map(|value| !is_null(&value)).collect())
}
