//! A page of Notion as a document of HTML, which the reader of HTML pages takes.

use std::collections::BTreeMap;

use quick_xml::escape::escape;
use url::Url;

use super::blocks::{NotionBlock, NotionKind, TextPiece, plain, to_id};
use super::entries::{NotionEntry, PropertyValue};

/// Emoji in front of callouts, with the kind of note that they stand for.
const CALLOUTS: [(&str, &str); 6] = [
    ("⚠🚧", "warning"),
    ("🚨❗‼🔥⛔🛑☠", "danger"),
    ("💡✅", "tip"),
    ("ℹ📝📌🗒🔎", "note"),
    ("❓❔", "question"),
    ("⭐📣", "important"),
];
/// Text of the link that stands for what is not read.
const UNREAD: &str = "Part of this page can only be read in Notion";

/// Writer of pages.
pub(super) struct PageWriter<'a> {
    entries: BTreeMap<&'a str, &'a NotionEntry>,
    /// Address of Notion, without a path.
    site: &'a Url,
}

impl<'a> PageWriter<'a> {
    pub(super) fn new(entries: &'a [NotionEntry], site: &'a Url) -> PageWriter<'a> {
        PageWriter {
            entries: entries.iter().map(|entry| (entry.id.as_str(), entry)).collect(),
            site,
        }
    }

    pub(super) fn entry(&self, id: &str) -> Option<&'a NotionEntry> {
        self.entries.get(id).copied()
    }

    /// Returns the document of a page: the reader takes title, address, tags and time from its head.
    pub(super) fn document(&self, entry: &NotionEntry, blocks: &[NotionBlock]) -> String {
        let meta =
            |name: &str, content: &str| format!("<meta name=\"signpost-{name}\" content=\"{}\">", escape(content));
        let address = self.address_of(&entry.id);
        let head = [
            meta("title", &entry.title),
            meta("place", "Notion"),
            meta("changed", &entry.changed.to_string()),
            format!("<meta name=\"keywords\" content=\"{}\">", escape(entry.tags.join(","))),
            format!("<link rel=\"canonical\" href=\"{}\">", escape(&address)),
        ];
        let mut page = PageText {
            writer: self,
            address,
            out: String::new(),
        };
        page.properties(&entry.properties);
        page.blocks(blocks);
        format!(
            "<!DOCTYPE html><html><head>{}</head><body><main id=\"main-content\">\n{}</main></body></html>\n",
            head.concat(),
            page.out
        )
    }

    /// Address of a page or database.
    fn address_of(&self, id: &str) -> String {
        let given = self.entry(id).and_then(|entry| Url::parse(&entry.address).ok());
        if let Some(url) = given.filter(|url| url.scheme() == "https") {
            return url.into();
        }
        self.site.join(id).unwrap_or_else(|_| self.site.clone()).into()
    }
}

/// The text of one page, while it is written.
struct PageText<'w> {
    writer: &'w PageWriter<'w>,
    address: String,
    out: String,
}

