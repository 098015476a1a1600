//! Names of secrets, such as `DB_PASSWORD`: where they are in a text, and how strict a value must be checked.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Input};

use super::value::before_within;

/// Demands on the value after a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A password may be any word.
    Password,
    /// A short word such as `pass`, which also means other things: the value must look random unless the name is long.
    Short,
    /// Other secrets look random.
    Secret,
    /// A vendor's name or `…_key`: the value must look like a key.
    Strict,
    /// A number of a few digits.
    Digits,
}

struct NameWord {
    text: &'static str,
    class: Class,
    kind: &'static str,
    /// True for a word that must be a whole part of the name: `pass` in `DB_PASS`, not in `bypass`.
    whole: bool,
}

const fn word(text: &'static str, class: Class, whole: bool) -> NameWord {
    let kind = match class {
        Class::Password | Class::Short | Class::Digits => "password",
        Class::Secret | Class::Strict => "secret",
    };
    NameWord {
        text,
        class,
        kind,
        whole,
    }
}

const fn session(text: &'static str, whole: bool) -> NameWord {
    NameWord {
        text,
        class: Class::Secret,
        kind: "session",
        whole,
    }
}

/// Names of passwords in the languages of people who paste them.
const PASSWORDS: &str = "\
password, passwd, passwort, passwrd, passphrase, passcode, passkey, kennwort, losungswort, contraseña,
contrasena, contrasenya, mot de passe, motdepasse, mot_de_passe, wachtwoord, paswoord, palavra-passe,
palavra passe, hasło, пароль, Пароль, 密码, 密碼, パスワード, 비밀번호, 비밀번호는, lösenord, losenord, salasana, jelszó, jelszo,
adgangskode, passord, lozinka, şifre, kata sandi, mật khẩu, סיסמה, كلمة المرور, zugangscode, zugangsdaten,
geheimwort, पासवर्ड, κωδικός, κωδικος, гасло, รหัสผ่าน, kata laluan, slaptažodis, parool, zaporka, geslo, requirepass, masterauth, primaryauth";
const SHORT: &str = "\
pass, pw, pwd, psw, pswd, passw, mdp, senha, haslo, parola, heslo, clave, sifre, parool, cred, creds, psk,
pwds";
const SECRETS: &str = "\
secret, token, credential, secret key, apikey, api key, api_key, api-key, api.key, accesskey, access key, access_key,
access-key, secretkey, privatekey, private key, private_key, private-key, signingkey, signing_key,
encryptionkey, encryption_key, encryption key, masterkey, master_key, authkey, auth_key, auth-key, auth key,
accountkey, storagekey, sharedkey, shared_key, shared key, licensekey, license_key, license key, licencekey,
licence key, clientkey, client_key, client-key, consumerkey, consumer_key, appkey, app_key, app key,
subscriptionkey, subscription-key, subscription key, servicekey, service key, webhook_url, mnemonic,
seed phrase, recovery code, recovery phrase, secret phrase, recovery key, backup code, connectionstring,
connection_string, connection string, keydata, key-data, geheimnis, schlüssel, clé, clave secreta, jeton,
密钥, 令牌, chave, подпись, ключ, токен, hmac, samlresponse, instrumentationkey";
const WHOLE_SECRETS: &str = "\
auth, jwt, otp, totp, salt, crumb, csrf, xsrf, bearer, apitoken, bindpw, rootpw, authpass, privpass, dsn,
pepper, identitytoken, authdata";
const SESSIONS: &str = "\
session_id, sessionid, session-id, session id, sessid, jsessionid, phpsessid, connect.sid, session_key,
sessionkey, sessiontoken, _session, session_cookie, asp.net_session";
const WHOLE_SESSIONS: &str = "\
sid, session, cookie, sapisid, hsid, ssid, lsid";
/// Names under which only a key is a secret: other values are ids, hosts and versions.
const STRICT: &str = "\
key, license, licence, serial, sig, signature, datadog, newrelic, new_relic, pagerduty, opsgenie, heroku,
cloudflare, okta, twitter, facebook, algolia, mailgun, mailchimp, fastly, snyk, sonar, sonarqube, codecov,
travis, circleci, splunk, sumologic, honeycomb, rollbar, bugsnag, sentry, dynatrace, artifactory, jfrog,
bitbucket, atlassian, discord, telegram, dropbox, netlify, launchdarkly, mapbox, zendesk, intercom,
contentful, plaid, coinbase, kraken, asana, airtable, hubspot, linkedin, twitch, yandex, alibaba, confluent,
messagebird, sendbird, squarespace, etsy, flickr, adafruit, beamer, cohere, pat, accesstoken, x-auth, code,
ticket, accessid, encrypt";
const DIGITS: &str = "\
pin, pincode, pin code, otp, mfa code, 2fa code, verification code, one-time code, mfa";

