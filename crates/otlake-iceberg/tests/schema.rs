//! Field ids, names and types in files are those of the table.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod kit;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use iceberg::MetadataLocation;
use iceberg::spec::{
    Literal, NestedField, PrimitiveLiteral, PrimitiveType, Schema as IcebergSchema,
    TableMetadataBuilder, Transform, Type, UnboundPartitionSpec,
};
use iceberg::transaction::{AddColumn, ApplyTransactionAction, Transaction};
use otlake_dataset::{Commit, CommitOutcome, Dataset, DatasetBuilder, Manifest, OpenError};
use otlake_iceberg::TimePartition;
use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
use otlake_storage::InMemoryStorage;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::Type as ParquetType;

use self::kit::{BEGIN, Fate, HOUR, Lake, chain, push, push_to};

/// Returns the names and ids of all columns of a file, and of everything in them.
fn ids_of_file(lake: &Lake, path: &str) -> BTreeMap<i32, String> {
    fn add(field: &ParquetType, path: &str, ids: &mut BTreeMap<i32, String>) {
        let info = field.get_basic_info();
        // The level of a list or map that Parquet adds has no id and no name in Iceberg.
        let path = match info.name() {
            "list" | "key_value" if !info.has_id() => path.to_owned(),
            name if path.is_empty() => name.to_owned(),
            name => format!("{path}.{name}"),
        };
        if info.has_id() {
            assert_eq!(
                ids.insert(info.id(), path.clone()),
                None,
                "{} twice",
                info.id()
            );
        } else {
            assert!(field.is_group(), "{path} has no id");
        }
        if field.is_group() {
            field
                .get_fields()
                .iter()
                .for_each(|field| add(field, &path, ids));
        }
    }
    let reader = SerializedFileReader::new(lake.bytes(path)).unwrap();
    let schema = reader.metadata().file_metadata().schema().clone();
    let mut ids = BTreeMap::new();
    schema
        .get_fields()
        .iter()
        .for_each(|field| add(field, "", &mut ids));
    ids
}

fn ids_of_table(schema: &IcebergSchema) -> HashMap<i32, String> {
    schema.field_id_to_name_map().clone()
}

/// Four processes write for a while. Attribute names come and go, change their types, and appear in another order in
/// each process, while some updates of the schema meet a conflict or lose their response. Every field id of every file is that
/// of the column with the same name in the table, and ids of attributes begin at 10,000.
#[test]
fn ids_in_footers_are_those_of_the_table() {
    let lake = Lake::new();
    let count = Mutex::new(0);
    lake.catalog.set_fates(move |_| {
        let mut count = count.lock().unwrap();
        *count += 1;
        match *count % 7 {
            3 => Fate::Conflict,
            5 => Fate::AppliedAndLost,
            _ => Fate::Applied,
        }
    });
    let names: Vec<String> = (0..12).map(|number| format!("name.{number}")).collect();
    let values = [
        Value::Int(1),
        Value::String("x"),
        Value::Bool(true),
        Value::Double(0.5),
    ];
    std::thread::scope(|scope| {
        for process in 0..4usize {
            let (lake, names, values) = (&lake, &names, &values);
            scope.spawn(move || {
                let dataset = lake.dataset(lake.commit().build()).open();
                let mut writer = dataset.writer();
                for round in 0..4 {
                    for row in 0..3 {
                        let name = &names[(process * 5 + round * 3 + row) % 12];
                        let value = values[(process + round) % 4];
                        let number = ((process * 10 + round) * 10 + row) as i64;
                        push(&mut writer, number, BEGIN, &[(name, value)]);
                        push_to(Signal::Traces, &mut writer, number, BEGIN, &[(name, value)]);
                        push_to(
                            Signal::Metrics,
                            &mut writer,
                            number,
                            BEGIN,
                            &[(name, value)],
                        );
                    }
                    writer.flush().unwrap();
                }
            });
        }
    });
    for name in ["logs", "traces", "metrics"] {
        let table = lake.table(name);
        let of_table = ids_of_table(table.metadata().current_schema());
        let files = lake.data_files(name);
        assert_eq!(lake.numbers(name).len(), 4 * 4 * 3, "{name}");
        let mut seen = BTreeMap::new();
        for file in &files {
            let ids = ids_of_file(&lake, file.file_path());
            for (id, path) in &ids {
                assert_eq!(of_table.get(id), Some(path), "{name}: {id}");
            }
            for id in file.value_counts().keys() {
                assert!(ids.contains_key(id), "{name}: metrics of {id}");
            }
            seen.extend(ids);
        }
        let attributes = seen.iter().filter(|(_, path)| path.starts_with("attr_"));
        assert_eq!(attributes.clone().count(), 13, "{name}");
        assert!(
            attributes
                .clone()
                .all(|(id, _)| (10_000..10_013).contains(id))
        );
        assert_eq!(
            seen.len(),
            of_table.len(),
            "{name}: a file has every column of the table"
        );
    }
}

