//! Small data that inflates to large data. The memory that it takes is tested in the crate's `tests/memory.rs`, with
//! an allocator that counts.

use super::*;

#[test]
fn bombs_are_errors_wherever_they_are() {
    let zeros = vec![0; 10 << 20];
    let limit = 1000;
    let error = |file: &[u8], framing| {
        let items = read(file, framing, limit);
        let [Item::Error(error)] = &items[..] else {
            panic!("{} items", items.len());
        };
        error.clone()
    };
    for compress in [gzip, zstd] {
        let bomb = compress(&zeros);
        // Neither zeros nor blanks are a framing.
        for file in [&bomb, &compress(&[b' '; 100_000])] {
            let error = error(file, None);
            assert!(error.contains("data, and inside is"), "{error}");
        }
        // Nested compression is not inflated.
        let error_of_nested = error(&compress(&bomb), None);
        let nested = [
            "inside is gzip data: inflate it",
            "inside is zstd data: inflate it",
        ];
        let named = nested.iter().any(|nested| error_of_nested.contains(nested));
        assert!(named, "{error_of_nested}");
        for framing in [Framing::Protobuf, Framing::JsonLines] {
            let error = error(&bomb, Some(framing));
            assert!(error.contains("longer than the limit of 1000"), "{error}");
        }
        // The bomb is in a message in a file.
        let error = error(&compress(&prefixed(&zstd(&zeros))), None);
        assert!(
            error.contains("more than the limit of 1000 bytes"),
            "{error}"
        );
        // Empty messages have no payload.
        let framing = Some(Framing::LengthPrefixed);
        assert_eq!(read(&compress(&[0; 100_000])[..], framing, limit), []);
    }
}
