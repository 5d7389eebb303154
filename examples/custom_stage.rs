//! A stage of your own: it adds the team that owns a service to every record, as a column of its own.
//!
//! ```text
//! cargo run -p otlake-examples --example custom_stage
//! ```

use std::path::Path;

use anyhow::Context;
use otlake::Pipeline;
use otlake::row::{GroupId, Key, Location, RegisterError, Row, RowSink, Stage, Value};
use otlake::schema::Table;
use otlake::storage::LocalDirectory;

/// Adds the column `team`.
struct Team {
    /// The key of the column. Registered once, it is valid in the rows of every decoder, so setting it costs
    /// no look-up. `Location::Field` makes it `team` instead of `attr_team`.
    key: Key,
    /// The resource of the previous row and its team, so that each resource is inspected only once, however
    /// many records it has.
    current: Option<(GroupId, &'static str)>,
}

impl Team {
    fn new() -> Result<Team, RegisterError> {
        Ok(Team {
            key: Key::register(Location::Field, "team")?,
            current: None,
        })
    }
}

impl Stage for Team {
    fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
        let resource = row.resource();
        let team = match self.current {
            Some((id, team)) if id == resource.id() => team,
            _ => {
                let team = match row.service_name() {
                    Some("checkout" | "payment") => "money",
                    Some("frontend" | "catalog" | "recommendation") => "shop",
                    _ => "unknown",
                };
                self.current = Some((resource.id(), team));
                team
            }
        };
        row.push(self.key, Value::String(team));
        next.row(row)
    }
}

fn main() -> anyhow::Result<()> {
    let lake = LocalDirectory::new("target/otlake-custom-stage");
    let mut pipeline = Pipeline::builder()
        .stage(Team::new()?)
        .fingerprint()
        .build(lake)?;

    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/logs");
    for number in 1..=3 {
        let name = format!("checkout-python-{number:03}.binpb");
        pipeline.ingest_logs(std::fs::read(data.join(name))?)?;
    }
    pipeline.flush()?;

    let schema = pipeline.schema(Table::Logs).context("no logs")?;
    let mut columns = schema.columns().iter();
    assert!(
        columns.any(|column| column.name() == "team"),
        "the key has a column of its own"
    );
    for file in pipeline.report().files() {
        println!("{}: {} records", file.name, file.rows);
    }
    Ok(())
}
