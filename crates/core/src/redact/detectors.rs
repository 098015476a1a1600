//! One kind of secret that a regular expression describes, and the list of them.

use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use regex::{Captures, Regex};

use super::find::Find;
use super::judgement;
use super::shapes;

/// Names of the groups that hold a secret; the whole match without one.
const GROUPS: [&str; 3] = ["secret", "other", "third"];

/// A kind of secret that a regular expression describes.
pub(super) struct Detector {
    /// The kind's name in the mark.
    pub(super) kind: &'static str,
    /// Texts of which one must occur for the expression to be tried, in any case.
    pub(super) literals: &'static [&'static str],
    /// The expression; its groups `secret`, `other` and `third` are removed, or the whole match without such a group.
    pattern: &'static str,
    /// A final check of a match, given the match and the secret.
    holds: fn(&Captures<'_>, &str) -> bool,
    compiled: OnceLock<Option<Regex>>,
}

impl Detector {
    pub(super) const fn new(kind: &'static str, literals: &'static [&'static str], pattern: &'static str) -> Self {
        Self {
            kind,
            literals,
            pattern,
            holds: |_, _| true,
            compiled: OnceLock::new(),
        }
    }

    pub(super) const fn when(mut self, holds: fn(&Captures<'_>, &str) -> bool) -> Self {
        self.holds = holds;
        self
    }

    pub(super) fn expression(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| Regex::new(self.pattern).ok()).as_ref()
    }

    /// Adds the secrets that the expression finds.
    pub(super) fn find(&self, text: &str, finds: &mut Vec<Find>) {
        let Some(expression) = self.expression() else { return };
        for found in expression.captures_iter(text) {
            let groups: Vec<Range<usize>> = GROUPS
                .iter()
                .filter_map(|group| found.name(group))
                .map(|group| group.range())
                .collect();
            let whole = found.get(0).map(|whole| whole.range());
            let ranges = if groups.is_empty() {
                whole.into_iter().collect()
            } else {
                groups
            };
            for range in ranges {
                let secret = text.get(range.clone()).unwrap_or_default();
                if !secret.trim().is_empty() && (self.holds)(&found, secret) {
                    finds.push(Find::new(range, self.kind));
                }
            }
        }
    }
}

/// Secrets recognised by their own shape. At most 48.
pub(super) static SHAPES: LazyLock<Vec<Detector>> = LazyLock::new(shapes::all);

/// Secrets recognised by the text before them. At most 48.
pub(super) static CONTEXTS: LazyLock<Vec<Detector>> = LazyLock::new(|| {
    let mut all = contexts();
    all.extend(forms());
    all.extend(devices());
    all.extend(pairs());
    all.extend(dialogues());
    all
});

fn is_value(_: &Captures<'_>, value: &str) -> bool {
    !judgement::is_placeholder(value) && !judgement::is_word(value) && !judgement::is_capital_name(value)
}

fn is_random(found: &Captures<'_>, value: &str) -> bool {
    is_value(found, value) && judgement::looks_random(value, 6)
}

/// "bearer authentication", "basic troubleshooting": words are no credentials.
fn is_credential(found: &Captures<'_>, value: &str) -> bool {
    is_value(found, value)
        && (judgement::looks_random(value, 8) && !judgement::is_name(value) || value.ends_with('=') && value.len() >= 8)
}

/// Values of headers, calls and statements that log in.
fn contexts() -> Vec<Detector> {
    vec![
        Detector::new(
            "authorization",
            &["bearer", "basic", "digest", "negotiate", "ntlm", "genie", "ssws", "oauth"],
            r#"(?i:\b(?:bearer|basic|digest|negotiate|ntlm|geniekey|ssws|oauth)(?:\s+|%20|\+)(?:token\s+)?)["'`:=]{0,2}(?P<secret>[A-Za-z0-9+/_.~=:%-]{8,})"#,
        )
        .when(is_credential),
        Detector::new(
            "authorization",
            &["authorization"],
            r#"(?i:authorization["'\\]{0,4}\s*(?:[:=,]|=>)\s*[\\"'`]{0,4}(?:[A-Za-z][A-Za-z0-9-]{1,20}[\s:]+)?)(?P<secret>[^\s"',`]{8,})"#,
        )
        .when(is_credential),
        Detector::new(
            "authorization",
            &["response=", "signature="],
            r#"(?i:\b(?:response|signature)=["']?(?P<secret>[0-9A-Za-z+/=%_-]{24,}))"#,
        )
        .when(is_random),
        // Only the part of a call that holds the password: `("user", "password")`.
        Detector::new(
            "password",
            &["auth", "credential", ".login(", "getconnection", "logon"],
            r#"(?i:(?:basic_?auth|digestauth|basicauth|\bauth|credentials?|\.create|\.login|logonuser|getconnection|authenticate|authentication)["']?\s*[=:]?\s*[(\[]\s*(?:[A-Za-z_]{0,16}\s*[=:]\s*)?["'](?:jdbc:[^"']{0,200}["']\s*,\s*["'])?[^"'\n]{0,80}["']\s*,\s*(?:[A-Za-z_]{0,16}\s*[=:]\s*)?["'](?P<secret>[^"'\n]{3,200})["'])"#,
        )
        .when(is_value),
        Detector::new(
            "password",
            &["securestring"],
            r#"(?i:ConvertTo-SecureString\s+(?:-String\s+)?["'](?P<secret>[^"'\n]+)["'])"#,
        )
        .when(is_value),
        Detector::new(
            "password",
            &["identified"],
            r#"(?i:\bidentified\s+(?:with\s+["'`]?[\w]+["'`]?\s+)?by\s+(?:password\s+|values\s+)?(?:"(?P<secret>[^"\n]+)"?|'(?P<other>[^'\n]+)'?|(?P<third>[^\s"';]+)))"#,
        )
        .when(|found, value| is_value(found, value) && (found.name("third").is_none() || found[0].starts_with('I') || judgement::looks_random(value, 5))),
        Detector::new(
            "password",
            &["identified with", "identified via"],
            r#"(?i:\bidentified\s+(?:with|via)\s+\S+\s+(?:as|using)\s+(?:password\s*\(\s*)?['"](?P<secret>[^'"\n]+))"#,
        )
        .when(is_value),
        Detector::new(
            "password",
            &["sp_addlogin", "sp_password"],
            concat!(
                r"(?i:\bsp_addlogin\s+(?:@\w+\s*=\s*)?N?'[^'\n]{0,80}'\s*,\s*(?:@\w+\s*=\s*)?N?'(?P<secret>[^'\n]+)'",
                // The old password, or NULL, and the new one: both may be valid when the call has failed.
                r"|\bsp_password\s+(?:@\w+\s*=\s*)?(?:NULL|N?'(?P<other>[^'\n]+)')\s*,\s*(?:@\w+\s*=\s*)?N?'(?P<third>[^'\n]+)')"
            ),
        )
        .when(is_value),
        // What a shell hands to a program that asks for a password.
        Detector::new(
            "password",
            &["<<<"],
            r#"(?i:\b(?:kinit|cryptsetup|sudo|su|passwd|chpasswd|gpg|smbclient|ssh-add|login)\b[^\n|;<]{0,200}<<<\s*["']?(?P<secret>[^\s"']{3,}))"#,
        )
        .when(is_value),
    ]
}

/// Keys and passwords with a form of their own, or in text of a known form.
fn forms() -> Vec<Detector> {
    vec![
        Detector::new(
            "password",
            &["pass:"],
            r#"(?i:\bpass:(?P<secret>[^\s"'`]{3,}))"#,
        )
        .when(is_random),
        Detector::new(
            "password",
            &["machine ", "login "],
            r"(?i:\b(?:machine\s+\S+|default)\s+login\s+\S+\s+(?:account\s+\S+\s+)?password\s+(?P<secret>\S+)|\blogin\s+\S+\s+password\s+(?P<other>\S+)|machine\s+\S+\s+password\s+(?P<third>\S+))",
        )
        .when(is_value),
        Detector::new(
            "password",
            &[" is the ", " is my ", " is our "],
            r#"(?i:(?P<secret>[^\s"'`*]{6,})["'`*]{0,2} is (?:the|my|our) (?:new |root |admin |db |database |default ){0,2}(?:password|passwort|passphrase|pw)\b)"#,
        )
        .when(|found, value| is_random(found, value) && !judgement::is_name(value) && !value.contains(['/', '=', '(', ':'])),
        Detector::new(
            "app-password",
            &["-", " "],
            r"\b(?P<secret>[a-z]{4}-[a-z]{4}-[a-z]{4}-[a-z]{4})\b|\b(?P<other>[a-z]{4} [a-z]{4} [a-z]{4} [a-z]{4})\b",
        )
        .when(is_app_password),
        Detector::new(
            "aws-access-key",
            &["aws", "akia", "asia"],
            r#"(?i:\b(?:aws|amazon)[\w. -]{0,40}?["']?\s*(?:[:=]|=>)\s*["']?(?P<secret>[A-Za-z0-9+/]{40})\b)"#,
        )
        .when(|_, value| judgement::is_key_material(value, 40)),
        Detector::new(
            "aws-access-key",
            &["akia", "asia"],
            r"(?:AKIA|ASIA)[A-Z0-9]{16}[^A-Za-z0-9+/]{1,20}(?P<secret>[A-Za-z0-9+/]{40})\b",
        ),
        // "creds: ada / …": a user and a password.
        Detector::new(
            "password",
            &["cred", "zugangsdaten"],
            r#"(?i:\b(?:creds?|credentials|zugangsdaten)\b["'`*]?\s*(?:(?:for|of|to|on|für|zu|de|pour|para) [^\n:=]{1,40})?(?:are|is|:|=|-)?\s*["'`(*]?[A-Za-z0-9_.@+-]{1,40}["'`*]?\s*[/:,]\s*["'`*]?(?P<secret>[^\s"'`,;)*]{5,}))"#,
        )
        .when(|found, value| is_random(found, value) && !judgement::is_name(value) && !value.starts_with('/')),
        Detector::new(
            "password",
            &[" / "],
            r#"(?i:\b(?:user|admin|login|account|root)\s+[a-z0-9_.@-]{2,40} / (?P<secret>[^\s"'`,;)*/]{6,}))"#,
        )
        .when(is_random),
        Detector::new(
            "password",
            &["auth "],
            r#"(?m)(?:^|> ?)(?:AUTH|auth)[ \t]+(?:[a-z]+[ \t]+)?["']?(?P<secret>[^\s"']{5,})["']?[ \t]*$"#,
        )
        .when(is_random),
        // .pgpass: host, port, database, user, password.
        Detector::new(
            "password",
            &[":"],
            r"(?m)(?:^|[ \t'])[A-Za-z0-9_.*-]+:(?:[0-9]{4,5}|\*):[A-Za-z0-9_.*-]+:[A-Za-z0-9_.@*-]+:(?P<secret>[^\s:]{4,})[ \t]*$",
        )
        .when(is_random),
        Detector::new(
            "secret",
            &["\"kty\""],
            r#""(?:d|p|q|dp|dq|qi|k)"\s*:\s*"(?P<secret>[A-Za-z0-9_-]{20,})""#,
        ),
    ]
}

/// Lines from the configuration of network devices.
fn devices() -> Vec<Detector> {
    vec![
        Detector::new(
            "password-hash",
            &[
                "password 7",
                "secret 5",
                "secret 7",
                "secret 8",
                "secret 9",
                "secret 4",
                "key 7",
                "password 5",
            ],
            r"(?i:\b(?:password|secret|key)\s+[4-9]\s+(?P<secret>[A-Za-z0-9$./]{8,}))",
        )
        .when(is_random),
        // The same in plain text, which devices mark with a zero.
        Detector::new(
            "password",
            &["password 0", "secret 0", "key 0"],
            r"(?i:\b(?:password|secret|key)[ \t]+0[ \t]+(?P<secret>[^\s,;)]{5,}))",
        )
        .when(is_random),
        Detector::new(
            "password",
            &["community"],
            r#"(?i:\bcommunity(?:[_-]?string)?\s*[:=]?\s+["']?(?P<secret>[^\s"']{6,}))"#,
        )
        .when(is_random),
    ]
}

/// A user and a password side by side, whatever program or file they are for.
fn pairs() -> Vec<Detector> {
    vec![
        // `-u ada … -p SECRET` and the other way round, of any program.
        Detector::new(
            "password",
            &["-u", "-l ", "--user", "--login", "/u"],
            concat!(
                r#"(?:^|\s)(?:-[uUl]|--?user(?:name)?|--login|/u(?:ser)?)(?:[ =:]\s*)?["']?[A-Za-z][^\s"']*["']?(?:[ \t]+[^\s|;&]+){0,8}?[ \t]+(?:-[pPwW]|-pw|--?pass|/p)(?:[ =:]\s*)?["']?(?P<secret>[^\s"'|;&]{5,})"#,
                r#"|(?:^|\s)(?:-[pPwW]|-pw|--?pass|/p)(?:[ =:]\s*)?["']?(?P<other>[^\s"'|;&]{5,})["']?(?:[ \t]+[^\s|;&]+){0,8}?[ \t]+(?:-[uU]|--?user(?:name)?|--login|/u(?:ser)?)(?:[ =:]|\b)"#,
                r#"|(?:^|\s)(?:-[uU]|--?(?:proxy-)?user|--(?:basic-)?auth|--[a-z-]*cred(?:s|entials)?)(?:[ =:]\s*)?["']?[A-Za-z][A-Za-z0-9_.@+\\-]*[:%](?P<third>[^\s"']{5,})"#,
            ),
        )
        .when(is_strong),
        // `ada@mail.example.com:SECRET`, as lists of accounts and mail servers keep them.
        Detector::new(
            "password",
            &["@"],
            r#"(?m)(?:^|[\s"'(])[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+[:|;](?P<secret>[^\s"'/:;|,]{6,})(?:$|[\s"')])"#,
        )
        .when(is_strong),
        // The dialogue of FTP and POP3.
        Detector::new(
            "password",
            &["pass "],
            r"(?s)\bUSER[ \t]+[^\n]{1,80}\n.{0,200}?\bPASS[ \t]+(?P<secret>[^\s]{4,})",
        )
        .when(is_value),
        Detector::new(
            "password",
            &["chpasswd", "createuser"],
            concat!(
                r#"(?i:\bchpasswd:(?:\s+expire:\s*\w+)?\s+(?:list|users):\s*[|>]?[+-]?\s+(?:-\s*)?["']?[\w.-]+:(?P<secret>[^\s"']{4,}))"#,
                r#"|\bcreateUser\s+\S+\s+(?:MD5|SHA[0-9-]*)\s+["']?(?P<other>[^\s"']{6,})["']?(?:\s+(?:DES|3DES|AES[0-9-]*)\s+["']?(?P<third>[^\s"']{6,}))?"#,
            ),
        )
        .when(is_value),
        // The text of a QR code for a wireless network.
        Detector::new("password", &["wifi:"], r"(?i:\bwifi:[^\n]{0,200}?\bp:(?P<secret>[^;\n]{4,});)").when(is_value),
        // Links that log in whoever follows them.
        Detector::new(
            "secret",
            &["://"],
            r#"(?i:://[^\s"'<>|/]+(?:/[^\s"'<>|/?]+){0,6}?/[a-z_-]*(?:reset|verif|confirm|magic|invit|activat|unlock|recover|one-time)[a-z_-]*/(?P<secret>[A-Za-z0-9_=.~-]{16,}))"#,
        )
        .when(|_, value| judgement::is_key_material(value, 16) && !judgement::is_name(value)),
    ]
}

/// Detectors for conversations of programs with each other and with people: protocols, forms, terminals.
fn dialogues() -> Vec<Detector> {
    vec![
        Detector::new(
            "password",
            &["setuser", "user "],
            r"(?i:(?:\bacl\s+setuser\b|(?:^|\s)user\s+\S+\s+on\b)[^\n>]{0,120}\s>(?P<secret>[^\s]{3,}))",
        )
        .when(is_value),
        // PPP's file of secrets: client, server, secret, addresses.
        Detector::new(
            "password",
            &["*", "pptp", "l2tp", "ppp"],
            r#"(?m)^["']?[\w.@\\-]+["']?[ \t]+(?:pptpd?|x?l2tpd?|pppd?|\*)[ \t]+["']?(?P<secret>[^\s"']{5,})["']?[ \t]+(?:\*|[0-9.]+)[ \t]*$"#,
        )
        .when(is_random),
        Detector::new(
            "password",
            &["form-data"],
            r#"(?i:name=\\?"[^"\n]{0,40}(?:pass|secret|token|pwd|api_?key)[^"\n]{0,20}"(?:\r?\n[^\r\n]+){0,4}\r?\n\r?\n(?P<secret>[^\r\n]{3,}))"#,
        )
        .when(is_value),
        // Names and passwords in base64 within the dialogue of a mail server.
        Detector::new(
            "authorization",
            &["auth plain", "auth login", "auth xoauth2", "auth=plain"],
            r"(?i:\bauth[ =](?:plain|login|xoauth2)[ \t]+(?P<secret>[A-Za-z0-9+/]{8,}={0,2}))",
        )
        .when(|_, value| value.ends_with('=') || judgement::is_strong(value, 12)),
        Detector::new(
            "password",
            &[" login ", "identify "],
            r#"(?m)(?:^|\s)[A-Za-z]{0,4}[0-9]{1,6}[ \t]+LOGIN[ \t]+["']?[^\s"']+["']?[ \t]+["']?(?P<secret>[^\s"']{4,})|(?i:nickserv:?[ \t]+identify[ \t]+(?:[\w-]+[ \t]+)?(?P<other>\S{4,}))"#,
        )
        .when(is_value),
        // A program that answers a prompt: `expect "assword:"; send "…\r"`.
        Detector::new(
            "password",
            &["assword", "assphrase"],
            r#"(?i:ass(?:word|phrase)[^\n"'{};]{0,20}["'}]?[\s;,{)]{0,20}(?:exp_)?send(?:line|_user)?[\s(]+(?:--\s+)?["'{](?P<secret>[^"'}\n\\]{4,}))"#,
        )
        .when(is_value),
        // A file whose name says that it holds a secret, and nothing but that on the next line.
        Detector::new(
            "secret",
            &[".key", ".secret", ".token", ".password", "cat ", "/secrets/"],
            concat!(
                r"(?im:\.(?:key|secret|token|password|pw|pass)\b[^\n\w]{0,6}\n[ \t]*(?P<secret>[A-Za-z0-9+/=_-]{24,})[ \t]*$",
                r"|\bcat[ \t]+[^\n|;]*(?:secret|token|passw|key|\.pw|credential)[^\n|;]*\n[ \t]*(?P<other>[^\s]{8,})[ \t]*$)",
            ),
        )
        .when(|_, value| judgement::is_key_material(value, 16) || judgement::is_strong(value, 8)),
        // `… secrets set NAME=…` of any program.
        Detector::new(
            "secret",
            &["secret set", "secrets set", "secret put", "secrets put", "secrets:set", "secret create", "secrets create", "secret add", "secrets add"],
            r#"(?i:\bsecrets?[ :](?:set|put|create|add|update)\b[^\n|]{0,160}?[A-Za-z0-9_]+=["']?(?P<secret>[^\s"']{6,}))"#,
        )
        .when(is_strong),
    ]
}

fn is_strong(_: &Captures<'_>, value: &str) -> bool {
    judgement::is_strong(value, 6) && !judgement::is_path(value) && !judgement::is_expression(value)
}

/// Four groups of four letters of which words have none, as Google and Apple make them.
fn is_app_password(found: &Captures<'_>, value: &str) -> bool {
    let letters: String = value.chars().filter(char::is_ascii_alphabetic).collect();
    let groups = value.split([' ', '-']);
    let strange = groups
        .filter(|group| judgement::is_unpronounceable(&format!("{group}{group}")))
        .count();
    let known = ["http", "html", "grpc", "mgmt", "xxxx"];
    let words = value.split([' ', '-']).filter(|group| known.contains(group)).count();
    let with_blanks = found.name("other").is_some();
    words == 0 && (strange >= if with_blanks { 3 } else { 2 }) && letters.len() == 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles_and_there_is_a_bit_for_each() {
        assert!(SHAPES.len() <= 48 && CONTEXTS.len() <= 48);
        for detector in SHAPES.iter().chain(CONTEXTS.iter()) {
            assert!(detector.expression().is_some(), "{}", detector.kind);
        }
    }
}
