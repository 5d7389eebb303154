//! The closed word classes that a scanner of log text needs: units, calendar names, levels, and the words for "no value".
//!
//! Every list here is a closed class of words in logs (units of measure, calendar names, top-level domains), never a list of words
//! that happened to occur in some log.

/// Returns whether `word` is a unit of measure that can follow a number (`5.2 KB`, `3 ms`, `10 seconds`).
///
/// The unit belongs to the quantity, because a program that prints `900 B` prints `1.2 KB` for a larger value of the same parameter.
pub(crate) fn is_unit(word: &[u8]) -> bool {
    matches!(
        word,
        b"B" | b"KB"
            | b"MB"
            | b"GB"
            | b"TB"
            | b"PB"
            | b"kB"
            | b"KiB"
            | b"MiB"
            | b"GiB"
            | b"TiB"
            | b"PiB"
            | b"kb"
            | b"mb"
            | b"gb"
            | b"tb"
            | b"byte"
            | b"bytes"
            | b"Byte"
            | b"Bytes"
            | b"bit"
            | b"bits"
            | b"ns"
            | b"us"
            | b"ms"
            | b"s"
            | b"m"
            | b"h"
            | b"d"
            | b"sec"
            | b"secs"
            | b"second"
            | b"seconds"
            | b"min"
            | b"mins"
            | b"minute"
            | b"minutes"
            | b"hr"
            | b"hrs"
            | b"hour"
            | b"hours"
            | b"day"
            | b"days"
            | b"week"
            | b"weeks"
            | b"month"
            | b"months"
            | b"year"
            | b"years"
            | b"msec"
            | b"msecs"
            | b"usec"
            | b"nsec"
            | b"millisecond"
            | b"milliseconds"
            | b"microsecond"
            | b"microseconds"
            | b"nanosecond"
            | b"nanoseconds"
            | b"Hz"
            | b"kHz"
            | b"KHz"
            | b"MHz"
            | b"GHz"
            | b"rpm"
            | b"fps"
            | b"dB"
            | b"dBm"
            | b"mV"
            | b"V"
            | b"mA"
            | b"W"
            | b"kW"
            | b"px"
            | b"bps"
            | b"kbps"
            | b"Mbps"
            | b"Gbps"
            | b"USD"
            | b"EUR"
            | b"GBP"
            | b"JPY"
            | b"CNY"
            | b"INR"
            | b"CHF"
            | b"AM"
            | b"PM"
            | b"am"
            | b"pm"
    )
}

/// Returns the length of the unit at the front of `text` if it has a character beyond ASCII, or if all of `text` is a unit; otherwise 0.
/// Micro has two code points, U+00B5 and U+03BC.
pub(crate) fn unit_at(text: &[u8]) -> usize {
    const UNITS: [&str; 8] = [
        "\u{b5}s", "\u{3bc}s", "\u{b0}C", "\u{b0}F", "\u{b5}m", "\u{3bc}m", "\u{b5}A", "\u{3bc}A",
    ];
    let unit = UNITS.iter().find(|unit| text.starts_with(unit.as_bytes()));
    unit.map_or(if is_unit(text) { text.len() } else { 0 }, |unit| {
        unit.len()
    })
}

/// Returns whether `word` is the half of the day after a time on a twelve-hour clock.
pub(crate) fn is_half_of_day(word: &[u8]) -> bool {
    matches!(word, b"AM" | b"PM" | b"am" | b"pm")
}

/// Returns whether `word` is an English month name, short or long.
pub(crate) fn is_month(word: &[u8]) -> bool {
    matches!(
        word,
        b"Jan"
            | b"Feb"
            | b"Mar"
            | b"Apr"
            | b"May"
            | b"Jun"
            | b"Jul"
            | b"Aug"
            | b"Sep"
            | b"Oct"
            | b"Nov"
            | b"Dec"
    ) || matches!(
        word,
        b"January"
            | b"February"
            | b"March"
            | b"April"
            | b"June"
            | b"July"
            | b"August"
            | b"September"
            | b"October"
            | b"November"
            | b"December"
    )
}

/// Returns whether `word` is an English weekday name, short or long.
pub(crate) fn is_weekday(word: &[u8]) -> bool {
    matches!(
        word,
        b"Mon" | b"Tue" | b"Wed" | b"Thu" | b"Fri" | b"Sat" | b"Sun"
    ) || matches!(
        word,
        b"Monday" | b"Tuesday" | b"Wednesday" | b"Thursday" | b"Friday" | b"Saturday" | b"Sunday"
    )
}

