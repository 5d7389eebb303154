//! A hasher for keys that are hashes already.

use std::hash::{BuildHasher, Hasher};

/// Builds [`Identity`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BuildIdentity;

impl BuildHasher for BuildIdentity {
    type Hasher = Identity;

    #[inline]
    fn build_hasher(&self) -> Identity {
        Identity(0)
    }
}

/// Passes a 64-bit key through with its halves mixed: fingerprints are uniform, but read back from a file they may be anything.
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
