//! Pasted errors without a runbook, grouped by their form: the same line with other numbers, ids, hosts and quoted
//! values is the same error.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::Timestamp;
use regex::Regex;

use crate::matching::{self, normalise::normalise};
use crate::redact::redact;

/// Most groups that are kept of one channel, and of all.
const MOST_GROUPS: usize = 5_000;
/// Most characters of an example.
const LONGEST: usize = 160;
/// Most characters of a line that are compared.
const COMPARED: usize = 300;

/// A message that reads like a pasted error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PastedError {
    /// The line that says it, redacted and shortened.
    pub(super) example: String,
    /// The line with its values masked: equal for errors of one form.
    pub(super) form: String,
}

/// Pasted errors of one form.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ErrorGroup {
    pub(super) count: usize,
    /// Ids of the channels.
    pub(super) channels: BTreeSet<String>,
    /// The first message's line.
    pub(super) example: String,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) reason: SilenceReason,
}

/// The reason why no runbook is shown for an error.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SilenceReason {
    /// The runbook that comes nearest.
    pub(super) near: Option<NearRunbook>,
    /// The reason in words.
    pub(super) why: String,
}

/// The runbook that comes nearest to an error.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NearRunbook {
    pub(super) runbook: String,
    pub(super) section: String,
    pub(super) confidence: f32,
}

/// The groups of unanswered errors, by their form.
#[derive(Debug, Default)]
pub(super) struct ErrorGroups {
    groups: BTreeMap<String, ErrorGroup>,
    /// Errors beyond [`MOST_GROUPS`].
    beyond: usize,
}

impl ErrorGroups {
    /// Counts an error. `reason` is asked for the first one of a form.
    pub(super) fn add(
        &mut self,
        error: PastedError,
        channel: &str,
        at: Timestamp,
        reason: impl FnOnce() -> SilenceReason,
    ) {
        let one = || ErrorGroup {
            count: 1,
            channels: BTreeSet::from([channel.to_owned()]),
            example: error.example,
            first: at,
            last: at,
            reason: reason(),
        };
        let is_full = self.groups.len() >= MOST_GROUPS;
        match self.groups.entry(error.form) {
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.count += 1;
                known.last = known.last.max(at);
            }
            Entry::Vacant(_) if is_full => self.beyond += 1,
            Entry::Vacant(new) => {
                new.insert(one());
            }
        }
    }

    /// Adds the groups of another channel.
    pub(super) fn join(&mut self, others: Self) {
        self.beyond += others.beyond;
        for (form, other) in others.groups {
            let is_full = self.groups.len() >= MOST_GROUPS;
            match self.groups.entry(form) {
                Entry::Occupied(mut known) => known.get_mut().join(other),
                Entry::Vacant(_) if is_full => self.beyond += other.count,
                Entry::Vacant(new) => {
                    new.insert(other);
                }
            }
        }
    }

    /// The groups, the largest first.
    pub(super) fn sorted(&self) -> Vec<&ErrorGroup> {
        let mut sorted: Vec<&ErrorGroup> = self.groups.values().collect();
        sorted.sort_by(|one, other| {
            let by_count = other.count.cmp(&one.count);
            by_count.then_with(|| (one.first, &one.example).cmp(&(other.first, &other.example)))
        });
        sorted
    }

    /// Errors that are counted, but in no group, since there are too many forms.
    pub(super) fn beyond(&self) -> usize {
        self.beyond
    }
}

impl ErrorGroup {
    fn join(&mut self, other: Self) {
        self.count += other.count;
        self.last = self.last.max(other.last);
        self.channels.extend(other.channels);
        if other.first < self.first {
            self.first = other.first;
            self.example = other.example;
            self.reason = other.reason;
        }
    }
}

impl PastedError {
    /// The error in a message; `None` when nothing in it has the form of a pasted error: a line that reads like one and
    /// that a program printed, or that stands in a code block or a quotation and is no source code. All that a bot writes
    /// is printed by a program.
    pub(super) fn of(text: &str, by_bot: bool) -> Option<Self> {
        // Secrets are sought in the whole text, for some take several lines.
        let text = redact(text);
        let mut fenced = false;
        let lines = text.split('\n').zip(normalise(&text).lines);
        let mut errors = lines.filter_map(|(raw, line)| {
            let fences = raw.matches("```").count();
            let is_code = fenced || is(PATTERNS.code.as_ref(), raw);
            let is_quoted = raw.starts_with("&gt;") || raw.starts_with('>');
            fenced ^= fences % 2 == 1;
            let shown = line.shown.trim_start_matches(['>', ' ']).to_owned();
            let has = |pattern: &Option<Regex>| is(pattern.as_ref(), &shown);
            let is_sentence = || has(&PATTERNS.sentence) && !has(&PATTERNS.source);
            // `The disk is full` has a word of people to people, so where a program is known to speak they do not count.
            let is_error = if by_bot || has(&PATTERNS.begins) || is_code && (has(&PATTERNS.printed) || is_sentence()) {
                matching::has_error_words(&shown)
            } else {
                (has(&PATTERNS.printed) || is_quoted && is_sentence()) && matching::reads_like_error(&shown)
            };
            (is_error && !has(&PATTERNS.frame)).then_some(shown)
        });
        let line = redact(&errors.next()?).into_owned();
        Some(Self {
            form: masked(&line),
            example: shortened(&line),
        })
    }
}

