//! MyST: labels of places, directives in fences, roles. <https://mystmd.org/spec>

use super::notes::directive;

/// Content of a fence.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FenceKind {
    /// Code, as written.
    Code,
    /// Code of this language, which a directive names.
    CodeOf(String),
    /// Text, with the label of the directive and the text on its first line.
    Text { label: String, text: String },
    /// Nothing to read.
    LeftOut,
}

/// Languages that notebooks write in braces: their fences are code.
const LANGUAGES: [&str; 16] = [
    "r",
    "python",
    "bash",
    "sh",
    "shell",
    "sql",
    "julia",
    "js",
    "javascript",
    "ojs",
    "perl",
    "ruby",
    "stan",
    "powershell",
    "html",
    "css",
];

/// Reads the info string of a fence.
pub(super) fn fence(info: &str) -> FenceKind {
    if info == "mdx-code-block" {
        return FenceKind::Text {
            label: String::new(),
            text: String::new(),
        };
    }
    let Some((name, argument)) = info.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        return FenceKind::Code;
    };
    let argument = argument.trim();
    if let Some(classes) = name.trim().strip_prefix('.') {
        let lang = classes.split([' ', ',', '}']).next().unwrap_or_default();
        return FenceKind::CodeOf(lang.to_owned());
    }
    let name = name.split([' ', ',']).next().unwrap_or_default().to_ascii_lowercase();
    match name.as_str() {
        "code-block" | "code" | "sourcecode" | "code-cell" | "highlight" | "prompt" => {
            FenceKind::CodeOf(argument.split_whitespace().next().unwrap_or_default().to_owned())
        }
        "parsed-literal" | "math" | "console" | "raw" => FenceKind::CodeOf(String::new()),
        "mermaid" | "graphviz" | "plantuml" | "uml" | "digraph" | "graph" => FenceKind::CodeOf(name),
        "toctree" | "literalinclude" | "include" | "contents" | "tableofcontents" | "bibliography" | "index"
        | "csv-table" | "currentmodule" | "jupyter-execute" | "glue" => FenceKind::LeftOut,
        auto if auto.starts_with("auto") || auto.starts_with("sphinx") => FenceKind::LeftOut,
        language if LANGUAGES.contains(&language) => FenceKind::CodeOf(language.to_owned()),
        "" => FenceKind::Code,
        _ => {
            let (label, text) = directive(&name, argument);
            FenceKind::Text { label, text }
        }
    }
}

/// Returns the name in a line that gives the next place one: `(name)=`.
pub(super) fn label(line: &str) -> Option<&str> {
    let name = line.trim().strip_prefix('(')?.strip_suffix(")=")?;
    let is_name = !name.is_empty() && name.len() <= 100 && !name.contains(['(', ')', ' ']);
    is_name.then_some(name)
}

/// Replaces the roles of a line, `` {role}`text` ``: references become links, the rest code or text.
pub(super) fn roles(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    let mut in_code = false;
    while let Some(at) = rest.find("}`") {
        let (before, after) = (
            rest.get(..at).unwrap_or_default(),
            rest.get(at + 2..).unwrap_or_default(),
        );
        let role = before.rfind('{').and_then(|open| Some((open, before.get(open + 1..)?)));
        in_code ^= before.matches('`').count() % 2 == 1;
        let role = role.filter(|(_, name)| {
            let is_name = !name.is_empty()
                && name.len() <= 40
                && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_:.".contains(&c));
            is_name && !in_code && after.starts_with(|c: char| !c.is_whitespace())
        });
        match (role, after.split_once('`')) {
            (Some((open, name)), Some((content, further))) if !content.is_empty() => {
                out.push_str(before.get(..open).unwrap_or_default());
                put_role(name, content, &mut out);
                rest = further;
            }
            _ => {
                out.push_str(rest.get(..at + 2).unwrap_or_default());
                in_code = !in_code;
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn put_role(name: &str, content: &str, out: &mut String) {
    let (text, target) = match content.strip_suffix('>').and_then(|content| content.rsplit_once('<')) {
        Some((text, target)) if !text.trim().is_empty() => (text.trim(), target.trim()),
        _ => (content, content),
    };
    let text = text.trim_start_matches(['~', '!']);
    let is_code = name.contains(':')
        || matches!(
            name,
            "code"
                | "command"
                | "file"
                | "envvar"
                | "option"
                | "program"
                | "kbd"
                | "samp"
                | "literal"
                | "func"
                | "class"
                | "meth"
                | "mod"
                | "attr"
                | "exc"
                | "data"
                | "const"
                | "obj"
                | "bash"
                | "python"
        );
    match name {
        "ref" | "numref" => out.extend(["[", text, "](<#", target, ">)"]),
        "doc" | "download" if text != target => out.extend(["[", text, "](<", target, ">)"]),
        _ if is_code => out.extend(["`", text, "`"]),
        _ => out.push_str(text),
    }
}
