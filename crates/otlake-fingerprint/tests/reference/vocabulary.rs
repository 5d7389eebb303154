//! The classes of bytes and the lists of words of the page, copied from it.

pub(super) fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

pub(super) fn is_hex_letter(byte: u8) -> bool {
    matches!(byte, b'a'..=b'f' | b'A'..=b'F')
}

pub(super) fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() && !is_hex_letter(byte) || matches!(byte, b'_' | b'$') || byte > 0x7f
}

pub(super) fn is_alnum(byte: u8) -> bool {
    is_digit(byte) || is_hex_letter(byte) || is_letter(byte)
}

pub(super) fn is_odd(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\' | b'@' | b'~' | b'\'')
}

/// A dot, a dash or an odd byte.
pub(super) fn is_joiner(byte: u8) -> bool {
    matches!(byte, b'.' | b'-' | b'+') || is_odd(byte)
}

pub(super) fn is_separator(byte: u8) -> bool {
    !is_alnum(byte) && !is_joiner(byte)
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\x0c' | b'\r')
}

pub(super) fn is_high(byte: u8) -> bool {
    byte > 0x7f
}

/// Returns the end of the chunk at `at`.
pub(super) fn chunk_end(text: &[u8], at: usize) -> usize {
    at + text[at..].iter().take_while(|b| !is_separator(**b)).count()
}

/// Returns `end` without trailing dots, dashes and odd bytes, of which the first byte is not one.
pub(super) fn trim(text: &[u8], start: usize, mut end: usize) -> usize {
    while end > start + 1 && is_joiner(text[end - 1]) {
        end -= 1;
    }
    end
}

/// Returns whether a separator or the end is at `at`.
pub(super) fn ends(text: &[u8], at: usize) -> bool {
    text.get(at).is_none_or(|b| is_separator(*b))
}

fn listed(list: &str, word: &[u8]) -> bool {
    list.split_whitespace()
        .any(|known| known.as_bytes() == word)
}

fn listed_in_any_case(list: &str, word: &[u8]) -> bool {
    list.split_whitespace()
        .any(|known| known.as_bytes().eq_ignore_ascii_case(word))
}

pub(super) fn is_level(word: &[u8]) -> bool {
    listed_in_any_case(
        "trace finest verbose vrb debug dbg info inf information informational notice note warn warning wrn error
         err severe fatal critical crit ftl alert emerg emergency panic",
        word,
    )
}

pub(super) fn is_unit(word: &[u8]) -> bool {
    listed(
        "B KB MB GB TB PB kB KiB MiB GiB TiB PiB kb mb gb tb byte bytes Byte Bytes bit bits ns us ms s m h d
         sec secs second seconds min mins minute minutes hr hrs hour hours day days week weeks month months year years msec msecs usec nsec
         millisecond milliseconds microsecond microseconds nanosecond nanoseconds USD EUR GBP JPY CNY INR CHF Hz kHz KHz MHz GHz rpm fps dB dBm mV V mA W kW px bps kbps
         Mbps Gbps AM PM am pm",
        word,
    )
}

/// The units that are written with a character beyond ASCII.
pub(super) const HIGH_UNITS: [&str; 8] = [
    "\u{b5}s", "\u{3bc}s", "\u{b5}m", "\u{3bc}m", "\u{b5}A", "\u{3bc}A", "\u{b0}C", "\u{b0}F",
];

pub(super) fn is_high_unit(word: &[u8]) -> bool {
    HIGH_UNITS.iter().any(|unit| unit.as_bytes() == word)
}

pub(super) fn is_half_of_day(word: &[u8]) -> bool {
    listed("AM PM am pm", word)
}

pub(super) fn is_zone(word: &[u8]) -> bool {
    listed(
        "Z UTC GMT EST EDT CST CDT MST MDT PST PDT AKST AKDT HST WET WEST BST CET CEST EET EEST MSK IST SGT HKT JST KST AWST ACST ACDT
         AEST AEDT NZST NZDT BRT ART",
        word,
    )
}

pub(super) fn is_month(word: &[u8]) -> bool {
    listed(
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec
         January February March April May June July August September October November December",
        word,
    )
}

pub(super) fn is_weekday(word: &[u8]) -> bool {
    listed(
        "Mon Tue Wed Thu Fri Sat Sun Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        word,
    )
}

pub(super) fn is_null(word: &[u8]) -> bool {
    listed("null nil NULL None none undefined NaN nan n/a N/A", word)
}

pub(super) fn is_bool(word: &[u8]) -> bool {
    listed("true false True False TRUE FALSE", word)
}

