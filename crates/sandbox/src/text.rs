//! Typed text as a Slack client sends it: escapes, links, mentions, and the matching `rich_text` block.

use serde_json::{Map, Value, json};

use super::state::State;

/// Typed text as the server receives it.
#[derive(Debug, PartialEq)]
pub(crate) struct Typed {
    pub(crate) text: String,
    pub(crate) blocks: Value,
}

/// A piece of typed text.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Link { url: String, label: Option<String> },
    User(String),
    Channel { id: String, name: String },
    Group(String),
    Broadcast(String),
}

/// Lookup of the names that can be mentioned.
pub(crate) trait Names {
    /// Returns the id of the user with this id or handle.
    fn user(&self, name: &str) -> Option<String>;
    /// Returns the id and name of the channel with this id or name.
    fn channel(&self, name: &str) -> Option<(String, String)>;
    /// Returns the id of the user group with this handle.
    fn group(&self, handle: &str) -> Option<String>;
}

impl Names for State {
    fn user(&self, name: &str) -> Option<String> {
        self.user_called(name).map(|user| user.id.clone())
    }

    fn channel(&self, name: &str) -> Option<(String, String)> {
        self.channels
            .iter()
            .find(|channel| channel.id == name || (channel.name == name && !name.is_empty()))
            .map(|channel| (channel.id.clone(), channel.name.clone()))
    }

    fn group(&self, handle: &str) -> Option<String> {
        self.group_called(handle).map(|group| group.id.clone())
    }
}

/// Escapes `&`, `<` and `>`, as Slack does.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Converts typed text to the text and blocks that a client sends.
pub(crate) fn typed(input: &str, names: &dyn Names, block_id: &str) -> Typed {
    let mut text = String::with_capacity(input.len() + 32);
    let mut elements: Vec<Value> = Vec::new();
    for (index, part) in input.split("```").enumerate() {
        let is_last_open = index % 2 == 1 && input.matches("```").count() == index;
        if index % 2 == 1 && !is_last_open {
            let inner = part.strip_prefix('\n').unwrap_or(part);
            let pieces = pieces(inner, names, false);
            text.push_str("```");
            text.push_str(if part.starts_with('\n') { "\n" } else { "" });
            text.extend(pieces.iter().map(Piece::to_text));
            text.push_str("```");
            let inside: Vec<Value> = pieces.iter().map(|piece| piece.to_element(&Map::new())).collect();
            elements.push(json!({"type": "rich_text_preformatted", "elements": trimmed_end(inside), "border": 0}));
        } else {
            let part = if is_last_open {
                format!("```{part}")
            } else {
                part.to_owned()
            };
            text.push_str(&spans(&part, names, &mut elements, index > 0));
        }
    }
    let block = json!({"type": "rich_text", "block_id": block_id, "elements": elements});
    Typed {
        text,
        blocks: Value::Array(vec![block]),
    }
}

/// Converts text outside code blocks: quotes, inline code and styles.
fn spans(part: &str, names: &dyn Names, elements: &mut Vec<Value>, after_code: bool) -> String {
    let mut text = String::new();
    let mut open: Option<(&str, Vec<Value>)> = None;
    for (index, line) in part.split('\n').enumerate() {
        let (kind, shown) = match line.strip_prefix("> ") {
            Some(quoted) => ("rich_text_quote", quoted),
            None => ("rich_text_section", line),
        };
        if index > 0 {
            text.push('\n');
        }
        if kind == "rich_text_quote" {
            text.push_str("&gt; ");
        }
        let (line_text, line_elements) = inline(shown, names);
        text.push_str(&line_text);
        match &mut open {
            Some((open_kind, collected)) if *open_kind == kind => {
                collected.push(json!({"type": "text", "text": "\n"}));
                collected.extend(line_elements);
            }
            _ => {
                close(&mut open, elements);
                // The line break after a code block is part of the block.
                if !(index == 0 && line.is_empty() && (after_code || part.len() > 1)) {
                    open = Some((kind, line_elements));
                }
            }
        }
    }
    close(&mut open, elements);
    text
}

fn close(open: &mut Option<(&str, Vec<Value>)>, elements: &mut Vec<Value>) {
    if let Some((kind, collected)) = open.take().map(|(kind, collected)| (kind, merged(collected)))
        && !collected.is_empty()
    {
        elements.push(json!({"type": kind, "elements": collected}));
    }
}

