use super::wire::{content, skip, varint};
use super::{F1, F2, F3, F5, F6, F7, F8, F9, F10, F11, F12, Item, Malformed, Strings, Walk};

pub(super) struct Metrics;

/// The field numbers by which the kinds of data points differ here: attributes, exemplars, and
/// messages that are only skipped over.
struct Point {
    attributes: u64,
    exemplars: Option<u64>,
    messages: [u64; 2],
}

/// A value that is not a tag.
const NONE: u64 = 0;

const NUMBER: Point = Point {
    attributes: F7,
    exemplars: Some(F5),
    messages: [NONE; 2],
};
const HISTOGRAM: Point = Point {
    attributes: F9,
    exemplars: Some(F8),
    messages: [NONE; 2],
};
const EXPONENTIAL: Point = Point {
    attributes: F1,
    exemplars: Some(F11),
    messages: [F8, F9],
};
const SUMMARY: Point = Point {
    attributes: F7,
    exemplars: None,
    messages: [F6, NONE],
};

impl Item for Metrics {
    fn item<F: Strings>(walk: &mut Walk<'_, F>, mut rest: &[u8]) -> Result<(), Malformed> {
        while !rest.is_empty() {
            match varint(&mut rest)? {
                F1 | F2 | F3 => walk.string(content(&mut rest)?)?,
                F5 | F7 => walk.points(content(&mut rest)?, &NUMBER)?,
                F9 => walk.points(content(&mut rest)?, &HISTOGRAM)?,
                F10 => walk.points(content(&mut rest)?, &EXPONENTIAL)?,
                F11 => walk.points(content(&mut rest)?, &SUMMARY)?,
                F12 => walk.key_value(content(&mut rest)?, 0)?,
                tag => skip(tag, &mut rest)?,
            }
        }
        Ok(())
    }
}

impl<F: Strings> Walk<'_, F> {
    #[inline]
    fn points(&mut self, mut rest: &[u8], point: &Point) -> Result<(), Malformed> {
        while !rest.is_empty() {
            match varint(&mut rest)? {
                F1 => self.point(content(&mut rest)?, point)?,
                tag => skip(tag, &mut rest)?,
            }
        }
        Ok(())
    }

    #[inline]
    fn point(&mut self, mut rest: &[u8], point: &Point) -> Result<(), Malformed> {
        self.counts.records += 1;
        while !rest.is_empty() {
            match varint(&mut rest)? {
                tag if tag == point.attributes => self.key_value(content(&mut rest)?, 0)?,
                tag if Some(tag) == point.exemplars => self.exemplar(content(&mut rest)?)?,
                tag if point.messages.contains(&tag) => numbers(content(&mut rest)?)?,
                tag => skip(tag, &mut rest)?,
            }
        }
        Ok(())
    }

    fn exemplar(&mut self, mut rest: &[u8]) -> Result<(), Malformed> {
        while !rest.is_empty() {
            match varint(&mut rest)? {
                F7 => self.key_value(content(&mut rest)?, 0)?,
                tag => skip(tag, &mut rest)?,
            }
        }
        Ok(())
    }
}

/// Walks a message of numbers.
fn numbers(mut rest: &[u8]) -> Result<(), Malformed> {
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        skip(tag, &mut rest)?;
    }
    Ok(())
}
