//! The model of a team's document: a [`Runbook`] of sections whose blocks keep order, nesting, code and source lines,
//! and the [`Topic`]s that a person can be sent to. Plain data, read by everything else in the core.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::{Document, FileNames, Team};

/// A value of front matter or of a `_data` file. YAML is read into JSON's data model; keys keep their order.
pub type Value = serde_json::Value;

/// The data that Liquid calls `site.data`.
pub type Data = BTreeMap<String, Value>;

/// Format of a document, recognised by content, never by folder.
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

/// A document of the team.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Runbook {
    /// Path relative to the runbook folder, with `/`.
    pub path: String,
    /// Displayed title: front matter's title or `runbook-name`, the first heading, or the file name.
    pub title: String,
    /// Format of the document.
    pub dialect: Dialect,
    /// The document's front matter.
    pub front: FrontMatter,
    /// The document's own content: a draft or a "has been moved" stub never answers by itself.
    pub completeness: Completeness,
    /// Address of the published document, if the document gives it (`Original URL:`, an absolute `link:`).
    pub url: Option<String>,
    /// The sections, in document order. The first is the whole document: its heading is the title, its blocks the text
    /// before the first heading below the title.
    pub sections: Vec<Section>,
    /// The topics, in document order. The first is the whole document.
    pub topics: Vec<Topic>,
}

/// Fitness of a document to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completeness {
    /// A document that explains something.
    Full,
    /// A draft without content of its own (`draft: true`, unfilled boilerplate).
    Draft,
    /// A note that the document moved elsewhere, or a mere reference to another document.
    Pointer,
    /// A list of messages or links that other documents explain (glossary, index).
    Listing,
    /// A piece that other documents include, and that is no document by itself.
    Partial,
}

/// The front-matter keys that Signpost knows. All others stay in `other`.
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
    /// The keys under `signpost:`.
    pub signpost: SignpostKeys,
    /// Every other key, untouched.
    pub other: BTreeMap<String, Value>,
    /// The place in a wiki that the page was fetched from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<PageOrigin>,
}

/// The front-matter keys that only Signpost reads.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SignpostKeys {
    /// Explicit ways to recognise the runbook.
    pub signatures: Vec<ExplicitSignature>,
    /// Patterns that exclude the runbook: a message that holds one of them is not about it.
    pub not: Vec<Pattern>,
    /// Key of the team in `_data/teams.yml`.
    pub team: Option<String>,
    /// Messages that must match the runbook (checked by `lint`).
    pub examples: Vec<String>,
    /// `false`: never answer unasked.
    pub answer: Option<bool>,
    /// Ids of registered jobs that belong to the runbook.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<String>,
    /// Source line of `jobs:`, from 1.
    #[serde(skip)]
    pub jobs_line: u32,
    /// Checks of the runbook's jobs, as written: `jobs::checks` reads them.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub checks: Value,
    /// Source line of `checks:`, from 1.
    #[serde(skip)]
    pub checks_line: u32,
}

/// An explicit signature from front matter: `signatures: ["text with <ID>", {regex: "…", section: "Heading"}, {code: E0003}]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplicitSignature {
    /// The pattern to look for.
    pub pattern: Pattern,
    /// Heading of the section that the signature leads to; `None` for the whole document.
    pub section: Option<String>,
    /// Source line, from 1.
    pub line: u32,
}

/// A pattern to look for in a message.
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

/// A heading and the text below it, up to the next heading of any level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Section {
    /// Displayed heading: mark-up and Liquid resolved, without `#`, attributes and anchors.
    pub heading: String,
    /// The heading as the document writes it, if that differs: with its backticks and Liquid. Programs name a section
    /// by it.
    pub written: Option<String>,
    /// Heading level: 0 for the whole document, else 1 to 6.
    pub level: u8,
    /// Index of the section that holds this one; `None` for the whole document.
    pub parent: Option<usize>,
    /// Ids that links use: explicit ones and the generated one.
    pub anchors: Vec<String>,
    /// Source line of the heading, from 1.
    pub line: u32,
    /// Purpose of the section, derived from its heading.
    pub role: Role,
    /// The section's own blocks, without those of nested sections.
    pub blocks: Vec<Block>,
    /// The detection rule, in a CRE file.
    pub rule: Option<Rule>,
}

