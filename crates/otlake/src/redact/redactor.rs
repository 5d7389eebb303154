use std::collections::HashSet;

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use otlake_row::{Cell, Keys, Location, Value, fields};
use regex_automata::meta::Regex;

use super::texts::Texts;
use super::{REDACTED, has_texts};
use crate::key_table::KeyTable;

/// The names whose values are redacted.
#[derive(Debug)]
pub(super) struct RedactedNames {
    pub(super) exact: HashSet<String>,
    pub(super) regex: Option<Regex>,
}

impl RedactedNames {
    fn contains(&self, name: &str) -> bool {
        self.exact.contains(name)
            || self
                .regex
                .as_ref()
                .is_some_and(|regex| regex.is_match(name))
    }

    fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.regex.is_none()
    }
}

/// Redacts the values of one row.
pub(super) struct Redactor<'r, 's> {
    pub(super) names: &'r RedactedNames,
    pub(super) texts: &'r mut Texts,
    pub(super) table: &'r mut KeyTable<bool>,
    pub(super) keys: &'r Keys,
    pub(super) scratch: &'s Bump,
}

/// The index of a value and its replacement, which is `None` if the value is removed.
type Change<'s> = (usize, Option<Value<'s>>);

impl<'s> Redactor<'_, 's> {
    /// Returns the cells that change.
    pub(super) fn cells(&mut self, cells: &[Cell<'s>]) -> BumpVec<'s, Change<'s>> {
        let mut changes = BumpVec::new_in(self.scratch);
        for (index, cell) in cells.iter().enumerate() {
            if let Some(value) = self.cell(cell) {
                changes.push((index, value));
            }
        }
        changes
    }

    /// Returns the redacted cells of a group, or `None` if none changes.
    pub(super) fn group(&mut self, cells: &'s [Cell<'s>]) -> Option<&'s [Cell<'s>]> {
        let changes = self.cells(cells);
        if changes.is_empty() {
            return None;
        }
        let mut redacted = BumpVec::with_capacity_in(cells.len(), self.scratch);
        let mut changes = changes.into_iter().peekable();
        for (index, cell) in cells.iter().enumerate() {
            match changes.next_if(|(changed, _)| *changed == index) {
                None => redacted.push(*cell),
                Some((_, None)) => {}
                Some((_, Some(value))) => redacted.push(Cell {
                    key: cell.key,
                    value,
                }),
            }
        }
        Some(redacted.into_bump_slice())
    }

    /// Returns the change of a cell's value, or `None` if it stays as it is.
    fn cell(&mut self, cell: &Cell<'s>) -> Option<Option<Value<'s>>> {
        let Cell { key, value } = cell;
        let is_field = key.location() == Location::Field;
        let names = self.names;
        let is_named = !is_field
            && !key.is_excess()
            && self
                .table
                .get(*key, self.keys, |_, name| names.contains(name));
        match value {
            Value::Empty => None,
            Value::String(_) if is_named => Some(Some(Value::String(REDACTED))),
            _ if is_named => Some(None),
            Value::Array(messages)
                if [fields::EVENTS, fields::LINKS, fields::EXEMPLARS].contains(key) =>
            {
                self.messages(messages).map(Some)
            }
            value if has_texts(*key) => self.value(value).map(Some),
            _ => None,
        }
    }

    /// Redacts events, links or exemplars, whose own members are not attributes.
    fn messages(&mut self, messages: &'s [Value<'s>]) -> Option<Value<'s>> {
        let mut changes = BumpVec::new_in(self.scratch);
        for (index, message) in messages.iter().enumerate() {
            let Value::KvList(members) = message else {
                continue;
            };
            let mut members_changed = BumpVec::new_in(self.scratch);
            for (index, (_, value)) in members.iter().enumerate() {
                if let Some(value) = self.value(value) {
                    members_changed.push((index, Some(value)));
                }
            }
            if !members_changed.is_empty() {
                let members = self.entries(members, members_changed);
                changes.push((index, Some(members)));
            }
        }
        (!changes.is_empty()).then(|| self.items(messages, changes))
    }

    /// Returns the replacement of a value whose own name is not redacted, or `None` if it stays as it is.
    fn value(&mut self, value: &Value<'s>) -> Option<Value<'s>> {
        match value {
            Value::String(string) => {
                let redacted = self.texts.replace(string, self.scratch)?;
                Some(Value::String(redacted))
            }
            Value::Array(items) => {
                let mut changes = BumpVec::new_in(self.scratch);
                for (index, item) in items.iter().enumerate() {
                    if let Some(item) = self.value(item) {
                        changes.push((index, Some(item)));
                    }
                }
                (!changes.is_empty()).then(|| self.items(items, changes))
            }
            Value::KvList(entries) => {
                let mut changes = BumpVec::new_in(self.scratch);
                for (index, (name, value)) in entries.iter().enumerate() {
                    let is_named = !self.names.is_empty() && self.names.contains(name);
                    let change = match value {
                        Value::Empty => None,
                        Value::String(_) if is_named => Some(Some(Value::String(REDACTED))),
                        _ if is_named => Some(None),
                        value => self.value(value).map(Some),
                    };
                    if let Some(value) = change {
                        changes.push((index, value));
                    }
                }
                (!changes.is_empty()).then(|| self.entries(entries, changes))
            }
            Value::Empty | Value::Bool(_) | Value::Int(_) | Value::Double(_) | Value::Bytes(_) => {
                None
            }
        }
    }

    fn items(&self, items: &[Value<'s>], changes: BumpVec<'s, Change<'s>>) -> Value<'s> {
        let redacted = self.scratch.alloc_slice_copy(items);
        for (index, value) in changes {
            redacted[index] = value.unwrap_or(Value::Empty);
        }
        Value::Array(redacted)
    }

    fn entries(
        &self,
        entries: &[(&'s str, Value<'s>)],
        changes: BumpVec<'s, Change<'s>>,
    ) -> Value<'s> {
        let redacted = self.scratch.alloc_slice_copy(entries);
        for (index, value) in changes {
            redacted[index].1 = value.unwrap_or(Value::Empty);
        }
        Value::KvList(redacted)
    }
}
