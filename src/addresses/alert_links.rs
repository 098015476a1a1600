//! The links of an alert, by the names that monitoring products give them: `runbook_url`, `Dashboard:`, `Silence:`.

use std::sync::LazyLock;

use regex::Regex;

use crate::matching::beginning;

/// Most words of a question that consists of an address.
const QUESTION_WORDS: usize = 8;
/// Most links of a text.
const MOST_LINKS: usize = 100;
/// Most bytes of the line that is kept with a link: a file of JSON may be one line.
const LONGEST_LINE: usize = 4 * 1024;

/// The kinds of an alert's links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertLinkKind {
    /// The runbook of the alert.
    Runbook,
    /// The dashboard that shows it.
    Dashboard,
    /// The panel of a dashboard.
    Panel,
    /// The form that silences it.
    Silence,
}

/// A link in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertLink {
    /// The kind, where the text names it.
    pub kind: Option<AlertLinkKind>,
    /// The address.
    pub url: String,
    /// Number of its line, from 1.
    pub line: usize,
    /// That line.
    pub text: String,
}

impl AlertLinkKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Runbook, Self::Dashboard, Self::Panel, Self::Silence];

    /// Returns the word that names the kind.
    pub fn name(self) -> &'static str {
        match self {
            Self::Runbook => "runbook",
            Self::Dashboard => "dashboard",
            Self::Panel => "panel",
            Self::Silence => "silence",
        }
    }

    /// Returns the kind that a label of a link or a field names: `View runbook :green_book:`, `runbook_url`. A label
    /// with other words is the name of something else.
    pub fn of_label(label: &str) -> Option<Self> {
        const AROUND: &str = "a alert annotation annotations browse check confluence for go grafana here in link links notion \
            open page read runbook's see show the this to url urls view wiki";
        static EMOJI: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r":[a-z0-9_+'-]+:").ok());
        let label = match EMOJI.as_ref() {
            Some(emoji) => emoji.replace_all(label, " "),
            None => label.into(),
        };
        // `runbookUrl` has two words.
        let spaced = label
            .replace("URL", "Url")
            .replace("Url", " url")
            .replace("Link", " link");
        let mut kind = None;
        for word in spaced
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
        {
            let word = word.to_lowercase();
            let named = match word.as_str() {
                "runbook" | "runbooks" | "playbook" | "sop" => Some(Self::Runbook),
                "dashboard" | "dashboards" => Some(Self::Dashboard),
                "panel" => Some(Self::Panel),
                "silence" => Some(Self::Silence),
                _ if AROUND.split_whitespace().any(|around| around == word) => continue,
                _ => None,
            };
            match (named, kind) {
                // "Dashboard panel" is the panel.
                (Some(named), _) => kind = Some(named),
                (None, _) => return None,
            }
        }
        kind
    }
}

/// `runbook_url: https://…`, `- runbook_url = …`, `"runbook_url": "…"`, `Silence: <…|…>`.
static KEYED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"(?i)(?P<key>(?:runbook|playbook|dashboard|panel|silence)(?P<url>[_ -]?(?:url|link))?)["'*_`]*[ \t]*(?::|=>?)[ \t]*["'*_`]*[ \t]*<?"#,
        r#"(?P<address>https?://[^\s<>|"'`\\]+)"#,
    ))
    .ok()
});
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"https?://[^\s<>|"'`\\]+"#).ok());

/// Returns the links that a text names by their kind, each once, in order. Slack's escapes are undone.
pub fn alert_links(text: &str) -> Vec<AlertLink> {
    let mut found: Vec<AlertLink> = Vec::new();
    // Most messages have no address at all.
    if !text.contains("://") {
        return found;
    }
    for (line, number) in text.lines().zip(1..) {
        for part in KEYED.iter().flat_map(|keyed| keyed.captures_iter(line)) {
            let (Some(key), Some(address)) = (part.name("key"), part.name("address")) else {
                continue;
            };
            // `sync_runbook: …` is another name.
            let is_inside = line
                .get(..key.start())
                .is_some_and(|before| before.ends_with(char::is_alphanumeric));
            let near = near(line, key.start());
            let link = link(address.as_str(), AlertLinkKind::of_label(key.as_str()), (number, near));
            let is_known = found
                .iter()
                .any(|known| known.kind == link.kind && known.url == link.url);
            if !is_inside && link.kind.is_some() && !is_known {
                found.push(link);
            }
            if found.len() >= MOST_LINKS {
                return found;
            }
        }
    }
    found
}

