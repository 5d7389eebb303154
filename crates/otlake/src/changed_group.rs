use bumpalo::Bump;
use otlake_row::{Cell, Group, GroupId, Value};
use self_cell::self_cell;

/// What a stage made of a group: a stage changes each group once, not once per row.
#[derive(Default)]
pub(crate) struct ChangedGroup {
    /// The group that was looked at last.
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
    /// The memory that is kept for the next group, in bytes. An unusually large group gives back the rest.
    const KEPT: usize = 64 << 10;

    /// Returns the group that takes the place of `group`, or `None` if it is not changed. Calls `change`
    /// for the cells only if the row before had another group.
    pub(crate) fn of<'t>(
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