pub(super) fn is_switch(word: &[u8]) -> bool {
    is_bool(word) || listed("yes no on off Yes No On Off YES NO ON OFF", word)
}

pub(super) fn is_query_verb(word: &[u8]) -> bool {
    listed(
        "SELECT INSERT UPDATE DELETE CREATE ALTER DROP WITH MERGE REPLACE TRUNCATE EXPLAIN DECLARE EXEC BEGIN MATCH",
        word,
    )
}

pub(super) fn is_source_suffix(label: &[u8]) -> bool {
    listed(
        "c cc cpp cxx h hh hpp m mm rs go py rb js mjs cjs jsx ts tsx java kt kts scala groovy clj cs fs vb php pl pm lua swift dart ex
         exs erl hs ml r jl nim zig s asm sh bash sql html css vue proto tf xml json yaml yml toml ini cfg conf txt md log",
        label,
    )
}

pub(super) fn is_generic_domain(label: &[u8]) -> bool {
    listed(
        "com net org edu gov mil io info biz local localdomain internal lan arpa dev cloud",
        label,
    )
}

pub(super) fn is_naming_noun(word: &[u8]) -> bool {
    listed("user username account host hostname", word)
}

pub(super) fn is_change(word: &[u8]) -> bool {
    let changes = "change changes changed changing transition transitions transitioned transitioning switch switches switched switching";
    let mut word = word.to_vec();
    word[..1].make_ascii_lowercase();
    listed(changes, &word)
}

pub(super) fn is_state(word: &[u8]) -> bool {
    let mut word = word.to_vec();
    word[..1].make_ascii_lowercase();
    listed("state status mode phase role", &word)
}

pub(super) fn is_credential(word: &[u8]) -> bool {
    listed("password publickey login key", word)
}

pub(super) fn is_preposition(word: &[u8]) -> bool {
    listed("from by at on via with to for of as using", word)
}

pub(super) fn introduces_table(word: &[u8]) -> bool {
    listed("FROM JOIN INTO UPDATE TABLE", word)
}

pub(super) fn is_data_suffix(word: &[u8]) -> bool {
    listed(
        "json yaml yml toml ini cfg conf txt xml csv tsv zip tar gz tgz xz zst rar jar war png jpg jpeg gif svg webp pdf docx xlsx
         dll exe sys dylib tmp bak pem crt sqlite parquet service socket slice scope mount",
        word,
    )
}

/// Returns whether a text is a status code of HTTP, a space, and its reason phrase.
pub(super) fn is_status(text: &[u8]) -> bool {
    const STATUS: &str = "200 OK,201 Created,202 Accepted,204 No Content,206 Partial Content,301 Moved Permanently,302 Found,\
        303 See Other,304 Not Modified,307 Temporary Redirect,308 Permanent Redirect,400 Bad Request,401 Unauthorized,\
        403 Forbidden,404 Not Found,405 Method Not Allowed,406 Not Acceptable,408 Request Timeout,409 Conflict,410 Gone,\
        422 Unprocessable Entity,429 Too Many Requests,500 Internal Server Error,501 Not Implemented,502 Bad Gateway,\
        503 Service Unavailable,504 Gateway Timeout";
    STATUS.split(',').any(|status| status.as_bytes() == text)
}

pub(super) fn is_method(word: &[u8]) -> bool {
    listed("GET HEAD POST PUT DELETE OPTIONS PATCH", word)
}

pub(super) fn is_message_key(word: &[u8]) -> bool {
    listed(
        "msg message event error err reason text log cause exception",
        word,
    )
}

/// Characters beyond ASCII that separate.
pub(super) fn is_high_separator(character: char) -> bool {
    const RANGES: &str = "80-A9 AB-AF B1-B4 B6-B9 BB-BF D7-D7 F7-F7 1680-1680 2000-206F 20A0-20CF 2190-21FF 3000-3003 3008-3011
                          3014-301F FEFF-FEFF FF01-FF0F FF1A-FF20 FF3B-FF40 FF5B-FF65";
    RANGES.split_whitespace().any(|range| {
        let (from, to) = range.split_once('-').unwrap();
        let code = |text| u32::from_str_radix(text, 16).unwrap();
        (code(from)..=code(to)).contains(&u32::from(character))
    })
}

/// Decimal digits of other scripts: category Nd of the Basic Multilingual Plane.
pub(super) fn is_high_digit(character: char) -> bool {
    let mut buffer = [0; 4];
    character > '\x7f'
        && character <= '\u{ffff}'
        && super::text::is_full_match(r"\p{Nd}", character.encode_utf8(&mut buffer).as_bytes())
}
