//! The reply templates: embedded, overridable, and checked when they are loaded.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use super::{labels, pieces, values};

/// Sources of templates by file name, such as `answer.md`.
pub type Templates = BTreeMap<String, String>;

/// The embedded templates, each of which a file of the same name overrides.
const EMBEDDED: &[(&str, &str)] = &[
    ("answer.md", include_str!("../../responses/templates/answer.md")),
    ("show.md", include_str!("../../responses/templates/show.md")),
    ("people.md", include_str!("../../responses/templates/people.md")),
    ("on_call.md", include_str!("../../responses/templates/on_call.md")),
    (
        "escalation_state.md",
        include_str!("../../responses/templates/escalation_state.md"),
    ),
    (
        "issue_state.md",
        include_str!("../../responses/templates/issue_state.md"),
    ),
    (
        "team_message.md",
        include_str!("../../responses/templates/team_message.md"),
    ),
    (
        "escalate_window.md",
        include_str!("../../responses/templates/escalate_window.md"),
    ),
    (
        "call_refused.md",
        include_str!("../../responses/templates/call_refused.md"),
    ),
    ("candidates.md", include_str!("../../responses/templates/candidates.md")),
    ("nothing.md", include_str!("../../responses/templates/nothing.md")),
    ("help.md", include_str!("../../responses/templates/help.md")),
    ("images.md", include_str!("../../responses/templates/images.md")),
    ("choose.md", include_str!("../../responses/templates/choose.md")),
    ("card.md", include_str!("../../responses/templates/card.md")),
    ("folded.md", include_str!("../../responses/templates/folded.md")),
    ("others.md", include_str!("../../responses/templates/others.md")),
    ("run.md", include_str!("../../responses/templates/run.md")),
    ("run_state.md", include_str!("../../responses/templates/run_state.md")),
    ("run_end.md", include_str!("../../responses/templates/run_end.md")),
    ("stages.md", include_str!("../../responses/templates/stages.md")),
    (
        "run_reminder.md",
        include_str!("../../responses/templates/run_reminder.md"),
    ),
    ("run_notice.md", include_str!("../../responses/templates/run_notice.md")),
    ("run_rest.md", include_str!("../../responses/templates/run_rest.md")),
    (
        "run_refused.md",
        include_str!("../../responses/templates/run_refused.md"),
    ),
    ("run_joined.md", include_str!("../../responses/templates/run_joined.md")),
    (
        "run_started.md",
        include_str!("../../responses/templates/run_started.md"),
    ),
    (
        "jenkins_trouble.md",
        include_str!("../../responses/templates/jenkins_trouble.md"),
    ),
    ("jobs.md", include_str!("../../responses/templates/jobs.md")),
    ("fault.md", include_str!("../../responses/templates/fault.md")),
    ("moved.md", include_str!("../../responses/templates/moved.md")),
    ("question.md", include_str!("../../responses/templates/question.md")),
    ("remark.md", include_str!("../../responses/templates/remark.md")),
    ("added.md", include_str!("../../responses/templates/added.md")),
    ("small_talk.md", include_str!("../../responses/templates/small_talk.md")),
    ("notice.md", include_str!("../../responses/templates/notice.md")),
    ("choices.md", include_str!("../../responses/templates/choices.md")),
    ("outcome.md", include_str!("../../responses/templates/outcome.md")),
    (
        "occurrences.md",
        include_str!("../../responses/templates/occurrences.md"),
    ),
    ("recognised.md", include_str!("../../responses/templates/recognised.md")),
    ("places.md", include_str!("../../responses/templates/places.md")),
    ("done.md", include_str!("../../responses/templates/done.md")),
    ("whom.md", include_str!("../../responses/templates/whom.md")),
    ("summary.md", include_str!("../../responses/templates/summary.md")),
    (
        "export_refused.md",
        include_str!("../../responses/templates/export_refused.md"),
    ),
    ("escalated.md", include_str!("../../responses/templates/escalated.md")),
    (
        "shortcut_answered.md",
        include_str!("../../responses/templates/shortcut_answered.md"),
    ),
    ("rest.md", include_str!("../../responses/templates/rest.md")),
    ("cut.md", include_str!("../../responses/templates/cut.md")),
    ("commands.md", include_str!("../../responses/templates/commands.md")),
    ("home.md", include_str!("../../responses/templates/home.md")),
    ("when.md", include_str!("../../responses/templates/when.md")),
    ("problems.md", include_str!("../../responses/templates/problems.md")),
    ("status.md", include_str!("../../responses/templates/status.md")),
    ("muted.md", include_str!("../../responses/templates/muted.md")),
    ("unmuted.md", include_str!("../../responses/templates/unmuted.md")),
    (
        "admin_runbooks.md",
        include_str!("../../responses/templates/admin_runbooks.md"),
    ),
    (
        "admin_unknown_link.md",
        include_str!("../../responses/templates/admin_unknown_link.md"),
    ),
    (
        "secret_warning.md",
        include_str!("../../responses/templates/secret_warning.md"),
    ),
    (
        "mute_refused.md",
        include_str!("../../responses/templates/mute_refused.md"),
    ),
    (
        "mute_direct.md",
        include_str!("../../responses/templates/mute_direct.md"),
    ),
    ("no_card.md", include_str!("../../responses/templates/no_card.md")),
    ("not_member.md", include_str!("../../responses/templates/not_member.md")),
    ("typo.md", include_str!("../../responses/templates/typo.md")),
    ("unclear.md", include_str!("../../responses/templates/unclear.md")),
    ("who.md", include_str!("../../responses/templates/who.md")),
    ("who_choose.md", include_str!("../../responses/templates/who_choose.md")),
    (
        "who_nothing.md",
        include_str!("../../responses/templates/who_nothing.md"),
    ),
    (
        "who_refused.md",
        include_str!("../../responses/templates/who_refused.md"),
    ),
    ("run_late.md", include_str!("../../responses/templates/run_late.md")),
    ("missed.md", include_str!("../../responses/templates/missed.md")),
    ("pointer.md", include_str!("../../responses/templates/pointer.md")),
    ("shadow.md", include_str!("../../responses/templates/shadow.md")),
    (
        "shadow_refused.md",
        include_str!("../../responses/templates/shadow_refused.md"),
    ),
    (
        "shortcut_nothing.md",
        include_str!("../../responses/templates/shortcut_nothing.md"),
    ),
    ("source.md", include_str!("../../responses/templates/source.md")),
    (
        "source_trouble.md",
        include_str!("../../responses/templates/source_trouble.md"),
    ),
    ("too_old.md", include_str!("../../responses/templates/too_old.md")),
    ("failed.md", include_str!("../../responses/templates/failed.md")),
    ("shared_by.md", include_str!("../../responses/templates/shared_by.md")),
];

