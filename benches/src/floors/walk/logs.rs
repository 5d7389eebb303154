use super::wire::{content, skip, varint};
use super::{F3, F5, F6, F12, Item, Malformed, Strings, Walk};

pub(super) struct Logs;

impl Item for Logs {
    fn item<F: Strings>(walk: &mut Walk<'_, F>, mut rest: &[u8]) -> Result<(), Malformed> {
        walk.counts.records += 1;
        while !rest.is_empty() {
            match varint(&mut rest)? {
                F6 => walk.key_value(content(&mut rest)?, 0)?,
                F3 | F12 => walk.string(content(&mut rest)?)?,
                F5 => walk.any_value(content(&mut rest)?, 0)?,
                tag => skip(tag, &mut rest)?,
            }
        }
        Ok(())
    }
}