/// Purpose of a piece of a runbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Anything else.
    Other,
    /// Overview, description, meaning: the subject.
    Overview,
    /// Symptoms as a person sees them: messages, "Check RunBook Match".
    Symptoms,
    /// Alerts that lead here: "Example Alert(s)".
    Alerts,
    /// Causes of the problem.
    Causes,
    /// Effects on users.
    Impact,
    /// Steps of further diagnosis.
    Diagnosis,
    /// Remedies: actions, resolution, mitigation, solutions.
    Steps,
    /// People or teams to call.
    Escalation,
    /// Further reading.
    References,
}

/// A block of text with its place and purpose.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Block {
    /// Kind and content of the block.
    pub kind: BlockKind,
    /// Purpose of the block: from an attribute such as `{: tsSymptoms}`, else its section's role.
    pub role: Role,
    /// Source line, from 1; 0 for blocks generated by templates.
    pub line: u32,
    /// Words of the block's attribute lists, as written: `screen`, `pre`, `tip`, `.label`, `#anchor`.
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
    /// Code, kept literally.
    Code {
        /// First word of the fence's info string, or empty.
        lang: String,
        /// The text, without a trailing line break.
        text: String,
    },
    /// A list.
    List {
        /// True for a numbered list.
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
    /// Text on the button, which must tell by itself what a click does.
    pub label: String,
    /// Action of the button, unique in its row.
    pub action: String,
    /// Value that is sent with the click.
    pub value: String,
    /// Address that it opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// True for the button that most people want.
    pub primary: bool,
    /// Options of a menu; `None` for a plain button. `value` then holds the id of what the options are about.
    pub menu: Option<Menu>,
}

/// A menu among buttons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Menu {
    /// Further actions behind "…": at most five options (Slack's limit), no label of its own.
    Overflow(Vec<MenuOption>),
    /// A list to choose from; the button's label is its placeholder.
    Select(Vec<MenuOption>),
}

impl Menu {
    /// The options in their order.
    pub fn options(&self) -> &[MenuOption] {
        match self {
            Self::Overflow(options) | Self::Select(options) => options,
        }
    }
}

/// An option of a menu.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MenuOption {
    /// Text of the option.
    pub label: String,
    /// Value that is sent when it is chosen.
    pub value: String,
    /// Address that it opens; only in an overflow menu.
    pub url: Option<String>,
}

/// An item of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// The item's blocks; the first is usually a paragraph.
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
    /// Code, kept literally.
    Code(String),
    /// Bold.
    Strong(Vec<Inline>),
    /// Italic.
    Emphasis(Vec<Inline>),
    /// Struck through.
    Strike(Vec<Inline>),
    /// A link.
    Link {
        /// Destination of the link.
        target: Target,
        /// Displayed text.
        label: Vec<Inline>,
    },
    /// An image: only its alternative text and address.
    Image {
        /// Alternative text.
        alt: String,
        /// Address as written.
        url: String,
    },
    /// A hard line break.
    Break,
    /// A point in time (in replies; runbooks have none).
    Time(Moment),
}

/// A point in time that each reader sees in their own zone, where the platform can do that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// Seconds since 1970.
    pub at: i64,
    /// The time as text: "1 May 06:41 UTC".
    pub text: String,
    /// True when the day goes without saying.
    pub is_clock: bool,
}

/// Destination of a link.
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

/// Detection rule of a CRE file. Time windows are left out: pasted text has no dates, so the distance in lines is used
/// instead.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rule {
    /// True for `sequence`, where the order counts; false for `set`.
    pub ordered: bool,
    /// Patterns all of which must occur.
    pub all: Vec<Pattern>,
    /// Patterns none of which may occur nearby.
    pub none: Vec<Pattern>,
}

