//! The order of a file is true of all of its rows.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use otlake_parquet::{Encoder, FileSummary, FileWriter, SortingColumn, WriterOptions};
use proptest::prelude::*;

/// A row of the columns `text` and `number`.
type Row = (Option<String>, Option<i64>);

/// The texts of the rows of each row group.
type Groups = [&'static [&'static str]];

#[derive(Clone, Copy, Debug)]
struct Direction {
    descending: bool,
    nulls_first: bool,
}

impl Direction {
    fn compare<T: Ord>(self, left: &Option<T>, right: &Option<T>) -> Ordering {
        match (left, right) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) if self.nulls_first => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => self.compare(right, left).reverse(),
            (Some(left), Some(right)) if self.descending => right.cmp(left),
            (Some(left), Some(right)) => left.cmp(right),
        }
    }
}

fn compare(left: &Row, right: &Row, text: Direction, number: Option<Direction>) -> Ordering {
    let by_text = text.compare(&left.0, &right.0);
    by_text.then_with(|| number.map_or(Ordering::Equal, |number| number.compare(&left.1, &right.1)))
}

/// Writes each group as a row group and returns the summary.
fn write(groups: &[Vec<Row>], text: Direction, number: Direction) -> FileSummary {
    let sorted = |name: &str, direction: Direction| SortingColumn {
        name: name.to_owned(),
        descending: direction.descending,
        nulls_first: direction.nulls_first,
    };
    let order = vec![sorted("text", text), sorted("number", number)];
    let options = WriterOptions::new().with_sorting_columns(order);
    let mut encoder = Encoder::new(options).unwrap();
    let mut file = FileWriter::new(Vec::new());
    for rows in groups {
        let texts: StringArray = rows.iter().map(|row| row.0.clone()).collect();
        let numbers: Int64Array = rows.iter().map(|row| row.1).collect();
        let columns: [(&str, ArrayRef); 2] =
            [("text", Arc::new(texts)), ("number", Arc::new(numbers))];
        let columns = columns.map(|(name, array)| (name, array, true));
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        file.write_row_group(&mut encoder, &batch).unwrap();
    }
    file.finish(&mut encoder, &[]).unwrap().1
}

fn names(summary: &FileSummary) -> Vec<&str> {
    let columns = summary.sort_order.iter();
    columns.map(|column| column.name.as_str()).collect()
}

#[test]
fn row_groups_that_follow_one_another_are_one_order() {
    const UP: Direction = Direction {
        descending: false,
        nulls_first: false,
    };
    const DOWN: Direction = Direction {
        descending: true,
        nulls_first: true,
    };
    let long = |end: &str| format!("{}{end}", "x".repeat(100));
    // Row groups with the texts of their rows, and the columns by which the file is then sorted.
    let cases: [(&Groups, Direction, &[&str]); 9] = [
        (&[], UP, &[]),
        (&[&["a", "b"]], UP, &["text", "number"]),
        (&[&["a", "b"], &["c"], &["d", "e"]], UP, &["text", "number"]),
        (&[&["a", "b"], &["b", "c"]], UP, &["text"]),
        (&[&["a", "c"], &["b"]], UP, &[]),
        (&[&["b", "a"], &["d", "c"]], DOWN, &[]),
        (&[&["d", "c"], &["b", "a"]], DOWN, &["text", "number"]),
        (&[&["a", ""], &["c"]], UP, &[]),
        (&[&["a"], &["", "c"]], DOWN, &[]),
    ];
    for (groups, direction, expected) in cases {
        // An empty text stands for null.
        let rows = |texts: &&[&str]| {
            let texts = texts.iter();
            texts
                .map(|text| ((!text.is_empty()).then(|| (*text).to_owned()), None))
                .collect()
        };
        let groups: Vec<Vec<Row>> = groups.iter().map(rows).collect();
        assert_eq!(
            names(&write(&groups, direction, UP)),
            expected,
            "{groups:?}"
        );
    }
    // The bounds of long texts are cut, so the second row group seems to begin before the first one ends.
    let groups = ["a", "b"].map(|end| vec![(Some(long(end)), None)]);
    assert_eq!(names(&write(&groups, UP, UP)), Vec::<&str>::new());
}

proptest! {
    /// Random rows, sorted within row groups and often beyond them.
    #[test]
    fn the_rows_of_the_file_have_the_order(
        mut rows in proptest::collection::vec(("[ab]{0,3}|x{80}[ab]", 0i64..4, 0u8..12), 0..40),
        ends in proptest::collection::vec(0usize..40, 0..5),
        presorted in 0u8..4,
        directions: [(bool, bool); 2],
    ) {
        let [text, number] = directions.map(|(descending, nulls_first)| Direction { descending, nulls_first });
        let rows: Vec<Row> = rows
            .drain(..)
            .map(|(text, number, null)| ((null > 0).then_some(text), (null != 1).then_some(number)))
            .collect();
        let mut rows = rows;
        if presorted > 0 {
            rows.sort_by(|left, right| compare(left, right, text, Some(number)));
        }
        let mut ends: Vec<usize> = ends.into_iter().map(|end| end.min(rows.len())).collect();
        ends.push(rows.len());
        ends.sort_unstable();
        let mut groups = Vec::new();
        let mut start = 0;
        for end in ends {
            let mut group = rows[start..end].to_vec();
            group.sort_by(|left, right| compare(left, right, text, Some(number)));
            groups.push(group);
            start = end;
        }
        let summary = write(&groups, text, number);
        let rows: Vec<Row> = groups.concat();
        let both = match &names(&summary)[..] {
            [] => return Ok(()),
            ["text"] => false,
            names => {
                prop_assert_eq!(names, &["text", "number"]);
                true
            }
        };
        for pair in rows.windows(2) {
            let order = compare(&pair[0], &pair[1], text, both.then_some(number));
            prop_assert_ne!(order, Ordering::Greater, "{:?}", pair);
        }
    }
}
