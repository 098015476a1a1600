//! Text inside the blocks of a page: white space, emphasis, code, links, images.

use super::super::markdown;
use super::super::text::plain;
use super::super::{Inline, Target};
use super::PageReader;
use super::tree::{Element, NodeId, NodeKind};

/// Elements whose text is code.
const CODE: [&str; 4] = ["code", "tt", "kbd", "samp"];

impl PageReader<'_> {
    /// Appends the inlines of a node, with their source lines, before white space is collapsed.
    pub(super) fn inline(&mut self, id: NodeId, out: &mut Vec<(Inline, u32)>) {
        let tree = self.tree;
        let Some(node) = tree.nodes.get(id) else { return };
        let line = node.line;
        let element = match &node.kind {
            NodeKind::Text(text) => return out.push((Inline::Text(text.replace('\u{a0}', " ")), line)),
            NodeKind::Element(element) => element,
        };
        if self.content.is_left_out(id) {
            return;
        }
        self.note_id(element);
        let name = element.name.as_str();
        match name {
            "br" => out.push((Inline::Break, line)),
            "img" => out.extend(image(element).map(|image| (image, line))),
            "input" => out.extend(check_box(element).map(|text| (text, line))),
            "ac:link" | "ac:image" | "ac:structured-macro" | "ac:macro" | "time" => {
                out.extend(self.inline_macro(id, element).map(|inline| (inline, line)));
            }
            _ if name.starts_with("ac:") && super::content::is_no_text(element) => {}
            _ if CODE.contains(&name) => {
                let text = self.code_text(id);
                out.push((Inline::Code(text), line));
            }
            "b" | "strong" => self.wrapped(id, Inline::Strong, out),
            "i" | "em" | "cite" | "dfn" => self.wrapped(id, Inline::Emphasis, out),
            "del" | "s" | "strike" => self.wrapped(id, Inline::Strike, out),
            "span" if is_bold(element) => self.wrapped(id, Inline::Strong, out),
            "a" => self.link(id, element, line, out),
            "q" => {
                out.push((Inline::Text("\"".to_owned()), line));
                self.inline_children(id, out);
                out.push((Inline::Text("\"".to_owned()), line));
            }
            _ => {
                if element.has_class("checkbox-on") {
                    out.push((Inline::Text("☑ ".to_owned()), line));
                } else if element.has_class("checkbox-off") {
                    out.push((Inline::Text("☐ ".to_owned()), line));
                }
                self.inline_children(id, out);
            }
        }
    }

    pub(super) fn inline_children(&mut self, id: NodeId, out: &mut Vec<(Inline, u32)>) {
        let tree = self.tree;
        for child in tree.children(id) {
            let is_block = tree.element(*child).is_some_and(super::content::sets_apart);
            if is_block {
                out.push((Inline::Text(" ".to_owned()), tree.line(*child)));
            }
            self.inline(*child, out);
            if is_block {
                out.push((Inline::Text(" ".to_owned()), tree.line(*child)));
            }
        }
    }

    fn wrapped(&mut self, id: NodeId, wrap: fn(Vec<Inline>) -> Inline, out: &mut Vec<(Inline, u32)>) {
        let mut inner = Vec::new();
        self.inline_children(id, &mut inner);
        let inner: Vec<Inline> = inner.into_iter().map(|(inline, _)| inline).collect();
        let line = self.tree.line(id);
        // Editors leave bold line breaks and blanks behind.
        if plain(&inner).trim().is_empty() && !has_image(&inner) {
            return out.extend(inner.into_iter().map(|inline| (inline, line)));
        }
        out.push((wrap(inner), line));
    }

    fn link(&mut self, id: NodeId, element: &Element, line: u32, out: &mut Vec<(Inline, u32)>) {
        let mut inner = Vec::new();
        self.inline_children(id, &mut inner);
        let address = element.get("href").unwrap_or_default().trim();
        let unwrapped = of_redirect(address);
        let address = unwrapped.as_deref().unwrap_or(address);
        let is_empty = inner.iter().all(|(inline, _)| match inline {
            Inline::Text(text) => text.trim().is_empty(),
            Inline::Break => true,
            _ => false,
        });
        let is_address = !address.is_empty() && !address.to_ascii_lowercase().starts_with("javascript:");
        if is_empty || !is_address {
            return out.append(&mut inner);
        }
        let label: Vec<Inline> = inner.into_iter().map(|(inline, _)| inline).collect();
        if address.starts_with('#') && (is_permalink(&plain(&label)) || is_way_up(&plain(&label))) {
            return;
        }
        let address = match address.strip_prefix('#').map(percent_decoded) {
            Some(anchor) if self.outer_ids.contains(&anchor) => "#top".to_owned(),
            Some(anchor) => format!("#{anchor}"),
            None => address.to_owned(),
        };
        out.push((markdown::link(&address, label), line));
    }

    /// The text of code, with its line breaks when it has marked ones (`<br>`), else on one line.
    fn code_text(&self, id: NodeId) -> String {
        let skip = |node| node != id && self.content.is_left_out(node);
        self.raw_text(id, skip, |text| text.replace(['\n', '\u{a0}'], " "))
    }

    /// The inlines of a node, with white space collapsed.
    pub(super) fn inlines(&mut self, id: NodeId) -> Vec<Inline> {
        let mut out = Vec::new();
        self.inline_children(id, &mut out);
        collapsed(out).into_iter().map(|(inline, _)| inline).collect()
    }
}

