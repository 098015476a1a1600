//! Judgements on a value: does it look random, like a word, like a name, like a placeholder?

use std::collections::HashSet;
use std::sync::LazyLock;

/// The letters that often follow each letter of the alphabet in English words and in logs (at least 3 of 10,000 pairs).
const COMMON_PAIRS: [&str; 26] = [
    "bcdfghiklmnprstuvwxy",
    "aeilorsu",
    "acehiklorstu",
    "adeilnorsuy",
    "abcdefgilmnopqrstvwxy",
    "aefilortu",
    "aeghilnorsu",
    "aeiortuy",
    "abcdefgklmnoprstvxz",
    "eu",
    "aeinst",
    "adeilmopstuy",
    "abeilmopsu",
    "acdefgiklnostuvy",
    "abcdefgiklmnoprstuvw",
    "adehiloprstu",
    "u",
    "acdefgiklmnorstuvy",
    "acehiklmnopstuy",
    "acehilmoprstuwy",
    "abcdefgilmnprst",
    "aeio",
    "aehinors",
    "aeipt",
    "beinopst",
    "e",
];

/// Words that follow the name of a secret and are none.
static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| WORD_LIST.split_whitespace().collect());

const WORD_LIST: &str = "\
required optional invalid incorrect wrong missing expired none null nil true false yes no empty string not
is must reset changed unchanged prompt hidden redacted undefined unset unknown default failed failure error
denied found refused revoked rejected generated rotated and or for the a an was has had have been
authentication authorization bearer basic value secret password token credential credentials example
sensitive encrypted masked omitted absent disabled enabled mismatch accepted valid your my our this that it
in on at to of by from with without when if then but so because will would should could can cannot may set
updated update create created delete deleted read write ok okay fine good bad correct here there above below
attached again set-up setup stored saved leaked exposed compromised rotate rotation file path name key text
json yaml object array number integer int bool boolean char varchar bytes byte any optional[str] str option
self type input output user username login email admin only also still already authentifizierung fehlt
falsch ungültig incorrecte requis incorrecta requerida abgelaufen nicht obligatoire manquant provided given
supplied needed used using used. same different new old current previous next first last being gone lost
policy length strength check checks exchange expiry expires rejected. generator manager store vault rules
field fields hash hashed salted plain plaintext cleartext base64 raw changed. anonymous nobody guest root
public private test testing demo sample dummy fake foo bar baz todo tbd fixme n/a na ~ - -- = == filtered
removed blocked scrubbed protected unavailable success succeeded pending request requests response header
headers cookie cookies session sessions please try tried retry ask see use click enter contains contained
includes looks seems appears does did doesn't isn't wasn't didn't don't won't can't";

/// Beginnings of references to a value that is kept elsewhere, in small letters.
static REFERENCES: LazyLock<Vec<&str>> = LazyLock::new(|| REFERENCE_LIST.split_whitespace().collect());

