use otlake_row::{Group, Keys, Location};
use otlake_schema::OverflowReason;

use super::BatchBuilder;
use crate::column::Values;
use crate::column_builder::CLAIMED_BY_GROUP;
use crate::group::{OpenGroup, Rest};
use crate::slots::NoColumn;

impl BatchBuilder {
    /// Appends the cells of a group with its first row.
    pub(super) fn begin_group(&mut self, location: Location, group: Group<'_>, keys: &Keys) {
        self.end_group(location);
        let plain = self.options.plain_strings;
        let mut open = std::mem::take(self.open_group(location));
        open.id = Some(group.id());
        open.begin = self.rows;
        let (before, mut rest) = (self.scratch.bytes, Rest::default());
        for cell in group.cells() {
            let pushed = match self.column_of(cell.key, keys) {
                // Lists belong to records, not to groups, and cannot be repeated.
                Ok(id) if matches!(self.columns[id.index()].values, Values::Nested(_)) => {
                    Err(OverflowReason::Type.into())
                }
                _ => self.push(cell, keys),
            };
            match pushed {
                Ok(id) => {
                    self.columns[id.index()].claimed = CLAIMED_BY_GROUP;
                    open.columns.push(id);
                }
                Err(NoColumn::Overflow(reason)) if self.projection.selects_overflow() => {
                    open.push_overflow(cell, keys, reason, &mut rest);
                }
                Err(_) => {}
            }
        }
        open.close(location, &rest, plain);
        open.stored = self.scratch.bytes - before;
        if plain {
            open.row_bytes += open.stored;
        }
        *self.open_group(location) = open;
        if location == Location::Resource {
            // The names of the scope's entries are only known to differ from those of the previous
            // resource.
            self.groups.scope.entries = None;
        }
    }

    /// Repeats the group's values for its rows after the first.
    pub(super) fn end_group(&mut self, location: Location) {
        let mut group = std::mem::take(self.open_group(location));
        for id in &group.columns {
            let column = &mut self.columns[id.index()];
            let rows = (self.rows - group.begin).saturating_sub(1);
            let stored = column.values.repeat_last(rows);
            if !self.options.plain_strings {
                // Plain strings were already counted with each row, so that the record batch does not get
                // too many rows.
                self.scratch.bytes += stored;
            }
            column.claimed = self.rows;
        }
        group.clear();
        *self.open_group(location) = group;
    }

    fn open_group(&mut self, location: Location) -> &mut OpenGroup {
        match location {
            Location::Resource => &mut self.groups.resource,
            _ => &mut self.groups.scope,
        }
    }

    /// Adds the overflow entries of the current groups to a new row. The values that the groups have in
    /// other columns are repeated when the groups end.
    #[inline]
    pub(super) fn push_groups(&mut self) {
        let (resource, scope) = (&self.groups.resource, &self.groups.scope);
        self.groups.repeated_cells += (resource.cells() + scope.cells()) as u64;
        for group in [resource, scope] {
            if self.rows > group.begin {
                self.scratch.bytes += group.row_bytes;
            }
        }
        if !(resource.overflow.is_empty() && scope.overflow.is_empty()) {
            self.push_group_overflow();
        }
    }

    #[cold]
    fn push_group_overflow(&mut self) {
        let groups = &mut self.groups;
        for group in [&mut groups.resource, &mut groups.scope] {
            if let Some(entries) = group.entries.clone() {
                self.overflow.repeat(self.rows, entries);
                continue;
            }
            let begin = self.overflow.len();
            for (name, text) in &group.overflow {
                let stored = self.overflow.push(self.rows, name, text.as_deref());
                group.stored += stored;
                self.scratch.bytes += stored;
            }
            group.entries = Some(begin..self.overflow.len());
        }
        self.counts.merge(&groups.resource.counts);
        self.counts.merge(&groups.scope.counts);
    }
}
