//! Random data and random queries: a table that prunes and relies on orders returns what a table in memory does.

use std::sync::Arc;

use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};
use otlake_datafusion::DatasetFiles;
use otlake_dataset::Dataset;
use otlake_parquet::{SortingColumn, WriterOptions};
use otlake_schema::SchemaOptions;
use proptest::prelude::*;

use crate::lake::{BEGIN, HOUR, Lake, OwnedValue, Record, listing, rows};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab]{0,2}",
        // Bounds of long texts are cut.
        "x{70}[ab]",
        Just("\u{10FFFF}".repeat(40)),
        Just("ü".to_owned()),
    ]
}

fn attribute() -> impl Strategy<Value = (String, OwnedValue)> {
    let value = prop_oneof![
        4 => (-3i64..4).prop_map(OwnedValue::Int),
        1 => any::<bool>().prop_map(OwnedValue::Bool),
        1 => prop::sample::select(vec![0.0, -0.0, 1.5, f64::NAN, f64::INFINITY]).prop_map(OwnedValue::Double),
        1 => text().prop_map(OwnedValue::Text),
    ];
    (prop::sample::select(vec!["a", "b", "c"]), value)
        .prop_map(|(name, value)| (name.to_owned(), value))
}

fn record() -> impl Strategy<Value = Record> {
    (
        prop_oneof![1 => Just(0i64), 9 => 0i64..100],
        0i64..5,
        prop::option::of(text()),
        prop::option::of("[st]"),
        prop::collection::vec(attribute(), 0..3),
    )
        .prop_map(|(time, severity, body, service, attributes)| Record {
            time: if time == 0 {
                0
            } else {
                BEGIN + time * HOUR / 2
            },
            severity,
            body,
            service,
            attributes,
            ..Record::default()
        })
}

fn order() -> impl Strategy<Value = Vec<SortingColumn>> {
    let name = prop::sample::select(vec!["timestamp", "severity_number", "body", "attr_a"]);
    let column =
        (name, any::<[bool; 2]>()).prop_map(|(name, [descending, nulls_first])| SortingColumn {
            name: name.to_owned(),
            descending,
            nulls_first,
        });
    prop::collection::vec(column, 0..3)
}

fn operand() -> impl Strategy<Value = (&'static str, String)> {
    let quoted = |text: String| format!("'{text}'");
    prop_oneof![
        ("[0-9]{1,2}").prop_map(|hour| ("hour", format!("'{hour}'"))),
        (22u32..26).prop_map(|day| ("date", format!("'2026-11-{day}'"))),
        (0i64..50).prop_map(|hours| {
            let time = chrono::DateTime::from_timestamp_nanos(BEGIN + hours * HOUR);
            ("\"timestamp\"", format!("'{}'", time.to_rfc3339()))
        }),
        (0i64..6).prop_map(|severity| ("severity_number", severity.to_string())),
        text().prop_map(move |text| ("body", quoted(text))),
        text().prop_map(move |text| ("attr('a')", quoted(text))),
        (-3i64..4).prop_map(|number| ("attr('a')", format!("'{number}'"))),
        (-3i64..4).prop_map(|number| ("attr('b')", format!("'{number}'"))),
        "[st]".prop_map(|service| ("resource_service_name", format!("'{service}'"))),
        "[st]".prop_map(|service| ("service", format!("'{service}'"))),
    ]
}

fn filter() -> impl Strategy<Value = String> {
    let operator = prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">="]);
    let leaf = prop_oneof![
        4 => (operand(), operator).prop_map(|((column, value), operator)| format!("{column} {operator} {value}")),
        1 => (operand(), any::<bool>()).prop_map(|((column, _), not)| {
            format!("{column} IS {}NULL", if not { "NOT " } else { "" })
        }),
        1 => (operand(), any::<bool>()).prop_map(|((column, value), not)| {
            format!("{column} {}IN ({value}, {value})", if not { "NOT " } else { "" })
        }),
        1 => "[abx]{0,1}".prop_map(|prefix| format!("body LIKE '{prefix}%'")),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone())
                .prop_map(|(left, right)| format!("({left} AND {right})")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} OR {right})")),
            inner.prop_map(|inner| format!("NOT ({inner})")),
        ]
    })
}

