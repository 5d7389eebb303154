use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;

use super::resources::key_value;
use super::text::Text;
use crate::rng::Rng;

/// The distribution of the values of an attribute.
pub(super) enum Values {
    /// One of several texts, the first ones more often.
    Texts(&'static [&'static str]),
    /// One of several numbers, the first ones more often.
    Integers(&'static [i64]),
    /// A number below a limit, small ones more often.
    Below(usize),
    /// A duration or a score up to a limit, with the decimals of a clock.
    Double(f64),
    /// True in this share of the records.
    Boolean(f64),
}

/// An attribute that some records have.
pub(super) struct Attribute {
    pub(super) key: &'static str,
    /// Share of the records that have it.
    pub(super) share: f64,
    values: &'static Values,
    texts: Vec<Text>,
}

impl Attribute {
    pub(super) fn new(key: &'static str, share: f64, values: &'static Values) -> Self {
        let texts = match values {
            Values::Texts(texts) => texts.iter().map(|text| parse(key, text)).collect(),
            _ => Vec::new(),
        };
        Self {
            key,
            share,
            values,
            texts,
        }
    }

    pub(super) fn is_string(&self) -> bool {
        matches!(self.values, Values::Texts(_))
    }

    /// Returns whether hardly any two values are the same.
    pub(super) fn hardly_repeats(&self) -> bool {
        self.texts.iter().any(Text::hardly_repeats)
    }

    pub(super) fn draw(&self, rng: &mut Rng) -> Value {
        match self.values {
            Values::Texts(_) => {
                Value::StringValue(self.texts[rng.skewed(self.texts.len())].draw(rng))
            }
            Values::Integers(integers) => Value::IntValue(integers[rng.skewed(integers.len())]),
            Values::Below(end) => Value::IntValue(rng.skewed(*end) as i64),
            // Thousandths, like a duration in milliseconds from a clock that ticks in microseconds.
            Values::Double(limit) => {
                Value::DoubleValue((rng.unit() * rng.unit() * limit * 1e3).round() / 1e3)
            }
            Values::Boolean(share) => Value::BoolValue(rng.chance(*share)),
        }
    }
}

/// Draws the attributes of one record.
pub(super) fn draw(attributes: &[Attribute], rng: &mut Rng) -> Vec<KeyValue> {
    let mut drawn = Vec::with_capacity(attributes.len());
    for attribute in attributes {
        if rng.chance(attribute.share) {
            drawn.push(key_value(attribute.key, attribute.draw(rng)));
        }
    }
    drawn
}

/// Parses a text. Braces in a route are literal, because the value itself is a path template.
fn parse(key: &str, text: &'static str) -> Text {
    if key == "http.route" {
        Text::literal(text)
    } else {
        Text::parse(text)
    }
}
