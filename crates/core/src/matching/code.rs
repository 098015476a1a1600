//! Recognition of error codes, and of tokens that only look like one.

use std::sync::LazyLock;

use regex::Regex;

use super::phrases;
use super::token::{self, Shape};
use super::vocabulary::{UNCOMMON, background_bits};

/// A token that has the form of an error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code<'t> {
    /// The code as written.
    pub(super) text: &'t str,
    /// Byte offset in the text.
    pub(super) start: usize,
}

static CODE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"\b(?:[A-Z][A-Z0-9]{0,14}(?:[-_][A-Z]{1,6})?(?:-[0-9]{4})?[-_]?[0-9]{2,7}[A-Z]{0,2}|0[xX][0-9A-Fa-f]{2,16})\b",
    )
    .ok()
});

/// A code of one digit, which only a runbook that explains it makes one: `GATE-6`.
static SHORT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b[A-Z]{2,12}[-_][0-9]\b").ok());

static NUMBERED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?ix)\b(?: (?:(?:(?:err(?:or)?|exit|fault|http|native|reason|response|result|return|sql|status|vendor)[_-]?)?code
                     |status|errno|rc|sqlstate|fehlercode|c[óo]digo|codice|code\s+d'erreur) (?:\s+is|\s+was)?
                     [\s:=\#("']{1,4} (?P<coded>[0-9]{2,5})
                 | (?:error|fehler|erreur|errore)_? [\s:=\#("']{1,4} (?P<error>[0-9]{3,5})
                 | http (?:/[0-9](?:\.[0-9])?)? (?:\s+error|\s+status|\s+code)? [\s:="']{1,3} (?P<http>[1-5][0-9]{2})
               )\b"#,
    )
    .ok()
});

/// Words before a token that only looks like an error code: places, orders, versions, numbers of things.
const NOT_AN_ERROR: &[&str] = &[
    "aisle", "badge", "bay", "booth", "box", "branch", "build", "bus", "chapter", "coupon", "course", "desk", "exit",
    "figure", "flight", "floor", "gate", "invoice", "item", "locker", "lot", "model", "order", "package", "page",
    "parcel", "part", "platform", "po", "pr", "rack", "release", "room", "route", "seat", "serial", "shelf", "slot",
    "sprint", "table", "terminal", "ticket", "track", "train", "tram", "version", "voucher",
];

/// Standards, formats, encodings and processors that have the form of a code.
const STANDARDS: &[&str] = &[
    "AES128", "AES192", "AES256", "AMD64", "ARM64", "BASE32", "BASE64", "CP1252", "ED25519", "FAT32", "FLOAT32",
    "FLOAT64", "I386", "I686", "INT16", "INT32", "INT64", "ISO8601", "PKCS11", "PKCS12", "RFC3339", "RSA2048",
    "RSA4096", "SHA-256", "SHA-384", "SHA-512", "SHA224", "SHA256", "SHA384", "SHA512", "UINT16", "UINT32", "UINT64",
    "UTF-16", "UTF-32", "UTF16", "UTF32", "WIN32", "WIN64", "X509", "X86_64",
];

/// Levels and states that logs write in capitals; none of them is an error's name.
const LEVELS: &[&str] = &[
    "ALERT",
    "CRITICAL",
    "DEBUG",
    "EMERG",
    "EMERGENCY",
    "FAILED",
    "FATAL",
    "FIRING",
    "NOTICE",
    "PANIC",
    "RESOLVED",
    "SEVERE",
    "STARTED",
    "STOPPED",
    "TRACE",
    "UNKNOWN",
    "VERBOSE",
    "WARNING",
];

/// Words after which people and programs name an error.
const NAMES_AN_ERROR: &[&str] = &[
    "alertname",
    "code",
    "err",
    "errcode",
    "errno",
    "error",
    "errorcode",
    "errors",
    "exception",
    "fault",
    "firing",
    "getting",
    "got",
    "hit",
    "hitting",
    "reason",
    "returned",
    "returns",
    "says",
    "seeing",
    "sqlstate",
    "status",
    "threw",
    "throwing",
    "throws",
    "with",
];

/// Words of rooms, seats, travel and orders: no token among the ten words after one is an error.
const NOT_AT_WORK: &[&str] = &[
    "aisle", "badge", "booth", "desk", "flight", "floor", "gate", "invoice", "locker", "parcel", "room", "seat",
    "train", "tram", "voucher",
];

/// Returns true when the word before a name makes it an error: `"error":"BFF_SHEDDING"`, `fails with InUseSubnet`.
pub(super) fn is_named_as_error(text: &str, start: usize) -> bool {
    NAMES_AN_ERROR.contains(&word_before(text, start).as_str())
}

fn word_before(text: &str, start: usize) -> String {
    let between =
        |c: char| c.is_whitespace() || matches!(c, '#' | ':' | '"' | '\'' | '(' | '`' | '=' | '*' | '[' | '\u{201c}');
    let before = text.get(..start).unwrap_or_default().trim_end_matches(between);
    let word = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    word.to_ascii_lowercase()
}

/// The tokens of a text that have the form of an error code, in places where a code is possible.
pub(super) fn codes(text: &str) -> Vec<Code<'_>> {
    let Some(syntax) = CODE.as_ref() else { return Vec::new() };
    syntax
        .find_iter(text)
        .filter(|hit| {
            stands_alone(text, hit.start(), hit.end())
                && !is_sql_state(text, hit.as_str(), hit.start())
                && !STANDARDS.contains(&hit.as_str())
        })
        .map(|hit| Code {
            text: hit.as_str(),
            start: hit.start(),
        })
        .collect()
}

