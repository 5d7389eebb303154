//! Inflating a whole body, by library. `otlake` is [`ContentEncoding::inflate`], the others are
//! alternatives to its implementation.
//!
//! isa-l is missing: its crate builds with autotools and an assembler, which a service that builds
//! with cargo may not have.

#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot run has nobody to tell but the terminal"
)]

use std::io::{Read, Write};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use otlake_otlp::ContentEncoding;
use otlake_row::Bytes;
use otlake_testkit::{Shape, logs_payload};

/// The default of the Go and Python SDKs.
const GZIP_LEVEL: u32 = 6;

fn gzip(criterion: &mut Criterion) {
    for (name, shape) in [
        ("10k", Shape::ten_thousand()),
        ("small_groups", Shape::small_groups()),
    ] {
        let payload = logs_payload(&shape);
        let size = payload.len();
        let mut encoder =
            flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(GZIP_LEVEL));
        encoder.write_all(&payload).unwrap();
        let body = Bytes::from(encoder.finish().unwrap());
        // The header has no optional fields, and the trailer is eight bytes.
        let deflated = &body[10..body.len() - 8];

        let mut group = criterion.benchmark_group(format!("inflate/gzip/{name}"));
        group.throughput(Throughput::Bytes(size as u64));
        group.sample_size(20);
        group.bench_function("otlake", |bencher| {
            bencher.iter(|| ContentEncoding::Gzip.inflate(&body, 64 << 20).unwrap());
        });
        group.bench_function("zlib_rs_streaming", |bencher| {
            bencher.iter(|| {
                let mut inflated = Vec::new();
                let mut decoder = flate2::read::MultiGzDecoder::new(&body[..]);
                decoder.read_to_end(&mut inflated).unwrap();
                inflated
            });
        });
        group.bench_function("zlib_rs_sized", |bencher| {
            bencher.iter(|| {
                let mut inflated = Vec::with_capacity(size);
                let finish = flate2::FlushDecompress::Finish;
                flate2::Decompress::new(false)
                    .decompress_vec(deflated, &mut inflated, finish)
                    .unwrap();
                assert_eq!(inflated.len(), size);
                inflated
            });
        });
        group.bench_function("libdeflate", |bencher| {
            bencher.iter(|| {
                let mut inflated = vec![0; size];
                let mut decompressor = libdeflater::Decompressor::new();
                decompressor.gzip_decompress(&body, &mut inflated).unwrap();
                inflated
            });
        });
        group.bench_function("zune_inflate", |bencher| {
            bencher.iter(|| {
                let options = zune_inflate::DeflateOptions::default()
                    .set_size_hint(size)
                    .set_confirm_checksum(false);
                zune_inflate::DeflateDecoder::new_with_options(&body, options)
                    .decode_gzip()
                    .unwrap()
            });
        });
        group.bench_function("miniz_oxide", |bencher| {
            bencher.iter(|| {
                miniz_oxide::inflate::decompress_to_vec_with_limit(deflated, size).unwrap()
            });
        });
        group.finish();
    }
}

criterion_group!(benches, gzip);
criterion_main!(benches);
