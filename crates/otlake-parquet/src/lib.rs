//! Arrow record batches to Parquet files: dictionaries passed on, shared compressors, whole files or none.