/// The tokens of a text that have the form of a code of one digit.
pub(super) fn short_codes(text: &str) -> impl Iterator<Item = Code<'_>> {
    let found = SHORT.as_ref().map(|syntax| syntax.find_iter(text));
    let codes = found.into_iter().flatten().map(|hit| Code {
        text: hit.as_str(),
        start: hit.start(),
    });
    codes.filter(|code| stands_alone(text, code.start, code.start + code.text.len()))
}

/// Returns true where a text says that a code of one digit is an error's: `SRT-1: belt empty`, `ERROR SRT-1`.
pub(super) fn is_told(text: &str, code: Code<'_>) -> bool {
    let after = text.get(code.start + code.text.len()..).unwrap_or_default();
    let alone = text.get(..code.start).is_some_and(|before| before.trim().is_empty());
    alone && (after.trim_start().starts_with(':') || after.trim().is_empty()) || is_named_as_error(text, code.start)
}

/// Returns true for the state beside the number of an SQL error, `1236 (HY000)`, which many errors share; and for
/// `HY000`, which stands for every error without a state of its own.
fn is_sql_state(text: &str, code: &str, start: usize) -> bool {
    let number = || {
        let before = text.get(..start)?.strip_suffix('(')?.trim_end();
        let number = before.bytes().rev().take_while(u8::is_ascii_digit).count();
        let word = word_before(before, before.len() - number);
        Some(number > 0 && matches!(word.as_str(), "code" | "errno" | "error"))
    };
    code == "HY000" || code.len() == 5 && number() == Some(true)
}

/// Returns true when a text has two digits in a row, `0x`, or a digit after `-` or `_`: every code has one of these.
pub(super) fn may_hold(text: &str) -> bool {
    let mut before = b' ';
    text.bytes().any(|byte| {
        let digit = byte.is_ascii_digit();
        let after_digit = before.is_ascii_digit() && (digit || byte.eq_ignore_ascii_case(&b'x'));
        let found = after_digit || digit && matches!(before, b'-' | b'_');
        before = byte;
        found
    })
}

/// Writes a word in upper case into `upper`, in place of its content.
pub(super) fn upper_case(word: &str, upper: &mut String) {
    upper.clear();
    if word.is_ascii() {
        upper.push_str(word);
        upper.make_ascii_uppercase();
    } else {
        upper.extend(word.chars().flat_map(char::to_uppercase));
    }
}

