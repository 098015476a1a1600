//! What a team's document becomes: a [`Runbook`] of sections whose blocks keep order, nesting, code and source lines,
//! and the [`Topic`]s that a person can be sent to. Plain data: everything else in the core reads it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::Document;

/// A value of front matter or of a `_data` file. YAML is read into JSON's data model; keys keep their order.
pub type Value = serde_json::Value;

/// What Liquid calls `site.data`.
pub type Data = BTreeMap<String, Value>;

/// How a document is written. Recognised by content, never by folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// Jekyll: front matter with `runbook-name`, Liquid, `{: .label}` lines.
    Jekyll,
    /// IBM Cloud docs: kramdown attributes such as `{: tsSymptoms}`.
    IbmCloudDocs,
    /// AWS re:Post: `Original URL:`, `1\.` steps.
    RePost,
    /// Prometheus and OpenShift alert runbooks: Meaning, Impact, Diagnosis, Mitigation.
    AlertRunbook,
    /// ContainerSolutions: Check RunBook Match, Solutions, `{#anchors}`.
    ContainerSolutions,
    /// CRE rule file (YAML).
    Cre,
    /// Any other Markdown.
    Plain,
}

/// One document of the team.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Runbook {
    /// Path relative to the runbook folder, with `/`.
    pub path: String,
    /// The name that people see: front matter's title or `runbook-name`, the first heading, or the file name.
    pub title: String,
    /// How it is written.
    pub dialect: Dialect,
    /// Its front matter.
    pub front: FrontMatter,
    /// Whether it says something: a draft or a "has been moved" stub never answers by itself.
    pub standing: Standing,
    /// Where the document is published, when it says so (`Original URL:`, an absolute `link:`).
    pub url: Option<String>,
    /// In document order. The first is the whole document: its heading is the title, its blocks the text before the
    /// first heading below the title.
    pub sections: Vec<Section>,
    /// The topics, in document order. The first is the whole document.
    pub topics: Vec<Topic>,
}

/// Whether a document can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It explains something.
    Full,
    /// A draft without content of its own (`draft: true`, unfilled boilerplate).
    Draft,
    /// It says that it moved elsewhere, or only points to another document.
    Pointer,
    /// A list of messages or links that other documents explain (glossary, index).
    Listing,
}

/// The keys before the text that Signpost knows. All others stay in `other`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FrontMatter {
    /// `runbook-name`.
    pub runbook_name: Option<String>,
    /// `title`.
    pub title: Option<String>,
    /// `description` or `summary`.
    pub description: Option<String>,
    /// `service`.
    pub service: Option<String>,
    /// `type`: Alert, Troubleshooting, …
    pub kind: Option<String>,
    /// `tags` and `keywords`, split.
    pub tags: Vec<String>,
    /// `link`.
    pub link: Option<String>,
    /// `parent`.
    pub parent: Option<String>,
    /// What stands under `signpost:`.
    pub signpost: SignpostKeys,
    /// Every other key, untouched.
    pub other: BTreeMap<String, Value>,
}

/// The front-matter keys that only Signpost reads.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SignpostKeys {
    /// Explicit ways to recognise the runbook.
    pub signatures: Vec<ExplicitSignature>,
    /// A message that holds one of these is not about this runbook.
    pub not: Vec<Pattern>,
    /// Key of the team in `_data/teams.yml`.
    pub team: Option<String>,
    /// Messages that must match it (checked by `lint`).
    pub examples: Vec<String>,
    /// `false`: never answer unasked.
    pub answer: Option<bool>,
    /// Ids of registered jobs that belong to the runbook.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<String>,
    /// Source line of `jobs:`, from 1.
    #[serde(skip)]
    pub jobs_line: u32,
    /// Checks of its jobs, as written: `jobs::checks` reads them.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub checks: Value,
    /// Source line of `checks:`, from 1.
    #[serde(skip)]
    pub checks_line: u32,
}