/// Returns whether the name of a month or a weekday begins with these letters.
#[inline]
pub(crate) fn begins_calendar_name(letters: [u8; 3]) -> bool {
    may_begin_calendar_name(letters[0], letters[1]) && (is_month(&letters) || is_weekday(&letters))
}

/// Returns whether the name of a month or a weekday may begin with these two letters. Most words are rejected here.
#[inline(always)]
pub(crate) fn may_begin_calendar_name(first: u8, second: u8) -> bool {
    SECOND_LETTERS[first as usize & 0x1f] >> (second & 0x1f) & 1 != 0
}

/// The second letters of these names as bit sets, indexed by the low five bits of the first letter.
static SECOND_LETTERS: [u32; 32] = {
    let pairs = b"JaFeMaApJuAuSeOcNoDeMoTuWeThFrSaSu";
    let mut table = [0; 32];
    let mut at = 0;
    while at < pairs.len() {
        table[pairs[at] as usize & 0x1f] |= 1 << (pairs[at + 1] & 0x1f);
        at += 2;
    }
    table
};

/// Returns whether `word` is a common time zone abbreviation. This is a closed list and not a shape, because `ALERT` and `EXIT` also
/// follow times.
pub(crate) fn is_zone(word: &[u8]) -> bool {
    matches!(
        word,
        b"Z" | b"UTC"
            | b"GMT"
            | b"EST"
            | b"EDT"
            | b"CST"
            | b"CDT"
            | b"MST"
            | b"MDT"
            | b"PST"
            | b"PDT"
            | b"AKST"
            | b"AKDT"
            | b"HST"
            | b"WET"
            | b"WEST"
            | b"BST"
            | b"CET"
            | b"CEST"
            | b"EET"
            | b"EEST"
            | b"MSK"
            | b"IST"
            | b"SGT"
            | b"HKT"
            | b"JST"
            | b"KST"
            | b"AWST"
            | b"ACST"
            | b"ACDT"
            | b"AEST"
            | b"AEDT"
            | b"NZST"
            | b"NZDT"
            | b"BRT"
            | b"ART"
    )
}

/// Returns whether `word` means that there is no value.
pub(crate) fn is_null(word: &[u8]) -> bool {
    matches!(
        word,
        b"null"
            | b"nil"
            | b"NULL"
            | b"None"
            | b"none"
            | b"undefined"
            | b"NaN"
            | b"nan"
            | b"n/a"
            | b"N/A"
    )
}

/// Returns whether `word` is a boolean.
pub(crate) fn is_bool(word: &[u8]) -> bool {
    matches!(
        word,
        b"true" | b"false" | b"True" | b"False" | b"TRUE" | b"FALSE"
    )
}

/// Returns whether `word` is the name of a version of the Internet protocol, which programs write as a literal.
pub(crate) fn is_protocol(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(b"ipv4") || word.eq_ignore_ascii_case(b"ipv6")
}

/// Returns whether `word` is one of two values: a boolean, yes or no, on or off.
pub(crate) fn is_switch(word: &[u8]) -> bool {
    is_bool(word)
        || matches!(
            word,
            b"yes"
                | b"no"
                | b"Yes"
                | b"No"
                | b"YES"
                | b"NO"
                | b"on"
                | b"off"
                | b"On"
                | b"Off"
                | b"ON"
                | b"OFF"
        )
}

/// Returns whether `word` is the verb, in capitals, that a statement of a query language begins with.
pub(crate) fn is_query_verb(word: &[u8]) -> bool {
    matches!(
        word,
        b"SELECT"
            | b"INSERT"
            | b"UPDATE"
            | b"DELETE"
            | b"CREATE"
            | b"ALTER"
            | b"DROP"
            | b"WITH"
            | b"MERGE"
            | b"REPLACE"
            | b"TRUNCATE"
            | b"EXPLAIN"
            | b"DECLARE"
            | b"EXEC"
            | b"BEGIN"
            | b"MATCH"
    )
}

/// Returns whether a quoted name after `word` is that of a table, in a statement of SQL.
pub(crate) fn introduces_table(word: &[u8]) -> bool {
    matches!(word, b"FROM" | b"JOIN" | b"INTO" | b"UPDATE" | b"TABLE")
}