/// A reply template that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A template does not parse, or fails on the values that it is given.
    #[error("{name}:{line}: the reply template does not work: {message}")]
    Broken {
        /// File name.
        name: String,
        /// Line, from 1.
        line: usize,
        /// Description of the error.
        message: String,
    },
    /// A label cannot be used.
    #[error("labels.toml:{line}: {message}")]
    Label {
        /// Line, from 1.
        line: usize,
        /// Description of the error and its remedy.
        message: String,
    },
    /// An override names a template that does not exist.
    #[error("{name}: there is no reply template with this name; the names are {known}")]
    Unknown {
        /// File name.
        name: String,
        /// The names that can be overridden.
        known: String,
    },
}

impl TemplateError {
    fn from_jinja(file: &str, error: &minijinja::Error) -> Self {
        let message = match (error.detail(), std::error::Error::source(error)) {
            (Some(detail), _) => format!("{} ({detail})", error.kind()),
            (None, Some(source)) => format!("{} ({source})", error.kind()),
            (None, None) => error.kind().to_string(),
        };
        Self::Broken {
            name: error.name().unwrap_or(file).to_owned(),
            line: error.line().unwrap_or(1),
            message,
        }
    }
}

/// Loads the embedded templates, replaced by the overrides where there are any. A name without a value is treated as
/// `undefined` says.
pub(super) fn load(
    overrides: Option<&Templates>,
    undefined: UndefinedBehavior,
) -> Result<Environment<'static>, TemplateError> {
    let mut jinja = Environment::new();
    jinja.set_auto_escape_callback(|_| AutoEscape::Custom("markdown".into()));
    jinja.set_formatter(|out, _, value| {
        // A misspelt name never gets here (see `Strict` below): this is an `if` without `else`.
        if value.is_none() || value.is_undefined() {
            return Ok(());
        }
        let text = value.to_string();
        let text = if value.is_safe() { text } else { escape(&text) };
        out.write_str(&text).map_err(Into::into)
    });
    jinja.set_undefined_behavior(undefined);
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        jinja.set_syntax(syntax);
    }
    jinja.add_filter("code", |text: String| Value::from_safe_string(code_span(&text)));
    // In a cell of a table a bar would end the cell, even within code.
    jinja.add_filter("cell", |text: String| {
        Value::from_safe_string(code_span(&text).replace('|', "\\|"))
    });
    jinja.add_filter("apart", |_: Value| Value::from_safe_string("\n\n".to_owned()));
    jinja.add_filter("ticked", |text: String| Value::from_safe_string(ticked(&text)));
    for (name, source) in EMBEDDED.iter().copied() {
        jinja
            .add_template_owned(name, apart(source))
            .map_err(|error| TemplateError::from_jinja(name, &error))?;
    }
    for (name, source) in overrides
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != labels::FILE)
    {
        if !EMBEDDED.iter().any(|(known, _)| known == name) {
            return Err(TemplateError::Unknown {
                name: name.clone(),
                known: format!(
                    "{}, {}",
                    EMBEDDED.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", "),
                    labels::FILE
                ),
            });
        }
        jinja
            .add_template_owned(name.clone(), apart(source))
            .map_err(|error| TemplateError::from_jinja(name, &error))?;
    }
    Ok(jinja)
}

