use super::wire::{content, skip, varint};
use super::{F2, F3, F4, F5, F9, F11, F13, F15, Item, Malformed, Strings, Walk};

pub(super) struct Traces;

impl Item for Traces {
    fn item<F: Strings>(walk: &mut Walk<'_, F>, mut rest: &[u8]) -> Result<(), Malformed> {
        walk.counts.records += 1;
        while !rest.is_empty() {
            match varint(&mut rest)? {
                F9 => walk.key_value(content(&mut rest)?, 0)?,
                F3 | F5 => walk.string(content(&mut rest)?)?,
                F11 => walk.inside(content(&mut rest)?, F2, Some(F3))?,
                F13 => walk.inside(content(&mut rest)?, F3, Some(F4))?,
                F15 => walk.inside(content(&mut rest)?, F2, None)?,
                tag => skip(tag, &mut rest)?,
            }
        }
        Ok(())
    }
}

impl<F: Strings> Walk<'_, F> {
    /// Walks an event, a link or a status. Each has one string, and some have attributes.
    fn inside(
        &mut self,
        mut rest: &[u8],
        string: u64,
        attributes: Option<u64>,
    ) -> Result<(), Malformed> {
        while !rest.is_empty() {
            match varint(&mut rest)? {
                tag if tag == string => self.string(content(&mut rest)?)?,
                tag if Some(tag) == attributes => self.key_value(content(&mut rest)?, 0)?,
                tag => skip(tag, &mut rest)?,
            }
        }
        Ok(())
    }
}
