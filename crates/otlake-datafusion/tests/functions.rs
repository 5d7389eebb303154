//! The functions over log text: the same results as the fingerprint crate gives without SQL, however the rows are
//! partitioned.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod kit;

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::prelude::SessionContext;
use otlake_datafusion::OtlpTable;
use otlake_fingerprint::{Fingerprinter, PatternOptions, Patterns, level};
use otlake_row::Signal;

use kit::{DATA, context, error, query};

/// Returns a session with the recorded logs.
async fn logs(partitions: usize) -> SessionContext {
    let context = context(partitions);
    let table = OtlpTable::builder(format!("{DATA}/logs"), Signal::Logs);
    let table = table.open(&context.state()).await.unwrap();
    context.register_table("logs", Arc::new(table)).unwrap();
    context
}

fn texts(batches: &[RecordBatch], column: &str) -> Vec<Option<String>> {
    let texts = |batch: &RecordBatch| -> Vec<Option<String>> {
        let column = cast(batch.column_by_name(column).unwrap(), &DataType::Utf8).unwrap();
        let texts = column.as_string::<i32>().iter();
        texts.map(|text| text.map(str::to_owned)).collect()
    };
    batches.iter().flat_map(texts).collect()
}

fn numbers(batches: &[RecordBatch], column: &str) -> Vec<Option<i64>> {
    let numbers = |batch: &RecordBatch| -> Vec<Option<i64>> {
        let column = batch.column_by_name(column).unwrap();
        column.as_primitive::<Int64Type>().iter().collect()
    };
    batches.iter().flat_map(numbers).collect()
}

#[tokio::test]
async fn scalar_functions_agree_with_the_fingerprint_crate() {
    let context = logs(1).await;
    let sql = "SELECT body, fingerprint, fingerprint(body) AS computed, template(body) AS template, \
               severity(body) AS severity FROM logs";
    let batches = query(&context, sql).await;
    let bodies = texts(&batches, "body");
    assert_eq!(bodies.len(), 2_629);
    let mut fingerprinter = Fingerprinter::new();
    let (mut fingerprints, mut templates, mut severities) = (Vec::new(), Vec::new(), Vec::new());
    for body in &bodies {
        let body = body.as_deref();
        let mut alone = Patterns::default();
        let fingerprint = body.map(|body| fingerprinter.fingerprint(body.as_bytes()));
        fingerprints.push(fingerprint.map(|fingerprint| fingerprint.as_i64()));
        templates.push(body.map(|body| {
            let fingerprint = alone.observe(body.as_bytes());
            alone.template(fingerprint).unwrap().to_owned()
        }));
        let level = body.and_then(|body| level(body.as_bytes()));
        severities.push(level.map(|level| i64::from(level.severity_number())));
    }
    assert_eq!(numbers(&batches, "fingerprint"), fingerprints);
    assert_eq!(numbers(&batches, "computed"), fingerprints);
    assert_eq!(texts(&batches, "template"), templates);
    assert_eq!(numbers(&batches, "severity"), severities);
}

#[tokio::test]
async fn functions_accept_every_string_type_and_null() {
    let context = context(1);
    for kind in ["Utf8", "LargeUtf8", "Utf8View", "Dictionary(Int32, Utf8)"] {
        let sql = format!(
            "SELECT template(t) AS template, severity(t) AS severity, fingerprint(t) = fingerprint('disk 8 is full') \
             AS same FROM (SELECT arrow_cast(column1, '{kind}') AS t FROM (VALUES ('disk 7 is full'), (NULL)))"
        );
        let batches = query(&context, &sql).await;
        assert_eq!(
            texts(&batches, "template"),
            [Some("disk <num> is full".to_owned()), None]
        );
        assert_eq!(numbers(&batches, "severity"), [None, None], "{kind}");
        let same: Vec<_> = batches[0].column(2).as_boolean().iter().collect();
        assert_eq!(same, [Some(true), None], "{kind}");
    }
    let message = error(&context, "SELECT template(7.5, 'x')").await;
    assert!(message.contains("template"), "{message}");
}

