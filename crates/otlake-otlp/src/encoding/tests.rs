use super::*;

#[test]
fn headers_and_extensions_name_encodings() {
    let from_header = |value| ContentEncoding::from_header(value).map(ContentEncoding::name);
    assert_eq!(from_header(""), Some("identity"));
    assert_eq!(from_header("br"), None);
    for name in [" GZIP", "x-gzip"] {
        assert_eq!(from_header(name), cfg!(feature = "gzip").then_some("gzip"));
    }
    assert_eq!(
        from_header("zstd"),
        cfg!(feature = "zstd").then_some("zstd")
    );
    let none = ContentEncoding::from_extension("binpb");
    assert_eq!(none, ContentEncoding::Identity);
}

#[test]
fn only_the_size_of_a_plain_body_is_limited() {
    let body = Bytes::from_static(b"abc");
    let limits = InflateLimits::default().with_ratio(0);
    let inflate = |bytes| ContentEncoding::Identity.inflate_within(&body, limits.with_bytes(bytes));
    assert_eq!(inflate(3).unwrap(), body);
    assert!(matches!(
        inflate(2),
        Err(InflateError::TooLarge { limit: 2, .. })
    ));
}

#[cfg(all(feature = "gzip", feature = "zstd"))]
mod compressed {
    use std::io::Write;

    use otlake_testkit::Rng;

    use super::*;
    use crate::{Framing, PayloadReader};

    const ENCODINGS: [ContentEncoding; 2] = [ContentEncoding::Gzip, ContentEncoding::Zstd];

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Compresses with a streaming encoder, which does not state the size.
    fn zstd_stream(bytes: &[u8]) -> Vec<u8> {
        ::zstd::stream::encode_all(bytes, 1).unwrap()
    }

    fn compress(encoding: ContentEncoding, bytes: &[u8]) -> Vec<u8> {
        match encoding {
            ContentEncoding::Gzip => gzip(bytes),
            ContentEncoding::Zstd => ::zstd::bulk::compress(bytes, 1).unwrap(),
            ContentEncoding::Identity => bytes.to_vec(),
        }
    }

    /// A skippable frame (RFC 8878, section 3.1.2).
    const SKIPPABLE: &[u8] = b"\x50\x2a\x4d\x18\x03\0\0\0abc";

    #[test]
    fn members_and_frames_that_follow_one_another_are_one_body() {
        use ContentEncoding::{Gzip, Zstd};
        let bulk = |bytes: &[u8]| compress(Zstd, bytes);
        for (name, encoding, parts, expected) in [
            (
                "the same member twice",
                Gzip,
                vec![gzip(b"ab"), gzip(b"ab")],
                "abab",
            ),
            (
                "members of one size",
                Gzip,
                vec![gzip(b"ab"), gzip(b"cd")],
                "abcd",
            ),
            (
                "members",
                Gzip,
                vec![gzip(b"a"), gzip(b""), gzip(b"bcd")],
                "abcd",
            ),
            (
                "an empty member at the end",
                Gzip,
                vec![gzip(b"ab"), gzip(b"")],
                "ab",
            ),
            ("an empty member", Gzip, vec![gzip(b"")], ""),
            (
                "frames",
                Zstd,
                vec![bulk(b"ab"), bulk(b""), bulk(b"cd")],
                "abcd",
            ),
            (
                "frames of streams",
                Zstd,
                vec![zstd_stream(b"ab"), zstd_stream(b"cd")],
                "abcd",
            ),
            (
                "frames of both kinds",
                Zstd,
                vec![bulk(b"ab"), zstd_stream(b"cd")],
                "abcd",
            ),
            (
                "a frame to skip",
                Zstd,
                vec![bulk(b"ab"), SKIPPABLE.into(), bulk(b"c")],
                "abc",
            ),
            (
                "nothing but a frame to skip",
                Zstd,
                vec![SKIPPABLE.into()],
                "",
            ),
        ] {
            let inflated = encoding.inflate(&parts.concat().into(), 100).unwrap();
            assert_eq!(inflated, expected, "{name}");
        }
    }

    #[test]
    fn bodies_are_inflated_within_the_exact_limit() {
        let rng = &mut Rng::new(1);
        for size in [0, 1, 2, 255, 4096, 65_535, 65_536, 65_537, 300_000] {
            let body: Vec<u8> = (0..size).map(|_| *rng.pick(b"abcdef")).collect();
            for (encoding, compressed) in [
                (ContentEncoding::Gzip, gzip(&body)),
                (ContentEncoding::Zstd, zstd_stream(&body)),
                (
                    ContentEncoding::Zstd,
                    compress(ContentEncoding::Zstd, &body),
                ),
            ] {
                let compressed = Bytes::from(compressed);
                assert_eq!(encoding.inflate(&compressed, size).unwrap(), body);
                if let Some(short) = size.checked_sub(1) {
                    let error = encoding.inflate(&compressed, short).unwrap_err();
                    let too_large =
                        matches!(error, InflateError::TooLarge { limit, .. } if limit == short);
                    assert!(too_large, "{size}: {error}");
                }
            }
        }
    }

