//! A hasher for keys that are already hashes.

use std::hash::{BuildHasher, Hasher};

/// A builder of [`Identity`] hashers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BuildIdentity;

impl BuildHasher for BuildIdentity {
    type Hasher = Identity;

    #[inline]
    fn build_hasher(&self) -> Identity {
        Identity(0)
    }
}

/// A hasher that only mixes the halves of a 64-bit key. Fingerprints are uniform, but bits that are read from a file may be arbitrary.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity(u64);

impl Hasher for Identity {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    #[inline]
    fn write_u64(&mut self, key: u64) {
        self.0 = key ^ key.rotate_left(32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(self.0 << 8 | u64::from(byte));
        }
    }
}
