//! A custom `Tokenizer`: the shipped one, with the order numbers of a shop as an additional kind of
//! variable.
//!
//! ```text
//! cargo run --release --example custom_tokenizer
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use otlake_fingerprint::{
    Fingerprinter, Kind, PatternOptions, Patterns, Scanner, Token, Tokenizer, WordSets,
};

/// Wraps the shipped scanner and inspects each token.
#[derive(Clone, Copy, Default)]
struct ShopTokenizer {
    scanner: Scanner,
}

impl Tokenizer for ShopTokenizer {
    fn tokenize<F: FnMut(Token<'_>)>(&self, message: &[u8], mut emit: F) {
        self.scanner.tokenize(message, |token| {
            emit(match token.text() {
                // To the scanner, ORD-2024-117 is an identifier; this shop knows better.
                text if text.starts_with(b"ORD-") => Token::typed(text, Kind::Custom("order")),
                // Sizes are words to everyone else; here they are values.
                text @ (b"XS" | b"S" | b"M" | b"L" | b"XL") => {
                    Token::typed(text, Kind::Custom("size"))
                }
                _ => token,
            });
        });
    }
}

fn main() {
    let tokenizer = ShopTokenizer::default();
    let mut fingerprinter = Fingerprinter::with_tokenizer(tokenizer);
    let mut patterns = Patterns::with_parts(PatternOptions::new(), tokenizer, WordSets::default());
    for message in [
        "order ORD-2024-117 shirt in M packed after 12 s",
        "order ORD-2024-118 shirt in XL packed after 9 s",
        "order ORD-2024-118 cancelled by customer",
    ] {
        let fingerprint = fingerprinter.fingerprint(message.as_bytes());
        patterns.learn(fingerprint, message.as_bytes());
    }
    let set = patterns.patterns();
    for pattern in &set {
        println!("{:>3}  {}", pattern.count, pattern.template);
    }
    assert_eq!(
        set[0].template,
        "order <order> shirt in <size> packed after <num> s"
    );
    assert_eq!(set[0].count, 2);
}
