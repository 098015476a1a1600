//! A small Liquid: `site.data.*`, `page.*`, `capture`, `assign`, `raw`, `comment`, and Hugo's shortcodes. Lines keep
//! their numbers. Template syntax of other tools (`{{.Name}}`, `{{ $labels.x }}`, Go templates) is left as it is.

mod names;

use std::collections::BTreeMap;

use serde_json::Value;

use super::frontmatter::{at_path, in_data};
use names::{literal, product, readable, shortcode};

/// A use of `{{ site.data.teams.KEY… }}` and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TeamUse {
    /// Line in the body, from 1.
    pub(super) line: u32,
    /// Key of the team.
    pub(super) key: String,
    /// The rest of the path: `comm.name`, `escalate.link`, `issue`.
    pub(super) field: String,
    /// The resolved value; empty when the data does not have it.
    pub(super) value: String,
}

/// A text with its Liquid resolved.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    /// The text, with as many lines as before.
    pub(super) text: String,
    /// Uses of the team file.
    pub(super) teams: Vec<TeamUse>,
    /// Problems: line, code and message.
    pub(super) problems: Vec<(u32, &'static str, String)>,
}

/// Bounds on the output of resolving one text. A value can be named any number of times, so without bounds a small
/// document could grow to gigabytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    /// Bytes by which values may exceed the Liquid that they replace, plus the bytes kept in variables.
    bytes: usize,
    /// Number of outputs and tags.
    steps: usize,
    /// Number of `capture`, `raw` and `comment` blocks.
    blocks: usize,
}

/// Bounds for the text of a document.
pub(super) const DOCUMENT: Budget = Budget {
    bytes: 512 * 1024,
    steps: 20_000,
    blocks: 1_000,
};
/// Bounds for one value of the front matter.
pub(super) const FIELD: Budget = Budget {
    bytes: 4 * 1024,
    steps: 100,
    blocks: 10,
};

struct Resolver<'a> {
    data: &'a BTreeMap<String, Value>,
    page: &'a Value,
    variables: BTreeMap<String, String>,
    out: Resolved,
    line: u32,
    in_code: bool,
    budget: Budget,
    left: Budget,
    /// True when the budget is used up: nothing more is resolved.
    stopped: bool,
}

/// Tags that control the output; they are dropped and the text between them stays.
const FLOW: [&str; 19] = [
    "if",
    "unless",
    "else",
    "elsif",
    "endif",
    "endunless",
    "for",
    "endfor",
    "include",
    "include_relative",
    "link",
    "post_url",
    "highlight",
    "endhighlight",
    "case",
    "when",
    "endcase",
    "break",
    "continue",
];

/// Resolves the Liquid of a text, within a budget. Once the budget is used up, the rest of the text is kept as it is
/// and a problem is reported.
pub(super) fn resolve(text: &str, data: &BTreeMap<String, Value>, page: &Value, budget: Budget) -> Resolved {
    if !text.contains("{{") && !text.contains("{%") {
        return Resolved {
            text: text.to_owned(),
            ..Resolved::default()
        };
    }
    let mut resolver = Resolver {
        data,
        page,
        variables: BTreeMap::new(),
        out: Resolved {
            text: String::with_capacity(text.len()),
            ..Resolved::default()
        },
        line: 1,
        in_code: false,
        budget,
        left: budget,
        stopped: false,
    };
    resolver.run(text);
    resolver.out
}

