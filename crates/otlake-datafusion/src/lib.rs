//! SQL over OTLP with DataFusion.

#![cfg_attr(docsrs, feature(doc_cfg))]