const REFERENCE_LIST: &str = "\
< &lt; {{ #{ {% ${ $( %( %s %v %d [redacted ... … env( enc( os. env. process.env env[ getenv var. data.
local. module. secrets. vars. params. config. self. this. vault: ssm: arn: op:// !ref !sub !getatt !vault
!secret !env !reference !join !importvalue !! @/ @./ @~ *. your my-secret my_secret mysecret my-token
changeme (sensitive (redacted (hidden (none (null system.getenv file: file( base64(
(known (not";

/// Characters that end a sentence or a list rather than a value.
pub(super) const TRAILING: &[char] = &['.', ',', ';', ':', '!', '?', ')', ']', '}'];

/// Returns true for a placeholder, a variable, a redaction mark or dots: there is nothing to hide.
pub(super) fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    let lower: String = value.chars().take(20).flat_map(char::to_lowercase).collect();
    value.is_empty()
        || REFERENCES.iter().any(|mark| lower.starts_with(mark))
        || value.chars().all(|c| {
            matches!(
                c,
                'x' | 'X'
                    | '*'
                    | '.'
                    | '-'
                    | '•'
                    | '●'
                    | '#'
                    | '?'
                    | '_'
                    | '…'
                    | '='
                    | '~'
                    | '█'
                    | '<'
                    | '>'
                    | '|'
                    | '/'
                    | '\\'
            )
        })
        || is_sigil_name(value)
        || is_percent_variable(value)
}

/// Returns true for a variable, an alias, a file or a tag: a sign before a plain name (`$TOKEN`, `*anchor`, `@file`).
fn is_sigil_name(value: &str) -> bool {
    let mut chars = value.chars();
    let Some(sign) = chars
        .next()
        .filter(|sign| matches!(sign, '$' | '*' | '@' | '!' | '&' | ':' | '[' | '%'))
    else {
        return false;
    };
    let name = chars.as_str().trim_end_matches(TRAILING);
    if sign == '$' && name.starts_with(':') {
        return true;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
    let upper = name
        .chars()
        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let snake = sign == '$'
        && name.contains('_')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let digits = name.chars().any(|c| c.is_ascii_digit()) && !snake;
    name.is_empty() && value.len() < 3
        || name.chars().all(plain) && (upper && sign == '$' || !digits) && !mixes_cases(name)
}

/// Returns true for a variable of Windows, such as `%TOKEN%`.
fn is_percent_variable(value: &str) -> bool {
    let inner = value.strip_prefix('%').and_then(|rest| rest.strip_suffix('%'));
    inner.is_some_and(|name| {
        name.chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
    })
}

/// Returns true when capitals stand in the middle of words and in no camel case: `aBCdE`.
fn mixes_cases(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes
        .windows(3)
        .filter(|three| three[0].is_ascii_lowercase() && three[1].is_ascii_uppercase() && three[2].is_ascii_uppercase())
        .count()
        > 0
}

/// Returns true for a name in capitals, which stands for a value: `MY_TOKEN`, `API-KEY`.
pub(super) fn is_capital_name(value: &str) -> bool {
    value.contains(['_', '-', ' '])
        && value
            .chars()
            .all(|c| c.is_ascii_uppercase() || matches!(c, '_' | '-' | ' '))
}

/// Returns true for a word that tells about a secret, such as `required`.
pub(super) fn is_word(value: &str) -> bool {
    let word = value
        .trim_end_matches(TRAILING)
        .trim_start_matches(['(', '[', '{'])
        .to_lowercase();
    word.is_empty() || WORDS.contains(word.as_str())
}

/// Returns true for at least `least` characters that mix letters with digits, capitals or signs, or many digits, or
/// letters in an order that words do not have: no ordinary word.
pub(super) fn looks_random(value: &str, least: usize) -> bool {
    let value = value.trim_end_matches(TRAILING);
    let any = |what: fn(&char) -> bool| value.chars().any(|c| what(&c));
    let letters = any(char::is_ascii_alphabetic);
    let digits = any(char::is_ascii_digit);
    let lower = any(char::is_ascii_lowercase);
    let upper = value.chars().skip(1).any(|c| c.is_ascii_uppercase());
    let signs = value.chars().any(|c| "+=!#%^*~$@&".contains(c));
    value.chars().count() >= least
        && (has_odd_capitals(value)
            || (letters && digits)
            || (lower && upper && value.len() >= 16 && !is_camel_case(value))
            || (letters && signs)
            || (digits && value.len() >= 12)
            || (value.len() >= 10 && is_unpronounceable(value)))
}

/// Short forms that are written in capitals within names.
const ACRONYMS: &[&str] = &[
    "API", "URL", "URI", "JSON", "HTTP", "ID", "XML", "SQL", "AWS", "IAM", "TLS", "SSL", "DNS", "IP", "OS", "UI", "DB",
    "VM", "CPU", "JWT", "UUID", "YAML", "HTML", "CSS", "CSV", "TTL", "TCP", "UDP", "SSH", "SSO", "LDAP", "SAML",
    "OIDC", "ACL", "CI", "CD", "PR", "QA", "IO", "DAO", "DTO", "PDF", "RPC", "AD", "EC", "RDS", "PVC", "PV", "CA",
    "CRD", "NS", "FS", "MFA",
];

/// Returns true when several capitals follow a small letter and are no short form: `harborQZRw`.
fn has_odd_capitals(value: &str) -> bool {
    let bytes = value.as_bytes();
    value.len() >= 8
        && !value.contains(['.', '(', '/', ':'])
        && mixes_cases(value)
        && !ACRONYMS.iter().any(|short| {
            value
                .match_indices(short)
                .any(|(at, _)| at > 0 && bytes.get(at - 1).is_some_and(u8::is_ascii_lowercase))
        })
}

/// Returns true for words written together: `getSecretValueFromStore`.
fn is_camel_case(value: &str) -> bool {
    value.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '.' | '_')) && !is_unpronounceable(value)
}

/// Returns true when a third of the pairs of letters are rare in words.
pub(super) fn is_unpronounceable(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let bytes = lower.as_bytes();
    let (mut pairs, mut rare) = (0, 0);
    for pair in bytes.windows(2) {
        if let [first @ b'a'..=b'z', second @ b'a'..=b'z'] = pair {
            pairs += 1;
            let common = COMMON_PAIRS.get(usize::from(first - b'a')).copied().unwrap_or_default();
            rare += usize::from(!common.as_bytes().contains(second));
        }
    }
    pairs >= 3 && rare * 10 >= pairs * 3
}

/// Returns true for a secret's name or path, which is no secret: `my-app-tls-v2`, `satellite.token.v1`,
/// `/var/run/token1`.
pub(super) fn is_name(value: &str) -> bool {
    let value = value.trim_end_matches(['.', ',', ';', ':']);
    if value.contains("://") || is_path(value) {
        return true;
    }
    let parts: Vec<&str> = value.split(['-', '.', '_', '/', ':', '#', '@']).collect();
    // Anchors and hosts hold no capitals within a word.
    let odd = value.split(['#', '@']).skip(1).any(|part| {
        part.chars().skip(1).any(|c| c.is_ascii_uppercase()) && part.chars().any(|c| c.is_ascii_lowercase())
    });
    !odd && parts.len() > 1
        && parts.iter().all(|part| part.len() <= 24 && !is_scrambled(part))
        && !value.contains(['+', '=', '$', '!', '%', '^', '*', '~'])
        && parts
            .iter()
            .filter(|part| part.len() >= 2 && part.chars().all(|c| c.is_ascii_lowercase()) && !is_unpronounceable(part))
            .count()
            * 2
            >= parts.len()
}

/// Returns true for a part that no word is: capitals and small letters take turns, or both stand among digits.
pub(super) fn is_scrambled(part: &str) -> bool {
    let cases: Vec<bool> = part
        .chars()
        .filter(char::is_ascii_alphabetic)
        .map(|c| c.is_ascii_uppercase())
        .collect();
    let turns = cases.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let digits = part.chars().filter(char::is_ascii_digit).count();
    let strange = part.len() >= 10 && turns >= 2 && is_unpronounceable(part);
    part.len() >= 5 && turns * 2 >= part.len()
        || digits > 0 && strange
        || part.len() >= 8 && digits > 0 && (turns + digits) * 5 >= part.len() * 2 && turns >= 2
}

/// Returns true for at least `least` characters of three of these: small letters, capitals, digits, signs. No name of a
/// file, host or branch looks so.
pub(super) fn is_strong(value: &str, least: usize) -> bool {
    let value = value.trim_end_matches(['.', ',', ';', ':', ')', ']', '}']);
    let any = |what: fn(char) -> bool| usize::from(value.chars().any(what));
    let signs = any(|c| "+=!#%^*~$@&?_".contains(c));
    let kinds = any(|c| c.is_ascii_lowercase()) + any(|c| c.is_ascii_uppercase()) + any(|c| c.is_ascii_digit()) + signs;
    value.chars().count() >= least
        && (kinds >= 3 || kinds == 2 && is_key_material(value, 10) && is_unpronounceable(value))
        && !is_name(value)
        && !is_placeholder(value)
}

/// Returns true for a path of files: `/var/run/token1`, `./key.pem`, `~/.ssh/id_rsa`, `C:\keys`.
pub(super) fn is_path(value: &str) -> bool {
    let rest = value.strip_prefix(['~', '.']).unwrap_or(value);
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    let words = |rest: &str| {
        let mut parts = rest.split('/').filter(|part| !part.is_empty()).peekable();
        parts.peek().is_none() || parts.any(|part| part.len() >= 2 && part.len() <= 24 && !looks_random(part, 3))
    };
    rest.starts_with('/') && words(rest) || value.get(1..3) == Some(":\\")
}

/// Returns true for an expression of a program: `settings.API_KEY`, `getToken()`, `user.password`.
pub(super) fn is_expression(value: &str) -> bool {
    let head = value.split(['(', '[']).next().unwrap_or_default();
    let called = value.len() > head.len() && !head.is_empty();
    let mut parts = head.split(['.', '?', ':']).filter(|part| !part.is_empty()).peekable();
    let is_identifier = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !(part.chars().any(|c| c.is_ascii_digit()) && part.len() > 8)
    };
    let several = parts.clone().count() > 1;
    parts.peek().is_some() && (called || several) && parts.all(is_identifier)
}

/// Returns true for hexadecimal or base64 letters without a break, as keys are written.
pub(super) fn is_key_material(value: &str, least: usize) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '_' | '-' | '.' | '~');
    let value = value.trim_end_matches('=');
    value.len() >= least && value.chars().all(plain) && looks_random(value, least) && !is_name(value)
}
