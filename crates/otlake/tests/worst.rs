//! What one accepted payload may cause: each test is a line of the table in docs/inputs.md, "The worst
//! accepted input and what it costs".
//!
//! ```sh
//! cargo test -p otlake --test worst -- --nocapture # prints the figures
//! ```

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "worst/cost.rs"]
mod cost;
#[path = "worst/payloads.rs"]
mod payloads;

use std::alloc::System;

use otlake::dataset::InputBudget;
use otlake::otlp::RejectionReason;
use otlake::{Pipeline, PipelineBuilder};
use otlake_testkit::CountingAllocator;

use self::cost::{Bounds, CountingStorage, alone, cost, cost_in};
use self::payloads::*;

#[global_allocator]
static ALLOCATOR: CountingAllocator<System> = CountingAllocator::new(System);

const MIB: usize = 1 << 20;

const BOUNDS: Bounds = Bounds {
    ratio: 8,
    files: 1,
    row_groups: 8,
    peak: 160,
    allocations: 20_000,
};

fn by_tenant() -> PipelineBuilder {
    Pipeline::builder().partitioning("{attr.tenant}".parse().unwrap())
}

/// The longest attribute that the limits allow is written once for each row group.
#[test]
fn the_longest_attribute_of_a_resource() {
    let _alone = alone();
    let long = attribute("long", &noise(16 * MIB));
    let payload = logs(vec![long], records(300_000));
    cost(Pipeline::builder(), &payload).assert_within("16 MiB", BOUNDS);
}

/// What overflows because its name is sent twice is written once for each row group too.
#[test]
fn an_attribute_of_a_resource_that_is_sent_twice() {
    let _alone = alone();
    let text = noise(2 * MIB);
    let twice = vec![attribute("twice", &text), attribute("twice", &text)];
    let payload = logs(twice, records(10_000));
    cost(Pipeline::builder(), &payload).assert_within("twice", BOUNDS);
}

/// What the records of a group share is written once for each row group, wherever it is and however it is
/// encoded.
#[test]
fn a_long_text_in_each_kind_of_group() {
    let _alone = alone();
    for (place, payload) in in_every_group(&noise(MIB), 300_000) {
        let cost = cost(Pipeline::builder(), &payload);
        assert_eq!(cost.records.rejected, 0, "{place}");
        cost.assert_within(place, BOUNDS);
    }
}

/// Row groups that are small by options, or because memory is short, repeat it more often, until the budget
/// of the payload ends that.
#[test]
fn a_long_text_in_small_row_groups() {
    let _alone = alone();
    let payload = logs(vec![attribute("long", &noise(MIB))], records(300_000));
    let small = cost(Pipeline::builder().row_group_rows(1_000), &payload);
    let rejection = small.records.first_rejection.as_ref().unwrap();
    assert!(matches!(rejection.reason(), RejectionReason::Budget { .. }));
    assert_eq!(small.records.accepted + small.records.rejected, 300_000);
    let bounds = Bounds {
        ratio: 64,
        row_groups: 150,
        allocations: 40_000,
        ..BOUNDS
    };
    small.assert_within("row groups of 1,000 rows", bounds);
    let short = cost(Pipeline::builder().memory_limit(64 * MIB), &payload);
    assert_eq!(short.records.rejected, 0);
    let bounds = Bounds {
        row_groups: 30,
        peak: 64,
        ..BOUNDS
    };
    short.assert_within("a memory limit of 64 MiB", bounds);
}

/// The texts of a metric are in every point. Points that repeat more than 64 times the payload are rejected.
#[test]
fn a_long_text_in_a_metric() {
    let _alone = alone();
    for (place, payload) in in_a_metric(&noise(MIB), 300_000) {
        let cost = cost(Pipeline::builder(), &payload);
        let rejection = cost.records.first_rejection.as_ref().unwrap();
        assert!(matches!(
            rejection.reason(),
            RejectionReason::Repetition { .. }
        ));
        assert_eq!(cost.records.accepted + cost.records.rejected, 300_000);
        let bounds = Bounds {
            ratio: 64,
            peak: 256,
            ..BOUNDS
        };
        cost.assert_within(place, bounds);
    }
}

/// Names that differ only in what a column name can't have get columns of their own until the budget of
/// columns is used up. The others overflow, and neither the schema nor the footers of later files have
/// them.
#[test]
fn names_that_look_like_one_column() {
    let _alone = alone();
    let storage = CountingStorage::default();
    let payload = logs(vec![], names_of_one_column(99_000));
    let names = cost_in(&storage, Pipeline::builder(), &payload);
    assert!(names.documents <= 256 << 10, "{names:?}");
    let bounds = Bounds {
        allocations: 700_000,
        ..BOUNDS
    };
    names.assert_within("99,000 names", bounds);
    // Another writer, with one new name.
    let later = logs(vec![attribute("new", "x")], records(1));
    let later = cost_in(&storage, Pipeline::builder(), &later);
    assert!(later.written <= 256 << 10, "{later:?}");
}

/// Each partition has a file. The budget of the payload bounds how many.
#[test]
fn a_partition_for_each_record() {
    let _alone = alone();
    let payload = logs(vec![], tenants(20_000));
    let half = InputBudget::new().with_unchecked_bytes(32 << 20);
    for (budget, files) in [(InputBudget::new(), 14_000), (half, 7_000)] {
        let cost = cost(by_tenant().input_budget(budget), &payload);
        assert!(cost.records.rejected > 0);
        assert_eq!(cost.records.accepted + cost.records.rejected, 20_000);
        assert_eq!(cost.files, cost.records.accepted);
        let bounds = Bounds {
            ratio: 200,
            files,
            row_groups: files,
            allocations: 10_000_000,
            ..BOUNDS
        };
        cost.assert_within("20,000 tenants", bounds);
    }
}

/// Each partition has the resource too.
#[test]
fn a_partition_for_each_record_of_a_long_resource() {
    let _alone = alone();
    let payload = logs(vec![attribute("long", &noise(MIB))], tenants(1_000));
    let cost = cost(by_tenant(), &payload);
    assert!(cost.records.rejected > 0);
    let bounds = Bounds {
        ratio: 64,
        files: 100,
        row_groups: 100,
        allocations: 1_000_000,
        ..BOUNDS
    };
    cost.assert_within("1,000 tenants", bounds);
}

/// A list is measured before memory for it is reserved.
#[test]
fn a_histogram_of_the_largest_payload() {
    let _alone = alone();
    let whole = cost(Pipeline::builder(), &histogram(7_500_000));
    assert_eq!(whole.records.rejected, 1);
    let bounds = Bounds {
        peak: 16,
        allocations: 300_000,
        ..BOUNDS
    };
    whole.assert_within("60 MiB", bounds);
    let most = cost(Pipeline::builder(), &histogram(65_000));
    assert_eq!(most.records.accepted, 1);
    most.assert_within("65,000 buckets", bounds);
}

/// Nesting costs no stack, however deep a caller allows it to be.
#[test]
fn values_nested_as_deep_as_a_payload_allows() {
    let _alone = alone();
    let limits = otlake::otlp::Limits::default().with_nesting_depth(usize::MAX);
    for depth in [200, 20_000] {
        let cost = cost(Pipeline::builder().limits(limits), &nested(depth));
        assert_eq!(cost.records.accepted, u64::from(depth == 200));
        cost.assert_within(
            &format!("nested {depth} times"),
            Bounds {
                ratio: 64,
                peak: 64,
                ..BOUNDS
            },
        );
    }
}
