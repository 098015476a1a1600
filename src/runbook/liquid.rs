//! A small Liquid: `site.data.*`, `page.*`, `capture`, `assign`, `raw`, `comment`, and Hugo's shortcodes. Lines stay
//! where they are. What is not Liquid's business (`{{.Name}}`, `{{ $labels.x }}`, go-templates) stays as it is.

use std::collections::BTreeMap;

use serde_json::Value;

use super::frontmatter::{at_path, in_data};

/// A use of `{{ site.data.teams.KEY… }}` and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TeamUse {
    /// Line in the body, from 1.
    pub(super) line: u32,
    /// Key of the team.
    pub(super) key: String,
    /// The rest of the path: `comm.name`, `escalate.link`, `issue`.
    pub(super) field: String,
    /// What it became; empty when the data does not know it.
    pub(super) value: String,
}

/// The text with its Liquid resolved.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    /// As many lines as before.
    pub(super) text: String,
    /// Uses of the team file.
    pub(super) teams: Vec<TeamUse>,
    /// Line, code and message.
    pub(super) problems: Vec<(u32, &'static str, String)>,
}

struct Resolver<'a> {
    data: &'a BTreeMap<String, Value>,
    page: &'a Value,
    variables: BTreeMap<String, String>,
    out: Resolved,
    line: u32,
    in_code: bool,
    blocks_left: usize,
}

/// Tags that steer what is shown; they are dropped and their text stays.
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

/// Resolves the Liquid of a text.
pub(super) fn resolve(text: &str, data: &BTreeMap<String, Value>, page: &Value) -> Resolved {
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
        blocks_left: 100,
    };
    resolver.run(text);
    resolver.out
}

