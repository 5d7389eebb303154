//! Rows to Arrow record batches: one typed builder per column, created when its key is first seen.
