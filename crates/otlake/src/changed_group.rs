use bumpalo::Bump;
use otlake_row::{Cell, Group, GroupId, Row, Value};
use self_cell::self_cell;

/// The result of changing a group, which a stage does once for all rows of the group.
#[derive(Default)]
pub(crate) struct ChangedGroup {
    /// The group of the previous row.
    original: Option<GroupId>,
    changed: Option<(GroupId, OwnedCells)>,
    /// Memory of an earlier group.
    spare: Option<Bump>,
}

type Cells<'a> = &'a [Cell<'a>];

self_cell!(
    /// Cells and the memory that they borrow from.
    struct OwnedCells {
        owner: Bump,
        #[covariant]
        dependent: Cells,
    }
);

impl ChangedGroup {
    /// The memory that is kept for the next group, in bytes. If a group needed more, all of it is freed.
    const KEPT: usize = 64 << 10;

    /// Returns the group that replaces `group`, or `None` if it is not changed. Calls `change` for the
    /// cells only if the previous row had another group.
    fn of<'t>(
        &mut self,
        group: Group<'t>,
        change: impl FnOnce(Group<'t>) -> Option<Cells<'t>>,
    ) -> Option<Group<'_>> {
        if self.original != Some(group.id()) {
            self.original = Some(group.id());
            if let Some((_, cells)) = self.changed.take() {
                self.keep(cells.into_owner());
            }
            if let Some(cells) = change(group) {
                let memory = self.spare.take().unwrap_or_default();
                let owned = OwnedCells::new(memory, |memory| copy_cells(cells, memory));
                self.changed = Some((GroupId::unique(), owned));
            }
        }
        let (id, cells) = self.changed.as_ref()?;
        Some(Group::with_id(*id, cells.borrow_dependent()))
    }

    fn keep(&mut self, mut memory: Bump) {
        memory.reset();
        if memory.allocated_bytes() <= ChangedGroup::KEPT {
            self.spare = Some(memory);
        }
    }
}

/// The changed groups of a stage's rows.
#[derive(Debug, Default)]
pub(crate) struct ChangedGroups {
    resource: ChangedGroup,
    scope: ChangedGroup,
}

impl ChangedGroups {
    /// Changes a resource and a scope with `change`, which returns the new cells, or `None` if a group stays
    /// as it is.
    pub(crate) fn of<'t>(
        &mut self,
        resource: Group<'t>,
        scope: Group<'t>,
        mut change: impl FnMut(Group<'t>) -> Option<Cells<'t>>,
    ) -> Replacements<'_> {
        Replacements {
            resource: self.resource.of(resource, &mut change),
            scope: self.scope.of(scope, &mut change),
        }
    }
}

/// The groups that replace those of a row, where they were changed.
#[derive(Clone, Copy)]
pub(crate) struct Replacements<'g> {
    resource: Option<Group<'g>>,
    scope: Option<Group<'g>>,
}

impl<'g> Replacements<'g> {
    /// Returns whether no group was changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.resource.is_none() && self.scope.is_none()
    }

    /// Returns a copy of the row with the changed groups.
    pub(crate) fn reborrow<'a, 'b>(&self, row: &Row<'a>) -> Row<'b>
    where
        'a: 'b,
        'g: 'b,
    {
        let mut row = row.reborrow();
        if let Some(resource) = self.resource {
            row.set_resource(resource);
        }
        if let Some(scope) = self.scope {
            row.set_scope(scope);
        }
        row
    }
}

fn copy_cells<'b>(cells: Cells<'_>, memory: &'b Bump) -> Cells<'b> {
    memory.alloc_slice_fill_iter(cells.iter().map(|cell| Cell {
        key: cell.key,
        value: copy(&cell.value, memory),
    }))
}

fn copy<'b>(value: &Value<'_>, memory: &'b Bump) -> Value<'b> {
    match *value {
        Value::Empty => Value::Empty,
        Value::Bool(bool) => Value::Bool(bool),
        Value::Int(int) => Value::Int(int),
        Value::Double(double) => Value::Double(double),
        Value::String(string) => Value::String(memory.alloc_str(string)),
        Value::Bytes(bytes) => Value::Bytes(memory.alloc_slice_copy(bytes)),
        Value::Array(values) => Value::Array(
            memory.alloc_slice_fill_iter(values.iter().map(|value| copy(value, memory))),
        ),
        Value::KvList(entries) => {
            let entries = entries.iter();
            let copies =
                entries.map(|(name, value)| (&*memory.alloc_str(name), copy(value, memory)));
            Value::KvList(memory.alloc_slice_fill_iter(copies))
        }
    }
}

impl std::fmt::Debug for ChangedGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChangedGroup")
            .field("original", &self.original)
            .field("changed", &self.changed.is_some())
            .finish_non_exhaustive()
    }
}