/// An explicit signature from front matter: `signatures: ["text with <ID>", {regex: "…", section: "Heading"}, {code: E0003}]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplicitSignature {
    /// What to look for.
    pub pattern: Pattern,
    /// Heading of the section it leads to; the whole document without.
    pub section: Option<String>,
    /// Source line, from 1.
    pub line: u32,
}

/// Something to look for in a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Pattern {
    /// Literal text, with placeholders where it has some.
    Text(String),
    /// A regular expression of the `regex` crate.
    Regex(String),
    /// An error code.
    Code(String),
    /// An alert name.
    Alert(String),
}

/// A heading and what stands below it, up to the next heading of any level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Section {
    /// Heading text as people read it: mark-up and Liquid resolved, without `#`, attributes and anchors.
    pub heading: String,
    /// The same as the document writes it, where that differs: with its backticks and Liquid. Programs name a section so.
    pub written: Option<String>,
    /// 0 for the whole document, else 1 to 6.
    pub level: u8,
    /// Index of the section it is nested in; `None` for the whole document.
    pub parent: Option<usize>,
    /// Ids that links use: explicit ones and the generated one.
    pub anchors: Vec<String>,
    /// Source line of the heading, from 1.
    pub line: u32,
    /// What the section is for, from its heading.
    pub role: Role,
    /// Its own blocks, without those of nested sections.
    pub blocks: Vec<Block>,
    /// The detection rule, in a CRE file.
    pub rule: Option<Rule>,
}

/// What a piece of a runbook is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Anything else.
    Other,
    /// Overview, description, meaning: what this is about.
    Overview,
    /// What a person sees: messages, symptoms, "Check RunBook Match".
    Symptoms,
    /// Alerts that lead here: "Example Alert(s)".
    Alerts,
    /// Why it happens.
    Causes,
    /// What it does to users.
    Impact,
    /// How to find out more.
    Diagnosis,
    /// What to do: actions, resolution, mitigation, solutions.
    Steps,
    /// Whom to call.
    Escalation,
    /// Further reading.
    References,
}

/// One block of text with its place and purpose.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// What it is for: from an attribute such as `{: tsSymptoms}`, else its section's role.
    pub role: Role,
    /// Source line, from 1; 0 for blocks that templates made.
    pub line: u32,
    /// Words of attribute lists that belong to it, as written: `screen`, `pre`, `tip`, `.label`, `#anchor`.
    pub attrs: Vec<String>,
}

/// The kinds of block.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockKind {
    /// A heading (in replies; in runbooks headings are sections).
    Heading(Vec<Inline>),
    /// Running text.
    Paragraph(Vec<Inline>),
    /// Code, kept to the letter.
    Code {
        /// First word of the fence's info string, or empty.
        lang: String,
        /// The text, without a trailing line break.
        text: String,
    },
    /// A list.
    List {
        /// Numbered or not.
        ordered: bool,
        /// Number of the first item.
        start: u64,
        /// The items.
        items: Vec<Item>,
    },
    /// A table: cells hold inlines.
    Table {
        /// Head cells.
        head: Vec<Vec<Inline>>,
        /// Rows of cells.
        rows: Vec<Vec<Vec<Inline>>>,
    },
    /// A quotation.
    Quote(Vec<Block>),
    /// A definition list.
    Definitions(Vec<Definition>),
    /// A thematic break.
    Rule,
    /// Buttons side by side (in replies; runbooks have none).
    Buttons(Vec<Button>),
}

/// A button of a reply.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Button {
    /// What stands on it; it alone tells what happens.
    pub label: String,
    /// What is done, unique in its row.
    pub action: String,
    /// What goes along with the click.
    pub value: String,
    /// Whether it is the one that most people want.
    pub primary: bool,
}

/// An item of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// Its blocks; the first is usually a paragraph.
    pub blocks: Vec<Block>,
    /// Source line, from 1.
    pub line: u32,
}