impl Resolver<'_> {
    fn run(&mut self, text: &str) {
        let mut rest = text;
        let (mut braces, mut tags) = (Closing::new("}}"), Closing::new("%}"));
        while let Some(at) = next_open(rest) {
            self.push(&rest[..at]);
            rest = &rest[at..];
            if self.stopped {
                break;
            }
            let output = rest.starts_with("{{");
            let closing = if output { &mut braces } else { &mut tags };
            let Some(end) = closing.end(text, text.len() - rest.len()) else {
                self.push(&rest[..2]);
                rest = &rest[2..];
                continue;
            };
            if self.left.steps == 0 {
                let steps = self.budget.steps;
                self.stop(&format!(
                    "this document holds more than {steps} Liquid outputs and tags"
                ));
                break;
            }
            self.left.steps -= 1;
            let (whole, after) = rest.split_at(end);
            let inner = whole[2..whole.len() - 2].trim_matches('-').trim();
            rest = if output {
                self.output(whole, inner, after);
                after
            } else {
                self.tag(whole, inner, after)
            };
        }
        self.push(rest);
    }

    /// Stops resolving, and reports why.
    fn stop(&mut self, why: &str) {
        if !self.stopped {
            self.stopped = true;
            self.problem(
                "liquid-budget",
                format!("{why}; from here on the text is kept as it is written"),
            );
        }
    }

    /// Takes bytes out of the budget; returns `false`, and ends resolving, when too few are left.
    fn afford(&mut self, bytes: usize) -> bool {
        match self.left.bytes.checked_sub(bytes) {
            Some(left) if !self.stopped => self.left.bytes = left,
            _ => {
                let most = self.budget.bytes / 1024;
                self.stop(&format!(
                    "the values that Liquid puts into this document come to more than {most} KiB"
                ));
            }
        }
        !self.stopped
    }

    /// Takes a block out of the budget; returns `false`, and ends resolving, when none is left.
    fn afford_block(&mut self) -> bool {
        if let Some(left) = self.left.blocks.checked_sub(1) {
            self.left.blocks = left;
        } else {
            let blocks = self.budget.blocks;
            self.stop(&format!(
                "this document holds more than {blocks} `capture`, `raw` and `comment` blocks"
            ));
        }
        !self.stopped
    }

    /// Copies text, counting lines and tracking code fences.
    fn push(&mut self, text: &str) {
        self.out.text.push_str(text);
        let mut lines = text.split('\n');
        let _ = lines.next();
        for line in lines {
            self.line += 1;
            let bare = line.trim_start();
            if bare.starts_with("```") || bare.starts_with("~~~") {
                self.in_code = !self.in_code;
            }
        }
    }

    /// Replaces source that may span lines. The source stays when the budget does not allow the replacement.
    fn replace(&mut self, whole: &str, with: &str) {
        if with.len() > whole.len() && !self.afford(with.len() - whole.len()) {
            self.push(whole);
            return;
        }
        self.out.text.push_str(with);
        let breaks = whole.matches('\n').count();
        for _ in with.matches('\n').count()..breaks {
            self.out.text.push('\n');
        }
        self.line += u32::try_from(breaks).unwrap_or(0);
    }

    fn output(&mut self, whole: &str, inner: &str, after: &str) {
        if let Some(with) = shortcode(inner) {
            self.replace(whole, &with);
            return;
        }
        let (path, filters) = inner
            .split_once('|')
            .map_or((inner, ""), |(path, filters)| (path.trim(), filters));
        let parts: Vec<&str> = path.split('.').collect();
        let plain = parts.iter().all(|part| is_name(part));
        match parts.as_slice() {
            ["site", "data", rest @ ..] if plain && !rest.is_empty() => self.site_data(whole, rest, after),
            ["site", rest @ ..] if plain && !rest.is_empty() => {
                let name = if self.is_address(after) || rest == ["baseurl"] || rest == ["url"] {
                    String::new()
                } else {
                    readable(rest)
                };
                self.replace(whole, &name);
            }
            ["page", rest @ ..] if plain && !rest.is_empty() => {
                let value = at_path(self.page, rest).unwrap_or_else(|| readable(rest));
                self.replace(whole, &value);
            }
            [name] if self.variables.contains_key(*name) => {
                // A capture that spans lines stays where it was written; printing it again would shift all lines.
                let value = self.variables.get(*name).cloned().unwrap_or_default();
                let value = if value.contains('\n') { "" } else { value.as_str() };
                let value = value.to_owned();
                self.replace(whole, &value);
            }
            _ => {
                if let Some(value) = literal(path).filter(|_| !filters.is_empty() || path.starts_with(['\'', '"'])) {
                    // `{{ "{{.Name}}" }}` is how Jekyll authors write braces.
                    self.replace(whole, &value);
                    return;
                }
                self.push(whole);
            }
        }
    }

    /// Returns true when the position being filled is the address of a link.
    fn is_address(&self, after: &str) -> bool {
        self.out.text.ends_with("](") && after.starts_with([')', ' ', '/', '#'])
    }

    fn site_data(&mut self, whole: &str, path: &[&str], after: &str) {
        let found = in_data(self.data, path);
        let longer = found
            .as_ref()
            .map_or(0, |value| value.len().saturating_sub(whole.len()));
        if longer > self.left.bytes {
            self.afford(longer);
            self.push(whole);
            return;
        }
        if let ["teams", key, field @ ..] = path {
            self.out.teams.push(TeamUse {
                line: self.line,
                key: (*key).to_owned(),
                field: field.join("."),
                value: found.clone().unwrap_or_default(),
            });
        }
        let value = found.unwrap_or_else(|| {
            if let ["keyword", key, ..] = path {
                return product(key);
            }
            self.out.problems.push((
                self.line,
                "liquid-unknown",
                format!(
                    "`site.data.{}` is not in `_data/{}.yml`; its name is shown instead",
                    path.join("."),
                    path.first().unwrap_or(&"")
                ),
            ));
            if self.is_address(after) {
                String::new()
            } else {
                readable(path)
            }
        });
        self.replace(whole, &value);
    }

    fn tag<'t>(&mut self, whole: &str, inner: &str, after: &'t str) -> &'t str {
        let (word, argument) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        let argument = argument.trim();
        match word {
            "raw" | "comment" => return self.verbatim(whole, word, after),
            "capture" => return self.capture(whole, argument, after),
            "assign" => {
                self.assign(argument);
                if self.stopped {
                    self.push(whole);
                } else {
                    self.replace(whole, "");
                }
            }
            "endcapture" | "endraw" | "endcomment" => self.replace(whole, ""),
            _ if self.in_code || !FLOW.contains(&word) => self.push(whole),
            _ => {
                if !word.starts_with("end") && word != "else" {
                    self.problem(
                        "liquid-unknown",
                        format!("`{{% {word} %}}` is not resolved; the text around it is kept"),
                    );
                }
                self.replace(whole, "");
            }
        }
        after
    }

    /// Resolves a capture: one line is shown where it is used, a longer text where it is written.
    fn capture<'t>(&mut self, whole: &str, name: &str, after: &'t str) -> &'t str {
        if !self.afford_block() {
            self.push(whole);
            return after;
        }
        let Some((body, _)) = block(after, "capture") else {
            self.replace(whole, "");
            self.unclosed("capture");
            return after;
        };
        let value = body.trim();
        if !self.afford(value.len()) {
            self.push(whole);
            return after;
        }
        self.replace(whole, "");
        self.variables.insert(name.to_owned(), value.to_owned());
        if value.contains('\n') {
            return after;
        }
        self.replace(body, "");
        &after[body.len()..]
    }

    /// Keeps the text of `{% raw %}…{% endraw %}` as it is, and removes a comment.
    fn verbatim<'t>(&mut self, whole: &str, word: &str, after: &'t str) -> &'t str {
        if !self.afford_block() {
            self.push(whole);
            return after;
        }
        let Some((body, rest)) = block(after, word) else {
            self.replace(whole, "");
            self.unclosed(word);
            return after;
        };
        self.replace(whole, "");
        if word == "raw" {
            self.push(body);
        } else {
            self.replace(body, "");
        }
        let closing = &after[body.len()..after.len() - rest.len()];
        self.replace(closing, "");
        rest
    }

    fn assign(&mut self, argument: &str) {
        let Some((name, value)) = argument.split_once('=') else {
            return;
        };
        let value = value.trim();
        let parts: Vec<&str> = value.split('.').collect();
        let value = match parts.as_slice() {
            ["site", "data", rest @ ..] => in_data(self.data, rest).unwrap_or_else(|| readable(rest)),
            ["page", rest @ ..] => at_path(self.page, rest).unwrap_or_default(),
            _ => literal(value).unwrap_or_else(|| value.to_owned()),
        };
        if self.afford(value.len()) {
            self.variables.insert(name.trim().to_owned(), value);
        }
    }

    fn unclosed(&mut self, word: &str) {
        self.problem(
            "liquid-unclosed",
            format!("`{{% {word} %}}` is not closed with `{{% end{word} %}}` within {LONGEST_BLOCK} bytes"),
        );
    }

    fn problem(&mut self, code: &'static str, message: String) {
        self.out.problems.push((self.line, code, message));
    }
}

