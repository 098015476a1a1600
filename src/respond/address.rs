//! Detection of link labels that look like another address than the link's. Such a label gets the real host after it:
//! `[https://slack.com](https://evil.example)` is shown as `https://slack.com (evil.example)`.

use std::borrow::Cow;

use url::{Host, Url};

/// Endings of file names that are not taken for top-level domains: `values.yaml` is no host.
const FILES: &str = "adoc bak bash bat cfg conf cpp crt cs css csv dll env exe exec gif go gotmpl gradle gz hcl html htm \
    ini ipynb jar java jpeg jpg js json jsonl jsx kt lock log lst lua pdf pem php png proto rb rst scala service \
    socket spec sql svg swift tar tfvars tgz timer tmpl toml tpl ts tsx txt vue war xml yaml yml";

/// A safe form of a link's label, without hidden characters and with the real host after it. Returns `None` when the
/// label may be shown as it is.
pub fn honest_label(label: &str, url: &str) -> Option<String> {
    let host = hidden_host(label, url)?;
    let visible = visible(label);
    let words: Vec<&str> = visible.split_whitespace().collect();
    Some(format!("{} ({host})", words.join(" ")))
}

/// The host of a link whose label looks like the address of another host. `url` itself may be the label: an address
/// such as `https://slack.com@evil.example` hides its host too.
pub fn hidden_host(label: &str, url: &str) -> Option<String> {
    let target = LinkTarget::of(url);
    let visible = visible(label);
    if visible.trim_end().ends_with(&format!("({})", target.shown)) {
        return None;
    }
    let contradicts = if label.trim() == url.trim() {
        target.is_contradicted_by(visible.trim())
    } else {
        words(&visible).into_iter().any(|word| target.is_contradicted_by(word))
    };
    contradicts.then_some(target.shown)
}

/// The words of a label that may be addresses. One with a scheme extends to the next blank, for its path may hold
/// anything.
fn words(label: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for word in label.split(|c: char| c.is_whitespace() || "<>\"'`«»“”‘’„‹›".contains(c)) {
        let (before, address) = match word.find("://") {
            Some(at) => {
                let scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-');
                let start = word.get(..at).map_or(0, |head| head.trim_end_matches(scheme).len());
                word.split_at(start)
            }
            None => (word, ""),
        };
        words.extend(before.split(|c: char| "()[]{},;|*~".contains(c)));
        words.push(address);
    }
    words
}

/// Removes direction controls from a text. They can make a reader see the end of an address first.
pub fn without_direction(text: &str) -> Cow<'_, str> {
    if text.contains(turns) {
        Cow::Owned(text.replace(turns, ""))
    } else {
        Cow::Borrowed(text)
    }
}

/// Returns true for a direction control: embeddings, overrides and isolates.
fn turns(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// The target of a link.
struct LinkTarget {
    host: String,
    /// The host, or the mail address.
    shown: String,
    /// The last part of its path.
    file: String,
    is_mail: bool,
}

impl LinkTarget {
    fn of(url: &str) -> Self {
        let url = url.trim();
        let Ok(parsed) = Url::parse(url) else {
            let host = url.to_lowercase();
            return Self {
                shown: host.clone(),
                host,
                file: String::new(),
                is_mail: false,
            };
        };
        if let Some(host) = parsed.host_str() {
            let file = parsed.path_segments().and_then(|mut parts| parts.next_back());
            return Self {
                host: host.trim_end_matches('.').to_owned(),
                shown: host.to_owned(),
                file: file.unwrap_or_default().to_lowercase(),
                is_mail: false,
            };
        }
        let mail = parsed.path();
        Self {
            host: canonical(mail.rsplit_once('@').map_or(mail, |(_, host)| host)),
            shown: mail.to_owned(),
            file: String::new(),
            is_mail: true,
        }
    }

    /// Returns true when a word looks like an address with another host.
    fn is_contradicted_by(&self, word: &str) -> bool {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '/' | '\\' | '@'));
        let (rest, has_scheme) = without_scheme(word);
        let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let host = host
            .rsplit_once(':')
            .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
            .map_or(host, |(host, _)| host)
            .trim_end_matches('.');
        // `first.last@example.com` is a mail address, and `https://slack.com@evil.example` a disguise.
        let is_disguise = (has_scheme || !self.is_mail) && looks_like_host(user.split(':').next().unwrap_or_default());
        let is_address = looks_like_host(host) || (has_scheme && !host.is_empty());
        (is_disguise && !self.is_at(user)) || (is_address && !self.is_at(host) && !self.is_file(word))
    }

    fn is_at(&self, host: &str) -> bool {
        let bare = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_owned();
        bare(&canonical(host)) == bare(&self.host)
    }

    /// Returns true when a word such as `README.md` is the name of the file that the link leads to.
    fn is_file(&self, word: &str) -> bool {
        let word = word.to_lowercase();
        [".md", ".tf", ".properties"]
            .iter()
            .any(|ending| word.ends_with(ending))
            && word == self.file
    }
}