/// Numbers that a text calls codes: `exit code 137`, `status: 504`, `errno 111`. Returns each as `code 137`, with the
/// byte offsets where it begins and ends.
pub(super) fn numbered(text: &str) -> Vec<(String, usize, usize)> {
    let Some(syntax) = NUMBERED.as_ref() else {
        return Vec::new();
    };
    let named = |hit: regex::Captures<'_>| {
        let number = ["coded", "error", "http"].iter().find_map(|name| hit.name(name))?;
        let whole = hit.get(0)?;
        Some((format!("code {}", number.as_str()), whole.start(), whole.end()))
    };
    syntax.captures_iter(text).filter_map(named).collect()
}

/// Returns true for the field of a status, `exitCode: 1`, that dumps of objects show whatever the page is about.
pub(super) fn is_field_of_status(text: &str, start: usize) -> bool {
    const FIELDS: [&str; 6] = ["exit", "status", "response", "return", "result", "http"];
    let field = text.get(start..).unwrap_or_default().to_ascii_lowercase();
    FIELDS.iter().any(|name| {
        let rest = field.strip_prefix(name).unwrap_or_default();
        rest.strip_prefix(['_', '-']).unwrap_or(rest).starts_with("code")
    })
}

/// Names in capitals that programs give their errors: `WRONGPASS`, `ERRDSISS`, `EHOSTUNREACH`. A word that the messages
/// of many programs have, such as `PLUGIN`, is none.
pub(super) fn constants(text: &str) -> impl Iterator<Item = &str> {
    let names = token::pieces(text, |c| !(c.is_ascii_alphanumeric() || c == '_')).map(|(_, name)| name);
    names.filter(|name| {
        name.len() >= 5
            && name.bytes().all(|b| b.is_ascii_uppercase())
            && !LEVELS.contains(name)
            && background_bits(&name.to_ascii_lowercase(), Shape::Plain) >= UNCOMMON
            && !phrases::holds(&[&name.to_ascii_lowercase()])
    })
}

/// Identifiers of several parts, each with the byte offset where it begins: `BFF_SHEDDING`,
/// `statement_completion_unknown`.
pub(super) fn identifiers(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let names = token::pieces(text, |c| !(c.is_ascii_alphanumeric() || c == '_'));
    names.filter(|(_, name)| {
        let parts = name.split('_').filter(|part| !part.is_empty()).count();
        let letters = name.bytes().filter(u8::is_ascii_alphabetic).count();
        let loud = name.bytes().all(|b| !b.is_ascii_lowercase());
        let last = name.rsplit('_').next().unwrap_or_default();
        // `HEALTH_WARN` is a state that many errors have.
        let level = parts == 2 && matches!(last, "DEBUG" | "ERR" | "INFO" | "OK" | "WARN" | "WARNING");
        letters >= 6 && (parts >= 3 || parts == 2 && (loud || name.len() >= 14)) && !name.starts_with('_') && !level
    })
}

/// Returns true for the key of a field, `"error_description": …` or `grpc_code=…`: the value says which error it is.
pub(super) fn is_key(text: &str, start: usize, name: &str) -> bool {
    let after = text.get(start + name.len()..).unwrap_or_default();
    let rest = after.trim_start_matches(['\\', '"', '\'']);
    let quoted = rest.len() < after.len() && rest.trim_start().starts_with(':');
    name.bytes().any(|b| b.is_ascii_lowercase()) && (quoted || after.starts_with('='))
}

/// Identifiers of three parts or more with hyphens between, each with the byte offset where it begins:
/// `err-store-query-blocked`.
pub(super) fn hyphenated(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let names = token::pieces(text, |c| !(c.is_ascii_alphanumeric() || c == '-'));
    names.filter(|(_, name)| name.bytes().filter(|byte| *byte == b'-').count() >= 2 && !name.starts_with('-'))
}

/// Beginning of a name by which protocols call their errors (RFC 8141).
const URN: &str = "urn:";