static ABOUT_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| list(ABOUT).collect());
static GLUED_BEFORE_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| list(GLUED_BEFORE).collect());
static FILE_ENDING_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| list(FILE_ENDINGS).collect());
static PUBLIC_KEY_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| list(PUBLIC_KEYS).collect());

/// The entries of a list.
fn list(entries: &'static str) -> impl Iterator<Item = &'static str> {
    entries.split(',').map(str::trim)
}

static WORDS: LazyLock<Vec<NameWord>> = LazyLock::new(|| {
    let mut all: Vec<NameWord> = Vec::new();
    all.extend(list(PASSWORDS).map(|text| word(text, Class::Password, false)));
    all.extend(list(SHORT).map(|text| word(text, Class::Short, true)));
    all.extend(list(SECRETS).map(|text| word(text, Class::Secret, false)));
    all.extend(list(WHOLE_SECRETS).map(|text| word(text, Class::Secret, true)));
    all.extend(list(SESSIONS).map(|text| session(text, false)));
    all.extend(list(WHOLE_SESSIONS).map(|text| session(text, true)));
    all.extend(list(STRICT).map(|text| word(text, Class::Strict, true)));
    all.extend(list(DIGITS).map(|text| word(text, Class::Digits, true)));
    all
});

static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(aho_corasick::MatchKind::LeftmostLongest)
        .build(WORDS.iter().map(|word| word.text))
        .ok()
});

/// Last parts of names that tell about a secret and hold none.
const ABOUT: &str = "\
file, files, path, dir, name, names, ref, refs, type, length, len, count, size, url, uri, endpoint, expiry,
expires, expiration, ttl, age, policy, policies, format, prefix, suffix, enabled, required, version,
manager, provider, service, store, mount, field, header, rotation, reset, changed, change, status, error,
errors, expired, invalid, request, requests, review, limit, usage, used, budget, id, ids, hint, strength,
protected, source, algorithm, alg, method, scope, scopes, issuer, audience, group, controller, operator,
agent, exchange, selector, class, template, validator, check, regex, pattern, column, label, at, date, time,
timestamp, in, per, failed, bits, usages, user, key_id, arn, vault, lookup, server, host, port, missing,
not, max, min, total, creation, bucket, engine, kind, owner, namespace, mode, auth, authentication, state,
duration, seconds, generation, generator, index, sock, socket, proxy, ip, cidr, cidrs, headers, identity,
digest, pattern, subject, domain, encryption, encoder, hasher, handler, resolver, factory, filter,
exception";

/// First parts of `…_key` names whose values are no secrets.
const PUBLIC_KEYS: &str = "\
primary, foreign, public, partition, sort, cache, index, object, s3, group, map, metric, label, row, range,
unique, dedup, idempotency, lookup, hot, config, topic, message, etcd, lock, shard, ordering, translation,
json, registry, host, known, ssh-rsa, project, issue, jira, dedupe, fingerprint, tracking, hash, the, a,
recv, keyserver, trusted, authorized";

