use otlake_otlp::Limits;

/// What happens when a file has a fault: a payload that cannot be decoded, damaged compression, or a record that
/// exceeds an input limit.
///
/// A file that cannot be read, because the object store fails or does not have it, is always an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Faults {
    /// The query fails, with an error that names the file. No result is then computed from a part of the records.
    #[default]
    Fail,
    /// The query goes on with the next payload, record or file that can be read. Records before the fault are part
    /// of the result. `EXPLAIN ANALYZE` shows how much was left out: `damaged_files`, `faults` and
    /// `rejected_records`.
    Skip,
}

/// Options for reading OTLP files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtlpOptions {
    /// The input limits of the decoder. Default: those of [`Limits`].
    pub limits: Limits,
    /// What happens when a file has a fault. Default: [`Faults::Fail`].
    pub faults: Faults,
}

impl OtlpOptions {
    /// Returns the default options.
    pub fn new() -> OtlpOptions {
        OtlpOptions::default()
    }

    /// Sets the input limits of the decoder.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> OtlpOptions {
        self.limits = limits;
        self
    }

    /// Sets what happens when a file has a fault.
    #[must_use]
    pub fn with_faults(mut self, faults: Faults) -> OtlpOptions {
        self.faults = faults;
        self
    }
}