/// A destination to send a person to: a runbook, or one section of it. Gathers the contents of an answer from the
/// section and the ones nested in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Topic {
    /// Index of the section; 0 for the whole document.
    pub section: usize,
    /// The topic's name: the section's heading, or the runbook's title.
    pub title: String,
    /// Texts by which a person recognises the topic.
    pub symptoms: Vec<Symptom>,
    /// Subject and causes, the best sentences first.
    pub causes: Vec<Block>,
    /// Steps to take, in order.
    pub steps: Vec<Step>,
    /// Groups of steps of which a reader follows one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alternatives: Option<Alternatives>,
    /// Sections that a step or the text sends the reader to, or alternatives such as "You're the cluster creator".
    pub branches: Vec<Branch>,
    /// Contacts: the section's own first, then the document's.
    pub contacts: Vec<Contact>,
    /// Dashboards, Jenkins jobs and other places to look at.
    pub places: Vec<Place>,
}

/// A text that shows the problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Symptom {
    /// The text, unescaped; may span lines and hold placeholders.
    pub text: String,
    /// Source line, from 1.
    pub line: u32,
    /// Place of the text in the document.
    pub kind: SymptomKind,
}

/// Place of a symptom in a document.
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

/// A step of a procedure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Number as a person would say it: `2`, `2.1`; empty for an unnumbered step.
    pub number: String,
    /// Text and code of the step, without its sub-steps.
    pub blocks: Vec<Block>,
    /// Sub-steps, in order.
    pub steps: Vec<Step>,
    /// Section that the step comes from, if it is not the topic's own.
    pub under: Option<usize>,
    /// True for a paragraph or another block that is no item of a list.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_text: bool,
    /// Source line, from 1.
    pub line: u32,
}

/// A choice among a topic's steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alternatives {
    /// Index of the step whose sub-steps are meant; `None` for the topic's own steps.
    pub within: Option<usize>,
    /// The alternatives, at least two, in the order of the document.
    pub list: Vec<Alternative>,
}

/// Steps that apply under a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alternative {
    /// The condition, in the document's words: "You're the cluster creator", "Option A".
    pub label: String,
    /// Indexes of the steps.
    pub steps: Range<usize>,
}

/// A way on to another section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Branch {
    /// Text of the link or heading.
    pub label: String,
    /// Index of the section that the branch leads to.
    pub section: usize,
}

/// A contact to call, or a place to file an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// Key of the team in `_data/teams.yml`, when it is known.
    pub team: Option<String>,
    /// Kind of the contact.
    pub kind: ContactKind,
    /// Displayed name: `#armada-api`, the policy's name.
    pub name: String,
    /// Address of the contact, when it is known.
    pub url: Option<String>,
    /// The sentence that says when to call ("If IAM is down, …"), when there is one.
    pub when: Option<String>,
    /// Source line, from 1; 0 for a contact from front matter's `team`.
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
    /// A page of the team, a support page, a mail address.
    Other,
}

/// A place to look at or to start something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Kind of the place.
    pub kind: PlaceKind,
    /// Text of the link.
    pub label: String,
    /// Address of the link.
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

/// Severity of a diagnostic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Something that was not understood; the rest of the document is used.
    Warning,
    /// A document, or an explicit signature of it, that cannot be used as it stands.
    Error,
}

/// A finding in a runbook folder that its author should know. Printed as `path:line: level[code]: message`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Diagnostic {
    /// Path relative to the runbook folder.
    pub path: String,
    /// Source line, from 1; 0 for the whole file.
    pub line: u32,
    /// Severity of the finding.
    pub level: Level,
    /// A short, stable name: `liquid-unknown`, `fence-unclosed`.
    pub code: &'static str,
    /// Description of the finding and its remedy.
    pub message: String,
}

