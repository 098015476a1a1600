//! Conditions and included files: the lines of a document as its author means them.

use std::borrow::Cow;

use super::super::sections::Problems;
use super::attributes::{Attributes, pairs};
use super::collection::{self, SharedFiles};
use super::lines::{SourceLine, attribute_entry, block_macro};

/// Most bytes of included files in a document.
const MOST_INCLUDED: usize = 1 << 20;

/// Most included files in a document.
const MOST_FILES: usize = 1_000;

/// Deepest nesting of included files.
const DEEPEST_INCLUDE: usize = 8;

/// Decides the conditions of a document and puts included files in their place.
pub(super) struct Preprocessor<'d> {
    /// The attributes set so far.
    known: Attributes<'d>,
    files: SharedFiles<'d>,
    /// The conditions that are open: whether each holds.
    open: Vec<bool>,
    /// Number of open conditions that do not hold.
    dropped: usize,
    bytes: usize,
    included: usize,
    out: Vec<SourceLine<'d>>,
    problems: Problems,
}

/// Returns the lines of a document. The branches whose condition is known not to hold are left out; the text of a
/// condition that depends on something unknown is kept.
pub(super) fn lines<'d>(
    path: &str,
    text: &'d str,
    attributes: &Attributes<'d>,
    files: SharedFiles<'d>,
) -> (Vec<SourceLine<'d>>, Problems) {
    let mut preprocessor = Preprocessor {
        known: attributes.clone(),
        files,
        open: Vec::new(),
        dropped: 0,
        bytes: 0,
        included: 0,
        out: Vec::new(),
        problems: Vec::new(),
    };
    for (text, number) in text.split('\n').zip(1..) {
        preprocessor.line(path, text.trim_end(), number, 0);
    }
    (preprocessor.out, preprocessor.problems)
}

impl<'d> Preprocessor<'d> {
    fn push(&mut self, text: Cow<'d, str>, number: u32) {
        self.out.push(SourceLine { text, number });
    }

    fn line(&mut self, path: &str, text: &'d str, number: u32, depth: usize) {
        if let Some(directive) = conditional(text) {
            self.condition(directive, number);
            return;
        }
        if self.dropped > 0 {
            return;
        }
        if let Some((name, value)) = attribute_entry(text) {
            self.known.set(&name, value);
        }
        if let Some((_, target, inner)) = block_macro(text).filter(|(name, ..)| *name == "include") {
            self.include(path, target, inner, number, depth);
        } else {
            let escaped = text.strip_prefix('\\');
            let is_escaped = |rest: &&str| conditional(rest).is_some() || rest.starts_with("include::");
            let text = escaped.filter(is_escaped).unwrap_or(text);
            self.push(Cow::Borrowed(text), number);
        }
    }