/// Returns all links of a text, with the kinds of those that have one.
pub fn links_in(text: &str) -> Vec<AlertLink> {
    let mut found = alert_links(text);
    for (line, number) in text.lines().zip(1..) {
        for address in ADDRESS.iter().flat_map(|address| address.find_iter(line)) {
            if found.len() >= MOST_LINKS {
                return found;
            }
            let link = link(address.as_str(), None, (number, near(line, address.start())));
            if found.iter().all(|known| known.url != link.url) {
                found.push(link);
            }
        }
    }
    found
}

/// A line, or of a long one the part that begins at a link.
fn near(line: &str, start: usize) -> &str {
    if line.len() <= LONGEST_LINE {
        return line;
    }
    beginning(line.get(start..).unwrap_or_default(), LONGEST_LINE)
}

fn link(address: &str, kind: Option<AlertLinkKind>, (line, text): (usize, &str)) -> AlertLink {
    let address = unescaped(address);
    // A closing bracket belongs to the address only with its opening one.
    let end = |c: char| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '*' | '_' | ']' | '}');
    let mut url = address.trim_end_matches(end);
    // Counted once: an address may end in any number of them.
    let mut closing = url.matches(')').count().saturating_sub(url.matches('(').count());
    while closing > 0
        && let Some(rest) = url.strip_suffix(')')
    {
        url = rest.trim_end_matches(end);
        closing -= 1;
    }
    AlertLink {
        kind,
        url: url.to_owned(),
        line,
        text: unescaped(text.trim()),
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The links to runbooks that are certain evidence. A person's text has to show an alert: it may be talk about one, or the
/// rule that defines it.
pub(super) fn certain(text: &str, by_bot: bool) -> Vec<AlertLink> {
    static KEY: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)\b(?:runbook|playbook)[_ -]?(?:url|link)\b").ok());
    static ALERT: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)\balertname\b|\bfiring\b|\btriggered\b").ok());
    static RULE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?m)^[\s-]*(?:expr|query)\s*:").ok());
    let mut links = alert_links(text);
    links.retain(|link| link.kind == Some(AlertLinkKind::Runbook));
    if links.is_empty() {
        return links;
    }
    let is = |pattern: &LazyLock<Option<Regex>>, text: &str| pattern.as_ref().is_some_and(|found| found.is_match(text));
    if by_bot {
        if is_over(text) {
            links.clear();
        }
    } else if !is(&ALERT, text) || is(&RULE, text) || is_over(text) {
        links.clear();
    } else {
        links.retain(|link| is(&KEY, &link.text));
    }
    links
}

/// True for the news that an alert is over, also of products whose messages are not known.
fn is_over(text: &str) -> bool {
    static OVER: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r#"(?i)(?:^|[\[(:*"'\s|-])(?:resolved|recovered|closed|back to normal|status["']?\s*[:=]\s*["']?ok)\b"#,
        )
        .ok()
    });
    static ON: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)\b(?:firing|triggered|opened|created|alerting|escalated)\b").ok());
    let is = |pattern: &LazyLock<Option<Regex>>| {
        let mut head = text.lines().filter(|line| !line.trim().is_empty()).take(3);
        head.any(|line| pattern.as_ref().is_some_and(|found| found.is_match(line)))
    };
    is(&OVER) && !is(&ON)
}

/// True for a question that is little more than an address.
pub(super) fn is_short(text: &str) -> bool {
    text.split_whitespace().count() <= QUESTION_WORDS
}
