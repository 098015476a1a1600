//! Roles of interpreted text: those of docutils, of Sphinx and of its domains.

use super::super::{Inline, Target};
use super::inline::unescaped;
use super::targets::{LinkTargets, Named};

/// Makes an inline of interpreted text; `None` for icons, which hold no text.
pub(super) fn interpret(role: &str, content: &str, targets: &LinkTargets) -> Option<Inline> {
    let role = role.to_ascii_lowercase();
    let (label, target) = titled(content);
    let label = unescaped(label.strip_prefix('!').unwrap_or(label));
    let name = role.strip_prefix("std:").unwrap_or(&role);
    Some(match name {
        "ref" | "numref" | "any" | "keyword" => reference(&label, target, targets),
        "doc" => link(&page(target.unwrap_or(&label)), &label),
        "download" => link(target.unwrap_or(&label), &label),
        "guilabel" | "menuselection" => Inline::Strong(vec![Inline::Text(selection(&label))]),
        "strong" => Inline::Strong(vec![Inline::Text(unescaped(content))]),
        "emphasis" | "dfn" | "title" | "title-reference" | "t" => {
            Inline::Emphasis(vec![Inline::Text(unescaped(content))])
        }
        "file" | "samp" => Inline::Code(placeholders(content)),
        "code" | "literal" | "command" | "kbd" | "math" | "regexp" | "mimetype" | "mailheader" | "manpage" => {
            Inline::Code(unescaped(content))
        }
        "program" | "option" | "envvar" | "makevar" | "token" | "confval" | "func" | "class" | "meth" | "mod"
        | "attr" | "data" | "exc" | "obj" | "const" => Inline::Code(short(&label)),
        "pep" => numbered("PEP", &label, "https://peps.python.org/pep-", 4),
        "rfc" => numbered("RFC", &label, "https://www.rfc-editor.org/rfc/rfc", 0),
        "abbr" | "sub" | "sup" | "subscript" | "superscript" => Inline::Text(unescaped(content)),
        "octicon" | "fas" | "fab" | "far" | "fa" | "material-regular" | "material-outlined" => return None,
        // An object of a domain: `py:func`, `ts:cv`. References of other projects' documents name their role last.
        name if name.contains(':')
            && !name.ends_with(":ref")
            && !name.ends_with(":doc")
            && !name.ends_with(":term") =>
        {
            Inline::Code(short(&label))
        }
        _ => Inline::Text(label),
    })
}

/// Splits `title <target>`.
pub(super) fn titled(content: &str) -> (&str, Option<&str>) {
    let inner = content.strip_suffix('>').filter(|inner| !inner.ends_with('\\'));
    let split = inner.and_then(|inner| inner.rsplit_once('<'));
    match split {
        Some((title, target)) if title.trim().is_empty() && !target.is_empty() => (target, Some(target)),
        Some((title, target)) if title.ends_with(' ') && !target.is_empty() => (title.trim(), Some(target)),
        _ => (content, None),
    }
}

/// A link; without an address it is its text.
pub(super) fn link(address: &str, label: &str) -> Inline {
    let label = vec![Inline::Text(label.to_owned())];
    let address = unescaped(address.trim());
    if address.is_empty() {
        return Inline::Emphasis(label);
    }
    let target = if address.contains("://") || address.starts_with("mailto:") {
        Target::Url(address)
    } else {
        Target::Relative(address)
    };
    Inline::Link { target, label }
}

/// A reference to a label. One of another document has no address here; its name still tells what to look for.
fn reference(label: &str, target: Option<&str>, targets: &LinkTargets) -> Inline {
    let name = target.unwrap_or(label);
    let title = match targets.named(name) {
        Some(Named::Address(address)) => return link(address, label),
        Some(Named::Label(title)) => title,
        Some(Named::Title) => "",
        None if target.is_some() => return Inline::Text(label.to_owned()),
        None => return Inline::Emphasis(vec![Inline::Text(label.to_owned())]),
    };
    let shown = if target.is_none() && !title.is_empty() {
        title
    } else {
        label
    };
    link(&format!("#{name}"), shown)
}

/// The file of a document that is named without its ending.
fn page(name: &str) -> String {
    match name.split_once('#') {
        Some((name, id)) => format!("{name}.rst#{id}"),
        None => format!("{name}.rst"),
    }
}

/// Steps through a menu: `Start --> Programs`; `&` marks a key.
fn selection(label: &str) -> String {
    let label = label.replace("-->", "→").replace("&&", "\u{0}");
    label.replace('&', "").replace('\u{0}', "&")
}

/// `{name}` stands for a value: `<name>`. Other braces are literal.
fn placeholders(content: &str) -> String {
    const LONGEST_NAME: usize = 60;
    let mut out = String::with_capacity(content.len());
    let mut rest = content;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let end = after
            .bytes()
            .take(LONGEST_NAME)
            .position(|byte| matches!(byte, b'}' | b'{'));
        let name = end.and_then(|end| after.get(..end).filter(|_| after.get(end..=end) == Some("}")));
        if let Some(name) = name.filter(|name| !name.is_empty() && !before.ends_with(['\\', '$'])) {
            out.extend(["<", name, ">"]);
            rest = after.get(name.len() + 1..).unwrap_or_default();
        } else {
            out.push('{');
            rest = after;
        }
    }
    out.push_str(rest);
    unescaped(&out)
}

/// The last part of `~package.module.name`.
fn short(label: &str) -> String {
    match label.strip_prefix('~') {
        Some(path) => path.rsplit('.').next().unwrap_or(path).to_owned(),
        None => label.to_owned(),
    }
}

/// A link to a numbered document, whose address has at least `digits` digits.
fn numbered(series: &str, label: &str, address: &str, digits: usize) -> Inline {
    let number = label.split('#').next().unwrap_or(label);
    let shown = format!("{series} {label}");
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Inline::Text(shown);
    }
    link(&format!("{address}{number:0>digits$}"), &shown)
}