/// Keeps the manifests of a dataset that knows nothing of the table.
#[derive(Debug, Default)]
struct Manifests(Mutex<Vec<Manifest>>);

impl Commit for Manifests {
    fn commit(
        &self,
        _name: &str,
        manifest: &Manifest,
    ) -> Result<CommitOutcome, Box<dyn std::error::Error + Send + Sync>> {
        self.0.lock().unwrap().push(manifest.clone());
        Ok(CommitOutcome::Committed)
    }
}

/// Returns the manifest of a dataset with a schema of its own that has these attributes, in this order.
fn manifest_of_others(attributes: &[(&str, Value<'static>)], with_ids: bool) -> Manifest {
    let manifests = Arc::new(Manifests::default());
    let builder = Dataset::builder().commit(manifests.clone());
    let storage = Arc::new(InMemoryStorage::new());
    let dataset = match with_ids {
        true => builder.open(storage).unwrap(),
        false => builder.open_files(storage).unwrap(),
    };
    let mut writer = dataset.writer();
    push(&mut writer, 1, BEGIN, attributes);
    writer.flush().unwrap();
    manifests.0.lock().unwrap().pop().unwrap()
}

/// Files of datasets that were not opened with the commit: each is an error that says what is wrong, and the table has none
/// of them.
#[test]
fn files_with_other_ids_are_rejected() {
    let lake = Lake::new();
    let commit = lake.commit().build();
    let dataset = lake.dataset(lake.commit().build()).open();
    let mut writer = dataset.writer();
    push(
        &mut writer,
        1,
        BEGIN,
        &[("a", Value::Int(1)), ("b", Value::Int(1))],
    );
    writer.flush().unwrap();
    let cases: [(Manifest, &str); 4] = [
        (
            manifest_of_others(&[("b", Value::Int(1)), ("a", Value::Int(1))], true),
            "its column attr_b has the field id 10001, which is that of attr_a",
        ),
        (
            manifest_of_others(&[("a", Value::String("x"))], true),
            "its column attr_a is of type utf8, but the table expects long",
        ),
        (
            manifest_of_others(
                &[
                    ("a", Value::Int(1)),
                    ("b", Value::Int(1)),
                    ("c", Value::Int(1)),
                ],
                true,
            ),
            "its column attr_c has the field id 10003, which the table does not know",
        ),
        (
            manifest_of_others(&[("a", Value::Int(1))], false),
            "has no field id: open the dataset with this commit target",
        ),
    ];
    for (number, (manifest, message)) in cases.iter().enumerate() {
        let error = commit
            .commit(&format!("other-{number}"), manifest)
            .unwrap_err();
        let text = chain(&*error);
        assert!(text.contains(message), "{number}: {text}");
    }
    assert_eq!(lake.numbers("logs"), [1]);
    // One faulty commit does not keep others of its group from the table.
    push(&mut writer, 2, BEGIN, &[]);
    writer.flush().unwrap();
    assert_eq!(lake.numbers("logs"), [1, 2]);
}

/// Another engine adds columns, one of them with the name that an attribute would get, and drops one of ours. Writers that
/// are running and new ones go on, and ids are never used again.
#[test]
fn columns_that_others_add_or_drop_stay_as_they_are() {
    let lake = Lake::new();
    let dataset = lake.dataset(lake.commit().build()).open();
    let mut writer = dataset.writer();
    push(&mut writer, 1, BEGIN, &[("a", Value::Int(1))]);
    writer.flush().unwrap();
    let table = lake.table("logs");
    let transaction = Transaction::new(&table);
    let date = || Type::Primitive(PrimitiveType::Date);
    let schema = transaction
        .update_schema()
        .add_column(AddColumn::optional("attr_b", date()))
        .add_column(AddColumn::optional("reviewed", date()))
        .delete_column("attr_a");
    let transaction = schema.apply(transaction).unwrap();
    lake.block_on(transaction.commit(&*lake.catalog.inner))
        .unwrap();
    // This writer does not know yet that the column was dropped.
    push(&mut writer, 2, BEGIN, &[("a", Value::Int(2))]);
    writer.flush().unwrap();
    push(&mut writer, 3, BEGIN, &[("b", Value::Int(3))]);
    writer.flush().unwrap();
    let dataset = lake.dataset(lake.commit().build()).open();
    let mut writer = dataset.writer();
    push(
        &mut writer,
        4,
        BEGIN,
        &[("a", Value::String("x")), ("b", Value::Int(3))],
    );
    writer.flush().unwrap();
    assert_eq!(lake.numbers("logs"), [1, 2, 3, 4]);
    let schema = lake.table("logs").metadata().current_schema().clone();
    let b = schema.field_by_name("attr_b").unwrap();
    assert_eq!((b.id, &*b.field_type), (10_002, &date()));
    let ours = dataset.schema(otlake_schema::Table::Logs);
    let of_b = ours.column_of("attr.b").unwrap();
    assert!(of_b.name().starts_with("attr_b_"), "{}", of_b.name());
    let a = schema.field_by_name("attr_a").unwrap();
    assert!(a.id > 10_003, "a new column has a new id, not {}", a.id);
    let field = |number: usize| {
        schema
            .field_by_name(ours.columns()[number].name())
            .unwrap()
            .id
    };
    for (number, column) in ours.columns().iter().enumerate() {
        assert_eq!(field(number) as u32, column.id(), "{}", column.name());
    }
}

/// Changes the metadata of a table as another engine may do.
fn alter(
    lake: &Lake,
    table: &str,
    change: impl FnOnce(TableMetadataBuilder) -> iceberg::Result<TableMetadataBuilder>,
) {
    let table = lake.table(table);
    let builder = table.metadata().clone().into_builder(None);
    let metadata = change(builder).unwrap().build().unwrap().metadata;
    let location = MetadataLocation::new_with_metadata(metadata.location(), &metadata);
    lake.block_on(async {
        metadata.write_to(&lake.file_io, &location).await.unwrap();
        let (catalog, ident) = (&lake.catalog.inner, table.identifier());
        catalog.drop_table(ident).await.unwrap();
        let registered = catalog.register_table(ident, location.to_string());
        registered.await.unwrap();
    });
}

fn rename(lake: &Lake, table: &str, from: &str, to: &str) {
    let schema = lake.table(table).metadata().current_schema().clone();
    let fields = schema.as_struct().fields().iter().map(|field| {
        let mut field = NestedField::clone(field);
        if field.name == from {
            field.name = to.to_owned();
        }
        Arc::new(field)
    });
    let renamed = IcebergSchema::builder().with_fields(fields).build();
    alter(lake, table, |builder| builder.add_current_schema(renamed?));
}

/// Removes all schemas but the current one.
fn expire_schemas(lake: &Lake, table: &str) {
    let loaded = lake.table(table);
    let schemas = loaded.metadata().schemas_iter();
    let mut ids: Vec<i32> = schemas.map(|schema| schema.schema_id()).collect();
    ids.retain(|id| *id != loaded.metadata().current_schema_id());
    alter(lake, table, |builder| builder.remove_schemas(&ids));
}

fn partition_by(lake: &Lake, table: &str, column: &str, transform: Transform) {
    let schema = lake.table(table).metadata().current_schema().clone();
    let column = schema.field_id_by_name(column).unwrap();
    alter(lake, table, |builder| {
        let spec = UnboundPartitionSpec::builder();
        let spec = spec.add_partition_field(column, "part", transform)?;
        builder.add_default_partition_spec(spec.build())
    });
}

fn open_partitioned(lake: &Lake, template: &str) -> Result<Dataset, OpenError> {
    let builder = Dataset::builder().partitioning(template.parse().unwrap());
    let builder = builder.commit(Arc::new(lake.commit().build()));
    builder.open(Arc::new(lake.storage.clone()))
}

/// Another engine renames the column by whose days the table is partitioned. Writers that are running and new ones find it
/// by its id.
#[test]
fn the_time_is_found_when_others_have_renamed_its_column() {
    let lake = Lake::new();
    let commit = lake.commit().partition(TimePartition::Day).build();
    let by_date = |builder: DatasetBuilder| builder.partitioning("{date}".parse().unwrap());
    let mut writer = lake.dataset(commit).with(by_date).open().writer();
    push(&mut writer, 1, BEGIN, &[]);
    writer.flush().unwrap();
    rename(&lake, "logs", "timestamp", "ts");
    push(&mut writer, 2, BEGIN, &[]);
    writer.flush().unwrap();
    let dataset = open_partitioned(&lake, "{date}").unwrap();
    let mut writer = dataset.writer();
    push(&mut writer, 3, BEGIN + HOUR, &[("new", Value::Int(1))]);
    push(&mut writer, 4, BEGIN + 24 * HOUR, &[]);
    writer.flush().unwrap();
    assert_eq!(lake.numbers("logs"), [1, 2, 3, 4]);
    let of_table = lake.table("logs").metadata().current_schema().clone();
    let ours = dataset.schema(otlake_schema::Table::Logs);
    let id = ours.column("timestamp").unwrap().id();
    assert_eq!(of_table.field_by_name("ts").unwrap().id as u32, id);
    let text = chain(&open_partitioned(&lake, "").unwrap_err());
    assert!(text.contains("is partitioned by day(ts)"), "{text}");
}

/// Another engine renames columns that every file has and one of an attribute, drops another one, and removes the schemas with the
/// old names. Writers that are running and new ones go on: files keep the old names, under the same ids.
#[test]
fn names_in_files_stay_when_others_have_removed_their_schema() {
    let lake = Lake::new();
    let attributes = [("a", Value::Int(1)), ("b", Value::Int(1))];
    let mut writer = lake.dataset(lake.commit().build()).open().writer();
    push(&mut writer, 1, BEGIN, &attributes);
    writer.flush().unwrap();
    let renamed = [("timestamp", "ts"), ("overflow", "rest"), ("attr_a", "x")];
    for (from, to) in renamed {
        rename(&lake, "logs", from, to);
    }
    let table = lake.table("logs");
    let transaction = Transaction::new(&table);
    let schema = transaction.update_schema().delete_column("attr_b");
    let transaction = schema.apply(transaction).unwrap();
    lake.block_on(transaction.commit(&*lake.catalog.inner))
        .unwrap();
    expire_schemas(&lake, "logs");
    assert_eq!(lake.table("logs").metadata().schemas_iter().count(), 1);

    push(&mut writer, 2, BEGIN, &attributes);
    writer.flush().unwrap();
    let dataset = lake.dataset(lake.commit().build()).open();
    let mut writer = dataset.writer();
    push(&mut writer, 3, BEGIN, &attributes);
    writer.flush().unwrap();
    assert_eq!(lake.numbers("logs"), [1, 2, 3]);
    let of_table = lake.table("logs").metadata().current_schema().clone();
    for file in lake.data_files("logs") {
        let ids = ids_of_file(&lake, file.file_path());
        for (in_files, name) in renamed {
            let id = of_table.field_id_by_name(name).unwrap();
            assert_eq!(ids.get(&id).map(String::as_str), Some(in_files));
            let is_map = in_files == "overflow";
            assert!(is_map || file.value_counts().contains_key(&id), "{name}");
        }
    }
}

/// A long text in a column that another engine has renamed: its bounds are cut, and the directory has all of it.
#[test]
fn a_long_text_is_the_partition_when_others_have_renamed_its_column() {
    let lake = Lake::new();
    let template = "level={severity_text}";
    let mut writer = open_partitioned(&lake, template).unwrap().writer();
    push(&mut writer, 1, BEGIN, &[]);
    writer.flush().unwrap();
    partition_by(&lake, "logs", "severity_text", Transform::Identity);
    rename(&lake, "logs", "severity_text", "level");
    let level = "long".repeat(40);
    let mut writer = open_partitioned(&lake, template).unwrap().writer();
    let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
    row.push(fields::SEVERITY_TEXT, Value::String(&level));
    writer.row(&mut row).unwrap();
    writer.flush().unwrap();
    let files = lake.data_files("logs");
    let mut partitions = files
        .iter()
        .flat_map(|file| file.partition().iter().flatten());
    let expected = Literal::Primitive(PrimitiveLiteral::String(level.clone()));
    assert!(partitions.any(|partition| *partition == expected));
}

/// Tables that others have partitioned by what templates can't express, or by another column: a dataset can be opened, and
/// files with one partition are accepted.
#[test]
fn only_partitions_by_the_time_are_checked_at_open() {
    for (column, transform) in [
        ("attr_number", Transform::Bucket(16)),
        ("attr_number", Transform::Identity),
        ("severity_text", Transform::Truncate(2)),
        ("observed_time_unix_nano", Transform::Truncate(1_000)),
        ("reviewed", Transform::Day),
        ("timestamp", Transform::Identity),
    ] {
        let lake = Lake::new();
        let mut writer = open_partitioned(&lake, "").unwrap().writer();
        push(&mut writer, 1, BEGIN, &[]);
        writer.flush().unwrap();
        let table = lake.table("logs");
        let transaction = Transaction::new(&table);
        let reviewed = AddColumn::optional("reviewed", Type::Primitive(PrimitiveType::Date));
        let schema = transaction.update_schema().add_column(reviewed);
        let transaction = schema.apply(transaction).unwrap();
        lake.block_on(transaction.commit(&*lake.catalog.inner))
            .unwrap();
        partition_by(&lake, "logs", column, transform);
        let dataset = open_partitioned(&lake, "");
        let mut writer = dataset
            .unwrap_or_else(|error| panic!("{transform}({column}): {}", chain(&error)))
            .writer();
        push(&mut writer, 2, BEGIN, &[]);
        writer.flush().unwrap();
        assert_eq!(lake.numbers("logs"), [1, 2], "{transform}({column})");
    }
}

/// A table that was not made for the dataset is an error when the dataset is opened.
#[test]
fn a_table_of_others_is_an_error() {
    let lake = Lake::new();
    let ident = iceberg::NamespaceIdent::new("otlake".to_owned());
    let id = NestedField::optional(1, "id", Type::Primitive(PrimitiveType::Int));
    let schema = IcebergSchema::builder()
        .with_fields([id.into()])
        .build()
        .unwrap();
    let creation = iceberg::TableCreation::builder()
        .name("logs".to_owned())
        .schema(schema);
    lake.block_on(async {
        let catalog = &lake.catalog.inner;
        catalog
            .create_namespace(&ident, Default::default())
            .await
            .unwrap();
        catalog
            .create_table(&ident, creation.build())
            .await
            .unwrap();
    });
    let builder = Dataset::builder().commit(Arc::new(lake.commit().build()));
    let error = builder.open(Arc::new(lake.storage.clone())).unwrap_err();
    let text = chain(&error);
    assert!(
        text.contains("otlake.logs was not created by otlake for logs"),
        "{text}"
    );
    assert!(text.contains("it has no column \"timestamp\""), "{text}");
}

/// Hidden partitions by day and by hour, rows without a time, and files that are too coarse for a table that got its
/// partitions after their dataset was opened.
#[test]
fn partition_values_follow_from_the_rows() {
    let int = |value| Some(Literal::Primitive(PrimitiveLiteral::Int(value)));
    for (partition, partitioning, expected) in [
        (
            TimePartition::Day,
            "date={date}",
            vec![None, int(20_779), int(20_780)],
        ),
        (
            TimePartition::Hour,
            "date={date}/hour={hour}",
            vec![
                None,
                int(20_779 * 24 + 7),
                int(20_779 * 24 + 8),
                int(20_780 * 24 + 7),
            ],
        ),
    ] {
        let lake = Lake::new();
        let coarse = lake.dataset(lake.commit().build()).open();
        let commit = || lake.commit().partition(partition).build();
        let fine = |builder: DatasetBuilder| builder.partitioning(partitioning.parse().unwrap());
        let dataset = lake.dataset(commit()).with(fine).open();
        let mut writer = dataset.writer();
        for (number, time) in [BEGIN, BEGIN + 1, BEGIN + HOUR, BEGIN + 24 * HOUR, 0]
            .iter()
            .enumerate()
        {
            push(&mut writer, number as i64, *time, &[]);
        }
        writer.flush().unwrap();
        let mut found: Vec<Option<Literal>> = Vec::new();
        for file in lake.data_files("logs") {
            let values: Vec<_> = file
                .partition()
                .iter()
                .map(|value| value.cloned())
                .collect();
            assert_eq!(values.len(), 1);
            found.extend(values);
        }
        found.sort_by_key(|value| format!("{value:?}"));
        found.dedup();
        let mut expected = expected;
        expected.sort_by_key(|value| format!("{value:?}"));
        assert_eq!(found, expected);
        let mut writer = coarse.writer();
        push(&mut writer, 9, BEGIN, &[]);
        push(&mut writer, 9, BEGIN + 24 * HOUR, &[]);
        let text = chain(&writer.flush().unwrap_err());
        assert!(
            text.contains("partition the dataset at least as finely as the table"),
            "{text}"
        );
        assert_eq!(lake.numbers("logs").len(), 5);
    }
}

/// A dataset whose partitions are too coarse for a table can't be opened, whether the table exists or not.
#[test]
fn partitions_too_coarse_for_the_table_are_an_error_of_open() {
    for exists in [false, true] {
        let lake = Lake::new();
        let commit = |partition| Arc::new(lake.commit().partition(partition).build());
        let open = |partition, template: &str| {
            let builder = Dataset::builder().partitioning(template.parse().unwrap());
            let builder = builder.commit(commit(partition));
            builder.open(Arc::new(lake.storage.clone()))
        };
        if exists {
            let dataset = open(TimePartition::Hour, "date={date}/hour={hour}").unwrap();
            let mut writer = dataset.writer();
            push(&mut writer, 0, BEGIN, &[]);
            writer.flush().unwrap();
        }
        for template in ["", "{table}/date={date}", "hour={hour}"] {
            let text = chain(&open(TimePartition::Hour, template).unwrap_err());
            assert!(
                text.contains("otlake.logs is partitioned by hour(timestamp)"),
                "{text}"
            );
            assert!(text.contains(&format!("{template:?}")), "{text}");
        }
        assert!(open(TimePartition::Hour, "{date}/{hour}/{minute}").is_ok());
        // A table that exists keeps its partitions.
        assert_eq!(open(TimePartition::Day, "date={date}").is_err(), exists);
    }
}

/// The metrics of a data file are those of the manifest, with bounds in the types of the table.
#[test]
fn data_files_have_all_metrics() {
    use iceberg::spec::Datum;
    let lake = Lake::new();
    let dataset = lake.dataset(lake.commit().build()).open();
    let mut writer = dataset.writer();
    push(
        &mut writer,
        -3,
        BEGIN,
        &[("text", Value::String("b")), ("half", Value::Double(0.5))],
    );
    push(
        &mut writer,
        5,
        BEGIN + HOUR,
        &[("text", Value::String("a"))],
    );
    writer.flush().unwrap();
    let files = lake.data_files("logs");
    let [file] = &files[..] else {
        panic!("{} files", files.len());
    };
    let schema = lake.table("logs").metadata().current_schema().clone();
    let id = |name: &str| schema.field_id_by_name(name).unwrap();
    assert_eq!(file.record_count(), 2);
    assert_eq!(
        file.file_size_in_bytes(),
        lake.bytes(file.file_path()).len() as u64
    );
    let bounds = |name| {
        let bounds = (
            file.lower_bounds().get(&id(name)),
            file.upper_bounds().get(&id(name)),
        );
        (bounds.0.unwrap().clone(), bounds.1.unwrap().clone())
    };
    assert_eq!(bounds("attr_number"), (Datum::long(-3), Datum::long(5)));
    assert_eq!(
        bounds("attr_text"),
        (Datum::string("a"), Datum::string("b"))
    );
    assert_eq!(
        bounds("attr_half"),
        (Datum::double(0.5), Datum::double(0.5))
    );
    let times = (BEGIN / 1_000, (BEGIN + HOUR) / 1_000);
    let times = (
        Datum::timestamptz_micros(times.0),
        Datum::timestamptz_micros(times.1),
    );
    assert_eq!(bounds("timestamp"), times);
    assert_eq!(file.null_value_counts()[&id("attr_half")], 1);
    assert_eq!(file.value_counts()[&id("overflow.key")], 2);
    let sizes: u64 = file.column_sizes().values().sum();
    assert!(sizes > 0 && sizes < file.file_size_in_bytes());
    assert_eq!(file.split_offsets(), Some(&[4][..]));
}