fn next_open(rest: &str) -> Option<usize> {
    rest.as_bytes()
        .windows(2)
        .position(|pair| matches!(pair, b"{{" | b"{%"))
}

/// Position of the next closing mark of one kind. It is cached, so that a text full of openings is searched only once.
struct Closing {
    mark: &'static str,
    next: Option<usize>,
    none_left: bool,
}

impl Closing {
    fn new(mark: &'static str) -> Closing {
        Closing {
            mark,
            next: None,
            none_left: false,
        }
    }

    /// Length of the construct that opens at `from`, if it is closed within 2,000 bytes.
    fn end(&mut self, text: &str, from: usize) -> Option<usize> {
        const LONGEST: usize = 2_000;
        let inner = from + 2;
        if !self.none_left && self.next.is_none_or(|next| next < inner) {
            self.next = text.get(inner..)?.find(self.mark).map(|at| inner + at);
            self.none_left = self.next.is_none();
        }
        let end = self.next.filter(|next| *next >= inner)? + 2;
        (end - from <= LONGEST).then(|| end - from)
    }
}

/// Most bytes from the start of a block to its end tag.
const LONGEST_BLOCK: usize = 20_000;

/// Returns the body of `{% word %}…{% endword %}` and the text after it.
fn block<'t>(after: &'t str, word: &str) -> Option<(&'t str, &'t str)> {
    let end = format!("end{word}");
    let mut from = 0;
    while let Some(at) = after.get(from..)?.find("{%") {
        let start = from + at;
        if start > LONGEST_BLOCK {
            return None;
        }
        let rest = after.get(start + 2..)?;
        let inner = rest.trim_start_matches('-').trim_start();
        if inner.starts_with(&end) {
            let close = rest.find("%}")?;
            return Some((&after[..start], &rest[close + 2..]));
        }
        from = start + 2;
    }
    None
}

fn is_name(part: &str) -> bool {
    !part.is_empty()
        && part
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '-' || c == '[' || c == ']' || c == '"' || c == '\'')
}
