//! OpenTelemetry in, lake-ready Parquet out: every stage of otlake behind one pipeline.
