use opentelemetry_proto::tonic::common::v1::any_value::Value;
use otlake_testkit::Rng;

use crate::attributes::Attributes;
use crate::values::Kind;

/// Number of names that change their type, each at a different time.
const FLIPPING: usize = 16;
/// Days for which a name keeps its type.
const SETTLED: usize = 11;
/// Days for which a short-lived name is in use.
const LIFE: usize = 3;

/// The attribute names of one signal's records, over the days.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys {
    /// Number of short-lived names, over all days.
    pub(crate) fleeting: usize,
    pub(crate) days: usize,
}

impl Keys {
    /// Adds the attributes of a record: the `turn`th of its day, and number `number` overall.
    pub(crate) fn add(
        self,
        day: usize,
        turn: usize,
        number: u64,
        rng: &mut Rng,
        to: &mut Attributes<'_>,
    ) {
        to.add("record.number", Value::IntValue(number as i64));
        // Both names are promoted. The second one first occurs when the column budget is long used
        // up.
        if rng.chance(0.8) {
            to.add(
                "drift.tenant",
                Value::StringValue(format!("t-{}", rng.skewed(9))),
            );
        }
        if day * 2 > self.days && rng.chance(0.6) {
            to.random("late.promoted", Kind::Double, rng);
        }
        for flipping in 0..FLIPPING {
            if rng.chance(0.25) {
                let kind = Kind::ALL[(flipping + day / SETTLED) % Kind::ALL.len()];
                to.random(&format!("flip.{flipping}"), kind, rng);
                // Repeats the name with a value of any type.
                if rng.chance(0.1) {
                    to.random(&format!("flip.{flipping}"), *rng.pick(&Kind::ALL), rng);
                }
            }
        }
        self.add_fleeting(day, turn, rng, to);
        // All three names map to the same column.
        for name in ["http.route", "http-route", "HTTP.Route"] {
            if rng.chance(0.2) {
                to.random(name, Kind::String, rng);
            }
        }
        for (name, kind) in [
            ("größe.cm", Kind::Number),
            ("名前", Kind::String),
            ("icon.👩‍👩‍👧", Kind::String),
            ("_internal.id", Kind::Int),
            ("with \"quotes\" and 'more'", Kind::Bool),
            ("schema_url", Kind::String),
        ] {
            if rng.chance(0.1) {
                to.random(name, kind, rng);
            }
        }
        if rng.chance(0.05) {
            to.empty("flip.0");
            to.empty("never.a.value");
        }
    }

    /// Adds the attributes of a resource: few names, one of which changes with each release.
    pub(crate) fn add_to_resource(self, day: usize, rng: &mut Rng, to: &mut Attributes<'_>) {
        to.random(&format!("release.{}.flag", day / 30), Kind::Bool, rng);
        to.random("build", Kind::ALL[day / 60 % Kind::ALL.len()], rng);
        to.random("schema_url", Kind::String, rng);
    }

    /// Adds short-lived names. They take turns, so that each occurs in several records on each of
    /// its days.
    fn add_fleeting(self, day: usize, turn: usize, rng: &mut Rng, to: &mut Attributes<'_>) {
        let first = |day: usize| day * self.fleeting / self.days;
        let born = first(day)..first(day + 1);
        for n in 0..2 {
            if !born.is_empty() {
                to.fleeting(born.start + (2 * turn + n) % born.len(), day, rng);
            }
        }
        let known = first(day.saturating_sub(LIFE - 1))..born.end;
        if !known.is_empty() {
            to.fleeting(known.start + rng.below(known.len()), day, rng);
        }
    }
}

impl Attributes<'_> {
    fn fleeting(&mut self, number: usize, day: usize, rng: &mut Rng) {
        // Every seventh name changes its type from day to day.
        let age = if number.is_multiple_of(7) { day } else { 0 };
        let kind = Kind::ALL[(number + age) % Kind::ALL.len()];
        self.random(&format!("fleeting.{number}.value"), kind, rng);
    }
}
