//! The text of code blocks, as a reader sees it.

use std::borrow::Cow;

use super::super::plain;
use super::State;
use super::attributes::BlockAttributes;
use super::inlines;

/// Languages whose text is drawn: nobody reads or runs it.
const DIAGRAMS: [&str; 20] = [
    "a2s",
    "actdiag",
    "blockdiag",
    "bpmn",
    "bytefield",
    "c4plantuml",
    "d2",
    "ditaa",
    "erd",
    "graphviz",
    "mermaid",
    "nomnoml",
    "nwdiag",
    "pikchr",
    "plantuml",
    "seqdiag",
    "structurizr",
    "svgbob",
    "vega",
    "wavedrom",
];

/// True for the name of a language whose text is drawn.
pub(super) fn is_diagram(style: &str) -> bool {
    DIAGRAMS.contains(&style)
}

/// The text of a code block: without callouts, and with the attributes and marks resolved that `subs` asks for.
pub(super) fn text(lines: &[&str], attributes: &BlockAttributes, line: u32, state: &mut State<'_>) -> String {
    let substitutions = attributes.value("subs").unwrap_or_default();
    let asks = |names: [&str; 3]| {
        let mut words = substitutions.split(',').map(|word| word.trim().trim_matches('+'));
        words.any(|word| names.contains(&word))
    };
    let (names, marks) = (
        asks(["attributes", "normal", "a"]),
        asks(["quotes", "macros", "normal"]),
    );
    let lines = match attributes.value("indent") {
        Some("0") => dedented(lines),
        _ => lines.to_vec(),
    };
    let mut out = String::new();
    for (at, text) in lines.into_iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let text = without_callouts(text);
        let text = if names { state.attributes.expand(&text) } else { text };
        if marks {
            let indent = text.len() - text.trim_start().len();
            out.push_str(&text[..indent]);
            let line = line.saturating_add(u32::try_from(at + 1).unwrap_or(0));
            out.push_str(&plain(&inlines::read(&text, line, false, state)));
        } else {
            out.push_str(&text);
        }
    }
    let end = out.trim_end().len();
    out.truncate(end);
    let start = out.len() - out.trim_start_matches('\n').len();
    out.split_off(start)
}

/// Lines without the indentation that all of them have.
pub(super) fn dedented<'t>(lines: &[&'t str]) -> Vec<&'t str> {
    let indent = |line: &&str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let common = lines
        .iter()
        .filter(|line| !line.is_empty())
        .map(indent)
        .min()
        .unwrap_or(0);
    lines
        .iter()
        .map(|line| line.get(common..).unwrap_or_default())
        .collect()
}

/// A line without the numbers at its end that refer to the remarks below the block: `<1>`, `# <2>`, `<.>`, `<!--3-->`.
fn without_callouts(text: &str) -> Cow<'_, str> {
    let mut rest = text;
    while let Some(head) = rest.trim_end().strip_suffix('>') {
        let Some(at) = head.rfind('<') else { break };
        let mark = &head[at + 1..];
        let number = mark
            .strip_prefix("!--")
            .and_then(|mark| mark.strip_suffix("--"))
            .unwrap_or(mark);
        let is_number =
            number == "." || !number.is_empty() && number.len() <= 3 && number.bytes().all(|b| b.is_ascii_digit());
        let before = &head[..at];
        if let Some(escaped) = before.strip_suffix('\\').filter(|_| is_number) {
            return Cow::Owned(format!("{escaped}<{mark}>"));
        }
        // `List<1>` is code.
        if !is_number || !(before.is_empty() || before.ends_with([' ', '\t', '>', '\\', '#', '/', '-', ';'])) {
            break;
        }
        rest = before;
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    let rest = rest.trim_end();
    let comments = ["//", "#", "--", ";;"];
    let bare = comments
        .iter()
        .find_map(|mark| rest.strip_suffix(mark))
        .filter(|bare| bare.is_empty() || bare.ends_with(' '));
    Cow::Borrowed(bare.unwrap_or(rest).trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callouts_leave_the_code_and_placeholders_stay() {
        let cases = [
            ("replicas: 3 <1>", "replicas: 3"),
            ("replicas: 3 # <1>", "replicas: 3"),
            ("run \\ <2> <3>", "run \\"),
            ("<name>x</name> <!--4-->", "<name>x</name>"),
            ("x <.>", "x"),
            ("node <name>", "node <name>"),
            ("List<1>", "List<1>"),
            ("keep \\<1>", "keep <1>"),
            ("exit <5000>", "exit <5000>"),
        ];
        for (line, code) in cases {
            assert_eq!(without_callouts(line), code);
        }
    }

    #[test]
    fn attributes_and_marks_are_resolved_where_the_block_asks_for_it() {
        let mut state = State::default();
        state.attributes.set("tool", Some("depot"));
        let lines = ["  {tool} open _<name>_ *now*", "", "end"];
        let mut of = |list: &str| {
            let mut attributes = BlockAttributes::default();
            attributes.add(list);
            text(&lines, &attributes, 1, &mut state)
        };
        assert_eq!(of("source"), "  {tool} open _<name>_ *now*\n\nend");
        assert_eq!(of("source,subs=attributes+"), "  depot open _<name>_ *now*\n\nend");
        assert_eq!(
            of("source,subs=\"+quotes,attributes\""),
            "  depot open <name> now\n\nend"
        );
    }
}