    #[test]
    fn a_bomb_is_an_error_that_names_the_limit() {
        let zeros = vec![0; 10 << 20];
        for encoding in ENCODINGS {
            let body = Bytes::from(compress(encoding, &zeros));
            let error = encoding.inflate(&body, 1000).unwrap_err();
            assert!(
                matches!(error, InflateError::TooLarge { limit: 1000, .. }),
                "{error}"
            );

            let limits = InflateLimits::default().with_ratio(100);
            let error = encoding.inflate_within(&body, limits).unwrap_err();
            let by_ratio = matches!(error, InflateError::RatioTooHigh { ratio: 100, .. });
            assert!(by_ratio, "{error}");
            let limits = limits.with_ratio(usize::MAX);
            assert_eq!(encoding.inflate_within(&body, limits).unwrap(), zeros);
        }
        // Gzip cannot exceed the default ratio, but zstd can.
        let body = Bytes::from(zstd_stream(&zeros));
        let error = ContentEncoding::Zstd.inflate(&body, 64 << 20).unwrap_err();
        assert!(
            matches!(error, InflateError::RatioTooHigh { ratio: 1000, .. }),
            "{error}"
        );
    }

    #[test]
    fn the_ratio_of_a_small_body_is_not_checked() {
        for encoding in ENCODINGS {
            let body = Bytes::from(compress(encoding, &vec![0; 1 << 20]));
            let limits = InflateLimits::default().with_ratio(1);
            assert_eq!(
                encoding.inflate_within(&body, limits).unwrap().len(),
                1 << 20
            );
        }
    }

    /// RFC 1952, section 2.3.1: FHCRC is the second bit of the flags, and the checksum comes before the
    /// deflated data.
    #[test]
    fn the_checksum_of_a_header_is_verified_with_any_limit() {
        let member = gzip(b"abc");
        let (header, rest) = member.split_at(10);
        let mut header = header.to_vec();
        header[3] = 2;
        let [low, high, ..] = libdeflater::crc32(&header).to_le_bytes();
        for limit in [3, 1000] {
            let with = |checksum: [u8; 2]| {
                let body = [&header[..], &checksum, rest].concat();
                ContentEncoding::Gzip.inflate(&body.into(), limit)
            };
            assert_eq!(with([low, high]).unwrap(), "abc");
            let error = with([!low, high]).unwrap_err();
            assert!(matches!(error, InflateError::Damaged { .. }), "{error}");
        }
    }

    #[test]
    fn padding_between_pieces_and_after_the_last_is_skipped() {
        let (one, two) = (b"one and ".repeat(40), b"two".repeat(9));
        for encoding in ENCODINGS {
            let pieces = [compress(encoding, &one), compress(encoding, &two)];
            for padding in [&b"\n"[..], b"\0\0\0\0", b"\r\n\0"] {
                let body = [&pieces[0][..], padding, &pieces[1], padding].concat();
                let inflated = encoding.inflate(&body.clone().into(), 1000).unwrap();
                assert_eq!(inflated, [&one[..], &two].concat());

                let file = PayloadReader::new(&body[..]).with_framing(Framing::Protobuf);
                let payloads: Vec<_> = file.map(Result::unwrap).collect();
                assert_eq!(payloads[0].bytes, inflated);
            }
        }
    }

    #[test]
    fn a_window_above_the_limit_is_named() {
        let mut encoder = ::zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
        encoder
            .set_parameter(::zstd::zstd_safe::CParameter::WindowLog(28))
            .unwrap();
        std::io::Write::write_all(&mut encoder, b"small, but who knows").unwrap();
        std::io::Write::flush(&mut encoder).unwrap();
        let body = encoder.finish().unwrap();
        let error = ContentEncoding::Zstd
            .inflate(&body.clone().into(), 1 << 30)
            .unwrap_err();
        // The ratio does not let such a small body inflate beyond a window of 8 MiB.
        let limit = 8 << 20;
        assert!(
            matches!(error, InflateError::WindowTooLarge { limit: found } if found == limit),
            "{error}"
        );
        let error = PayloadReader::new(&body[..]).next().unwrap().unwrap_err();
        assert_eq!(
            error.to_string(),
            "payload 1, at byte 0: the file's zstd data needs a window of more than 134217728 bytes, \
             the limit: compress it without `--long`"
        );
    }

    #[test]
    fn damage_is_an_error() {
        let body = b"a body that is long enough to be cut, and to be damaged";
        for encoding in ENCODINGS {
            let whole = compress(encoding, body);
            // An empty zstd body has no frames and is valid.
            for end in 1..whole.len() {
                let error = encoding
                    .inflate(&whole[..end].to_vec().into(), 1000)
                    .unwrap_err();
                assert!(
                    matches!(error, InflateError::Damaged { .. }),
                    "{end}: {error}"
                );
            }
            let followed = [&whole[..], b"x"].concat();
            let error = encoding.inflate(&followed.into(), 1000).unwrap_err();
            assert!(matches!(error, InflateError::Damaged { .. }), "{error}");
        }
        let mut lying = gzip(body);
        let size = lying.len() - 4;
        lying[size..].copy_from_slice(&u32::MAX.to_le_bytes());
        let error = ContentEncoding::Gzip
            .inflate(&lying.into(), usize::MAX)
            .unwrap_err();
        assert!(matches!(error, InflateError::Damaged { .. }), "{error}");
    }
}
