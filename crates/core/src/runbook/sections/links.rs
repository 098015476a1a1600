//! Anchors of sections, and the links that lead to them.

use std::collections::HashMap;

use super::super::text::walk_inlines_mut;
use super::super::{Format, Inline, Section, Target};
use super::Problems;

/// Gives every section its generated anchors and turns links to anchors into links to sections.
pub(in super::super) fn link(sections: &mut [Section], problems: &mut Problems) {
    let mut known: HashMap<String, usize> = HashMap::new();
    for (at, section) in sections.iter().enumerate() {
        for anchor in &section.anchors {
            known.entry(anchor.to_lowercase()).or_insert(at);
        }
    }
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (at, section) in sections.iter_mut().enumerate() {
        for slug in slugs(&section.heading) {
            let count = seen.entry(slug.clone()).or_insert(0);
            let slug = if *count == 0 {
                slug.clone()
            } else {
                format!("{slug}-{count}")
            };
            *count += 1;
            known.entry(slug.clone()).or_insert(at);
            if !section.anchors.contains(&slug) {
                section.anchors.push(slug);
            }
        }
    }
    let mut loose: HashMap<String, usize> = HashMap::new();
    for (anchor, at) in &known {
        let entry = loose.entry(squash(anchor)).or_insert(*at);
        *entry = (*entry).min(*at);
    }
    let numbered = numbered(sections);
    for section in sections.iter_mut() {
        walk_inlines_mut(&mut section.blocks, &mut |inline, line| {
            let Inline::Link { target, .. } = inline else { return };
            let Target::Relative(address) = &*target else { return };
            let Some(anchor) = address.strip_prefix('#') else {
                return;
            };
            if anchor.contains('/') || Format::of_path(anchor) == Some(Format::Markdown) && anchor.contains('.') {
                // The path of a file whose name begins with `#`, as Notion exports it.
                return;
            }
            let anchor = anchor.to_lowercase();
            if anchor.is_empty() || anchor == "top" {
                *target = Target::Section(0);
                return;
            }
            match known
                .get(&anchor)
                .or_else(|| loose.get(&squash(&anchor)))
                .or_else(|| numbered.get(anchor.rsplit('-').next().filter(|_| is_numbered(&anchor))?))
            {
                Some(at) => *target = Target::Section(*at),
                None => problems.push((
                    line,
                    "anchor-unknown",
                    format!("the link to `#{anchor}` leads nowhere in this document"),
                )),
            }
        });
    }
}

/// `#step-2`, `#solution-b`: a heading `2) …` or `B) …` is meant where none has that anchor.
fn is_numbered(anchor: &str) -> bool {
    ["step-", "solution-", "further-step-", "further-steps-"]
        .iter()
        .any(|start| anchor.starts_with(start))
}

/// Sections by the number or letter that their heading begins with.
fn numbered(sections: &[Section]) -> HashMap<String, usize> {
    let mut out = HashMap::new();
    for (at, section) in sections.iter().enumerate() {
        if let Some((mark, _)) = section.heading.split_once([')', '.', ':']) {
            let mark = mark.to_lowercase();
            let mark = mark.trim_start_matches("step ").trim_start_matches("solution ");
            if !mark.is_empty() && mark.len() <= 2 {
                out.entry(mark.to_owned()).or_insert(at);
            }
        }
    }
    out
}

fn squash(anchor: &str) -> String {
    anchor.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// GitHub's and kramdown's ids for a heading.
fn slugs(heading: &str) -> Vec<String> {
    let github: String = heading
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        })
        .collect();
    let kramdown: String = heading
        .to_lowercase()
        .chars()
        .skip_while(|c| !c.is_alphabetic())
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' => Some(c),
            _ => None,
        })
        .collect();
    let mut out = vec![github];
    if !kramdown.is_empty() && !out.contains(&kramdown) {
        out.push(kramdown);
    }
    out.retain(|slug| !slug.is_empty());
    out
}