/// A template's source in which each include on a line of its own stands apart from the lines around it: what is included
/// loses its last line break, and its last paragraph would go on with the next line.
fn apart(source: &str) -> String {
    let line = |line: &str| {
        let is_include = line.starts_with("{% include ") && line.trim_end().ends_with("%}");
        if is_include && line.matches("%}").count() == 1 {
            format!("{{{{ \"\"|apart }}}}{}{{{{ \"\"|apart }}}}\n", line.trim_end())
        } else {
            line.to_owned()
        }
    };
    source.split_inclusive('\n').map(line).collect()
}

/// Names that a template, or one that it includes, reads and that `values` lack, whichever branch they stand in.
#[cfg(debug_assertions)]
pub(super) fn missing(jinja: &Environment<'_>, name: &str, values: &Value) -> Vec<String> {
    let is_missing = |name: &String| !values.get_attr(name).is_ok_and(|value| !value.is_undefined());
    names_read(jinja, name).into_iter().filter(is_missing).collect()
}

/// Names that a template and those that it includes read.
#[cfg(debug_assertions)]
fn names_read(jinja: &Environment<'_>, name: &str) -> std::collections::HashSet<String> {
    let Ok(template) = jinja.get_template(name) else {
        return std::collections::HashSet::new();
    };
    let mut names = template.undeclared_variables(false);
    let source = template.source();
    let words: Vec<&str> = source.split_whitespace().collect();
    // An included template also reads what the loops and assignments around it define.
    let is_bound = |name: &String| {
        let mut pairs = words.windows(2);
        pairs.any(|pair| matches!(pair, ["for" | "with" | "set", bound] if *bound == name.as_str()))
    };
    for included in source.split("{% include \"").skip(1) {
        let included = included.split('"').next().unwrap_or_default();
        names.extend(names_read(jinja, included).into_iter().filter(|name| !is_bound(name)));
    }
    names
}

/// Renders a template.
pub(super) fn render(jinja: &Environment<'_>, name: &str, values: &Value) -> Result<String, TemplateError> {
    jinja
        .get_template(name)
        .and_then(|template| template.render(values.clone()))
        .map_err(|error| TemplateError::from_jinja(name, &error))
}

/// Escapes text so that Markdown shows it literally: CommonMark allows every ASCII punctuation character to be escaped.
/// Line breaks become spaces, since a value never starts a block.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            out.push('\\');
            out.push(c);
        } else if c.is_whitespace() || c.is_control() {
            out.push(' ');
        } else if !pieces::is_mark(c) && !values::turns(c) {
            out.push(c);
        }
    }
    out
}

/// Escapes a sentence; names in backticks become code.
fn ticked(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escape(text);
    }
    let put = |(at, part): (usize, &&str)| if at % 2 == 0 { escape(part) } else { code_span(part) };
    parts.iter().enumerate().map(put).collect()
}

/// Returns the text as a code span, whatever backticks it holds (CommonMark 6.1).
fn code_span(text: &str) -> String {
    let text: String = text
        .chars()
        .filter(|c| !pieces::is_mark(*c) && !values::turns(*c))
        .map(|c| if c.is_whitespace() || c.is_control() { ' ' } else { c })
        .collect();
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if text.trim().is_empty() {
        return String::new();
    }
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}