    fn condition(&mut self, (name, target, inner): (&str, &str, &'d str), number: u32) {
        if name == "endif" {
            if self.open.pop() == Some(false) {
                self.dropped -= 1;
            }
            return;
        }
        let holds = match name {
            "ifeval" => evaluate(inner, &mut self.known),
            _ => defined(target, &self.known).map(|defined| defined == (name == "ifdef")),
        };
        let keep = holds.unwrap_or(true);
        // `ifdef::name[text]` holds its text itself and has no end.
        if name != "ifeval" && !inner.is_empty() {
            if keep && self.dropped == 0 {
                self.push(Cow::Borrowed(inner), number);
            }
            return;
        }
        self.dropped += usize::from(!keep);
        self.open.push(keep);
    }

    /// Puts a file in the place of its directive. One that is a document of its own becomes a link.
    fn include(&mut self, path: &str, target: &str, inner: &str, number: u32, depth: usize) {
        let target = self.known.expand(target).into_owned();
        let attributes = pairs(inner);
        let value = |names: [&str; 2]| {
            let mut named = attributes.iter();
            named.find(|(name, _)| name.as_deref().is_some_and(|name| names.contains(&name)))
        };
        let Some((file, shared)) = self.files.find(path, &target) else {
            let is_optional = value(["opts", "options"]).is_some_and(|(_, value)| value.contains("optional"));
            if !is_optional {
                let message = format!("`include::{target}[]` is left out: the folder has no such file");
                self.problems.push((number, "include-unread", message));
            }
            return;
        };
        let (tags, ranges) = (value(["tag", "tags"]), value(["lines", "lines"]));
        let is_part = tags.is_some() || ranges.is_some();
        if let Some(title) = shared.title.filter(|_| !is_part) {
            let link = collection::relative(path, file).filter(|link| !link.contains([' ', '[']));
            let title = title.replace(']', "\\]");
            let text = link.map_or(format!("* {title}"), |link| format!("* link:{link}[{title}]"));
            self.push(Cow::Owned(text), number);
            return;
        }
        let Some(text) = shared.text else { return };
        self.bytes += text.len();
        self.included += 1;
        if depth >= DEEPEST_INCLUDE || self.bytes > MOST_INCLUDED || self.included > MOST_FILES {
            let message = format!(
                "`include::{target}[]` is left out: too many files are included here, or they include each other"
            );
            self.problems.push((number, "include-too-much", message));
            return;
        }
        let offset = value(["leveloffset", "leveloffset"]).map(|(_, value)| value.clone());
        if let Some(offset) = &offset {
            self.offset(offset, number);
        }
        let tags = tags.map(|(_, tags)| tags.as_str());
        let ranges = ranges.map(|(_, ranges)| ranges.as_str());
        let mut chosen = Chosen::new(tags, ranges);
        for (line, at) in text.lines().zip(1_usize..) {
            if chosen.takes(line, at) {
                self.line(file, line.trim_end(), number, depth + 1);
            }
        }
        if let Some(offset) = &offset {
            let back = match offset.strip_prefix('-') {
                Some(back) => format!("+{back}"),
                None => format!("-{}", offset.trim_start_matches('+')),
            };
            self.offset(&back, number);
        }
    }

    /// Moves the levels of the headings that follow.
    fn offset(&mut self, offset: &str, number: u32) {
        let sign = if offset.starts_with('-') { "" } else { "+" };
        let entry = format!(":leveloffset: {sign}{}", offset.trim_start_matches('+'));
        for text in [String::new(), entry, String::new()] {
            self.push(Cow::Owned(text), number);
        }
    }
}

/// The lines of an included file that its directive asks for.
struct Chosen<'a> {
    tags: Option<Vec<&'a str>>,
    ranges: Option<Vec<(usize, usize)>>,
    /// Tags that are open.
    open: Vec<String>,
}

