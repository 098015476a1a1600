//! Addresses: where the full runbook is, relative links, configured links that take a captured value.

use url::Url;

use super::LinkTemplate;
use crate::matching::{Match, Occurrence};
use crate::runbook::{Runbook, Target};

/// Most addresses of one configured link.
const MOST_OF_LINK: usize = 5;

/// The address when it is one that a reply may show: nothing that runs code or that Slack would take for a mention.
pub(super) fn safe(url: &str) -> Option<String> {
    let url = url.trim();
    let scheme = url.split(':').next()?.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https" | "mailto") {
        return None;
    }
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '|' | '"' | '`');
    // What a browser would encode anyway must not break out of a link in a message.
    Some(url.chars().fold(String::with_capacity(url.len()), |mut out, c| {
        if odd(c) {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                out.extend(format!("%{byte:02X}").chars());
            }
        } else {
            out.push(c);
        }
        out
    }))
}

/// Where the document can be read: what it says itself, else its path below the base address.
pub(super) fn full(runbook: &Runbook, base_url: Option<&str>) -> Option<String> {
    runbook
        .url
        .as_deref()
        .and_then(safe)
        .or_else(|| below(base_url?, &runbook.path).map(String::from))
}

/// The address of a link's target as seen from a document, when it has one.
pub(super) fn resolve(target: &Target, runbook: &Runbook, base_url: Option<&str>) -> Option<String> {
    match target {
        Target::Url(url) => safe(url),
        Target::Section(section) => {
            let anchor = runbook.sections.get(*section)?.anchors.first()?;
            let full = full(runbook, base_url)?;
            Some(format!("{full}#{anchor}"))
        }
        Target::Relative(path) => {
            let from = match runbook.url.as_deref().and_then(|url| Url::parse(url).ok()) {
                Some(url) => url,
                None => below(base_url?, &runbook.path)?,
            };
            safe(from.join(path).ok()?.as_str())
        }
    }
}

fn below(base_url: &str, path: &str) -> Option<Url> {
    let mut base = Url::parse(base_url).ok()?;
    if !matches!(base.scheme(), "http" | "https") {
        return None;
    }
    base.path_segments_mut().ok()?.pop_if_empty().extend(path.split('/'));
    Some(base)
}

/// The configured links whose values were all captured: title and address. Where the message has several values for a
/// link, each occurrence of the error has a link of its own, which names them.
pub(super) fn configured(links: &[LinkTemplate], matched: &Match) -> Vec<(String, String)> {
    links.iter().flat_map(|link| addresses(link, matched)).collect()
}

/// The addresses that one link has for a match, each with its title.
fn addresses(link: &LinkTemplate, matched: &Match) -> Vec<(String, String)> {
    let names = names(&link.url);
    let values_of = |name: &String| matched.captures.get(name).map_or(&[][..], Vec::as_slice);
    let several: Vec<&String> = names.iter().filter(|name| values_of(name).len() > 1).collect();
    let chosen: Vec<Vec<&String>> = match several.as_slice() {
        [] => vec![Vec::new()],
        [only] if !matched.occurrences.iter().any(|one| of(one, only).is_some()) => {
            values_of(only).iter().map(|value| vec![value]).collect()
        }
        // Values of different places do not belong together.
        _ => {
            let of_all = |one| several.iter().map(|name| of(one, name)).collect::<Option<_>>();
            matched.occurrences.iter().filter_map(of_all).collect()
        }
    };
    let mut out: Vec<(String, String)> = Vec::new();
    for values in chosen {
        let value = |name: &str| {
            let at = several.iter().position(|other| *other == name);
            let own = at.and_then(|at| values.get(at)).copied();
            own.or_else(|| matched.captures.get(name)?.first()).map(String::as_str)
        };
        let Some(url) = fill(&link.url, value).and_then(|url| safe(&url)) else {
            continue;
        };
        if out.iter().all(|(_, other)| *other != url) && out.len() < MOST_OF_LINK {
            let shown: Vec<&str> = values.iter().map(|value| value.as_str()).collect();
            let title = if shown.is_empty() {
                link.title.clone()
            } else {
                format!("{} ({})", link.title, shown.join(", "))
            };
            out.push((title, url));
        }
    }
    out
}

/// The value that an occurrence has for a placeholder.
fn of<'o>(occurrence: &'o Occurrence, name: &str) -> Option<&'o String> {
    let found = occurrence.values.iter().find(|(other, _)| other == name);
    found.map(|(_, value)| value)
}

/// The names of a template's placeholders, each once.
fn names(template: &str) -> Vec<String> {
    let mut names = Vec::new();
    for part in template.split('{').skip(1) {
        let name = part.split_once('}').map(|(name, _)| name.trim().to_lowercase());
        if let Some(name) = name.filter(|name| !names.contains(name)) {
            names.push(name);
        }
    }
    names
}

fn fill<'v>(template: &str, value: impl Fn(&str) -> Option<&'v str>) -> Option<String> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    let mut took_a_value = false;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        let value = value(&name.trim().to_lowercase())?;
        out.push_str(before);
        out.extend(
            url::form_urlencoded::byte_serialize(value.as_bytes()).map(|part| if part == "+" { "%20" } else { part }),
        );
        took_a_value = true;
        rest = after;
    }
    out.push_str(rest);
    took_a_value.then_some(out)
}
