//! HTML in Markdown: tags with a Markdown equivalent are converted, all others are dropped, and their text stays.
//! Unknown tags (`<ID>`, `<node>`) are placeholders and kept literally.

/// Constructs that are open across lines.
#[derive(Debug, Default)]
pub(super) struct HtmlState {
    comment: bool,
    pre: bool,
    links: Vec<String>,
}

const GONE: [&str; 42] = [
    "div",
    "p",
    "span",
    "details",
    "ul",
    "ol",
    "table",
    "tr",
    "thead",
    "tbody",
    "tfoot",
    "section",
    "article",
    "u",
    "sup",
    "sub",
    "kbd",
    "font",
    "center",
    "hr",
    "small",
    "big",
    "colgroup",
    "col",
    "caption",
    "figure",
    "figcaption",
    "nav",
    "header",
    "footer",
    "main",
    "aside",
    "dl",
    "dt",
    "dd",
    "mark",
    "ins",
    "del",
    "blockquote",
    "abbr",
    "picture",
    "source",
];

impl HtmlState {
    /// Returns true when the next line lies inside a comment or a `<pre>`.
    pub(super) fn verbatim(&self) -> bool {
        self.comment || self.pre
    }

    /// Handles a line inside a comment or a `<pre>`.
    pub(super) fn pass(&mut self, line: &str) -> String {
        let lower = line.to_ascii_lowercase();
        if self.comment {
            if let Some(end) = line.find("-->") {
                self.comment = false;
                return line[end + 3..].to_owned();
            }
            return String::new();
        }
        if lower.contains("</pre") {
            self.pre = false;
        }
        line.to_owned()
    }

    /// Handles a line of text; calls `anchor` with every id.
    pub(super) fn line(&mut self, line: &str, mut anchor: impl FnMut(String)) -> String {
        let lower = line.to_ascii_lowercase();
        if lower.trim_start().starts_with("<pre") {
            self.pre = !lower.contains("</pre");
            return line.to_owned();
        }
        let mut out = String::with_capacity(line.len());
        let mut rest = line;
        while let Some(at) = rest.find(['`', '<', '\\']) {
            let (before, after) = rest.split_at(at);
            out.push_str(before);
            rest = if after.starts_with('\\') {
                let end = after.char_indices().nth(2).map_or(after.len(), |(end, _)| end);
                out.push_str(&after[..end]);
                &after[end..]
            } else if after.starts_with('`') {
                let end = code_end(after);
                out.push_str(&after[..end]);
                &after[end..]
            } else if let Some(body) = after.strip_prefix("<!--") {
                if let Some(end) = body.find("-->") {
                    &body[end + 3..]
                } else {
                    self.comment = true;
                    ""
                }
            } else {
                self.tag(after, &mut out, &mut anchor)
            };
        }
        out.push_str(rest);
        if out.trim().is_empty() { String::new() } else { out }
    }

