//! Grows buffers by less than [`Vec`] does: it doubles them, so a buffer of many MiB could waste as many again.

/// The size up to which a buffer doubles when it grows.
const SMALL: usize = 64 << 10;

/// Makes room for `more` bytes at the end of `out`. A large buffer grows by at least a quarter, so that it is moved only a
/// few times.
#[inline]
pub(crate) fn make_room(out: &mut Vec<u8>, more: usize) {
    if out.capacity() - out.len() < more {
        let spare = match out.len() {
            small @ ..SMALL => small,
            large => large / 4,
        };
        out.reserve_exact(more.max(spare));
    }
}

/// Makes room for `bytes` bytes in total. Sizes are rounded up, so that a buffer whose contents grow slowly is moved only
/// a few times.
#[inline]
pub(crate) fn make_room_for(out: &mut Vec<u8>, bytes: usize) {
    if out.capacity() < bytes {
        out.reserve_exact(rounded(bytes) - out.len());
    }
}

/// Returns the capacity that [`make_room_for`] gives a buffer for `bytes` bytes.
pub(crate) fn rounded(bytes: usize) -> usize {
    match bytes {
        small @ ..SMALL => small.next_power_of_two(),
        large => large.next_multiple_of(SMALL),
    }
}
