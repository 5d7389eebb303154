mod rate_by_fingerprint;
mod threshold;
mod trace_state;

use std::time::Duration;

use otlake_row::{Row, RowSink, Signal, Stage, Value, fields};

use self::rate_by_fingerprint::RateByFingerprint;
pub use self::threshold::InvalidProbability;
use self::threshold::Threshold;
use self::trace_state::TraceState;

/// A stage that keeps some of the rows: a share of all traces, or a number of logs of each kind.
///
/// ```
/// use std::time::Duration;
///
/// use otlake::Sample;
///
/// let stages = (
///     Sample::traces(0.1)?,
///     // The stage that computes fingerprints is here.
///     Sample::per_fingerprint(100, Duration::from_secs(1)),
/// );
/// # let _ = stages;
/// # Ok::<(), otlake::InvalidProbability>(())
/// ```
///
/// # Traces
///
/// [`Sample::traces`] follows [OpenTelemetry's consistent probability sampling][spec], so all spans and logs
/// of a trace are kept, or none, by every sampler with the same probability, in whichever process; a
/// sampler with a higher one keeps all of these and more. The decision compares the
/// last 7 bytes of the trace ID, or the random value `rv` in the trace state, with a threshold.
///
/// It is an *equalizing* downstream sampler: a span that was sampled before, according to the threshold `th` in
/// its trace state, is kept with the lower of the two probabilities. The trace state of a kept span states that
/// probability, so that queries can weight the span. A `th` that contradicts the random value is removed.
///
/// Rows without a trace ID are kept, and so are data points. Logs have no trace state; if the senders of a trace
/// set `rv`, its logs are decided by the trace ID all the same.
///
/// [spec]: https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
///
/// # Fingerprints
///
/// [`Sample::per_fingerprint`] keeps the first logs of each fingerprint in each window of time, so that a
/// flood of one message doesn't crowd out the rare ones. Time is that of the records. Append it after the
/// stage that computes fingerprints; rows without a fingerprint are kept. A batch that is sent again counts
/// from zero.
#[derive(Clone, Debug)]
pub struct Sample {
    by: By,
    dropped: u64,
}

#[derive(Clone, Debug)]
enum By {
    Trace {
        threshold: Threshold,
        /// The text of a changed trace state.
        text: String,
    },
    Fingerprint(RateByFingerprint),
}

impl Sample {
    /// Returns a stage that keeps this share of all traces.
    ///
    /// # Errors
    ///
    /// Returns an error when the probability is not between 2^-56 and 1.
    pub fn traces(probability: f64) -> Result<Sample, InvalidProbability> {
        Ok(Sample {
            by: By::Trace {
                threshold: Threshold::from_probability(probability)?,
                text: String::new(),
            },
            dropped: 0,
        })
    }

    /// Returns a stage that keeps this many logs of each fingerprint in each window of time.
    pub fn per_fingerprint(logs: u64, window: Duration) -> Sample {
        Sample {
            by: By::Fingerprint(RateByFingerprint::new(logs, window)),
            dropped: 0,
        }
    }
}

impl Stage for Sample {
    fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
        let kept = match &mut self.by {
            By::Fingerprint(rate) => rate.keeps(row),
            By::Trace { threshold, text } => match decide(*threshold, row) {
                Decision::Keep => true,
                Decision::Drop => false,
                Decision::KeepWith(threshold) => {
                    let sent = row.get(fields::TRACE_STATE).and_then(Value::as_str);
                    let state = TraceState::new(sent.unwrap_or_default());
                    if state.write_with_threshold(threshold, text) {
                        let mut row = row.reborrow();
                        row.set(fields::TRACE_STATE, Value::String(text));
                        return next.row(&mut row);
                    }
                    true
                }
            },
        };
        if kept {
            return next.row(row);
        }
        self.dropped += 1;
        Ok(())
    }

    fn discard(&mut self) {
        if let By::Fingerprint(rate) = &mut self.by {
            rate.clear();
        }
    }

    fn dropped(&self) -> u64 {
        self.dropped
    }
}

enum Decision {
    Keep,
    /// Keeps the span and sets the threshold in its trace state, or removes it if it is not known.
    KeepWith(Option<Threshold>),
    Drop,
}

fn decide(threshold: Threshold, row: &Row<'_>) -> Decision {
    let trace_id = match row.get(fields::TRACE_ID) {
        Some(Value::Bytes(id)) if row.signal() != Signal::Metrics => *id,
        _ => return Decision::Keep,
    };
    let Some(random) = trace_id.last_chunk().map(Threshold::random_of) else {
        return Decision::Keep;
    };
    if row.signal() != Signal::Traces {
        return if random >= threshold.value() {
            Decision::Keep
        } else {
            Decision::Drop
        };
    }
    let sent = row.get(fields::TRACE_STATE).and_then(Value::as_str);
    let state = TraceState::new(sent.unwrap_or_default());
    let random = state.random().unwrap_or(random);
    let earlier = state.threshold();
    let contradicts = earlier.is_some_and(|earlier| random < earlier.value());
    if random < threshold.value() {
        Decision::Drop
    } else if contradicts {
        // How likely the span was to get here is not known.
        Decision::KeepWith(None)
    } else if earlier.is_some_and(|earlier| earlier.value() >= threshold.value()) {
        Decision::Keep
    } else {
        Decision::KeepWith(Some(threshold))
    }
}

#[cfg(test)]
mod tests;