/// Converts one line: `code`, *bold*, _italic_, ~struck~ and plain.
fn inline(line: &str, names: &dyn Names) -> (String, Vec<Value>) {
    let (mut text, mut elements) = (String::new(), Vec::new());
    let mut rest = line;
    let mut plain = String::new();
    let mut before = ' ';
    while let Some(mark) = rest.chars().next() {
        let style = match mark {
            '`' => "code",
            '*' => "bold",
            '_' => "italic",
            '~' => "strike",
            _ => "",
        };
        let inner = if style.is_empty() {
            None
        } else {
            styled(rest, mark, before)
        };
        if let Some(inner) = inner {
            flush(&mut plain, names, &mut text, &mut elements);
            let pieces = if mark == '`' {
                vec![Piece::Text(inner.to_owned())]
            } else {
                pieces(inner, names, true)
            };
            let style = Map::from_iter([(style.to_owned(), json!(true))]);
            text.push(mark);
            text.extend(pieces.iter().map(Piece::to_text));
            text.push(mark);
            elements.extend(pieces.iter().map(|piece| piece.to_element(&style)));
            rest = rest.get(inner.len() + 2..).unwrap_or_default();
            before = mark;
        } else {
            plain.push(mark);
            before = mark;
            rest = rest.get(mark.len_utf8()..).unwrap_or_default();
        }
    }
    flush(&mut plain, names, &mut text, &mut elements);
    (text, elements)
}

fn flush(plain: &mut String, names: &dyn Names, text: &mut String, elements: &mut Vec<Value>) {
    let pieces = pieces(&std::mem::take(plain), names, true);
    text.extend(pieces.iter().map(Piece::to_text));
    elements.extend(pieces.iter().map(|piece| piece.to_element(&Map::new())));
}

/// Returns the text between two style marks, if the client would apply the style.
fn styled(rest: &str, mark: char, before: char) -> Option<&str> {
    let body = rest.get(1..)?;
    let inner = body.get(..body.find(mark)?)?;
    let after = body.get(inner.len() + 1..)?.chars().next().unwrap_or(' ');
    let stands_free = !before.is_alphanumeric() && !after.is_alphanumeric();
    let is_tight = !inner.starts_with(char::is_whitespace) && !inner.ends_with(char::is_whitespace);
    (!inner.is_empty() && stands_free && (is_tight || mark == '`')).then_some(inner)
}

/// Splits text into links, mentions and the rest. Bare domains become links only in prose.
fn pieces(text: &str, names: &dyn Names, in_prose: bool) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at_word = plain
            .chars()
            .next_back()
            .is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '@' | '/' | '.' | '-' | '_'));
        let piece = markup(rest, names)
            .or_else(|| address(rest).filter(|_| at_word || rest.starts_with("http")))
            .or_else(|| {
                if in_prose && at_word {
                    name_or_domain(rest, names)
                } else {
                    None
                }
            });
        if let Some((piece, length)) = piece {
            if !plain.is_empty() {
                found.push(Piece::Text(std::mem::take(&mut plain)));
            }
            found.push(piece);
            rest = rest.get(length..).unwrap_or_default();
        } else {
            let next = rest.chars().next().unwrap_or_default();
            plain.push(next);
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        }
    }
    if !plain.is_empty() {
        found.push(Piece::Text(plain));
    }
    found
}

/// Parses `<@U…>`, `<#C…>`, `<!here>` and `<url|label>`, which completion inserts in the composer.
fn markup(rest: &str, names: &dyn Names) -> Option<(Piece, usize)> {
    let inner = rest.strip_prefix('<')?;
    let inner = inner.get(..inner.find(['>', '\n'])?)?;
    let length = inner.len() + 2;
    if !rest.get(..length)?.ends_with('>') {
        return None;
    }
    let (target, label) = inner
        .split_once('|')
        .map_or((inner, None), |(target, label)| (target, Some(label)));
    let piece = match target.chars().next()? {
        '@' => Piece::User(names.user(target.get(1..)?).filter(|id| target.get(1..) == Some(id))?),
        '#' => names
            .channel(target.get(1..)?)
            .map(|(id, name)| Piece::Channel { id, name })?,
        '!' => match target.get(1..)? {
            "here" | "channel" | "everyone" => Piece::Broadcast(target.get(1..)?.to_owned()),
            group => Piece::Group(group.strip_prefix("subteam^")?.to_owned()),
        },
        _ if is_web(target) => Piece::Link {
            url: target.to_owned(),
            label: Some(label?.to_owned()),
        },
        _ => return None,
    };
    Some((piece, length))
}