/// A term and its details.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Definition {
    /// The term.
    pub term: Vec<Inline>,
    /// One entry for each `:`.
    pub details: Vec<Vec<Block>>,
}

/// Text inside a block.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inline {
    /// Plain text, unescaped.
    Text(String),
    /// Code, kept to the letter.
    Code(String),
    /// Bold.
    Strong(Vec<Inline>),
    /// Italic.
    Emphasis(Vec<Inline>),
    /// Struck through.
    Strike(Vec<Inline>),
    /// A link.
    Link {
        /// Where it leads.
        target: Target,
        /// What it shows.
        label: Vec<Inline>,
    },
    /// An image: only its alternative text and address.
    Image {
        /// Alternative text.
        alt: String,
        /// Address as written.
        url: String,
    },
    /// A line break that matters.
    Break,
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// An absolute address.
    Url(String),
    /// A section of the same document, by index.
    Section(usize),
    /// Relative, as written; resolved against `runbooks.base_url` when shown, else plain text.
    Relative(String),
}

/// How a CRE rule detects its trouble. Time windows are left out: pastes are undated, nearness of lines is used.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rule {
    /// `sequence`: the order counts; `set`: it does not.
    pub ordered: bool,
    /// All of these must be there.
    pub all: Vec<Pattern>,
    /// None of these may be near.
    pub none: Vec<Pattern>,
}

/// What a person can be sent to: a runbook, or one section of it. Gathers from the section, and the ones nested in it,
/// what an answer shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Topic {
    /// Index of its section; 0 for the whole document.
    pub section: usize,
    /// Its name: the section's heading, or the runbook's title.
    pub title: String,
    /// Texts by which a person recognises it.
    pub symptoms: Vec<Symptom>,
    /// What it is about and why it happens, the best sentences first.
    pub causes: Vec<Block>,
    /// What to do, in order.
    pub steps: Vec<Step>,
    /// Sections that a step or the text sends the reader to, or alternatives such as "You're the cluster creator".
    pub branches: Vec<Branch>,
    /// Whom to call: the section's own first, then the document's.
    pub contacts: Vec<Contact>,
    /// Dashboards, Jenkins jobs and other places to look at.
    pub places: Vec<Place>,
}

/// A text that shows the trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Symptom {
    /// The text, unescaped; may span lines and hold placeholders.
    pub text: String,
    /// Source line, from 1.
    pub line: u32,
    /// Where it stood.
    pub kind: SymptomKind,
}

/// Where a symptom stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SymptomKind {
    /// A code block.
    Code,
    /// Inline code.
    InlineCode,
    /// Quoted in running text or a block quote.
    Quoted,
    /// A table cell or a definition.
    Cell,
    /// A heading.
    Heading,
    /// Running text.
    Prose,
    /// An alert name.
    Alert,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// As a person would call it: `2`, `2.1`; empty for an unnumbered one.
    pub number: String,
    /// Text and code of the step, without its sub-steps.
    pub blocks: Vec<Block>,
    /// Sub-steps, in order.
    pub steps: Vec<Step>,
    /// Heading it stands under, when that is not the topic's own.
    pub under: Option<usize>,
    /// Source line, from 1.
    pub line: u32,
}

/// A way on to another section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Branch {
    /// What the link or the heading says.
    pub label: String,
    /// Index of the section it leads to.
    pub section: usize,
}

/// Whom to call, or where to file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// Key of the team in `_data/teams.yml`, when it is known.
    pub team: Option<String>,
    /// What it is.
    pub kind: ContactKind,
    /// What people see: `#armada-api`, the policy's name.
    pub name: String,
    /// Where it leads, when it is known.
    pub url: Option<String>,
    /// The sentence that says when ("If IAM is down, …"), when there is one.
    pub when: Option<String>,
    /// Source line, from 1; 0 from front matter's `team`.
    pub line: u32,
}

/// The kinds of contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContactKind {
    /// A chat channel or group.
    Chat,
    /// A pager policy.
    Pager,
    /// An issue tracker.
    Issues,
    /// A page of the team, support, mail.
    Other,
}

