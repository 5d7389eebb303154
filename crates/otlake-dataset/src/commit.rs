//! Files to visible, listed files: batches and manifests.

pub(crate) mod batch;
pub(crate) mod manifest;
pub(crate) mod manifests;