/// Words that are written together with the short word for a password after them: `dbpass`, `SSHPASS`.
const GLUED_BEFORE: &str = "\
db, ssh, user, usr, my, root, admin, smtp, imap, ftp, sftp, mail, store, key, trust, sql, mysql, pg, ora, ldap,
bind, app, redis, mongo, auth, web, wifi, vpn, proxy, sys, login, rpc, jdbc, svc, http, sudo, become, new, old,
master, repl, backup, api, service, host, ipmi, bmc, snmp, cert, jks, p12, pfx, vnc, rdp, sa, dba";

/// Endings of files: `token.py` is a file, not a token.
const FILE_ENDINGS: &str = "\
java, kt, py, go, rs, js, jsx, ts, tsx, rb, php, scala, cs, cpp, cc, h, swift, ex, exs, clj, txt, yml, yaml, json,
xml, pem, crt, conf, cfg, ini, jks, log, md, sh, sql, html, css, test, spec, svc, internal, local";

/// A name of a secret in a text.
#[derive(Debug, Clone)]
pub(super) struct SecretName {
    /// The whole name.
    pub(super) range: Range<usize>,
    pub(super) class: Class,
    pub(super) kind: &'static str,
    /// True for a name of several parts, such as `DB_PASS`: no word of a sentence.
    pub(super) compound: bool,
}

/// Most bytes of a name before the telling word.
const LEFT: usize = 60;
/// Most bytes of a name after the telling word.
const RIGHT: usize = 40;

/// Returns the names of secrets in a text, from its beginning.
pub(super) fn names(text: &str) -> impl Iterator<Item = SecretName> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let search = SEARCH.as_ref()?;
        loop {
            let hit = search.find(Input::new(text).range(at..))?;
            // A word that is no name of its own may hide the one that begins within it: `otP` in `rootPassword`.
            at = hit.start() + 1;
            let word = WORDS.get(hit.pattern().as_usize());
            if let Some(found) = word.and_then(|word| name(text, hit.range(), word)) {
                at = hit.end();
                return Some(found);
            }
        }
    })
}

/// Returns the class and the kind of a text that is a name and nothing else, if it names a secret.
pub(super) fn as_name(text: &str) -> Option<SecretName> {
    let text = text.trim().trim_matches(['"', '\'', '`', '*']);
    names(text).find(|name| name.range == (0..text.len()))
}