/// A place to look at or to start something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// What it is.
    pub kind: PlaceKind,
    /// What the link says.
    pub label: String,
    /// Its address.
    pub url: String,
    /// Source line, from 1.
    pub line: u32,
}

/// The kinds of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceKind {
    /// A dashboard or monitoring page.
    Dashboard,
    /// A Jenkins job.
    Jenkins,
    /// Anything else.
    Other,
}

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Something was not understood; the rest of the document is used.
    Warning,
    /// The document, or an explicit signature of it, cannot be used as it stands.
    Error,
}

/// Something in a runbook folder that its author should know. Printed as `path:line: level[code]: message`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Diagnostic {
    /// Path relative to the runbook folder.
    pub path: String,
    /// Source line, from 1; 0 for the whole file.
    pub line: u32,
    /// How bad it is.
    pub level: Level,
    /// A short name that stays the same: `liquid-unknown`, `fence-unclosed`.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

/// A file of the folder that was not read as a runbook, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Path relative to the runbook folder.
    pub path: String,
    /// Why, in a few words.
    pub reason: String,
}

/// The people to escalate to, from `_data/teams.yml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Team {
    /// Its key in the file.
    pub key: String,
    /// Its name.
    pub name: Option<String>,
    /// Chat channel: name and link.
    pub comm: Option<(String, Option<String>)>,
    /// Pager policy: name and link.
    pub escalate: Option<(String, Option<String>)>,
    /// Issue tracker's address.
    pub issue: Option<String>,
    /// Home page.
    pub link: Option<String>,
}

/// Everything that was read from one runbook folder.
#[derive(Debug, Clone, Default)]
pub struct Library {
    /// The documents, ordered by path.
    pub runbooks: Vec<Document>,
    /// `_data/NAME.yml` by NAME: what Liquid calls `site.data`.
    pub data: Arc<Data>,
    /// `_data/teams.yml` by key.
    pub teams: BTreeMap<String, Team>,
    /// What was not understood.
    pub diagnostics: Vec<Diagnostic>,
    /// What was not read.
    pub skipped: Vec<Skipped>,
}

/// A topic of a library: indexes into `runbooks` and that runbook's `sections`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct TopicId {
    /// Index of the runbook.
    pub runbook: usize,
    /// Index of the section; 0 for the whole document.
    pub section: usize,
}

impl Section {
    /// The heading's text as the document writes it, without `#`, attributes and anchors: how programs name the section.
    pub fn name(&self) -> &str {
        self.written.as_deref().unwrap_or(&self.heading)
    }
}

impl Runbook {
    /// Which of the sections with its heading a section is, from 0: headings name sections, and may stand twice.
    pub fn nth(&self, section: usize) -> usize {
        let Some(named) = self.sections.get(section) else {
            return 0;
        };
        let before = self.sections.iter().take(section).skip(1);
        before.filter(|other| other.heading == named.heading).count()
    }

    /// The topic of a section; one that is no topic of its own belongs to the nearest one around it.
    pub fn topic(&self, section: usize) -> Option<&Topic> {
        let mut at = Some(section);
        while let Some(section) = at {
            if let Some(topic) = self.topics.iter().find(|topic| topic.section == section) {
                return Some(topic);
            }
            at = self.sections.get(section)?.parent;
        }
        self.topics.first()
    }
}

impl Library {
    /// The runbook of a topic.
    pub fn runbook(&self, id: TopicId) -> Option<&Runbook> {
        self.runbooks.get(id.runbook).map(|document| &**document)
    }

    /// The section of a topic.
    pub fn section(&self, id: TopicId) -> Option<&Section> {
        self.runbook(id)?.sections.get(id.section)
    }

    /// The topic itself; a section that is no topic of its own belongs to the nearest one around it.
    pub fn topic(&self, id: TopicId) -> Option<&Topic> {
        self.runbook(id)?.topic(id.section)
    }
}
