//! A custom `Naming`: columns have the names of their attributes, with dots replaced by
//! underscores; columns of resources and scopes have a prefix.
//!
//! ```text
//! cargo run --example custom_naming
//! ```

use std::path::Path;

use anyhow::Context;
use otlake::Pipeline;
use otlake::row::Location;
use otlake::schema::{Naming, Table};
use otlake::storage::InMemoryStorage;

struct Short;

impl Naming for Short {
    fn write(&self, location: Location, name: &str, column: &mut String) {
        match location {
            Location::Resource => column.push_str("r_"),
            Location::Scope => column.push_str("s_"),
            // Without a prefix, an attribute may have the name of a field. A hash of its full name is then
            // appended to the name of its column, so that the two don't mix.
            Location::Attribute | Location::Field => {}
        }
        column.extend(name.chars().map(|c| if c == '.' { '_' } else { c }));
    }
}

fn main() -> anyhow::Result<()> {
    let payload = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/logs/checkout-python-001.binpb");
    let mut pipeline = Pipeline::builder()
        .naming(Short)
        .build_files(InMemoryStorage::new())?;
    pipeline.ingest_logs(std::fs::read(payload)?)?;
    let schema = pipeline.schema(Table::Logs).context("no logs were read")?;
    for column in schema.columns() {
        if let Some(full_name) = column.full_name() {
            println!("{:40} {full_name}", column.name());
        }
    }
    Ok(())
}
