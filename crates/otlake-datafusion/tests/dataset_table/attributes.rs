//! `attr(…)`: an attribute wherever it is.

use otlake_datafusion::DatasetFiles;
use otlake_dataset::Dataset;
use otlake_schema::SchemaOptions;

use crate::lake::{BEGIN, Lake, OwnedValue, Record, plan, rows, try_rows};

fn number(number: i64) -> Record {
    Record {
        time: BEGIN,
        severity: number,
        ..Record::default()
    }
}

fn text(value: &str) -> OwnedValue {
    OwnedValue::Text(value.to_owned())
}

/// Values of `user.id` in a BIGINT column, in its overflow, and twice in one record; `ratio`, `flag` and `raw` in
/// columns of other types; `late` in `overflow` alone.
fn lake() -> Lake {
    let lake = Lake::new();
    let options = || Dataset::builder().schema_options(SchemaOptions::new().with_column_budget(6));
    let first = [
        number(1)
            .with("user.id", OwnedValue::Int(7))
            .with("ratio", OwnedValue::Double(3.0)),
        number(2)
            .with("flag", OwnedValue::Bool(true))
            .with("raw", OwnedValue::Bytes(vec![1, 2])),
        number(3).with("name", text("x")),
    ];
    lake.write(options(), &first);
    let second = [
        number(4)
            .with("user.id", text("seven"))
            .with("ratio", OwnedValue::Double(0.5)),
        number(5)
            .with("user.id", OwnedValue::Int(7))
            .with("user.id", OwnedValue::Int(8)),
        number(6)
            .with("user.id", OwnedValue::Int(8))
            .with("ratio", text("3")),
        Record {
            service: Some("cart".to_owned()),
            ..number(7)
        }
        .with("late", text("7")),
        number(8),
    ];
    lake.write(options(), &second);
    lake
}

/// The same records are found as with the column and the overflow spelled out.
#[test]
fn filters_find_a_value_in_its_column_or_in_overflow() {
    let lake = lake();
    run(async {
        let context = lake.session(DatasetFiles::Manifests).await;
        for (filter, expected) in [
            ("attr('user.id') = '7'", "1,5"),
            ("'8' = attr('user.id')", "6"),
            ("attr('attr.user.id') = 'seven'", "4"),
            ("attr('user.id') IN ('7', 'seven', '007')", "1,4,5"),
            ("attr('user.id') = '007'", ""),
            ("attr('user.id') <> '7'", "4,6"),
            ("NOT (attr('user.id') = '7')", "4,6"),
            ("attr('user.id') NOT IN ('7', '8')", "4"),
            ("attr('user.id') IS NULL", "2,3,7,8"),
            ("attr('user.id') LIKE 's%' OR attr('late') = '7'", "4,7"),
            ("attr('ratio') = '3'", "1,6"),
            ("attr('ratio') > '0.4' AND attr('ratio') < '1'", "4"),
            ("attr('flag') = 'true'", "2"),
            ("attr('flag') = 'yes'", ""),
            ("attr('raw') = 'AQI='", "2"),
            ("attr('late') = '7'", "7"),
            ("attr('name') = 'x'", "3"),
            ("attr('resource.service.name') = 'cart'", "7"),
            ("attr('never') = 'x'", ""),
            ("attr('never') IS NOT NULL", ""),
            (
                "CAST(attr('user.id') AS VARCHAR) = '7' AND severity_number > 1",
                "5",
            ),
        ] {
            let sql = format!("SELECT severity_number FROM logs WHERE {filter} ORDER BY 1");
            assert_eq!(rows(&context, &sql).await.join(","), expected, "{filter}");
        }
    });
}

/// The text is that of `overflow`, in every place of a query.
#[test]
fn the_text_does_not_depend_on_where_the_value_is() {
    let lake = lake();
    run(async {
        let context = lake.session(DatasetFiles::Manifests).await;
        for (sql, expected) in [
            (
                "SELECT attr('ratio'), count(*) FROM logs GROUP BY attr('ratio') ORDER BY 1",
                vec!["0.5 | 1", "3 | 2", "null | 5"],
            ),
            (
                "SELECT attr('user.id') AS user FROM logs WHERE severity_number < 6 AND severity_number <> 2 ORDER BY user",
                vec!["7", "7", "seven", "null"],
            ),
            (
                "SELECT max(attr('user.id')) FROM logs HAVING max(attr('user.id')) > '8'",
                vec!["seven"],
            ),
            (
                "SELECT upper(attr('name')) FROM logs WHERE attr('name') IS NOT NULL",
                vec!["X"],
            ),
            (
                "SELECT a.severity_number, b.severity_number FROM logs a JOIN logs b \
                 ON attr(a.overflow, 'user.id') = attr(b.overflow, 'late') ORDER BY 1",
                vec!["1 | 7", "5 | 7"],
            ),
            (
                "SELECT severity_number FROM logs WHERE attr('user.id') IN \
                 (SELECT attr('late') FROM logs WHERE attr('late') IS NOT NULL) ORDER BY 1",
                vec!["1", "5"],
            ),
            (
                "SELECT user FROM (SELECT attr('user.id') AS user, severity_number FROM logs) WHERE user = '8'",
                vec!["8"],
            ),
            (
                "SELECT value_text(0.5), value_text(3.0), value_text(NULL), value_text(true)",
                vec!["0.5 | 3 | null | true"],
            ),
        ] {
            assert_eq!(rows(&context, sql).await, expected, "{sql}");
        }
    });
}

/// A file whose column does not have the value, and whose overflow is empty, is not opened.
#[test]
fn files_without_the_value_are_not_opened() {
    let lake = Lake::new();
    for first in [0, 100, 200] {
        let records: Vec<Record> = (first..first + 10)
            .map(|n| number(n).with("user.id", OwnedValue::Int(n)))
            .collect();
        lake.write(Dataset::builder(), &records);
    }
    run(async {
        let context = lake.session(DatasetFiles::Manifests).await;
        lake.store.take_requests();
        let sql = "SELECT severity_number FROM logs WHERE attr('user.id') = '105'";
        assert_eq!(rows(&context, sql).await, ["105"]);
        assert_eq!(lake.store.take_opened(), (1, 0));
        let sql = "SELECT severity_number FROM logs WHERE attr('user.id') = 'x'";
        let plan = plan(&context, sql).await;
        assert!(
            plan.contains("EmptyExec") && !plan.contains("DataSourceExec"),
            "{plan}"
        );
    });
}

#[test]
fn a_name_that_can_not_be_resolved_is_an_error_that_says_why() {
    let lake = lake();
    run(async {
        let context = lake.session(DatasetFiles::Manifests).await;
        context
            .sql("CREATE TABLE other AS SELECT map(['a'], ['b']) AS overflow")
            .await
            .unwrap();
        for (sql, expected) in [
            ("SELECT attr(body) FROM logs", "has to be a string"),
            ("SELECT attr('a')", "there is no column overflow"),
            (
                "SELECT attr('a') FROM other",
                "overflow is one of another table",
            ),
            ("SELECT attr('a') FROM logs a, logs b", "attr(l.overflow"),
            ("SELECT attr(body, 'a') FROM logs", "attr takes a name"),
            (
                "SELECT attr('user.id') FROM (SELECT overflow FROM logs)",
                "select it too",
            ),
            (
                "SELECT body FROM logs ORDER BY attr('user.id')",
                "select attr",
            ),
        ] {
            let error = try_rows(&context, sql).await.unwrap_err().to_string();
            assert!(error.contains(expected), "{sql}: {error}");
        }
    });
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().unwrap().block_on(test);
}