/// Returns whether `word` is a method of HTTP.
pub(crate) fn is_method(word: &[u8]) -> bool {
    matches!(
        word,
        b"GET" | b"HEAD" | b"POST" | b"PUT" | b"DELETE" | b"OPTIONS" | b"PATCH"
    )
}

/// Returns the reason phrase of a status code of HTTP (RFC 9110), or nothing.
pub(crate) fn reason_phrase(code: &[u8]) -> &'static [u8] {
    match code {
        b"200" => b"OK",
        b"201" => b"Created",
        b"202" => b"Accepted",
        b"204" => b"No Content",
        b"206" => b"Partial Content",
        b"301" => b"Moved Permanently",
        b"302" => b"Found",
        b"303" => b"See Other",
        b"304" => b"Not Modified",
        b"307" => b"Temporary Redirect",
        b"308" => b"Permanent Redirect",
        b"400" => b"Bad Request",
        b"401" => b"Unauthorized",
        b"403" => b"Forbidden",
        b"404" => b"Not Found",
        b"405" => b"Method Not Allowed",
        b"406" => b"Not Acceptable",
        b"408" => b"Request Timeout",
        b"409" => b"Conflict",
        b"410" => b"Gone",
        b"422" => b"Unprocessable Entity",
        b"429" => b"Too Many Requests",
        b"500" => b"Internal Server Error",
        b"501" => b"Not Implemented",
        b"502" => b"Bad Gateway",
        b"503" => b"Service Unavailable",
        b"504" => b"Gateway Timeout",
        _ => b"",
    }
}

/// Returns whether `label` is the suffix of a file with data, and not the name of a method or a field: `settings.json`, `nginx.service`.
pub(crate) fn is_data_suffix(label: &[u8]) -> bool {
    matches!(
        label,
        b"json"
            | b"yaml"
            | b"yml"
            | b"toml"
            | b"ini"
            | b"cfg"
            | b"conf"
            | b"txt"
            | b"xml"
            | b"csv"
            | b"tsv"
            | b"zip"
            | b"tar"
            | b"gz"
            | b"tgz"
            | b"xz"
            | b"zst"
            | b"rar"
            | b"jar"
            | b"war"
            | b"png"
            | b"jpg"
            | b"jpeg"
            | b"gif"
            | b"svg"
            | b"webp"
            | b"pdf"
            | b"docx"
            | b"xlsx"
            | b"dll"
            | b"exe"
            | b"sys"
            | b"dylib"
            | b"tmp"
            | b"bak"
            | b"pem"
            | b"crt"
            | b"sqlite"
            | b"parquet"
            | b"service"
            | b"socket"
            | b"slice"
            | b"scope"
            | b"mount"
    )
}

/// Returns whether `label` is the suffix of a source file, which a line number may follow.
pub(crate) fn is_source_suffix(label: &[u8]) -> bool {
    matches!(
        label,
        b"c" | b"cc"
            | b"cpp"
            | b"cxx"
            | b"h"
            | b"hh"
            | b"hpp"
            | b"m"
            | b"mm"
            | b"rs"
            | b"go"
            | b"py"
            | b"rb"
            | b"js"
            | b"mjs"
            | b"cjs"
            | b"jsx"
            | b"ts"
            | b"tsx"
            | b"java"
            | b"kt"
            | b"kts"
            | b"scala"
            | b"groovy"
            | b"clj"
            | b"cs"
            | b"fs"
            | b"vb"
            | b"php"
            | b"pl"
            | b"pm"
            | b"lua"
            | b"swift"
            | b"dart"
            | b"ex"
            | b"exs"
            | b"erl"
            | b"hs"
            | b"ml"
            | b"r"
            | b"jl"
            | b"nim"
            | b"zig"
            | b"s"
            | b"asm"
            | b"sh"
            | b"bash"
            | b"sql"
            | b"html"
            | b"css"
            | b"vue"
            | b"proto"
            | b"tf"
            | b"xml"
            | b"json"
            | b"yaml"
            | b"yml"
            | b"toml"
            | b"ini"
            | b"cfg"
            | b"conf"
            | b"txt"
            | b"md"
            | b"log"
    )
}

/// Returns whether `label` is one of the generic top-level domains that end a host name and begin a reverse-domain name
/// (`org.example.Service`).
pub(crate) fn is_generic_domain(label: &[u8]) -> bool {
    matches!(
        label,
        b"com"
            | b"net"
            | b"org"
            | b"edu"
            | b"gov"
            | b"mil"
            | b"io"
            | b"info"
            | b"biz"
            | b"local"
            | b"localdomain"
            | b"internal"
            | b"lan"
            | b"arpa"
            | b"dev"
            | b"cloud"
    )
}

