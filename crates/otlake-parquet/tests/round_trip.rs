//! What is written is what the `parquet` crate's reader reads.

use std::sync::Arc;

use arrow_array::*;
use otlake_parquet::{Encoder, FileWriter, WriterOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

#[test]
fn smoke() {
    let dict: DictionaryArray<types::Int32Type> = vec![Some("a"), None, Some("b"), Some("a")]
        .into_iter()
        .collect();
    let mut maps = builder::MapBuilder::new(
        None,
        builder::StringBuilder::new(),
        builder::StringBuilder::new(),
    );
    for i in 0..4 {
        if i % 2 == 0 {
            maps.keys().append_value("k");
            maps.values().append_value(format!("v{i}"));
        }
        maps.append(i != 3).unwrap();
    }
    let a = RecordBatch::try_from_iter([
        ("d", Arc::new(dict) as ArrayRef),
        ("i", Arc::new(Int64Array::from(vec![1, 2, 3, 4]))),
        (
            "t",
            Arc::new(TimestampMicrosecondArray::from(vec![1, 2, 3, 4]).with_timezone("UTC")),
        ),
        ("m", Arc::new(maps.finish())),
    ])
    .unwrap();
    let b = RecordBatch::try_from_iter([
        (
            "new",
            Arc::new(StringArray::from(vec![Some("x"), None])) as ArrayRef,
        ),
        ("d", Arc::new(StringArray::from(vec!["plain", "b"]))),
    ])
    .unwrap();
    let mut encoder = Encoder::new(WriterOptions::new()).unwrap();
    let mut file = FileWriter::new(Vec::new());
    file.write_row_group(&mut encoder, &a).unwrap();
    file.write_row_group(&mut encoder, &b).unwrap();
    let (bytes, summary) = file
        .finish(&mut encoder, &[("k".into(), "v".into())])
        .unwrap();
    println!("{summary:#?}");
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
    println!("{:?}", reader.schema());
    for batch in reader.build().unwrap() {
        println!("{batch:?}");
    }
}
