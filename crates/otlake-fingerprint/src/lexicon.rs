//! The closed word classes a scanner of log text needs: units, calendar names, levels, and the words for "no value".
//!
//! Every list here is a closed class of the language of machines (units of measure, calendar names, top-level
//! domains), never a list of words that happened to stand in some log.

/// Whether `word` is a unit of measure that can follow a number (`5.2 KB`, `3 ms`, `10 seconds`).
///
/// The unit belongs to the quantity: a program that prints `900 B` prints `1.2 KB` for a larger value of the same
/// parameter.
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
            | b"bps"
            | b"kbps"
            | b"Mbps"
            | b"Gbps"
            | b"AM"
            | b"PM"
            | b"am"
            | b"pm"
    )
}

/// The longest word that [`is_unit`] knows.
pub(crate) const LONGEST_UNIT: usize = 12;

/// Whether `word` is an English month name, short or long.
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

/// Whether `word` is an English weekday name, short or long.
pub(crate) fn is_weekday(word: &[u8]) -> bool {
    matches!(
        word,
        b"Mon" | b"Tue" | b"Wed" | b"Thu" | b"Fri" | b"Sat" | b"Sun"
    ) || matches!(
        word,
        b"Monday" | b"Tuesday" | b"Wednesday" | b"Thursday" | b"Friday" | b"Saturday" | b"Sunday"
    )
}

/// Whether `word` is a common time zone abbreviation. A closed list, not a shape: `ALERT` and `EXIT` follow a time too.
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

/// Whether `word` stands for the absence of a value.
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

/// Whether `word` is a boolean.
pub(crate) fn is_bool(word: &[u8]) -> bool {
    matches!(
        word,
        b"true" | b"false" | b"True" | b"False" | b"TRUE" | b"FALSE"
    )
}

/// Whether `label` is one of the generic top-level domains that end a host name and begin a reverse-domain name
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

/// Whether `word` is a noun that is followed by the name of a person or a machine (`for user ann`, `from host db`).
pub(crate) fn is_naming_noun(word: &[u8]) -> bool {
    matches!(
        word,
        b"user" | b"username" | b"account" | b"host" | b"hostname"
    )
}

/// Whether `word` is an English preposition that can introduce or end the mention of a name.
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

/// Whether `key` is the name of a field that holds a message and not a value.
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