/// Returns whether `word` is a noun that is followed by the name of a person or a machine (`for user ann`, `from host db`).
pub(crate) fn is_naming_noun(word: &[u8]) -> bool {
    matches!(
        word,
        b"user" | b"username" | b"account" | b"host" | b"hostname"
    )
}

/// Returns whether `word` is a credential after which `for` introduces a name: `password for ann`.
pub(crate) fn is_credential(word: &[u8]) -> bool {
    matches!(word, b"password" | b"publickey" | b"login" | b"key")
}

/// Returns whether `word` says that something changes between two states: `changed from idle to busy`. The first letter may be a capital.
pub(crate) fn is_change(word: &[u8]) -> bool {
    let Some((first, rest)) = word.split_first() else {
        return false;
    };
    matches!(
        (first.to_ascii_lowercase(), rest),
        (b'c', b"hange" | b"hanges" | b"hanged" | b"hanging")
            | (
                b't',
                b"ransition" | b"ransitions" | b"ransitioned" | b"ransitioning"
            )
            | (b's', b"witch" | b"witches" | b"witched" | b"witching")
    )
}

/// Returns whether `word` is what changes between two states: `state from idle to busy`. The first letter may be a capital.
pub(crate) fn is_state(word: &[u8]) -> bool {
    let states = [b"state".as_slice(), b"status", b"mode", b"phase", b"role"];
    word.split_first().is_some_and(|(first, rest)| {
        let first = first.to_ascii_lowercase();
        states
            .iter()
            .any(|state| state[0] == first && &state[1..] == rest)
    })
}

/// Returns whether `word` is an English preposition that can introduce or end the mention of a name.
pub(crate) fn is_preposition(word: &[u8]) -> bool {
    matches!(
        word,
        b"from"
            | b"by"
            | b"at"
            | b"on"
            | b"via"
            | b"with"
            | b"to"
            | b"for"
            | b"of"
            | b"as"
            | b"using"
    )
}

/// Returns whether `word` negates a statement, or says how something ended.
pub(crate) fn is_negation(word: &[u8]) -> bool {
    matches!(
        word,
        b"not"
            | b"no"
            | b"No"
            | b"Not"
            | b"non"
            | b"never"
            | b"without"
            | b"cannot"
            | b"can't"
            | b"isn't"
            | b"ok"
            | b"OK"
            | b"fail"
            | b"success"
            | b"error"
            | b"down"
            | b"up"
            | b"is"
            | b"was"
            | b"has"
            | b"and"
            | b"or"
            | b"before"
            | b"after"
    )
}

/// Returns whether a verb follows `word`: a negation or a modal verb (`could not open`, `will retry`). The first letter may be a
/// capital.
pub(crate) fn is_modal(word: &[u8]) -> bool {
    let modals = [
        b"not".as_slice(),
        b"never",
        b"cannot",
        b"can",
        b"could",
        b"will",
        b"would",
        b"should",
        b"must",
        b"may",
    ];
    begins_small_or_capital(word, &modals) || word.ends_with(b"n't")
}

/// Returns whether `to` and a verb follow `word` (`failed to open`). The first letter may be a capital.
pub(crate) fn is_attempt(word: &[u8]) -> bool {
    let attempts = [
        b"failed".as_slice(),
        b"failure",
        b"failing",
        b"unable",
        b"able",
        b"trying",
        b"tried",
        b"attempt",
        b"attempts",
        b"attempted",
        b"attempting",
        b"about",
        b"going",
        b"ready",
        b"refused",
        b"refusing",
    ];
    begins_small_or_capital(word, &attempts)
}

/// Returns whether a word is one of `words`, which are in small letters, perhaps with a capital at its beginning.
fn begins_small_or_capital(word: &[u8], words: &[&[u8]]) -> bool {
    word.split_first().is_some_and(|(first, rest)| {
        let first = first.to_ascii_lowercase();
        words
            .iter()
            .any(|word| word[0] == first && &word[1..] == rest)
    })
}

/// Returns whether `key` is the name of a field that contains a message and not a value.
pub(crate) fn is_message_key(key: &[u8]) -> bool {
    matches!(
        key,
        b"msg"
            | b"message"
            | b"event"
            | b"error"
            | b"err"
            | b"reason"
            | b"text"
            | b"log"
            | b"cause"
            | b"exception"
    )
}