    /// Reads a tag at the start of `after`, which begins with `<`; returns the text after it.
    fn tag<'t>(&mut self, after: &'t str, out: &mut String, anchor: &mut impl FnMut(String)) -> &'t str {
        let keep = |out: &mut String| {
            // A placeholder alone at the start of a line would open an HTML block.
            if out.trim().is_empty()
                && after[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
                && !after.contains("://")
            {
                out.push('\\');
            }
            out.push('<');
            &after[1..]
        };
        // Bounded, so that a line of many `<` is not read again for each of them.
        let Some(end) = after
            .char_indices()
            .take(400)
            .find(|(_, c)| *c == '>')
            .map(|(at, _)| at)
        else {
            return keep(out);
        };
        let inner = &after[1..end];
        let (closing, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
        let name_end = inner.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inner.len());
        let name = inner[..name_end].to_ascii_lowercase();
        let attributes = &inner[name_end..];
        if !(attributes.is_empty() || attributes.starts_with([' ', '/', '\t'])) {
            return keep(out);
        }
        if let Some(id) = value_of(attributes, "id").or_else(|| value_of(attributes, "name").filter(|_| name == "a")) {
            anchor(id);
        }
        let last = after[end + 1..].trim().is_empty();
        if !self.replace(&name, closing, attributes, last, out) {
            return keep(out);
        }
        &after[end + 1..]
    }

    /// Writes the replacement of a known tag; returns false for an unknown one.
    fn replace(&mut self, name: &str, closing: bool, attributes: &str, last: bool, out: &mut String) -> bool {
        let at_start = out.trim().is_empty();
        match (name, closing) {
            ("br", _) => out.push_str(if last && !out.trim_start().starts_with('|') {
                "  "
            } else {
                " "
            }),
            ("b" | "strong" | "summary", _) => out.push_str("**"),
            ("i" | "em", _) => out.push('*'),
            ("code" | "tt" | "samp", _) => out.push('`'),
            ("s" | "strike", _) => out.push_str("~~"),
            ("a", false) => {
                let href = value_of(attributes, "href").unwrap_or_default();
                if !href.is_empty() {
                    out.push('[');
                }
                self.links.push(href);
            }
            ("a", true) => {
                if let Some(href) = self.links.pop().filter(|href| !href.is_empty()) {
                    out.push_str("](<");
                    out.push_str(&href);
                    out.push_str(">)");
                }
            }
            ("img", _) => {
                let alt = value_of(attributes, "alt").unwrap_or_default();
                let src = value_of(attributes, "src").unwrap_or_default();
                out.push_str("![");
                out.push_str(&alt);
                out.push_str("](<");
                out.push_str(&src);
                out.push_str(">)");
            }
            ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", closing) => {
                if !closing && at_start {
                    let level = name.as_bytes().get(1).map_or(2, |digit| usize::from(digit - b'0'));
                    out.clear();
                    out.push_str(&"#".repeat(level));
                    out.push(' ');
                }
            }
            ("li", false) if at_start => {
                out.push_str("- ");
            }
            ("td" | "th", false) => out.push(' '),
            ("li", _) | ("td" | "th", true) => {}
            (gone, _) if GONE.contains(&gone) => {}
            _ => return false,
        }
        true
    }
}

/// Offset of the end of inline code that starts here; the offset after its backticks when the line does not close it.
fn code_end(after: &str) -> usize {
    let run = after.bytes().take_while(|c| *c == b'`').count();
    let mark = &after[..run];
    let mut from = run;
    while let Some(at) = after[from..].find(mark) {
        let start = from + at;
        let length = after[start..].bytes().take_while(|c| *c == b'`').count();
        if length == run {
            return start + length;
        }
        from = start + length;
    }
    run
}

fn value_of(attributes: &str, key: &str) -> Option<String> {
    let mut from = 0;
    while let Some(at) = attributes.get(from..)?.find(key) {
        let start = from + at;
        let rest = attributes[start + key.len()..].trim_start();
        let alone = attributes[..start].ends_with([' ', '\t', '"', '\'']);
        if let Some(value) = rest.strip_prefix('=').filter(|_| alone) {
            let value = value.trim_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            return match quote {
                Some(quote) => value[1..].split(quote).next().map(str::to_owned),
                None => value
                    .split_whitespace()
                    .next()
                    .map(|value| value.trim_end_matches('/').to_owned()),
            };
        }
        from = start + key.len();
    }
    None
}

/// Text of an HTML fragment that the Markdown parser left alone: tags and comments are removed, entities decoded.
pub(super) fn text_of(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    // The next `>`, which is looked for once, however many `<` come before it.
    let mut closing = 0;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let start = html.len() - rest.len();
        if closing <= start {
            closing = rest.find('>').map_or(html.len(), |end| start + end);
        }
        let end = Some(closing - start).filter(|_| closing < html.len());
        if rest.starts_with("<!--") {
            rest = rest.find("-->").map_or("", |end| &rest[end + 3..]);
        } else if let Some(end) = end.filter(|end| is_known(&rest[1..*end])) {
            rest = &rest[end + 1..];
        } else {
            out.push('<');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&")
}

fn is_known(inner: &str) -> bool {
    let inner = inner.trim_start_matches('/');
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inner.len());
    let name = inner[..end].to_ascii_lowercase();
    GONE.contains(&name.as_str())
        || matches!(
            name.as_str(),
            "pre"
                | "code"
                | "br"
                | "b"
                | "i"
                | "em"
                | "strong"
                | "a"
                | "img"
                | "li"
                | "td"
                | "th"
                | "summary"
                | "h1"
                | "h2"
                | "h3"
                | "h4"
                | "h5"
                | "h6"
                | "script"
                | "style"
                | "samp"
                | "tt"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_removed_and_placeholders_stay() {
        assert_eq!(text_of("<b>a</b> <ID> &lt;x&gt; <"), "a <ID> <x> <");
        // Once a search from each `<`, which takes minutes.
        let text = "<".repeat(1 << 20);
        assert_eq!(text_of(&format!("{text} >")), format!("{text} >"));
    }
}
