//! Writes a year of drift: a dataset, and the requests it is made from.
//!
//! ```text
//! cargo run -p otlake-reader-tests --bin drift -- DIRECTORY [DAYS [RECORDS]]
//! ```
//!
//! The default is 365 days with 20 records of each signal per day.

#![allow(clippy::print_stdout, reason = "the program reports what it wrote")]

use std::error::Error;
use std::path::PathBuf;

use otlake_reader_tests::{Drift, write};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().ok_or("drift DIRECTORY [DAYS [RECORDS]]")?;
    let days = arguments.next().map_or(Ok(365), |days| days.parse())?;
    let records = arguments.next().map_or(Ok(20), |records| records.parse())?;
    let written = write(Drift::new(days, records), &PathBuf::from(&directory))?;
    println!("{written} records of {days} days in {directory}");
    Ok(())
}