/// Splits the scheme of an address off a word; true when it has one.
fn without_scheme(word: &str) -> (&str, bool) {
    let slashes = ['/', '\\'];
    let known = ["https:", "http:", "mailto:", "ftp:", "ws:", "wss:"]
        .iter()
        .find_map(|scheme| {
            let head = word.get(..scheme.len())?;
            head.eq_ignore_ascii_case(scheme).then(|| word.get(scheme.len()..))?
        });
    if let Some(rest) = known {
        return (rest.trim_start_matches(slashes), true);
    }
    match word.split_once("://") {
        Some((_, rest)) => (rest.trim_start_matches(slashes), true),
        None => (word.trim_start_matches(slashes), false),
    }
}

/// Returns true when a word has the form of a host: parts with dots between them, of which the last looks like a
/// top-level domain, or four numbers.
fn looks_like_host(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let is_part = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    if parts.len() < 2 || !parts.iter().all(is_part) {
        return false;
    }
    if parts.len() == 4 && parts.iter().all(|part| part.parse::<u8>().is_ok()) {
        return true;
    }
    let last = parts.last().map(|last| last.to_lowercase()).unwrap_or_default();
    let is_domain = last.starts_with("xn--") || (last.chars().count() > 1 && last.chars().all(char::is_alphabetic));
    is_domain && !FILES.split(' ').any(|ending| ending == last)
}

/// A host as browsers read it: lower case, look-alikes of ASCII mapped, other scripts in Punycode.
fn canonical(host: &str) -> String {
    Host::parse(host).map_or_else(|_| host.to_lowercase(), |host| host.to_string())
}

/// A label as it looks: without invisible characters, and with look-alikes of dots, colons, slashes and `@` replaced.
fn visible(label: &str) -> String {
    label
        .chars()
        .filter(|c| !turns(*c) && !is_invisible(*c))
        .map(|c| match c {
            '\u{00B7}' | '\u{0387}' | '\u{05C5}' | '\u{0660}' | '\u{06D4}' | '\u{06F0}' | '\u{0701}' | '\u{0702}'
            | '\u{2022}' | '\u{2024}' | '\u{2027}' | '\u{2219}' | '\u{22C5}' | '\u{3002}' | '\u{30FB}' | '\u{A4F8}'
            | '\u{FE52}' | '\u{FF0E}' | '\u{FF61}' | '\u{FF65}' => '.',
            '\u{02D0}' | '\u{02F8}' | '\u{0589}' | '\u{05C3}' | '\u{2236}' | '\u{A789}' | '\u{FE13}' | '\u{FE55}'
            | '\u{FF1A}' => ':',
            '\u{2044}' | '\u{2215}' | '\u{27CB}' | '\u{29F8}' | '\u{2571}' | '\u{FF0F}' => '/',
            '\u{FE6B}' | '\u{FF20}' => '@',
            c => c,
        })
        .collect()
}