impl Resolver<'_> {
    fn run(&mut self, text: &str) {
        let mut rest = text;
        // Without a closing mark further on, looking again at each opening one would be quadratic.
        let (mut no_braces, mut no_tag) = (false, false);
        while let Some(at) = next_open(rest) {
            self.push(&rest[..at]);
            rest = &rest[at..];
            let output = rest.starts_with("{{");
            let close = if output { "}}" } else { "%}" };
            let seen = if output { &mut no_braces } else { &mut no_tag };
            let end = if *seen { None } else { find_close(rest, close) };
            let Some(end) = end else {
                *seen = *seen || !rest.contains(close);
                self.push(&rest[..2]);
                rest = &rest[2..];
                continue;
            };
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

    /// Copies text, counting lines and following fences.
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

    /// Puts something in the place of source that may span lines.
    fn replace(&mut self, whole: &str, with: &str) {
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
                // A capture that spans lines stands where it was written; printing it again would move all lines.
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

    /// Whether the place that is being filled is a link's address.
    fn is_address(&self, after: &str) -> bool {
        self.out.text.ends_with("](") && after.starts_with([')', ' ', '/', '#'])
    }

    fn site_data(&mut self, whole: &str, path: &[&str], after: &str) {
        let found = in_data(self.data, path);
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
            "capture" => {
                self.replace(whole, "");
                self.blocks_left = self.blocks_left.saturating_sub(1);
                match block(after, word).filter(|_| self.blocks_left > 0) {
                    Some((body, _)) => {
                        self.variables.insert(argument.to_owned(), body.trim().to_owned());
                        if !body.trim().contains('\n') {
                            // One line: it is shown where it is used.
                            self.replace(body, "");
                            return &after[body.len()..];
                        }
                    }
                    None => self.problem(
                        "liquid-unclosed",
                        "`{% capture %}` is never closed with `{% endcapture %}`".into(),
                    ),
                }
            }
            "assign" => {
                self.assign(argument);
                self.replace(whole, "");
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

    /// `{% raw %}…{% endraw %}` stays as it is, a comment goes.
    fn verbatim<'t>(&mut self, whole: &str, word: &str, after: &'t str) -> &'t str {
        self.blocks_left = self.blocks_left.saturating_sub(1);
        let Some((body, rest)) = block(after, word).filter(|_| self.blocks_left > 0) else {
            self.replace(whole, "");
            self.problem(
                "liquid-unclosed",
                format!("`{{% {word} %}}` is never closed with `{{% end{word} %}}`"),
            );
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
        self.variables.insert(name.trim().to_owned(), value);
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

/// End of the construct, not further than a person would write it.
fn find_close(rest: &str, close: &str) -> Option<usize> {
    const LONGEST: usize = 2_000;
    let mut end = rest.len().min(LONGEST);
    while !rest.is_char_boundary(end) {
        end -= 1;
    }
    rest.get(2..end)?.find(close).map(|at| at + 4)
}

/// The body of `{% word %}…{% endword %}` and what follows.
fn block<'t>(after: &'t str, word: &str) -> Option<(&'t str, &'t str)> {
    const LONGEST: usize = 20_000;
    let end = format!("end{word}");
    let mut from = 0;
    while let Some(at) = after.get(from..)?.find("{%") {
        let start = from + at;
        if start > LONGEST {
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

fn literal(text: &str) -> Option<String> {
    let text = text.trim();
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text.strip_prefix(quote)?.strip_suffix(quote).map(str::to_owned)
}

/// Hugo: `< ref "x.md" >` becomes its address, everything else nothing.
fn shortcode(inner: &str) -> Option<String> {
    let inside = inner
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
        .or_else(|| inner.strip_prefix('%').and_then(|rest| rest.strip_suffix('%')))?;
    let inside = inside.trim().trim_end_matches('/').trim();
    let (word, argument) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
    let argument = argument.trim();
    match word {
        "ref" | "relref" => Some(literal(argument).unwrap_or_else(|| argument.to_owned())),
        "hint" | "notice" | "alert" | "expand" | "details" | "tab" => Some(literal(argument).unwrap_or_default()),
        _ => Some(String::new()),
    }
}

/// The name in a path that nothing is known about: `teams.satellite-link.comm.name` → `satellite-link`.
fn readable(path: &[&str]) -> String {
    const GENERIC: [&str; 12] = [
        "name",
        "link",
        "url",
        "comm",
        "escalate",
        "issue",
        "title",
        "short",
        "dashboard",
        "channel",
        "email",
        "href",
    ];
    let rest = match path {
        [_, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    let words: Vec<&str> = rest.iter().copied().filter(|part| !GENERIC.contains(part)).collect();
    if words.is_empty() {
        let generic = rest.iter().copied().filter(|part| *part == "dashboard");
        let words: Vec<&str> = path.first().copied().into_iter().chain(generic).collect();
        return words.join(" ");
    }
    words.join(" ")
}

/// A readable product name from a key such as `cos_full_notm`.
fn product(key: &str) -> String {
    if key.starts_with("attribute-definition") {
        return String::new();
    }
    let mut base = key;
    for suffix in ["_notm", "_full", "_short", "full", "short", "long", "_", "full"] {
        base = base.strip_suffix(suffix).unwrap_or(base);
    }
    // Names that a key alone does not spell.
    let known = match base {
        "cloud" | "Bluemix" | "bluemix" => "IBM Cloud",
        "openshift" | "redhat_openshift" => "Red Hat OpenShift",
        "redhat" => "Red Hat",
        "cos" => "Cloud Object Storage",
        "registry" => "Container Registry",
        "containers" | "container" | "containerlong" => "Kubernetes Service",
        "logs" => "Cloud Logs",
        "filestorage_vpc" => "File Storage for VPC",
        "blockstorage" | "block_storage_is" => "Block Storage",
        "keymanagementservice" => "Key Protect",
        "hscrypto" => "Hyper Protect Crypto Services",
        "dl" => "Direct Link",
        "IBM" => "IBM",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    base.split(['_', '-'])
        .filter(|word| !word.is_empty())
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        })
        .collect::<Vec<String>>()
        .join(" ")
}
