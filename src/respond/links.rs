//! Addresses: where the full runbook is, relative links, configured links that take a captured value.

use url::Url;

use super::LinkTemplate;
use super::fill::Captures;
use crate::runbook::{Runbook, Target};

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

/// The configured links whose values were all captured: title and address.
pub(super) fn configured(links: &[LinkTemplate], captures: &Captures) -> Vec<(String, String)> {
    links
        .iter()
        .filter_map(|link| Some((link.title.clone(), safe(&fill(&link.url, captures)?)?)))
        .collect()
}

fn fill(template: &str, captures: &Captures) -> Option<String> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    let mut took_a_value = false;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        let value = captures.get(&name.trim().to_lowercase())?.first()?;
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
