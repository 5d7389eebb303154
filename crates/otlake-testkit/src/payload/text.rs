use std::fmt::Write;

use crate::rng::Rng;

/// A text with placeholders that vary from use to use, written as `"user {user} from {ip}"`.
///
/// `{d3}` is a number of up to 3 digits, `{x8}` is 8 hex digits. [`Text::parse`] lists the other
/// placeholders.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Literal(&'static str),
    Digits(u32),
    Hex(u32),
    Uuid,
    Ip,
    User,
    Name,
    Millis,
}

/// Number of user ids. There are many, and few of them make most of the traffic.
const USERS: usize = 80_000;
const NAMES: [&str; 24] = [
    "alice", "bruno", "chen", "divya", "emeka", "fatima", "goran", "hana", "ivan", "jonas",
    "kaito", "lena", "mateo", "nadia", "olga", "pavel", "quentin", "rosa", "sofia", "tomas", "uma",
    "viktor", "wanda", "yusuf",
];

impl Text {
    /// Parses a text.
    ///
    /// # Panics
    ///
    /// Panics on an unclosed or unknown placeholder. Known ones are d1 to d9, x1 to x16, uuid, ip,
    /// user, name and ms. All texts are constants of this crate, so a test that builds each of them
    /// catches mistakes.
    pub(super) fn parse(text: &'static str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            if !literal.is_empty() {
                pieces.push(Piece::Literal(literal));
            }
            let Some((word, after)) = after.split_once('}') else {
                panic!("open place in {text:?}")
            };
            pieces.push(match word {
                "uuid" => Piece::Uuid,
                "ip" => Piece::Ip,
                "user" => Piece::User,
                "name" => Piece::Name,
                "ms" => Piece::Millis,
                _ => match (word.split_at(1), word[1..].parse()) {
                    (("d", _), Ok(digits @ 1..=9)) => Piece::Digits(digits),
                    (("x", _), Ok(digits @ 1..=16)) => Piece::Hex(digits),
                    _ => panic!("unknown place {word:?} in {text:?}"),
                },
            });
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest));
        }
        Self { pieces }
    }

    /// Returns a text without placeholders; braces are literal.
    pub(super) fn literal(text: &'static str) -> Self {
        Self {
            pieces: vec![Piece::Literal(text)],
        }
    }

    /// Appends another text.
    pub(super) fn extend(&mut self, other: &Text) {
        self.pieces.extend_from_slice(&other.pieces);
    }

    /// Returns whether hardly any two uses are the same.
    pub(super) fn hardly_repeats(&self) -> bool {
        self.pieces.iter().any(|piece| match piece {
            Piece::Digits(digits) | Piece::Hex(digits) => *digits > 3,
            Piece::Uuid | Piece::Ip | Piece::User => true,
            Piece::Literal(_) | Piece::Name | Piece::Millis => false,
        })
    }

    /// Returns the approximate length of one use, in bytes.
    pub(super) fn expected_len(&self) -> f64 {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Literal(literal) => literal.len() as f64,
                Piece::Digits(digits) => f64::from(*digits) - 0.1,
                Piece::Hex(digits) => f64::from(*digits),
                Piece::Uuid => 36.0,
                Piece::Ip => 12.1,
                Piece::User => 7.0,
                Piece::Name => 4.8,
                Piece::Millis => 2.6,
            })
            .sum()
    }

    /// Returns the text with its placeholders filled in.
    pub(super) fn draw(&self, rng: &mut Rng) -> String {
        let mut out = String::with_capacity(64);
        for piece in &self.pieces {
            // Writing to a `String` cannot fail.
            let _ = match piece {
                Piece::Literal(literal) => out.write_str(literal),
                Piece::Digits(digits) => write!(out, "{}", rng.below(10usize.pow(*digits))),
                Piece::Hex(digits) => {
                    let value = rng.next_u64() >> (64 - 4 * digits);
                    write!(out, "{value:0width$x}", width = *digits as usize)
                }
                Piece::Uuid => {
                    let (high, low) = (rng.next_u64(), rng.next_u64());
                    write!(
                        out,
                        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
                        high >> 32,
                        (high >> 16) & 0xffff,
                        high & 0xfff,
                        low >> 52,
                        low & 0xffff_ffff_ffff
                    )
                }
                Piece::Ip => write!(
                    out,
                    "10.{}.{}.{}",
                    16 + rng.below(4),
                    rng.below(32),
                    rng.skewed(256)
                ),
                Piece::User => write!(out, "u-{}", 10_000 + rng.skewed(USERS)),
                Piece::Name => out.write_str(NAMES[rng.skewed(NAMES.len())]),
                Piece::Millis => write!(out, "{}", 1 + rng.skewed(60) * rng.skewed(60)),
            };
        }
        out
    }
}
