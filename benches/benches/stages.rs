//! The stages between the decoder and the columns: decodes payloads through each of them. `decode` is the same
//! without a stage.

#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot run has nobody to tell but the terminal"
)]

mod cases;

use std::convert::Infallible;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use otlake::fingerprint::PatternOptions;
use otlake::{Filter, FingerprintStage, HasAttribute, Redact, Rename, Sample, Sensitive};
use otlake_benches::{Case, Kind, Outcome, Workload};
use otlake_otlp::OtlpDecoder;
use otlake_row::{Row, RowSink, Signal, Stage, sink_fn};

/// Returns a case that decodes payloads and passes the rows through a stage.
fn through<'a>(name: &'static str, workload: &'a Workload, stage: impl Stage + 'a) -> Case<'a> {
    let mut decoder = OtlpDecoder::new();
    let mut sink = stage.before(sink_fn(|row: &mut Row<'_>| {
        std::hint::black_box(row.cells().len());
        Ok::<_, Infallible>(())
    }));
    Case::per_payload(name, Kind::Stage, workload, move |payload| {
        let summary = decoder.decode(workload.signal(), workload.format(), payload, &mut sink)?;
        sink.finish()?;
        Ok(Outcome::records(summary.accepted.try_into()?))
    })
}

fn stages(criterion: &mut Criterion) {
    for workload in &Workload::generated().unwrap() {
        let redact_all = Redact::builder().sensitive(Sensitive::ALL).build().unwrap();
        let redact_keys = Redact::builder().key_regex("(?i)password|secret|token");
        let rename = Rename::builder().attributes([
            ("http.method", "http.request.method"),
            ("http.status_code", "http.response.status_code"),
        ]);
        let mut cases = vec![
            through("decode", workload, ()),
            through("redact_keys", workload, redact_keys.build().unwrap()),
            through("redact_everything", workload, redact_all),
            through("rename", workload, rename.build().unwrap()),
            through("filter_severity", workload, Filter::min_severity(13)),
            through(
                "filter_attribute",
                workload,
                Filter::drop(HasAttribute::resource("service.name").with_value("none")),
            ),
            through("sample_traces", workload, Sample::traces(0.1).unwrap()),
        ];
        if workload.signal() == Signal::Logs {
            let per_fingerprint = Sample::per_fingerprint(100, Duration::from_secs(1));
            let patterns = FingerprintStage::new().with_patterns(PatternOptions::default());
            cases.extend([
                through("fingerprint", workload, FingerprintStage::new()),
                through("patterns", workload, patterns),
                through(
                    "sample_per_fingerprint",
                    workload,
                    (FingerprintStage::new(), per_fingerprint),
                ),
            ]);
        }
        let size = Throughput::ElementsAndBytes {
            elements: workload.records() as u64,
            bytes: workload.bytes() as u64,
        };
        cases::bench_group(
            criterion,
            &format!("stages/{}", workload.name()),
            size,
            cases,
        );
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
