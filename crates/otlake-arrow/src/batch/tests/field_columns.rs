//! Tests of field columns (derived columns, lists of events and buckets) and of published columns.

use super::*;

/// Returns a record batch of rows that have only fields.
fn batch_of_fields(schema: Schema, rows: &[&[(Key, Value<'_>)]]) -> RecordBatch {
    batch_of(&mut BatchBuilder::new(schema), Keys::of_fields(), rows)
}

#[test]
fn columns_of_spans_are_derived_from_others() {
    let span = |start: i64, end: i64, kind: i64| {
        [
            (fields::START_TIME_UNIX_NANO, Value::Int(start)),
            (fields::END_TIME_UNIX_NANO, Value::Int(end)),
            (fields::KIND, Value::Int(kind)),
        ]
    };
    let batch = batch_of_fields(
        Schema::traces(),
        &[&span(1_500, 4_999, 2), &span(0, 5_000, 77), &[]],
    );
    let timestamps = |column: &str| {
        let array = batch.column_by_name(column).unwrap();
        let array = array.as_primitive::<arrow_array::types::TimestampMicrosecondType>();
        array.iter().collect::<Vec<_>>()
    };
    assert_eq!(timestamps("timestamp"), [Some(1), None, None]);
    assert_eq!(timestamps("end_timestamp"), [Some(4), Some(5), None]);
    assert_eq!(texts(&batch, "duration_nano"), some(&["3499", "", ""]));
    assert_eq!(texts(&batch, "kind"), some(&["2", "77", "0"]));
    let names = some(&["SPAN_KIND_SERVER", "", "SPAN_KIND_UNSPECIFIED"]);
    assert_eq!(texts(&batch, "kind_name"), names);
    let unset = some(&["STATUS_CODE_UNSET"; 3]);
    assert_eq!(texts(&batch, "status_code_name"), unset);
}

#[test]
fn events_are_lists_of_structs() {
    let attributes = [
        ("user", Value::String("alice")),
        ("user", Value::Array(&[Value::Int(1)])),
        ("none", Value::Empty),
    ];
    let event = |name, attributes| {
        [
            ("time_unix_nano", Value::Int(7)),
            ("name", Value::String(name)),
            ("attributes", Value::KvList(attributes)),
            ("dropped_attributes_count", Value::Int(0)),
        ]
    };
    let (first, second) = (event("login", &attributes[..]), event("", &[]));
    let events = [Value::KvList(&first), Value::KvList(&second)];
    let batch = batch_of_fields(
        Schema::traces(),
        &[&[], &[(fields::EVENTS, Value::Array(&events))], &[]],
    );
    let lists = batch.column_by_name("events").unwrap().as_list::<i32>();
    assert!(lists.is_null(0) && lists.is_null(2), "no events were sent");
    let list = lists.value(1);
    let list = list.as_struct();
    assert_eq!(list.column_names().len(), 4);
    let names = list.column_by_name("name").unwrap().as_string::<i32>();
    assert_eq!(names.iter().collect::<Vec<_>>(), [Some("login"), None]);
    let times = list.column_by_name("time_unix_nano").unwrap();
    assert_eq!(times.as_primitive::<Int64Type>().values(), &[7, 7]);
    let maps = list.column_by_name("attributes").unwrap().as_map();
    assert_eq!(maps.value_length(0), 3);
    assert_eq!(maps.value_length(1), 0);
    let entries = maps.value(0);
    let (keys, values) = (entries.column(0), entries.column(1));
    let keys: Vec<_> = keys.as_string::<i32>().iter().flatten().collect();
    assert_eq!(keys, ["user", "user#2", "none"]);
    let values: Vec<_> = values.as_string::<i32>().iter().collect();
    assert_eq!(values, [Some("alice"), Some("[1]"), None]);
}

#[test]
fn members_in_another_order_are_found_and_unknown_ones_overflow() {
    let event = [
        ("name", Value::String("login")),
        ("time_unix_nano", Value::String("18446744073709551615")),
        ("novel", Value::Bool(true)),
    ];
    let events = [Value::KvList(&event)];
    let mut builder = BatchBuilder::new(Schema::traces());
    let rows: [&[_]; 2] = [&[(fields::EVENTS, Value::Array(&events))], &[]];
    let batch = batch_of(&mut builder, Keys::of_fields(), &rows);
    let list = batch["events"].as_list::<i32>().value(0);
    let names = list.as_struct().column_by_name("name").unwrap();
    assert_eq!(names.as_string::<i32>().value(0), "login");
    let times = list.as_struct().column_by_name("time_unix_nano").unwrap();
    assert!(times.is_null(0), "the time does not fit");
    let json =
        r#"[{"name":"login","time_unix_nano":"18446744073709551615","novel":true}]"#.to_owned();
    assert_eq!(overflow(&batch, 0), [("events".to_owned(), Some(json))]);
    assert_eq!(overflow(&batch, 1), []);
    assert_eq!(builder.overflow_counts().r#type, 1);
}

#[test]
fn lists_do_not_come_from_groups() {
    let events = [Value::Array(&[])];
    let cells = [Cell {
        key: fields::EVENTS,
        value: Value::Array(&events),
    }];
    let mut builder = BatchBuilder::new(Schema::traces());
    let group = Group::new(&cells);
    for _ in 0..3 {
        let mut row = Row::new(Signal::Traces, group, Group::new(&[]));
        builder.row(&mut row).unwrap();
    }
    let batch = builder.finish_batch();
    assert_eq!(batch["events"].null_count(), 3);
    for row in 0..3 {
        let expected = ("events".to_owned(), Some("[[]]".to_owned()));
        assert_eq!(overflow(&batch, row), [expected]);
    }
}

#[test]
fn buckets_are_lists_of_numbers() {
    let counts = [Value::Int(3), Value::Int(0)];
    let point = [
        (fields::KIND, Value::String("histogram")),
        (fields::BUCKET_COUNTS, Value::Array(&counts)),
        (fields::EXPLICIT_BOUNDS, Value::Array(&[Value::Double(0.5)])),
    ];
    let empty = [(fields::BUCKET_COUNTS, Value::Array(&[]))];
    let batch = batch_of_fields(Schema::metrics(), &[&point, &empty, &[]]);
    let lists = batch["bucket_counts"].as_list::<i32>();
    let lengths: Vec<_> = lists.iter().map(|list| list.map(|l| l.len())).collect();
    assert_eq!(lengths, [Some(2), Some(0), None]);
    let counts = lists.values().as_primitive::<Int64Type>();
    assert_eq!(counts.values(), &[3, 0]);
    let bounds = batch["explicit_bounds"].as_list::<i32>();
    assert_eq!(
        bounds.values().as_primitive::<Float64Type>().values(),
        &[0.5]
    );
    assert_eq!(texts(&batch, "count"), some(&["", "", ""]));
}

#[test]
fn values_that_do_not_fit_the_published_type_overflow_and_keep_their_rows() {
    let mut keys = Keys::new();
    let (status, user) = (attribute(&mut keys, "status"), attribute(&mut keys, "user"));
    let mut first = BatchBuilder::new(Schema::logs());
    push_all(&mut first, &keys, &[&[(status, Value::Int(200))]]);
    let mut dataset = DatasetSchema::new(otlake_schema::Table::Logs);
    assert!(dataset.extend(first.schema()));

    let options = BatchOptions::new().with_field_ids(true);
    let mut second = BatchBuilder::with_options(Schema::logs(), options);
    let rows: &[&[_]] = &[
        &[(status, Value::String("ok"))],
        &[(status, Value::Int(404)), (user, Value::String("alice"))],
        &[],
        &[(status, Value::Double(0.5))],
    ];
    push_all(&mut second, &keys, rows);
    assert!(
        second.schema().has_unpublished_changes(&dataset),
        "it does not know user"
    );
    dataset.extend(second.schema());
    second.coerce(&dataset);
    push_all(&mut second, &keys, &[&[(status, Value::Bool(true))]]);
    let batch = second.finish_batch();

    // The column of `status` was text by then, so its numbers are texts and do not fit either.
    assert_eq!(batch["attr_status"].data_type(), &DataType::Int64);
    assert_eq!(texts(&batch, "attr_status"), some(&["", "", "", "", ""]));
    let entry = |text: &str| vec![("attr.status".to_owned(), Some(text.to_owned()))];
    for (row, text) in [(0, "ok"), (1, "404"), (3, "0.5"), (4, "true")] {
        assert_eq!(overflow(&batch, row), entry(text), "row {row}");
    }
    assert_eq!(overflow(&batch, 2), []);
    assert_eq!(second.overflow_counts().r#type, 4);
    assert_eq!(texts(&batch, "attr_user")[1].as_deref(), Some("alice"));
    let id = |column: &str| {
        batch
            .schema()
            .field_with_name(column)
            .unwrap()
            .metadata()
            .clone()
    };
    assert_eq!(id("attr_status")["PARQUET:field_id"], "10000");
    assert_eq!(id("attr_user")["PARQUET:field_id"], "10001");
    assert_eq!(id("body")["PARQUET:field_id"], "6");
    assert!(!second.schema().has_unpublished_changes(&dataset));
}

#[test]
fn a_column_beyond_the_budget_of_the_dataset_overflows() {
    let mut keys = Keys::new();
    let (known, novel) = (attribute(&mut keys, "known"), attribute(&mut keys, "novel"));
    let schema = || Schema::new(Signal::Logs, SchemaOptions::new().with_column_budget(1));
    let mut first = BatchBuilder::new(schema());
    push_all(&mut first, &keys, &[&[(known, Value::Int(1))]]);
    let mut dataset = DatasetSchema::new(otlake_schema::Table::Logs);
    dataset.extend(first.schema());

    let mut second = BatchBuilder::new(schema());
    push_all(&mut second, &keys, &[&[(novel, Value::Int(2))]]);
    assert!(!dataset.extend(second.schema()), "the budget is used up");
    second.coerce(&dataset);
    push_all(
        &mut second,
        &keys,
        &[&[(novel, Value::Int(3)), (known, Value::Int(4))]],
    );
    let batch = second.finish_batch();
    assert!(batch.column_by_name("attr_novel").is_none());
    assert_eq!(texts(&batch, "attr_known"), some(&["", "4"]));
    for (row, text) in [(0, "2"), (1, "3")] {
        let entry = ("attr.novel".to_owned(), Some(text.to_owned()));
        assert_eq!(overflow(&batch, row), [entry]);
    }
    assert_eq!(second.overflow_counts().budget, 2);
}

proptest! {
    #[test]
    fn batches_of_one_dataset_have_its_types_and_lose_nothing(
        batches in proptest::collection::vec(
            proptest::collection::vec((0usize..4, 0usize..7), 1..12),
            1..6,
        ),
        budget in 0usize..6,
    ) {
        let values = [
            Value::Bool(true),
            Value::Int(7),
            Value::Int(i64::MAX),
            Value::Double(0.5),
            Value::String("text"),
            Value::Bytes(b"bytes"),
            Value::Array(&[Value::Int(1)]),
        ];
        let mut dataset = DatasetSchema::new(otlake_schema::Table::Logs);
        for rows in batches {
            // Each record batch comes from another writer, which has its own interner.
            let mut keys = Keys::new();
            let names: Vec<Key> = (0..4)
                .map(|number| attribute(&mut keys, &format!("name.{number}")))
                .collect();
            let options = SchemaOptions::new().with_column_budget(budget);
            let mut builder = BatchBuilder::new(Schema::from_dataset(&dataset, options));
            for (name, value) in &rows {
                push_all(&mut builder, &keys, &[&[(names[*name], values[*value])]]);
            }
            let before = dataset.clone();
            if builder.schema().has_unpublished_changes(&dataset) {
                dataset.extend(builder.schema());
            }
            for column in before.columns() {
                let after = dataset.column(column.name());
                prop_assert_eq!(after.map(|after| after.type_name()), Some(column.type_name()));
                prop_assert_eq!(after.map(|after| after.id()), Some(column.id()));
            }
            builder.coerce(&dataset);
            let batch = builder.finish_batch();
            for field in batch.schema().fields() {
                let published = dataset.column(field.name()).unwrap();
                if let Some(column_type) = published.column_type().filter(|_| published.id() >= 10_000) {
                    let of_strings = DataType::Dictionary(
                        Box::new(DataType::Int32),
                        Box::new(DataType::Utf8),
                    );
                    let expected = type_of_attribute(column_type);
                    prop_assert!(
                        *field.data_type() == expected
                            || (expected == DataType::Utf8 && *field.data_type() == of_strings)
                    );
                }
            }
            for (row, (name, value)) in rows.iter().enumerate() {
                let column = format!("attr_name_{name}");
                let in_column = batch
                    .column_by_name(&column)
                    .and_then(|_| texts(&batch, &column)[row].clone());
                let in_overflow = overflow(&batch, row);
                let expected = Some(ValueText(&values[*value]).to_string());
                match in_column {
                    Some(text) => {
                        prop_assert_eq!(Some(text), expected);
                        prop_assert!(in_overflow.is_empty());
                    }
                    None => prop_assert_eq!(
                        in_overflow,
                        vec![(format!("attr.name.{name}"), expected)]
                    ),
                }
            }
        }
    }
}
