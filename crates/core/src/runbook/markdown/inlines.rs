//! Text inside blocks: links, bare addresses, runs of plain text.

use pulldown_cmark::Tag;

use super::super::text::plain;
use super::super::{Inline, Target};

pub(super) fn wrap(tag: &Tag<'_>, inner: Vec<Inline>) -> Inline {
    match tag {
        Tag::Strong => Inline::Strong(inner),
        Tag::Strikethrough => Inline::Strike(inner),
        Tag::Image { dest_url, .. } => Inline::Image {
            alt: plain(&inner),
            url: dest_url.to_string(),
        },
        Tag::Link { dest_url, .. } => link(dest_url, inner),
        _ => Inline::Emphasis(inner),
    }
}

/// A link; one without an address is its text.
pub(in super::super) fn link(address: &str, label: Vec<Inline>) -> Inline {
    let address = address.trim();
    if address.is_empty() {
        return match <[Inline; 1]>::try_from(label) {
            Ok([only]) => only,
            Err(label) => Inline::Text(plain(&label)),
        };
    }
    let target = if address.contains("://") || address.starts_with("mailto:") {
        Target::Url(address.to_owned())
    } else {
        Target::Relative(address.to_owned())
    };
    Inline::Link { target, label }
}

/// Adds text. A full stop after a link or bold text that ends with one is left out.
pub(in super::super) fn push_text(out: &mut Vec<Inline>, text: &str) {
    let is_ended = match out.last() {
        Some(Inline::Link { label, .. } | Inline::Strong(label)) => plain(label).ends_with('.'),
        _ => false,
    };
    let text = match text.strip_prefix('.') {
        Some(rest) if is_ended && !rest.starts_with('.') => rest,
        _ => text,
    };
    if let Some(Inline::Text(last)) = out.last_mut() {
        last.push_str(text);
    } else if !text.is_empty() {
        out.push(Inline::Text(text.to_owned()));
    }
}

/// Bare addresses become links, as every forge shows them.
pub(in super::super) fn linkify(inlines: Vec<Inline>) -> Vec<Inline> {
    let has_address = |inline: &Inline| matches!(inline, Inline::Text(text) if text.contains("://"));
    if !inlines.iter().any(has_address) {
        return inlines;
    }
    let mut out = Vec::with_capacity(inlines.len() + 2);
    for inline in inlines {
        match inline {
            Inline::Text(text) if text.contains("://") => split_addresses(&text, &mut out),
            other => out.push(other),
        }
    }
    out
}

pub(super) fn split_addresses(text: &str, out: &mut Vec<Inline>) {
    let mut rest = text;
    while let Some(at) = rest.find("http") {
        let tail = &rest[at..];
        let boundary = rest[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
        if !boundary || !(tail.starts_with("https://") || tail.starts_with("http://")) {
            push_text(out, &rest[..at + 4]);
            rest = &rest[at + 4..];
            continue;
        }
        let end = tail
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`' | '\'' | '|'))
            .unwrap_or(tail.len());
        let address = tail[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_']);
        let opened = address.contains('(');
        let address = if opened {
            address
        } else {
            address.trim_end_matches(')').trim_end_matches(['.', ','])
        };
        let after = &tail[address.len()..];
        // `http://<HOST>` leads nowhere. Before anything else it stays a link: it must not make an address of the text of
        // a link that follows.
        if address.ends_with("://") && after.starts_with('<') {
            push_text(out, &rest[..at + address.len()]);
            rest = after;
            continue;
        }
        push_text(out, &rest[..at]);
        out.push(Inline::Link {
            target: Target::Url(address.to_owned()),
            label: vec![Inline::Text(address.to_owned())],
        });
        rest = after;
    }
    push_text(out, rest);
}