/// The patterns of this module. They are constant; one that did not compile would match nothing.
struct Patterns {
    /// A line that begins a code block, or is one span of code.
    code: Option<Regex>,
    /// The beginning of a line that nobody but a program writes.
    begins: Option<Regex>,
    /// A line that a program printed, when no words of people stand in it.
    printed: Option<Regex>,
    /// Several words in a row.
    sentence: Option<Regex>,
    /// Marks of source code.
    source: Option<Regex>,
    /// A line of a stack trace, which tells the place and not the error.
    frame: Option<Regex>,
    /// Values, which differ from one occurrence of an error to the next.
    values: Option<Regex>,
    /// Error codes, which do not.
    name: Option<Regex>,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns {
    code: Regex::new(r"^\s*(?:```|`[^`]+`\s*$)").ok(),
    begins: Regex::new(
        r"(?x)^\W{0,3}(?:
          \d{4}-\d\d-\d\d[T\ ]\d\d:\d\d                         # a time
        | \d\d:\d\d:\d\d\b
        | (?i:error|fatal|panic|critical|severe|failure|exception)[\]:(]
        | (?:ERROR|FATAL|CRITICAL|SEVERE|PANIC|WARN|WARNING)\b
        | [\w.]+(?:Error|Exception):
        )",
    )
    .ok(),
    printed: Regex::new(
        r"(?x)
          (?i:\b(?:error|err|exception|fatal|failed|failure|panic|warning|denied|refused)\b[^:\s]{0,20}:\s+\S)
        | \b[A-Za-z]+(?:Error|Exception|Failure|Failed|BackOff|Killed|Timeout)\b
        | \b(?:ERROR|FATAL|CRITICAL|SEVERE|FAILED|FAILURE|PANIC|WARN|WARNING)\b
        | ^(?:Failed\ to|Unable\ to|Cannot)\b
        | (?i:\b(?:level|severity)\x22?\s*[:=]\s*\x22?(?:err|fatal|crit|panic|warn))
        | \b(?i:exit\ (?:code|status)|exited\ with|status\ code)\b",
    )
    .ok(),
    sentence: Regex::new(r"[A-Za-z]{2,}\W{1,3}[\w'-]{2,}\W{1,3}[\w'-]{2,}").ok(),
    source: Regex::new(r"^[(\[{|,:=;.*#/<-]|->|=>|\|>|\s=\s|\(\)|[{};)]$").ok(),
    frame: Regex::new(r"^(?i:traceback \(most recent|at \S+\(|caused by:?$|file \x22|raise |\.\.\. \d+ more)").ok(),
    values: Regex::new(
        r#"(?x)
        "[^"\n]{0,200}" | `[^`\n]{0,200}` | (?:\B|^)'[^'\n]{1,200}'(?:\B|$)     # quoted values
        | \b[a-z][a-z0-9+.-]*://[^\s"'<>]+                                     # addresses
        | \[redacted:\ [^\]]*\]
        | (?:\B|^)(?:/[\w.@%+~-]+){2,}/?                                       # paths
        | \b[\w.+-]+@[\w-]+(?:\.[\w-]+)+                                       # mail addresses
        | \b[a-z0-9-]+(?:\.[a-z0-9-]+){2,}(?::\d+)?\b                          # hosts
        | \b[a-z0-9][a-z0-9.-]*:\d{2,5}\b                                      # a host and a port
        | \b\w*\d\w*(?:[-_.:/]\w+)*                                            # what holds a digit
        | \b[A-Za-z]\w*(?:[-_]\w+)*[-_]\w*\d\w*(?:[-_.:]\w+)*"#,
    )
    .ok(),
    name: Regex::new(r"^(?:[A-Z]{1,10}[-_]?\d{2,6}[A-Z]?|[A-Z]{2,10}\d{2,6}[A-Z]{1,3})$").ok(),
});

fn is(pattern: Option<&Regex>, line: &str) -> bool {
    pattern.is_some_and(|pattern| pattern.is_match(line))
}

/// A line in lower case with its values masked. Error codes stay: they are names, not values.
fn masked(line: &str) -> String {
    let plain = matching::normalise::plain(line);
    let plain: String = plain.chars().take(COMPARED).collect();
    let Some(values) = &PATTERNS.values else {
        return plain;
    };
    let masked = values.replace_all(&plain, |found: &regex::Captures<'_>| {
        let value = found.get(0).map_or("", |found| found.as_str());
        if is(PATTERNS.name.as_ref(), value) {
            value.to_owned()
        } else {
            "*".to_owned()
        }
    });
    let words: Vec<&str> = masked.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// A line with single blanks, cut to the length of an example.
