//! Measures the order of merged rows: writes some hours of log records, spans or data points in small files, merges them in
//! several orders, and counts the requests and bytes with which a reader answers typical queries.
//!
//! ```sh
//! cargo run --release -p otlake-dataset --example layouts -- traces 24 288 5000
//! ```
//!
//! The reader knows the manifests. Of each file that may have rows, it reads the end, bloom filters, and the pages that
//! statistics and page index can't exclude. Ranges less than 1 MiB apart are one request, as with `object_store`.

#![allow(clippy::print_stdout, reason = "a program that prints figures")]

mod filter;
mod lake;
mod query;
mod reads;
mod times;

use std::error::Error;

use otlake_row::Signal;

use self::filter::text;
use self::lake::{Lake, Size};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SERVICE: &str = "resource_service_name";
const INSTANCE: &str = "resource_service_instance_id";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [signal, hours, files, rows] = &arguments[..] else {
        return Err("layouts logs|traces|metrics HOURS FILES ROWS_PER_FILE".into());
    };
    let size = Size {
        hours: hours.parse()?,
        files: files.parse()?,
        rows: rows.parse()?,
    };
    match signal.as_str() {
        "logs" => measure_logs(size),
        "traces" => measure_traces(size),
        "metrics" => {
            measure_metrics(size, false)?;
            measure_metrics(size, true)
        }
        other => Err(format!("there is no signal {other}").into()),
    }
}

fn measure_logs(size: Size) -> Result<()> {
    let lake = Lake::write(Signal::Logs, size, false)?;
    let queries = [
        lake.query(
            &[SERVICE, "timestamp", "body"],
            &[(SERVICE, text("payment")), lake.an_hour()],
        ),
        lake.query(&[SERVICE, "timestamp", "body"], &[lake.an_hour()]),
        lake.query(
            &["trace_id", "timestamp", "body"],
            &[lake.sample("trace_id", &[])?],
        ),
    ];
    for order in ["", "timestamp", "resource_service_name,timestamp"] {
        lake.measure(order, &queries)?;
    }
    Ok(())
}

fn measure_traces(size: Size) -> Result<()> {
    let lake = Lake::write(Signal::Traces, size, false)?;
    let columns = [
        "trace_id",
        "span_id",
        "parent_span_id",
        "name",
        SERVICE,
        "timestamp",
        "duration_nano",
    ];
    let trace = lake.sample("trace_id", &[])?;
    let queries = [
        lake.query(&columns, &[(SERVICE, text("payment")), lake.an_hour()]),
        lake.query(&columns, std::slice::from_ref(&trace)),
        lake.query(&columns, &[trace, lake.an_hour()]),
        lake.query(&columns, &[lake.an_hour()]),
    ];
    for order in [
        "",
        "timestamp",
        "trace_id",
        "resource_service_name,timestamp",
        "resource_service_name,trace_id",
    ] {
        lake.measure(order, &queries)?;
    }
    Ok(())
}

/// Measures data points. With `with_series`, they have a hash of their series.
fn measure_metrics(size: Size, with_series: bool) -> Result<()> {
    let lake = Lake::write(Signal::Metrics, size, with_series)?;
    let metric = ("name", text("http.server.request.duration"));
    let service = (SERVICE, text("payment"));
    let of = [metric.clone(), service.clone()];
    let columns = [
        "name",
        SERVICE,
        INSTANCE,
        "attr_http_route",
        "attr_http_request_method",
        "attr_http_response_status_code",
        "timestamp",
        "count",
        "sum",
        "bucket_counts",
    ];
    let mut series = of.to_vec();
    for column in [
        INSTANCE,
        "attr_http_route",
        "attr_http_request_method",
        "attr_http_response_status_code",
    ] {
        series.push(lake.sample(column, &of)?);
    }
    let mut queries = vec![
        lake.query(&columns, &series),
        lake.query(&columns, &of),
        lake.query(&columns, &[metric, lake.an_hour()]),
        lake.query(
            &["name", SERVICE, "timestamp", "as_int", "as_double"],
            &[service, lake.an_hour()],
        ),
    ];
    if with_series {
        let hash = lake.sample("series", &of)?;
        queries.push(lake.query(&columns, &[of[0].clone(), hash]));
    }
    let orders: &[&str] = if with_series {
        &[
            "name,resource_service_name,timestamp",
            "name,series,timestamp",
            "resource_service_name,name,timestamp",
            "resource_service_name,name,series,timestamp",
        ]
    } else {
        &[
            "",
            "timestamp",
            "name,timestamp",
            "name,resource_service_name,timestamp",
            "resource_service_name,timestamp",
            "resource_service_name,name,timestamp",
        ]
    };
    for order in orders {
        lake.measure(order, &queries)?;
    }
    Ok(())
}