fn is_web(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// Parses a web address, without the punctuation that ends the sentence around it.
fn address(rest: &str) -> Option<(Piece, usize)> {
    if !is_web(rest) {
        return None;
    }
    let end = rest
        .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`' | '|' | '\''))
        .unwrap_or(rest.len());
    let mut url = rest
        .get(..end)?
        .trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_', '~', '…']);
    while url.ends_with([')', ']', '}']) && !url.contains(['(', '[', '{']) {
        url = url.get(..url.len() - 1)?;
    }
    let host = url.split_once("://").map_or("", |(_, host)| host);
    (!host.is_empty()).then(|| {
        (
            Piece::Link {
                url: url.to_owned(),
                label: None,
            },
            url.len(),
        )
    })
}

fn is_domain(word: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(host, ending)| {
        matches!(ending, "com" | "org" | "net" | "io")
            && !host.contains("..")
            && host
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
    })
}

/// Parses `@name`, `#channel`, an e-mail address, or a domain such as `example.com`, which clients link too.
fn name_or_domain(rest: &str, names: &dyn Names) -> Option<(Piece, usize)> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let (mark, body) = (rest.chars().next()?, rest.get(1..));
    let word = |text: &str| -> String {
        let end = text.find(|c: char| !is_name(c)).unwrap_or(text.len());
        text.get(..end)
            .unwrap_or_default()
            .trim_end_matches(['.', '-', '_'])
            .to_owned()
    };
    match mark {
        '@' => {
            let name = word(body?);
            if let "here" | "channel" | "everyone" = name.as_str() {
                return Some((Piece::Broadcast(name.clone()), name.len() + 1));
            }
            if name.is_empty() {
                return None;
            }
            let person = names.user(&name).map(Piece::User);
            let piece = person.or_else(|| names.group(&name).map(Piece::Group))?;
            Some((piece, name.len() + 1))
        }
        '#' => {
            let name = word(body?);
            names
                .channel(&name)
                .map(|(id, shown)| (Piece::Channel { id, name: shown }, name.len() + 1))
        }
        _ if mark.is_ascii_alphanumeric() => {
            let local = word(rest);
            let mail = rest
                .get(local.len()..)?
                .strip_prefix('@')
                .map(&word)
                .filter(|domain| is_domain(domain));
            let (url, shown) = match mail {
                Some(domain) => (format!("mailto:{local}@{domain}"), format!("{local}@{domain}")),
                None if is_domain(&local) => (format!("http://{local}"), local),
                None => return None,
            };
            let after = rest.get(shown.len()..)?.chars().next().unwrap_or(' ');
            let ends_free = after.is_whitespace() || matches!(after, '.' | ',' | ';' | ')' | '!' | '?');
            ends_free.then(|| {
                (
                    Piece::Link {
                        url,
                        label: Some(shown.clone()),
                    },
                    shown.len(),
                )
            })
        }
        _ => None,
    }
}

impl Piece {
    fn to_text(&self) -> String {
        match self {
            Self::Text(text) => escape(text),
            Self::Link { url, label: None } => format!("<{}>", escape(url)),
            Self::Link {
                url,
                label: Some(label),
            } => format!("<{}|{}>", escape(url), escape(label)),
            Self::User(id) => format!("<@{id}>"),
            Self::Channel { id, name } => format!("<#{id}|{name}>"),
            Self::Group(id) => format!("<!subteam^{id}>"),
            Self::Broadcast(range) => format!("<!{range}>"),
        }
    }

    fn to_element(&self, style: &Map<String, Value>) -> Value {
        let mut element = match self {
            Self::Text(text) => json!({"type": "text", "text": text}),
            Self::Link { url, label: None } => json!({"type": "link", "url": url}),
            Self::Link {
                url,
                label: Some(label),
            } => json!({"type": "link", "url": url, "text": label}),
            Self::User(id) => json!({"type": "user", "user_id": id}),
            Self::Channel { id, .. } => json!({"type": "channel", "channel_id": id}),
            Self::Group(id) => json!({"type": "usergroup", "usergroup_id": id}),
            Self::Broadcast(range) => json!({"type": "broadcast", "range": range}),
        };
        if let (false, Some(object)) = (style.is_empty(), element.as_object_mut()) {
            object.insert("style".into(), Value::Object(style.clone()));
        }
        element
    }
}

/// Joins adjacent plain texts.
fn merged(elements: Vec<Value>) -> Vec<Value> {
    let mut result: Vec<Value> = Vec::with_capacity(elements.len());
    let plain = |element: &Value| element["type"] == "text" && element.get("style").is_none();
    for element in elements {
        match result.last_mut() {
            Some(last) if plain(last) && plain(&element) => {
                let joined = format!(
                    "{}{}",
                    last["text"].as_str().unwrap_or(""),
                    element["text"].as_str().unwrap_or("")
                );
                last["text"] = json!(joined);
            }
            _ => result.push(element),
        }
    }
    result.retain(|element| element["type"] != "text" || element["text"] != "");
    result
}

fn trimmed_end(mut elements: Vec<Value>) -> Vec<Value> {
    if let Some(last) = elements.last_mut()
        && let Some(text) = last["text"].as_str().map(|text| text.trim_end_matches('\n').to_owned())
        && last["type"] == "text"
    {
        last["text"] = json!(text);
    }
    elements
}