fn has_image(inlines: &[Inline]) -> bool {
    let mut found = false;
    super::super::walk_inlines(inlines, &mut |inline| found |= matches!(inline, Inline::Image { .. }));
    found
}

fn is_bold(element: &Element) -> bool {
    let style = element.get("style").unwrap_or_default().to_ascii_lowercase();
    let Some((_, weight)) = style.split_once("font-weight:") else {
        return false;
    };
    weight.trim_start().starts_with("bold") || weight.trim_start().starts_with('7')
}

fn image(element: &Element) -> Option<Inline> {
    let alt = element.get("alt").unwrap_or_default().trim();
    let is_icon = element.classes().any(|word| {
        let word = word.to_ascii_lowercase();
        word.contains("emoticon") || word.contains("icon") || word == "emoji"
    });
    if !alt.is_empty() && is_way_up(alt) {
        return None;
    }
    // An emoji stands for itself; "(sad)" and the names of icons are nothing to read.
    if is_icon {
        return (!alt.is_ascii()).then(|| Inline::Text(alt.to_owned()));
    }
    let url = element.get("src").unwrap_or_default().trim();
    // A picture within the page has no address that a reply could show.
    let url = if url.starts_with("data:") { "" } else { url };
    (!alt.is_empty() || !url.is_empty()).then(|| match url {
        "" => Inline::Text(alt.to_owned()),
        _ => Inline::Image {
            alt: alt.to_owned(),
            url: url.to_owned(),
        },
    })
}

fn check_box(element: &Element) -> Option<Inline> {
    let is_box = element
        .get("type")
        .is_some_and(|kind| kind.eq_ignore_ascii_case("checkbox"));
    let mark = if element.get("checked").is_some() {
        "☑ "
    } else {
        "☐ "
    };
    is_box.then(|| Inline::Text(mark.to_owned()))
}

/// Returns true for the sign of a link that a heading has to itself.
pub(super) fn is_permalink(text: &str) -> bool {
    matches!(
        text.trim(),
        "¶" | "#" | "§" | "🔗" | "∞" | "link" | "anchor" | "Link to this heading"
    )
}

/// Returns true for a link to the top of the page.
fn is_way_up(label: &str) -> bool {
    let lower = label.trim().to_lowercase();
    matches!(
        lower.trim_matches(['[', ']', '(', ')', '↑', '^', ' ']),
        "" | "top"
            | "up"
            | "back to top"
            | "go to top"
            | "return to top"
            | "to top"
            | "top of page"
            | "back to the top"
    )
}

/// Returns true for a line such as "Back to parent page" or "Next: Installation", which leads through a site.
pub(super) fn is_way_on(inlines: &[Inline]) -> bool {
    let (Some(last), rest) = (
        inlines.last(),
        inlines.get(..inlines.len().saturating_sub(1)).unwrap_or_default(),
    ) else {
        return false;
    };
    let lead = plain(rest).trim().trim_end_matches(':').to_lowercase();
    let is_link = matches!(
        last,
        Inline::Link {
            target: Target::Relative(_),
            ..
        }
    );
    let is_lead = matches!(
        lead.as_str(),
        "back to"
            | "go to"
            | "return to"
            | "back to the"
            | "next"
            | "previous"
            | "prev"
            | "up"
            | "up to"
            | "parent"
            | "home"
    );
    is_link && is_lead
}

/// The address behind the redirect that Google Docs puts before every link of an export.
fn of_redirect(address: &str) -> Option<String> {
    let rest = address.strip_prefix("https://www.google.com/url?q=")?;
    let address = percent_decoded(rest.split('&').next().unwrap_or_default());
    address.contains("://").then_some(address)
}

fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = text
            .get(at + 1..at + 3)
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        if let Some(code) = code.filter(|_| *byte == b'%') {
            out.push(code);
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// A page without the address it is relative to: the part after `#`.
pub(super) fn to_anchor(anchor: &str) -> Target {
    Target::Relative(format!("#{anchor}"))
}

/// Collapses white space as a browser does: one blank for a run, none at the beginning and the end of a line. Joins
/// neighbouring texts.
pub(super) fn collapsed(inlines: Vec<(Inline, u32)>) -> Vec<(Inline, u32)> {
    let mut state = Collapse { after_blank: true };
    let mut out: Vec<(Inline, u32)> = Vec::with_capacity(inlines.len());
    for (inline, line) in inlines {
        for inline in state.inline(inline) {
            push(&mut out, inline, line);
        }
    }
    let mut trimmed: Vec<(Inline, u32)> = Vec::with_capacity(out.len());
    for (inline, line) in out {
        if matches!(inline, Inline::Break) {
            trim_end(&mut trimmed);
        }
        trimmed.push((inline, line));
    }
    trim_end(&mut trimmed);
    trimmed
}

fn push(out: &mut Vec<(Inline, u32)>, inline: Inline, line: u32) {
    match (out.last_mut().map(|(last, _)| last), inline) {
        (_, Inline::Text(text)) if text.is_empty() => {}
        (Some(Inline::Text(last)), Inline::Text(text)) => last.push_str(&text),
        (Some(Inline::Code(last)), Inline::Code(code)) => last.push_str(&code),
        (_, inline) => out.push((inline, line)),
    }
}

fn trim_end(out: &mut Vec<(Inline, u32)>) {
    if let Some((Inline::Text(text), _)) = out.last_mut() {
        text.truncate(text.trim_end().len());
        if text.is_empty() {
            out.pop();
        }
    }
}

struct Collapse {
    /// True when a blank here would be the second one, or the first of a line.
    after_blank: bool,
}

impl Collapse {
    fn text(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            if !c.is_whitespace() {
                out.push(c);
                self.after_blank = false;
            } else if !self.after_blank {
                out.push(' ');
                self.after_blank = true;
            }
        }
        out
    }

    /// Collapses an inline; blanks at the ends of code go in front of it and behind it.
    fn inline(&mut self, inline: Inline) -> Vec<Inline> {
        match inline {
            Inline::Text(text) => vec![Inline::Text(self.text(&text))],
            Inline::Code(code) => self.code(&code),
            Inline::Break => {
                self.after_blank = true;
                vec![Inline::Break]
            }
            Inline::Image { alt, url } => {
                self.after_blank = false;
                let alt = alt.split_whitespace().collect::<Vec<_>>().join(" ");
                vec![Inline::Image { alt, url }]
            }
            Inline::Strong(inner) => self.wrapped(inner, Inline::Strong),
            Inline::Emphasis(inner) => self.wrapped(inner, Inline::Emphasis),
            Inline::Strike(inner) => self.wrapped(inner, Inline::Strike),
            Inline::Link { target, label } => self.wrapped(label, |label| Inline::Link { target, label }),
            Inline::Time(time) => vec![Inline::Time(time)],
        }
    }

    /// Collapses marked text; blanks at its ends go in front of it and behind it.
    fn wrapped(&mut self, inner: Vec<Inline>, wrap: impl FnOnce(Vec<Inline>) -> Inline) -> Vec<Inline> {
        let mut inner = self.inner(inner);
        let mut out = Vec::with_capacity(3);
        if let Some(Inline::Text(first)) = inner.first_mut()
            && let Some(rest) = first.strip_prefix(' ')
        {
            *first = rest.to_owned();
            out.push(Inline::Text(" ".to_owned()));
        }
        let mut has_blank = false;
        if let Some(Inline::Text(last)) = inner.last_mut()
            && last.ends_with(' ')
        {
            last.pop();
            has_blank = true;
        }
        inner.retain(|inline| !matches!(inline, Inline::Text(text) if text.is_empty()));
        if !inner.is_empty() {
            out.push(wrap(inner));
        }
        if has_blank {
            out.push(Inline::Text(" ".to_owned()));
        }
        out
    }

    fn inner(&mut self, inlines: Vec<Inline>) -> Vec<Inline> {
        let mut out = Vec::with_capacity(inlines.len());
        for inline in inlines {
            for inline in self.inline(inline) {
                push(&mut out, inline, 0);
            }
        }
        out.into_iter().map(|(inline, _)| inline).collect()
    }

    fn code(&mut self, code: &str) -> Vec<Inline> {
        let mut out = Vec::with_capacity(3);
        if code.starts_with(char::is_whitespace) {
            out.push(Inline::Text(self.text(" ")));
        }
        let lines = code.lines();
        let lines: Vec<String> = lines
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        let text = lines.join("\n");
        if text.is_empty() {
            return out;
        }
        out.push(Inline::Code(text));
        self.after_blank = false;
        if code.ends_with(char::is_whitespace) {
            out.push(Inline::Text(self.text(" ")));
        }
        out
    }
}