/// Names of several parts: `NO_SUCH_LANE`, `urn:errors:rate-limited`.
pub(super) fn compounds(text: &str) -> impl Iterator<Item = &str> {
    let names = token::pieces(text, |c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-')));
    let names = names.map(|(_, name)| name.trim_matches([':', '-', '_']));
    names.filter(|name| {
        let parts = name.split('_').filter(|part| !part.is_empty()).count();
        let letters = name.bytes().filter(u8::is_ascii_alphabetic).count();
        let plain = !name.contains([':', '-']);
        letters >= 6 && (plain && parts >= 2 || name.starts_with(URN))
    })
}

/// The parts at the end of another name that begins as a name does and has as many parts; none for any other name, and
/// for the name itself when it is cut off.
pub(super) fn other_parts<'n>(own: &str, other: &'n str) -> Vec<&'n str> {
    let separator = if own.starts_with(URN) { ':' } else { '_' };
    let (own, other): (Vec<&str>, Vec<&str>) = (own.split(separator).collect(), other.split(separator).collect());
    let is_same = |(own, other): &(&&str, &&str)| own.eq_ignore_ascii_case(other);
    let same = own.iter().zip(&other).take_while(is_same).count();
    let begins = |own: &str, other: &str| {
        own.get(..other.len())
            .is_some_and(|own| own.eq_ignore_ascii_case(other))
    };
    let is_cut = || own.iter().zip(&other).skip(same).all(|(own, other)| begins(own, other));
    if own.len() == other.len() && same * 2 >= own.len() && !is_cut() {
        other.get(same..).unwrap_or_default().to_vec()
    } else {
        Vec::new()
    }
}

/// Returns true for a hyphenated identifier that says itself that it is an error's.
pub(super) fn is_hyphenated_error(name: &str) -> bool {
    let first = name.split('-').next().unwrap_or_default();
    ["err", "error"].iter().any(|word| first.eq_ignore_ascii_case(word)) && name.split('-').count() >= 3
}

/// Returns true when the words before a token show that it is a room, an order, a release and so on.
pub(super) fn is_something_else(text: &str, start: usize) -> bool {
    if NOT_AN_ERROR.contains(&word_before(text, start).as_str()) {
        return true;
    }
    let before = text.get(..start).unwrap_or_default();
    let words = before
        .rsplit(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let mut near = words.take(10);
    near.any(|word| NOT_AT_WORK.contains(&word.to_ascii_lowercase().as_str()))
}

/// Returns true when a token may be a code where it stands: it is not part of something longer, of a log's header or of
/// a compiler's code.
pub(super) fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).unwrap_or_default();
    let after = text.get(end..).unwrap_or_default();
    let token = text.get(start..end).unwrap_or_default();
    !part_of_more(before, after) && !log_header(token, after) && !compiler(before, after)
}

/// Returns true when the token is part of a path, an address or a longer identifier.
fn part_of_more(before: &str, after: &str) -> bool {
    let glued_before =
        before.ends_with(['-', '_', '/', '@', '=', '\\', '+']) && !before.ends_with("--") && !before.ends_with("= ");
    let assigned = before.ends_with('=');
    let dotted_before = before.ends_with('.') && !before.ends_with(". ");
    let mut rest = after.chars();
    let glued_after = match rest.next() {
        Some('-' | '_' | '/' | '@' | '.') => rest.next().is_some_and(char::is_alphanumeric),
        _ => false,
    };
    (glued_before && !assigned) || dotted_before || glued_after
}

/// Returns true for the head of a klog line, `E0922 11:05:59.123456`: level, month and day, then the time.
fn log_header(token: &str, after: &str) -> bool {
    let mut after = after.trim_start().bytes();
    let time = after.next().is_some_and(|b| b.is_ascii_digit())
        && after.next().is_some_and(|b| b.is_ascii_digit())
        && after.next() == Some(b':');
    time && token.len() == 5 && token.starts_with(['I', 'W', 'E', 'F'])
}

