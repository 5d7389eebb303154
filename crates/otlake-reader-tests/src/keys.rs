use opentelemetry_proto::tonic::common::v1::any_value::Value;
use otlake_testkit::Rng;

use crate::attributes::Attributes;
use crate::values::Kind;

/// Names whose type changes, each at other times.
const FLIPPING: usize = 16;
/// Days that a name keeps its type.
const SETTLED: usize = 11;
/// Days that a name that comes and goes is there.
const LIFE: usize = 3;

/// The names that records of one signal have, over the days.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys {
    /// How many names come and go over all days.
    pub(crate) fleeting: usize,
    pub(crate) days: usize,
}

impl Keys {
    /// Adds the attributes of a record: the `turn`th of its day, and `number` of all.
    pub(crate) fn add(
        self,
        day: usize,
        turn: usize,
        number: u64,
        rng: &mut Rng,
        to: &mut Attributes<'_>,
    ) {
        to.add("record.number", Value::IntValue(number as i64));
        // Promoted, and the second one of them new when the column budget is long used up.
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
                // The same name again, of any type.
                if rng.chance(0.1) {
                    to.random(&format!("flip.{flipping}"), *rng.pick(&Kind::ALL), rng);
                }
            }
        }
        self.add_fleeting(day, turn, rng, to);
        // They fall together in one column.
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

    /// The names of resources: few, and one that changes with each release.
    pub(crate) fn add_to_resource(self, day: usize, rng: &mut Rng, to: &mut Attributes<'_>) {
        to.random(&format!("release.{}.flag", day / 30), Kind::Bool, rng);
        to.random("build", Kind::ALL[day / 60 % Kind::ALL.len()], rng);
        to.random("schema_url", Kind::String, rng);
    }

    /// Each name in several records of each of its days, in turn, so that none is left out.
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
        // Every seventh changes its type from day to day.
        let age = if number.is_multiple_of(7) { day } else { 0 };
        let kind = Kind::ALL[(number + age) % Kind::ALL.len()];
        self.random(&format!("fleeting.{number}.value"), kind, rng);
    }
}