impl<'a> Chosen<'a> {
    fn new(tags: Option<&'a str>, ranges: Option<&str>) -> Chosen<'a> {
        let number = |text: &str, default: usize| text.trim().parse().unwrap_or(default);
        let range = |part: &str| match part.split_once("..") {
            Some((from, to)) => (number(from, 1), number(to, usize::MAX)),
            None => (number(part, 0), number(part, 0)),
        };
        Chosen {
            tags: tags.map(|tags| {
                tags.split([',', ';'])
                    .map(str::trim)
                    .filter(|tag| !tag.starts_with('!'))
                    .collect()
            }),
            ranges: ranges.map(|ranges| ranges.split([',', ';']).map(range).collect()),
            open: Vec::new(),
        }
    }

    /// Returns true for a line that is included. Lines that mark a tag are not.
    fn takes(&mut self, line: &str, at: usize) -> bool {
        if let Some((ends, name)) = tag(line) {
            if !ends {
                self.open.push(name.to_owned());
            } else if let Some(place) = self.open.iter().rposition(|open| open == name) {
                self.open.remove(place);
            }
            return false;
        }
        let in_tag = self.tags.as_ref().is_none_or(|tags| {
            tags.iter().any(|tag| match *tag {
                "**" => true,
                "*" => !self.open.is_empty(),
                name => self.open.iter().any(|open| open == name),
            })
        });
        let in_range = self.ranges.as_ref();
        in_tag && in_range.is_none_or(|ranges| ranges.iter().any(|(from, to)| (*from..=*to).contains(&at)))
    }
}

/// The name in `tag::name[]` or `end::name[]`, and whether it ends there.
fn tag(line: &str) -> Option<(bool, &str)> {
    let line = line.trim_end().trim_end_matches("-->").trim_end();
    let head = line.trim_end_matches("*/").trim_end().strip_suffix("[]")?;
    let (before, name) = head.rsplit_once("::")?;
    let is_name = !name.is_empty() && !name.contains([' ', ':']);
    let ends = before.ends_with("end");
    (is_name && (ends || before.ends_with("tag"))).then_some((ends, name))
}

fn conditional(text: &str) -> Option<(&str, &str, &str)> {
    if !(text.starts_with("if") || text.starts_with("endif")) {
        return None;
    }
    block_macro(text).filter(|(name, ..)| matches!(*name, "ifdef" | "ifndef" | "ifeval" | "endif"))
}

/// Returns whether the attributes `a,b` (one of them) or `a+b` (all of them) are set; `None` when that is unknown.
fn defined(target: &str, known: &Attributes<'_>) -> Option<bool> {
    let state = |name: &str| known.state(&name.trim().to_lowercase());
    if target.contains(',') {
        let states: Vec<_> = target.split(',').map(state).collect();
        return if states.contains(&Some(true)) {
            Some(true)
        } else {
            states.iter().all(Option::is_some).then_some(false)
        };
    }
    let states: Vec<_> = target.split('+').map(state).collect();
    if states.contains(&Some(false)) {
        Some(false)
    } else {
        states.iter().all(Option::is_some).then_some(true)
    }
}

/// Evaluates `"{name}" == "value"`; `None` when an attribute in it is unknown.
fn evaluate(expression: &str, known: &mut Attributes<'_>) -> Option<bool> {
    const OPERATORS: [&str; 6] = ["==", "!=", "<=", ">=", "<", ">"];
    let (at, operator) = OPERATORS
        .iter()
        .filter_map(|operator| Some((expression.find(operator)?, *operator)))
        .min_by_key(|(at, operator)| (*at, std::cmp::Reverse(operator.len())))?;
    let mut side = |text: &str| {
        let value = known.expand(text.trim()).into_owned();
        let is_known = !value.contains('{');
        is_known.then(|| value.trim_matches(['"', '\'']).to_owned())
    };
    let left = side(expression.get(..at)?)?;
    let right = side(expression.get(at + operator.len()..)?)?;
    let order = match (left.parse::<f64>(), right.parse::<f64>()) {
        (Ok(left), Ok(right)) => left.partial_cmp(&right)?,
        _ => left.cmp(&right),
    };
    Some(match operator {
        "==" => order.is_eq(),
        "!=" => order.is_ne(),
        "<=" => order.is_le(),
        ">=" => order.is_ge(),
        "<" => order.is_lt(),
        _ => order.is_gt(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn branches_whose_condition_is_unknown_are_kept() {
        let text = ":cloud: aws\nifdef::cloud[]\na\nendif::[]\nifndef::cloud[]\nb\nendif::[]\nifdef::other[]\nc\n\
                    ifeval::[\"{cloud}\" == \"gcp\"]\nd\nendif::[]\nendif::[]\nifeval::[{version} < 4]\ne\nendif::[]\n\
                    ifdef::cloud[f]\nifndef::cloud[g]\n\\ifdef::x[]\nendif::[]\nh";
        let (kept, _) = lines("a.adoc", text, &Attributes::default(), SharedFiles::default());
        let kept: Vec<String> = kept
            .iter()
            .map(|line| format!("{} {}", line.number, line.text))
            .collect();
        assert_eq!(
            kept,
            ["1 :cloud: aws", "3 a", "9 c", "15 e", "17 f", "19 ifdef::x[]", "21 h"]
        );
    }

    #[test]
    fn an_included_file_stands_in_the_place_of_its_directive() {
        let data = json!({"files": {
            "parts/a.adoc": {"text": "one\ninclude::b.adoc[]\n// tag::x[]\ntwo\n// end::x[]\nthree"},
            "parts/b.adoc": {"text": "inner"},
            "own.adoc": {"title": "A page of its own"},
            "loop.adoc": {"text": "include::loop.adoc[]"},
        }});
        let files = SharedFiles::of(&data);
        let read = |text: &'static str| {
            let (kept, problems) = lines("page.adoc", text, &Attributes::default(), files);
            let kept: Vec<String> = kept
                .iter()
                .map(|line| format!("{} {}", line.number, line.text))
                .collect();
            (kept, problems.len())
        };
        assert_eq!(
            read("include::parts/a.adoc[]\nend"),
            (
                vec![
                    "1 one".to_owned(),
                    "1 inner".to_owned(),
                    "1 two".to_owned(),
                    "1 three".to_owned(),
                    "2 end".to_owned()
                ],
                0
            )
        );
        assert_eq!(read("include::parts/a.adoc[tag=x]").0, ["1 two"]);
        assert_eq!(read("include::parts/a.adoc[lines=1..2]").0, ["1 one", "1 inner"]);
        assert_eq!(read("include::own.adoc[]").0, ["1 * link:own.adoc[A page of its own]"]);
        assert_eq!(read("include::gone.adoc[]"), (Vec::new(), 1));
        assert_eq!(read("include::gone.adoc[opts=optional]"), (Vec::new(), 0));
        assert_eq!(read("include::loop.adoc[]"), (Vec::new(), 1));
        assert_eq!(
            read("include::parts/b.adoc[leveloffset=+1]").0,
            [
                "1 ",
                "1 :leveloffset: +1",
                "1 ",
                "1 inner",
                "1 ",
                "1 :leveloffset: -1",
                "1 "
            ]
        );
    }
}