/// Returns true for control characters, characters without a width, and marks combined with the character before them.
fn is_invisible(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(
            c,
            '\u{00AD}'
                | '\u{034F}'
                | '\u{061C}'
                | '\u{115F}'
                | '\u{1160}'
                | '\u{17B4}'
                | '\u{17B5}'
                | '\u{180B}'..='\u{180F}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2060}'..='\u{2065}'
                | '\u{206A}'..='\u{206F}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FEFF}'
                | '\u{FFA0}'
                | '\u{FFF9}'..='\u{FFFB}'
                | '\u{E0000}'..='\u{E0FFF}'
                | '\u{0300}'..='\u{034E}'
                | '\u{0350}'..='\u{036F}'
                | '\u{1AB0}'..='\u{1AFF}'
                | '\u{1DC0}'..='\u{1DFF}'
                | '\u{20D0}'..='\u{20FF}'
                | '\u{FE20}'..='\u{FE2F}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_is_another_address_gets_the_real_host() {
        for label in [
            "https://slack.com",
            "HTTPS://SLACK.COM/x?y",
            "http:slack.com",
            "https:\\\\slack.com",
            "hxxps://slack",
            "//slack.com",
            "slack.com",
            "Slack.Com.",
            "slack.com:443",
            "www.slack",
            "www.slack.com",
            "sign in at slack.com/login, please",
            "(slack.com)",
            "evil.example,slack.com",
            "slack.com,https://evil.example",
            "slack.com\u{200B}",
            "sla\u{200D}ck.c\u{AD}om",
            "slack\u{2024}com",
            "ｓｌａｃｋ．ｃｏｍ",
            "𝐬𝐥𝐚𝐜𝐤.𝐜𝐨𝐦",
            "ѕlасk.com",
            "s\u{0332}lack.com",
            "https\u{FF1A}\u{2044}\u{2044}slack",
            "\u{202E}moc.kcals",
            "slack.com@evil.example",
            "https://slack.com@evil.example",
            "https://slack.com:x@evil.example/",
            "https://slack.com\\@evil.example",
            "admin@slack.com",
            "10.0.0.1",
            "http://localhost:8080",
            "slack.com.evil.example",
            "evil.example.slack.com",
            "README.md",
        ] {
            let shown = honest_label(label, "https://evil.example/a");
            let shown = shown.unwrap_or_else(|| panic!("{label:?} is shown as it is"));
            assert!(shown.ends_with(" (evil.example)"), "{label:?}: {shown}");
            assert!(!shown.contains(|c| turns(c) || is_invisible(c)), "{label:?}: {shown:?}");
            assert_eq!(honest_label(&shown, "https://evil.example/a"), None, "once is enough");
        }
    }

    #[test]
    fn whatever_the_target_is_its_host_is_the_one_that_a_browser_goes_to() {
        for (url, host) in [
            ("https://slack.com@evil.example/", "evil.example"),
            ("HTTPS://EVIL.EXAMPLE", "evil.example"),
            ("https:evil.example", "evil.example"),
            ("https://evil.example\\@slack.com", "evil.example"),
            ("https://evil.example/slack.com", "evil.example"),
            ("https://slack.com.evil.example", "slack.com.evil.example"),
            ("https://slаck.com", "xn--slck-63d.com"),
            ("https://evil.example:8443/#slack.com", "evil.example"),
            ("https://[2001:db8::1]/", "[2001:db8::1]"),
            ("http://0x7f.1/", "127.0.0.1"),
            ("mailto:x@evil.example?subject=slack.com", "x@evil.example"),
        ] {
            assert_eq!(hidden_host("slack.com", url).as_deref(), Some(host), "{url}");
        }
        let disguised = "https://slack.com@evil.example";
        assert_eq!(hidden_host(disguised, disguised).as_deref(), Some("evil.example"));
        assert!(hidden_host("slack.com", "https://[nonsense").is_some());
    }

    #[test]
    fn honest_and_ordinary_labels_stay_as_they_are() {
        for (label, url) in [
            ("https://example.com/a?b=1#c", "https://example.com/a?b=1#c"),
            ("https://example.com", "https://example.com/some/page"),
            (
                "https://example.com/a(b.com),c.com",
                "https://example.com/a(b.com),c.com",
            ),
            ("https://example.com/a,b.com", "https://example.com/a%2Cb.com"),
            ("example.com", "https://www.example.com/"),
            ("www.example.com/docs", "https://example.com/docs/page"),
            ("EXAMPLE.com:8443", "https://example.com:8443/x"),
            ("bücher.example", "https://xn--bcher-kva.example/"),
            ("https://example.com.", "https://example.com"),
            ("first.last@example.com", "mailto:first.last@example.com"),
            ("ops@example.com", "https://example.com/contact"),
            ("https://me@example.com/", "https://me@example.com/"),
            ("http://localhost:8080/x", "http://localhost:8080/x"),
            ("10.0.0.1", "http://10.0.0.1/"),
            ("the runbook", "https://example.com/"),
            ("values.yaml", "https://example.com/"),
            ("Node.js 20.11", "https://example.com/"),
            ("v1.2.3", "https://example.com/"),
            ("e.g. this one", "https://example.com/"),
            ("README.md", "https://example.com/blob/main/README.md"),
            ("main.tf", "https://example.com/-/blob/main/main.tf#L7"),
            ("and/or", "https://example.com/"),
            ("error: 503, see logs…", "https://example.com/"),
            ("", "https://example.com/"),
            ("👩‍💻 guide", "https://example.com/"),
        ] {
            assert_eq!(honest_label(label, url), None, "{label} → {url}");
        }
    }
}
