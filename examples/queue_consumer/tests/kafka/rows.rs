use std::collections::HashMap;
use std::fs::{self, File};
use std::path::Path;

use parquet::file::reader::SerializedFileReader;
use parquet::record::Field;

/// Returns the rows of all tables as text, and how often each exists.
pub fn rows(lake: &Path) -> HashMap<String, usize> {
    let mut rows = HashMap::new();
    for table in fs::read_dir(lake).unwrap() {
        let table = table.unwrap();
        let table_name = table.file_name().into_string().unwrap();
        if !table.file_type().unwrap().is_dir() || table_name.starts_with('_') {
            continue;
        }
        for file in fs::read_dir(table.path()).unwrap() {
            let path = file.unwrap().path();
            if path
                .extension()
                .is_none_or(|extension| extension != "parquet")
            {
                continue;
            }
            for row in SerializedFileReader::new(File::open(path).unwrap()).unwrap() {
                let row = row.unwrap();
                // Files have the columns of their own records, so a column that is missing equals one that is null.
                let mut columns: Vec<String> = row
                    .get_column_iter()
                    .filter(|(_, value)| !matches!(value, Field::Null))
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                columns.sort();
                *rows
                    .entry(format!("{table_name}: {}", columns.join(", ")))
                    .or_default() += 1;
            }
        }
    }
    rows
}