fn name(text: &str, hit: Range<usize>, word: &NameWord) -> Option<SecretName> {
    let bytes = text.as_bytes();
    let part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let start = (hit.start.saturating_sub(LEFT)..hit.start)
        .rev()
        .take_while(|at| part(bytes[*at]))
        .last()
        .unwrap_or(hit.start);
    let mut end = (hit.end..bytes.len().min(hit.end + RIGHT))
        .take_while(|at| part(bytes[*at]))
        .last()
        .map_or(hit.end, |last| last + 1);
    while end > hit.end && matches!(bytes[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let before = text.get(start..hit.start)?;
    let here = text.get(hit.clone())?;
    let mut after = text.get(hit.end..end)?;
    let ascii = here.is_ascii();
    let upper = here.chars().all(|c| !c.is_ascii_lowercase());
    let glued = word.whole && joins(before.chars().next_back(), here.chars().next(), upper);
    if glued && !(word.class == Class::Short && is_glued_before(before)) {
        return None;
    }
    if ascii
        && !word.whole
        && text
            .get(..start)
            .is_some_and(|before| before.ends_with(|c: char| c.is_alphabetic() && !c.is_ascii()))
    {
        return None;
    }
    // "passwords", "tokens": a plural is the same word, everything else a different one.
    for plural in ["s", "S", "es", "data"] {
        if let Some(rest) = after.strip_prefix(plural)
            && !rest.starts_with(|c: char| c.is_ascii_lowercase())
        {
            after = rest;
            break;
        }
    }
    if after
        .chars()
        .next()
        .is_some_and(|next| joins(here.chars().next_back(), Some(next), upper))
    {
        return None;
    }
    let last = after.rsplit(['_', '-', '.']).next().unwrap_or_default();
    let last = last_hump(last).to_ascii_lowercase();
    let of_value = here.to_ascii_lowercase().ends_with("id");
    if !after.is_empty() && ABOUT_WORDS.contains(last.as_str()) && !of_value || is_file(after) {
        return None;
    }
    let first = before.trim_end_matches(['_', '-', '.']);
    let hump = last_hump(first.rsplit(['_', '-', '.']).next().unwrap_or_default()).to_ascii_lowercase();
    if word.text == "token" && hump == "public" {
        return None;
    }
    if word.text == "auth" && !after.is_empty() {
        return None;
    }
    if word.text == "key"
        && (PUBLIC_KEY_WORDS.contains(hump.as_str()) || before.is_empty() && !follows_word(text, start))
    {
        return None;
    }
    if matches!(word.text, "code" | "ticket" | "sig" | "signature" | "session" | "key")
        && !before.is_empty()
        && [
            "error", "exit", "status", "return", "response", "result", "zip", "country",
        ]
        .contains(&hump.as_str())
    {
        return None;
    }
    Some(SecretName {
        compound: !glued && (!before.trim_matches(['-', '.']).is_empty() || after.len() > 1),
        range: start..end,
        class: word.class,
        kind: word.kind,
    })
}

/// Returns true for a word that tells about a secret rather than holds one: `length`.
pub(super) fn is_about(word: &str) -> bool {
    ABOUT_WORDS.contains(word.to_ascii_lowercase().as_str())
}

/// Returns true before `pass` in one word with it: `db` of `dbpass`, not `by` of `bypass`.
fn is_glued_before(before: &str) -> bool {
    let letters = before
        .rsplit(|c: char| !c.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default();
    GLUED_BEFORE_WORDS.contains(last_hump(letters).to_ascii_lowercase().as_str())
}

/// Returns true for the rest of a file's name: `Encoder.java` of `PasswordEncoder.java`.
fn is_file(after: &str) -> bool {
    after
        .rsplit_once('.')
        .is_some_and(|(_, ending)| FILE_ENDING_WORDS.contains(ending))
}

/// Returns true after a word that says whose key it is: "the admin key".
fn follows_word(text: &str, at: usize) -> bool {
    let before = before_within(text, at, 24).strip_suffix(' ').unwrap_or_default();
    let word = before
        .rsplit(|c: char| !c.is_ascii_alphabetic())
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    word.len() > 1 && !PUBLIC_KEY_WORDS.contains(word.as_str())
}

/// Returns true when two neighbouring characters belong to one word of a name.
fn joins(before: Option<char>, after: Option<char>, upper: bool) -> bool {
    match (before, after) {
        (Some(before), Some(after)) if before.is_alphabetic() && after.is_alphabetic() => {
            !(before.is_lowercase() && after.is_uppercase()) || upper && before.is_uppercase()
        }
        _ => false,
    }
}

/// The last word of a camel-case name: `Name` of `secretName`.
fn last_hump(name: &str) -> &str {
    let trimmed = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let humps = trimmed.char_indices().rev().find(|(at, c)| {
        c.is_ascii_uppercase()
            && trimmed
                .get(..*at)
                .is_some_and(|before| before.ends_with(|c: char| c.is_ascii_lowercase()))
    });
    humps.map_or(trimmed, |(at, _)| trimmed.get(at..).unwrap_or(trimmed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_words_about_them() {
        for (text, expected) in [
            ("DB_PASSWORD", Some(Class::Password)),
            ("dbPass", Some(Class::Short)),
            ("bypass", None),
            ("secretName", None),
            ("secret_key_base", Some(Class::Secret)),
            ("tokenizer", None),
            ("token_file", None),
            ("SENTRY_KEY", Some(Class::Strict)),
            ("primary_key", None),
            ("aws_access_key_id", None),
            ("keyboard", None),
            ("contraseña", Some(Class::Password)),
        ] {
            let found = names(text).find(|name| name.range == (0..text.len()));
            assert_eq!(found.map(|name| name.class), expected, "{text}");
        }
    }
}