pub(super) fn shortened(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let line = words.join(" ");
    let mut cut: String = line.chars().take(LONGEST).collect();
    if cut.len() < line.len() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(text: &str) -> Option<String> {
        PastedError::of(text, false).map(|error| error.example)
    }

    #[test]
    fn pasted_errors_are_told_from_talk() {
        for (text, expected) in [
            (
                "```\nlevel=error msg=\"no such depot\"\n```",
                Some("level=error msg=\"no such depot\""),
            ),
            (
                "anybody seen this?\n```\nok so far\nERROR the pump stalled\n```",
                Some("ERROR the pump stalled"),
            ),
            ("it says `cannot open the valve` since noon", None),
            ("`cannot open the valve`", Some("cannot open the valve")),
            ("&gt; cannot open the valve", Some("cannot open the valve")),
            ("Error: cannot open the valve", Some("Error: cannot open the valve")),
            ("ValveStuckException in pump 7", Some("ValveStuckException in pump 7")),
            (
                "2026-01-01 10:00:01 pump failed",
                Some("2026-01-01 10:00:01 pump failed"),
            ),
            (
                "```\nTraceback (most recent call last):\n  File \"a.py\", line 1\nValueError: bad pump\n```",
                Some("ValueError: bad pump"),
            ),
            ("that's a problem", None),
            ("the valve is stuck again, I guess", None),
            ("could you look at the failed build?", None),
            ("we had an error: the pump failed", None),
            ("this gives an error:", None),
            ("`read` does not open the `valve`", None),
            ("```\n  | NotFound -> ( model, Cmd.none )\nif (error) {\n```", None),
            (
                "```\n{\"level\":\"error\",\"msg\":\"pump\"}\n```",
                Some("{\"level\":\"error\",\"msg\":\"pump\"}"),
            ),
            ("FATAL: the tank is full", Some("FATAL: the tank is full")),
            ("```\nyour session is expired\n```", Some("your session is expired")),
            ("your session is expired", None),
            ("&gt; your session is expired", None),
            ("this is wrong ```\nfine so far\n```", None),
            ("lunch?", None),
            ("", None),
        ] {
            assert_eq!(example(text).as_deref(), expected, "{text}");
        }
        assert_eq!(
            PastedError::of("pump 7 failed", true)
                .map(|error| error.example)
                .as_deref(),
            Some("pump 7 failed"),
            "a bot"
        );
    }

    #[test]
    fn errors_that_differ_in_values_have_one_form() {
        for (one, other) in [
            ("pump 7 failed", "pump 12 failed"),
            ("cannot open \"a b\"", "cannot open \"c\""),
            ("cannot open 'a b' now", "cannot open 'c' now"),
            ("dial tcp 10.0.0.1:443: refused", "dial tcp 10.1.22.3:8443: refused"),
            (
                "lookup api.one.example.com: no such host",
                "lookup db.two.example.com: no such host",
            ),
            ("pod web-7d9f8b6c5-xk2lm crashed", "pod web-5c6b7d8f9-abc12 crashed"),
            (
                "id 3e9a1c70-55d4-4b8e-8f0a-2b7d6c1e9f42 unknown",
                "id 11111111-55d4-4b8e-8f0a-000000000000 unknown",
            ),
            ("cannot read /var/lib/one/x", "cannot read /srv/two"),
            ("GET https://a.example/x?y=1 failed", "GET http://b.example:80/ failed"),
            ("2026-01-01T10:00:01.5Z Error: full", "2026-02-03T11:12:13Z Error: full"),
        ] {
            assert_eq!(masked(one), masked(other));
        }
        for (one, other) in [
            ("E0003 denied", "E0004 denied"),
            ("ORA-00942: missing", "ORA-01017: missing"),
            ("pump failed", "valve failed"),
            (
                "java.lang.NullPointerException: null",
                "java.lang.IllegalStateException: null",
            ),
        ] {
            assert_ne!(masked(one), masked(other));
        }
    }

    #[test]
    fn groups_are_bounded_and_the_rest_is_counted() {
        let mut groups = ErrorGroups::default();
        let at = Timestamp::UNIX_EPOCH;
        let reason = || SilenceReason {
            near: None,
            why: String::new(),
        };
        for number in 0..MOST_GROUPS + 3 {
            let error = PastedError {
                example: String::new(),
                form: number.to_string(),
            };
            groups.add(error, "C1", at, reason);
        }
        assert_eq!((groups.sorted().len(), groups.beyond()), (MOST_GROUPS, 3));
        let mut all = ErrorGroups::default();
        all.join(groups);
        assert_eq!((all.sorted().len(), all.beyond()), (MOST_GROUPS, 3));
    }
}
