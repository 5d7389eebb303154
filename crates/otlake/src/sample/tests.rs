use otlake_row::{Group, OwnedRow, OwnedValue};

use super::*;

/// A trace ID with these last 7 bytes.
fn trace_id(random: u64) -> [u8; 16] {
    (0xabcd_u128 << 64 | u128::from(random)).to_be_bytes()
}

fn sample(stage: &mut Sample, signal: Signal, id: &[u8], state: Option<&str>) -> Option<OwnedRow> {
    let mut row = Row::new(signal, Group::new(&[]), Group::new(&[]));
    row.push(fields::TRACE_ID, Value::Bytes(id));
    if let Some(state) = state {
        row.push(fields::TRACE_STATE, Value::String(state));
    }
    let mut rows = Vec::new();
    stage.row(&mut row, &mut rows).unwrap();
    rows.pop()
}

fn state_of(row: &OwnedRow) -> &str {
    match row.get(fields::TRACE_STATE) {
        Some(OwnedValue::String(state)) => state,
        _ => "",
    }
}

#[test]
fn spans_and_logs_of_a_trace_are_kept_together_and_by_every_higher_probability() {
    // Evenly spread over all random values.
    let random_values = (0..1000_u64).map(|n| (2 * n + 1) * ((1 << 56) / 2000));
    let mut kept = [0; 3];
    for random in random_values {
        let id = trace_id(random);
        let mut before = true;
        for (index, probability) in [1.0, 0.5, 0.1].into_iter().enumerate() {
            let mut stage = Sample::traces(probability).unwrap();
            let span = sample(&mut stage, Signal::Traces, &id, None).is_some();
            let log = sample(&mut stage, Signal::Logs, &id, None).is_some();
            assert_eq!(span, log);
            assert!(before || !span, "a lower probability keeps less");
            before = span;
            kept[index] += u64::from(span);
        }
    }
    assert_eq!(kept, [1000, 500, 100]);
}

#[test]
fn a_random_value_in_the_trace_state_counts_instead_of_the_trace_id() {
    let mut stage = Sample::traces(0.5).unwrap();
    let (low, high) = ("ot=rv:00000000000001", "ot=rv:ffffffffffffff");
    assert!(
        sample(
            &mut stage,
            Signal::Traces,
            &trace_id(u64::MAX >> 8),
            Some(low)
        )
        .is_none()
    );
    let kept = sample(&mut stage, Signal::Traces, &trace_id(0), Some(high)).unwrap();
    assert_eq!(state_of(&kept), "ot=rv:ffffffffffffff;th:8");
    assert_eq!(stage.dropped(), 1);
}

#[test]
fn the_trace_state_of_a_kept_span_has_the_higher_threshold() {
    let id = trace_id((1 << 56) - 1);
    let mut stage = Sample::traces(0.25).unwrap();
    let cases = [
        (None, "ot=th:c"),
        (Some("a=1"), "ot=th:c,a=1"),
        (Some("a=1,ot=th:8"), "ot=th:c,a=1"),
        (Some("a=1,ot=th:fd70a"), "a=1,ot=th:fd70a"),
    ];
    for (state, expected) in cases {
        let kept = sample(&mut stage, Signal::Traces, &id, state).unwrap();
        assert_eq!(state_of(&kept), expected);
    }
}

#[test]
fn a_threshold_that_the_random_value_contradicts_is_removed() {
    let mut stage = Sample::traces(0.5).unwrap();
    let id = trace_id(0x90_0000_0000_0000);
    let kept = sample(&mut stage, Signal::Traces, &id, Some("ot=th:c;x:1")).unwrap();
    assert_eq!(state_of(&kept), "ot=x:1");
}

#[test]
fn rows_without_a_trace_are_kept() {
    let mut stage = Sample::traces(0.001).unwrap();
    assert!(sample(&mut stage, Signal::Logs, &[], None).is_some());
    assert!(sample(&mut stage, Signal::Metrics, &trace_id(0), None).is_some());
    assert!(sample(&mut stage, Signal::Logs, &trace_id(0), None).is_none());
}

/// Returns whether a log with this fingerprint at this second is kept.
fn keeps(stage: &mut Sample, fingerprint: i64, second: i64) -> bool {
    let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
    row.push(fields::TIME_UNIX_NANO, Value::Int(second * 1_000_000_000));
    row.push(fields::FINGERPRINT, Value::Int(fingerprint));
    let mut rows = Vec::new();
    stage.row(&mut row, &mut rows).unwrap();
    !rows.is_empty()
}

#[test]
fn the_first_logs_of_each_fingerprint_are_kept_in_each_window() {
    let mut stage = Sample::per_fingerprint(2, Duration::from_secs(10));
    let first = [1, 1, 1, 2, 1].map(|fingerprint| keeps(&mut stage, fingerprint, 15));
    assert_eq!(first, [true, true, false, true, false]);
    assert!(keeps(&mut stage, 1, 20), "a window later");
    assert!(
        keeps(&mut stage, 1, 19),
        "late logs share the window that has begun"
    );
    assert!(!keeps(&mut stage, 1, 19));
    assert_eq!(stage.dropped(), 3);
    stage.discard();
    assert!(keeps(&mut stage, 1, 20), "a batch that is sent again");
}

/// One log of a sender with a wrong clock does not silence its fingerprint.
#[test]
fn a_log_from_the_future_does_not_end_the_windows_of_today() {
    let mut stage = Sample::per_fingerprint(1, Duration::from_secs(10));
    let (now, year_2200) = (1_790_000_000, 7_258_118_400);
    assert!(keeps(&mut stage, 1, year_2200));
    for window in 0..3 {
        assert!(keeps(&mut stage, 1, now + 10 * window));
        assert!(!keeps(&mut stage, 1, now + 10 * window + 1));
        assert!(
            !keeps(&mut stage, 1, year_2200),
            "it has a count of its own"
        );
    }
    assert!(keeps(&mut stage, 1, year_2200 + 10));
    assert!(!keeps(&mut stage, 1, now + 10), "ten seconds late");
}

#[test]
fn the_memory_for_fingerprints_is_bounded() {
    let mut stage = Sample::per_fingerprint(1, Duration::from_secs(1));
    for fingerprint in 0..200_000 {
        assert!(keeps(&mut stage, fingerprint, fingerprint / 60_000));
    }
    let By::Fingerprint(rate) = &stage.by else {
        panic!("samples by fingerprint");
    };
    assert!(rate.len() <= 1 << 16, "{} are counted", rate.len());
}

#[test]
fn logs_without_a_fingerprint_are_kept() {
    let mut stage = Sample::per_fingerprint(0, Duration::from_secs(1));
    assert!(sample(&mut stage, Signal::Logs, &[], None).is_some());
    assert!(!keeps(&mut stage, 1, 1));
}
