//! Room in buffers, without the doubling of [`Vec`]: a buffer of many MiB would waste as many again.

/// The size up to which a buffer doubles when it grows.
const SMALL: usize = 64 << 10;

/// Makes room for `more` bytes after those in `out`. A large buffer grows by a quarter at least, so that it is moved a
/// few times only.
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

/// Makes room for `bytes` bytes in all. Sizes are rounded, so that a buffer of slowly growing contents is moved a few
/// times only.
#[inline]
pub(crate) fn make_room_for(out: &mut Vec<u8>, bytes: usize) {
    if out.capacity() < bytes {
        out.reserve_exact(rounded(bytes) - out.len());
    }
}

/// Returns the capacity of a buffer that [`make_room_for`] has made for `bytes` bytes.
pub(crate) fn rounded(bytes: usize) -> usize {
    match bytes {
        small @ ..SMALL => small.next_power_of_two(),
        large => large.next_multiple_of(SMALL),
    }
}