impl PageText<'_> {
    fn properties(&mut self, properties: &[(String, PropertyValue)]) {
        if properties.is_empty() {
            return;
        }
        self.line("<ul>");
        for (name, value) in properties {
            let value = match value {
                PropertyValue::Text(text) => self.text(text),
                PropertyValue::Pages(ids) => {
                    let links: Vec<String> = ids.iter().map(|id| self.link_to(id, "")).collect();
                    links.join(", ")
                }
            };
            self.line(&format!("<li>{}: {value}</li>", escape(name)));
        }
        self.line("</ul>");
    }

    fn line(&mut self, html: &str) {
        self.out.push_str(html);
        self.out.push('\n');
    }

    /// Writes blocks; neighbouring items are one list.
    fn blocks(&mut self, blocks: &[NotionBlock]) {
        let mut open: Option<&str> = None;
        for block in blocks {
            let list = match block.kind {
                NotionKind::Bullet | NotionKind::ToDo(_) => Some("ul"),
                NotionKind::Number(_) => Some("ol"),
                _ => None,
            };
            let starts_anew = matches!(block.kind, NotionKind::Number(Some(_)));
            if (open != list || starts_anew)
                && let Some(name) = open.take()
            {
                self.line(&format!("</{name}>"));
            }
            if let (None, Some(name)) = (open, list) {
                let start = match block.kind {
                    NotionKind::Number(Some(start)) => format!(" start=\"{start}\""),
                    _ => String::new(),
                };
                self.line(&format!("<{name}{start}>"));
                open = list;
            }
            if list.is_some() {
                self.item(block);
            } else {
                self.block(block);
            }
        }
        if let Some(name) = open {
            self.line(&format!("</{name}>"));
        }
    }

    fn item(&mut self, block: &NotionBlock) {
        let sign = match block.kind {
            NotionKind::ToDo(true) => "<input type=\"checkbox\" checked> ",
            NotionKind::ToDo(false) => "<input type=\"checkbox\"> ",
            _ => "",
        };
        let text = self.text(&block.text);
        self.line(&format!("<li><p>{sign}{text}</p>"));
        self.blocks(&block.children);
        self.line("</li>");
    }

    fn block(&mut self, block: &NotionBlock) {
        let text = self.text(&block.text);
        match &block.kind {
            NotionKind::Heading(level) => self.line(&format!("<h{level} id=\"{}\">{text}</h{level}>", block.id)),
            NotionKind::Toggle => {
                self.line(&format!("<details><summary>{text}</summary>"));
                self.blocks(&block.children);
                return self.line("</details>");
            }
            NotionKind::Quote => return self.boxed("blockquote", &text, &block.children),
            NotionKind::Callout(emoji) => {
                let known = CALLOUTS
                    .iter()
                    .find(|(signs, _)| emoji.chars().next().is_some_and(|first| signs.contains(first)));
                let class = known.map_or(String::new(), |(_, kind)| format!(" callout-{kind}"));
                return self.boxed(&format!("div class=\"callout{class}\""), &text, &block.children);
            }
            NotionKind::Code(language) => {
                let class = language.to_lowercase().replace(' ', "-");
                let class = if matches!(class.as_str(), "" | "plain-text") {
                    String::new()
                } else {
                    format!(" class=\"language-{}\"", escape(&class))
                };
                // The first line break after `<pre>` does not count in HTML.
                let code = format!("<pre{class}>\n{}</pre>", escape(plain(&block.text)));
                self.line(&code);
            }
            NotionKind::Equation => self.line(&format!("<p><code>{text}</code></p>")),
            NotionKind::Divider => self.line("<hr>"),
            NotionKind::Table {
                has_header_row,
                has_header_column,
            } => return self.table(&block.children, *has_header_row, *has_header_column),
            NotionKind::PageLink(id) => {
                let link = self.link_to(id, "");
                self.line(&format!("<p>{link}</p>"));
            }
            NotionKind::Child => {
                let link = self.link_to(&block.id, &plain(&block.text));
                self.line(&format!("<p>{link}</p>"));
            }
            NotionKind::Link(url) => {
                let label = plain(&block.text);
                let own = url.clone().unwrap_or_else(|| self.own(&block.id));
                let label = if label.is_empty() { &own } else { &label };
                let link = format!("<p><a href=\"{}\">{}</a></p>", escape(&own), escape(label));
                self.line(&link);
            }
            NotionKind::Unread => {
                let link = format!("<p><a href=\"{}\">{UNREAD}</a></p>", escape(self.own(&block.id)));
                self.line(&link);
            }
            NotionKind::Derived => {}
            _ if text.is_empty() => {}
            _ => self.line(&format!("<p>{text}</p>")),
        }
        self.blocks(&block.children);
    }

    /// Writes an element with a paragraph and blocks in it. `tag`: the start tag without its angle brackets.
    fn boxed(&mut self, tag: &str, text: &str, children: &[NotionBlock]) {
        self.line(&format!("<{tag}>"));
        if !text.is_empty() {
            self.line(&format!("<p>{text}</p>"));
        }
        self.blocks(children);
        let name = tag.split(' ').next().unwrap_or(tag);
        self.line(&format!("</{name}>"));
    }

    fn table(&mut self, rows: &[NotionBlock], has_header_row: bool, has_header_column: bool) {
        self.line("<table>");
        let mut is_first = true;
        for row in rows {
            let NotionKind::Row(cells) = &row.kind else { continue };
            let mut html = String::from("<tr>");
            for (column, cell) in cells.iter().enumerate() {
                let is_header = is_first && has_header_row || column == 0 && has_header_column;
                let name = if is_header { "th" } else { "td" };
                html.extend(["<", name, ">", &self.text(cell), "</", name, ">"]);
            }
            html.push_str("</tr>");
            self.line(&html);
            is_first = false;
        }
        self.line("</table>");
        // The sign for what is left out is no row.
        for other in rows.iter().filter(|row| !matches!(row.kind, NotionKind::Row(_))) {
            self.block(other);
        }
    }

    /// Address of a block of this page.
    fn own(&self, block: &str) -> String {
        format!("{}#{block}", self.address)
    }

    /// A link to a page or database, by its title.
    fn link_to(&self, id: &str, title: &str) -> String {
        let known = self.writer.entry(id).map(|entry| entry.title.as_str());
        let title = Some(title).filter(|title| !title.is_empty()).or(known);
        let address = self.writer.address_of(id);
        format!(
            "<a href=\"{}\">{}</a>",
            escape(&address),
            escape(title.unwrap_or("a page in Notion"))
        )
    }

    fn text(&self, pieces: &[TextPiece]) -> String {
        let mut out = String::new();
        for piece in pieces {
            let mut text = escape(&piece.text).replace('\n', "<br>");
            for (is_so, name) in [
                (piece.code, "code"),
                (piece.bold, "b"),
                (piece.italic, "i"),
                (piece.strike, "s"),
            ] {
                if is_so {
                    text = format!("<{name}>{text}</{name}>");
                }
            }
            if let Some(address) = self.address_in(piece) {
                text = format!("<a href=\"{}\">{text}</a>", escape(&address));
            }
            out.push_str(&text);
        }
        out
    }

    /// Address that a piece of text links to.
    fn address_in(&self, piece: &TextPiece) -> Option<String> {
        if let Some(page) = &piece.page {
            return Some(self.writer.address_of(page));
        }
        let href = piece.href.as_deref()?;
        // Notion writes a link to a page or one of its blocks as `/ID#BLOCK`.
        let Some(path) = href.strip_prefix('/') else {
            return Some(href.to_owned());
        };
        let (path, block) = path
            .split_once('#')
            .map_or((path, None), |(path, block)| (path, Some(block)));
        let page = path.split('?').next().and_then(to_id);
        let Some(mut address) = page.map(|page| self.writer.address_of(&page)) else {
            return self.writer.site.join(href).ok().map(String::from);
        };
        if let Some(block) = block {
            address = format!("{address}#{block}");
        }
        Some(address)
    }
}