/// Returns true for a compiler's own code, as in `error[E0015]`.
fn compiler(before: &str, after: &str) -> bool {
    after.starts_with(']')
        && ["error[", "warning[", "note["]
            .iter()
            .any(|open| before.ends_with(open))
}

/// The family of a code, with `0` for each digit: codes of one family differ only in their digits. Hyphenated ones of a
/// family have their first two parts in common.
pub(super) fn family(code: &str) -> String {
    if is_hyphenated_error(code) {
        return code
            .splitn(3, '-')
            .take(2)
            .map(str::to_ascii_uppercase)
            .collect::<Vec<_>>()
            .join("-");
    }
    let mut family = String::with_capacity(code.len());
    for c in code.chars() {
        family.push(if c.is_ascii_digit() { '0' } else { c });
    }
    family
}

#[cfg(test)]
mod tests {
    use super::{codes, identifiers, is_something_else, numbered};

    #[test]
    fn codes_stand_as_whole_tokens() {
        let cases: &[(&str, &[&str])] = &[
            ("Not authorized. (E0003)", &["E0003"]),
            ("R0034? and NHC010, BXNIM0430E!", &["R0034", "NHC010", "BXNIM0430E"]),
            ("ORA-12541: no listener", &["ORA-12541"]),
            ("code=E0051", &["E0051"]),
            ("error[E0015]: cannot call", &[]),
            ("E0922 11:05:59.123456       7 controller.go:42]", &[]),
            ("order ST00451-B shipped", &[]),
            ("host-E0003.example.com /E0003/x", &[]),
            ("HRESULT 0x80070005", &["0x80070005"]),
            ("ERROR 1236 (42P01): gone; SQLSTATE[HY000] [2002]", &[]),
            ("gave up in attempt 3 (E1043)", &["E1043"]),
            ("CVE-2024-12345 and CRE-2025-0048", &["CVE-2024-12345", "CRE-2025-0048"]),
        ];
        for (text, expected) in cases {
            let found: Vec<&str> = codes(text).iter().map(|code| code.text).collect();
            assert_eq!(found, *expected, "{text}");
        }
    }

    #[test]
    fn a_room_is_no_error() {
        for text in ["meet in room E0310", "gate A0027", "order #ST0045", "release R0012"] {
            let found = codes(text);
            assert!(found.iter().all(|code| is_something_else(text, code.start)), "{text}");
        }
        let text = "getting E0003 when I list";
        assert!(!is_something_else(text, codes(text)[0].start));
    }

    #[test]
    fn numbers_are_codes_where_they_are_told_as_such() {
        let cases: &[(&str, &[&str])] = &[
            ("exit code 137, status: 504", &["code 137", "code 504"]),
            (r#"{"status":523,"body":"error code: 523"}"#, &["code 523", "code 523"]),
            ("HTTP/1.1 502 Bad Gateway", &["code 502"]),
            ("Erreur 2301 : tiroir", &["code 2301"]),
            ("SQLSTATE 40003, Last_Errno: 1062", &["code 40003"]),
            (
                r#"{"ErrCode": 20417, "exitCode": 137} error_code=31"#,
                &["code 20417", "code 137", "code 31"],
            ),
            ("12 errors in 100 files, version 523, barcode: 4711", &[]),
        ];
        for (text, expected) in cases {
            let found: Vec<String> = numbered(text).into_iter().map(|(name, _, _)| name).collect();
            assert_eq!(found, *expected, "{text}");
        }
    }

    #[test]
    fn identifiers_have_parts() {
        let cases: &[(&str, &[&str])] = &[
            (r#"{"error":"BFF_SHEDDING"}"#, &["BFF_SHEDDING"]),
            ("40003 statement_completion_unknown", &["statement_completion_unknown"]),
            ("pod_name is a_b _x_ HEALTH_WARN", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(
                identifiers(text).map(|(_, name)| name).collect::<Vec<_>>(),
                *expected,
                "{text}"
            );
        }
    }
}