/// Returns the patterns of messages as `template | count | example | id`, learned without SQL.
fn learned(messages: &[Option<String>]) -> Vec<String> {
    let mut patterns = Patterns::new(PatternOptions::new());
    for message in messages.iter().flatten() {
        patterns.observe(message.as_bytes());
    }
    let set = patterns.patterns();
    let line = |pattern: &otlake_fingerprint::Pattern| {
        let example = String::from_utf8_lossy(&pattern.example);
        format!(
            "{} | {} | {example} | {}",
            pattern.template,
            pattern.count,
            pattern.id.as_i64()
        )
    };
    set.iter().map(line).collect()
}

/// Returns the patterns in a list array, one list for each row, in the same form.
fn lines(lists: &ArrayRef) -> Vec<Vec<String>> {
    let line = |patterns: &ArrayRef, row| {
        let patterns = patterns.as_struct();
        let members = patterns.columns().iter();
        let members = members.map(|member| array_value_to_string(member, row).unwrap());
        members.collect::<Vec<_>>().join(" | ")
    };
    let lists = lists.as_list::<i32>().iter();
    lists
        .map(|patterns| {
            let patterns = patterns.unwrap_or_else(|| Arc::new(StringArray::new_null(0)));
            (0..patterns.len())
                .map(|row| line(&patterns, row))
                .collect()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_are_the_same_for_any_number_of_partitions() {
    let bodies = texts(
        &query(&logs(1).await, "SELECT body FROM logs").await,
        "body",
    );
    let expected = learned(&bodies);
    assert!(expected.len() > 20, "{expected:#?}");
    for partitions in [1, 2, 8] {
        let context = logs(partitions).await;
        let sql = "SELECT patterns(body) AS p FROM logs";
        let batches = query(&context, sql).await;
        assert_eq!(
            lines(batches[0].column(0)),
            std::slice::from_ref(&expected),
            "{partitions}"
        );
        let plan = context
            .sql(sql)
            .await
            .unwrap()
            .create_physical_plan()
            .await
            .unwrap();
        let plan = datafusion::physical_plan::displayable(&*plan)
            .indent(false)
            .to_string();
        let is_partial = plan.contains("mode=Partial");
        assert_eq!(is_partial, partitions > 1, "{plan}");
        let groups = format!("file_groups={{{partitions} group");
        assert!(plan.contains(&groups), "{plan}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_group_learns_its_own_patterns() {
    let sql = "SELECT resource_service_name AS service, patterns(body) AS p FROM logs GROUP BY service ORDER BY service";
    let mut results = Vec::new();
    for partitions in [1, 2, 8] {
        let context = logs(partitions).await;
        let batches = query(&context, sql).await;
        let services = texts(&batches, "service");
        let found: Vec<_> = batches
            .iter()
            .flat_map(|batch| lines(batch.column(1)))
            .collect();
        for (service, patterns) in services.iter().zip(&found) {
            let service = service.as_deref().unwrap();
            let bodies = format!("SELECT body FROM logs WHERE resource_service_name = '{service}'");
            let bodies = texts(&query(&context, &bodies).await, "body");
            assert_eq!(patterns, &learned(&bodies), "{service}");
        }
        assert_eq!(services.len(), 5);
        results.push((services, found));
    }
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn no_messages_have_no_patterns() {
    let context = logs(2).await;
    for condition in ["false", "body IS NULL"] {
        let sql = format!("SELECT patterns(body) AS p FROM logs WHERE {condition}");
        let batches = query(&context, &sql).await;
        assert!(batches[0].column(0).is_null(0), "{condition}");
    }
    let sql = "SELECT patterns(DISTINCT body), count(DISTINCT severity_text) FROM logs";
    let message = error(&context, sql).await;
    assert!(
        message.contains("a subquery with SELECT DISTINCT"),
        "{message}"
    );
}