/// A copy of the table in memory, of which nothing is known.
async fn copy(lake: &Lake) -> SessionContext {
    let source = lake.session(listing()).await;
    let schema = source
        .table("logs")
        .await
        .unwrap()
        .schema()
        .as_arrow()
        .clone();
    let batches = source
        .sql("SELECT * FROM logs")
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    // The metadata of the fields is that of the table.
    let schema = Arc::new(schema);
    let batches = batches
        .into_iter()
        .map(|batch| batch.with_schema(Arc::clone(&schema)).unwrap())
        .collect();
    let context = lake.empty_session(SessionConfig::new().with_target_partitions(1));
    let table = MemTable::try_new(schema, vec![batches]).unwrap();
    context.register_table("logs", Arc::new(table)).unwrap();
    context
}

async fn sorted_rows(context: &SessionContext, sql: &str) -> Vec<String> {
    let mut rows = rows(context, sql).await;
    rows.sort_unstable();
    rows
}

fn cases() -> u32 {
    std::env::var("OTLAKE_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]
    #[test]
    fn queries_return_what_they_do_in_memory(
        flushes in prop::collection::vec((prop::collection::vec(record(), 1..12), order(), 1usize..6), 1..5),
        partitioning in prop::sample::select(vec!["", "date={date}/hour={hour}", "service={resource.service.name}"]),
        filters in prop::collection::vec(filter(), 6),
        orders in prop::collection::vec(order(), 3),
    ) {
        let lake = Lake::new();
        for (records, order, rows) in &flushes {
            let options = Dataset::builder()
                .partitioning(partitioning.parse().unwrap())
                .sorted_rows(order.clone())
                .schema_options(SchemaOptions::new().with_column_budget(2).with_promoted(["resource.service.name"]))
                .row_group_rows(*rows)
                .writer_options(WriterOptions::new().with_rows_per_file(3 * *rows as u64));
            lake.write(options, records);
        }
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let memory = copy(&lake).await;
            let table = lake.session(DatasetFiles::Manifests).await;
            let mut records = flushes.iter().flat_map(|(records, ..)| records);
            let has_services = records.any(|record| record.service.is_some());
            let knows = |text: &str| {
                let mut unknown = match partitioning {
                    "" => vec!["date", "hour", " service", "(service"],
                    "service={resource.service.name}" => vec!["date", "hour"],
                    _ => vec![" service", "(service"],
                };
                if !has_services {
                    unknown.push("resource_service_name");
                }
                let text = format!(" {text}");
                !unknown.iter().any(|column| text.contains(column))
            };
            for filter in filters.iter().filter(|filter| knows(filter)) {
                for select in [
                    "\"timestamp\", severity_number, body, attr('a'), attr('b'), overflow",
                    "count(*)",
                    "min(severity_number), max(severity_number), min(\"timestamp\"), max(\"timestamp\"), max(body), \
                     count(body), count(\"timestamp\"), min(attr('a'))",
                ] {
                    let sql = format!("SELECT {select} FROM logs WHERE {filter}");
                    let expected = sorted_rows(&memory, &sql).await;
                    prop_assert_eq!(sorted_rows(&table, &sql).await, expected, "{}", sql);
                }
            }
            let frame = table.table("logs").await.unwrap();
            for order in orders.iter().filter(|order| !order.is_empty()) {
                let mut keys: Vec<&SortingColumn> = order
                    .iter()
                    .filter(|key| frame.schema().has_column_with_unqualified_name(&key.name))
                    .collect();
                keys.dedup_by_key(|key| &key.name);
                if keys.is_empty() {
                    continue;
                }
                let names: Vec<String> = keys.iter().map(|key| format!("\"{}\"", key.name)).collect();
                let by: Vec<String> = keys
                    .iter()
                    .zip(&names)
                    .map(|(key, name)| {
                        let direction = if key.descending { "DESC" } else { "ASC" };
                        let nulls = if key.nulls_first { "FIRST" } else { "LAST" };
                        format!("{name} {direction} NULLS {nulls}")
                    })
                    .collect();
                for limit in ["", "LIMIT 3"] {
                    // Rows with equal keys may come in any order, so only keys are compared.
                    let sql = format!(
                        "SELECT {} FROM logs ORDER BY {} {limit}",
                        names.join(", "),
                        by.join(", ")
                    );
                    let expected = rows(&memory, &sql).await;
                    prop_assert_eq!(rows(&table, &sql).await, expected, "{}", sql);
                }
            }
            Ok(())
        })?;
    }
}