/// A file of the folder that was not read as a runbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Path relative to the runbook folder.
    pub path: String,
    /// The reason, in a few words.
    pub reason: String,
}

/// The contents of a runbook folder.
#[derive(Debug, Clone, Default)]
pub struct Library {
    /// The documents, ordered by path.
    pub runbooks: Vec<Document>,
    /// The files `_data/NAME.yml` by NAME; Liquid calls them `site.data`.
    pub data: Arc<Data>,
    /// The teams of `_data/teams.yml` by key.
    pub teams: BTreeMap<String, Team>,
    /// Findings in the documents.
    pub diagnostics: Vec<Diagnostic>,
    /// Files that were not read as runbooks.
    pub skipped: Vec<Skipped>,
    /// The sources of the documents; empty where there is only one folder.
    pub sources: Vec<LibrarySource>,
    /// The names of the documents' files.
    pub file_names: FileNames,
}

/// The state of a source in a library.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LibrarySource {
    /// Id of the source in the settings; empty for the folder of `runbooks.dir`.
    pub id: String,
    /// Number of documents that were read.
    pub documents: usize,
    /// Number of files that were not read.
    pub skipped: usize,
    /// Version of the documents, where the source has versions.
    pub version: Option<SourceVersion>,
}

/// A kind of source that is fetched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A git repository.
    #[default]
    Git,
    /// Spaces of a Confluence wiki.
    Confluence,
    /// Pages of Notion.
    Notion,
}

/// A version of a source's documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceVersion {
    /// The kind of the source.
    pub kind: SourceKind,
    /// Id of the version, in hexadecimal digits: a commit, or a digest of the pages.
    pub id: String,
    /// Time of the commit, or of the latest change.
    pub at: Timestamp,
}

impl SourceVersion {
    /// The first digits of the id, as people write a commit.
    pub fn short(&self) -> &str {
        self.id.get(..7).unwrap_or(&self.id)
    }
}

/// The place in a wiki that a page was fetched from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PageOrigin {
    /// The wiki with the space, such as `Confluence OPS` or `Notion`.
    pub place: String,
    /// Time of the page's last change.
    pub changed: Timestamp,
}

/// A topic of a library: indexes into `runbooks` and that runbook's `sections`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct TopicId {
    /// Index of the runbook.
    pub runbook: usize,
    /// Index of the section; 0 for the whole document.
    pub section: usize,
}

impl Moment {
    /// Returns the form in which Slack shows the time, with its placeholders.
    pub fn format(&self) -> &'static str {
        if self.is_clock {
            "{time}"
        } else {
            "{date_short_pretty} at {time}"
        }
    }
}

impl Section {
    /// Returns the heading as the document writes it, without `#`, attributes and anchors. Programs name the section by
    /// it.
    pub fn name(&self) -> &str {
        self.written.as_deref().unwrap_or(&self.heading)
    }
}

impl Runbook {
    /// Index of a section among those with its heading, from 0: headings name sections, and may occur more than once.
    pub fn nth(&self, section: usize) -> usize {
        let Some(named) = self.sections.get(section) else {
            return 0;
        };
        let before = self.sections.iter().take(section).skip(1);
        before.filter(|other| other.heading == named.heading).count()
    }

    /// Returns the topic of a section; for a section that is not a topic, the topic of the nearest section around it.
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

    /// The state of the source that a topic's runbook comes from; `None` where there is only one folder.
    pub fn source(&self, id: TopicId) -> Option<&LibrarySource> {
        let source = self.runbooks.get(id.runbook)?.source()?;
        self.sources.iter().find(|known| known.id == source.id)
    }

    /// The section of a topic.
    pub fn section(&self, id: TopicId) -> Option<&Section> {
        self.runbook(id)?.sections.get(id.section)
    }

    /// Returns the topic of an id; for a section that is not a topic, the topic of the nearest section around it.
    pub fn topic(&self, id: TopicId) -> Option<&Topic> {
        self.runbook(id)?.topic(id.section)
    }
}
