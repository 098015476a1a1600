//! Rendering of an outcome as a [`Reply`], through `responses/templates`. Pure and platform-neutral.
//!
//! Wording and order live in the templates, which are Markdown with Jinja. Values are escaped for Markdown when they
//! are inserted. Large pieces (steps, evidence) are passed as opaque marks and replaced by blocks after the template's
//! Markdown has been parsed, so that a runbook's content is never mangled by a round trip.

mod act;
mod actions;
mod address;
mod alternatives;
mod answer;
mod buttons;
mod calling;
mod card;
mod commands;
mod contacts;
mod escalation;
mod excerpt;
mod facts;
mod fill;
mod home;
mod issues;
mod jobs;
pub mod labels;
mod links;
mod lists;
mod markdown;
mod names;
mod occurrences;
mod pieces;
mod questions;
mod reason;
mod remainder;
mod rows;
mod run;
mod run_line;
mod shadow;
mod sizes;
mod step_pages;
mod steps;
mod templates;
mod text;
mod time;
mod title;
mod trial;
mod values;

use std::ops::Range;

use crate::runbook::Block;

pub use act::{ButtonPress, CardAction, menu_block_id};
pub use address::{hidden_host, honest_label, without_direction};
pub use answer::Responder;
pub use calling::{CallRefusal, CardEscalation, OnCallLine, TeamMessage};
pub use card::{Card, CardJob, GoneTopic};
pub use escalation::{Call, Escalation, Marks, step_texts};
pub use facts::{ConnectionFacts, Listening, Missed, Pointer, Problems, SourceFacts, SourceTrouble, StatusFacts};
pub use fill::is_fillable;
pub use home::{Ending, HomeFacts, RECENT, RecentMatch};
pub use issues::{CardIssue, issue_link};
pub use jobs::{JobsFacts, RunRefusal, Wanted};
pub use labels::Labels;
pub use lists::{CHOICES, NEAR_MISSES, RESULTS};
pub use markdown::{CONTEXT, FACTS};
pub use names::show_command;
pub use reason::reason_for;
pub use run::{FoundError, RunCard, RunStage, Trouble};
pub use run_line::RunLine;
pub use shadow::ShadowNote;
pub use step_pages::StepName;
pub use templates::{TemplateError, Templates};
pub use text::{plain_blocks, to_text, words};
pub use time::{moment, moment_as, spoken};
pub use title::topic_title;

/// A message's content, before an adapter gives it the platform's form.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reply {
    /// The blocks, in reading order. A heading that comes first is the reply's title.
    pub blocks: Vec<Block>,
    /// Address of the published runbook, if there is one.
    pub full_url: Option<String>,
    /// Range of the blocks that may be cut off at their end when a platform cannot show everything; all others always
    /// stay.
    pub body: Range<usize>,
    /// Blocks shown in place of those that were left out: how to see the rest.
    pub rest: Vec<Block>,
    /// Blocks shown below a code block that had to be shortened.
    pub cut: Vec<Block>,
    /// One sentence for notifications and screen readers; without it they get the whole text.
    pub notice: Option<String>,
}

/// The readers of a reply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Audience {
    /// Members of the organisation.
    #[default]
    Internal,
    /// People of other organisations among them: contacts, places and jobs are withheld.
    External,
}

/// The settings of a [`Responder`] besides its templates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponderOptions {
    /// Address at which the runbook folder is published: relative links and links to full runbooks are resolved against
    /// it.
    pub base_url: Option<String>,
    /// Links that take a captured value.
    pub links: Vec<LinkTemplate>,
}

/// A configured link, shown when every value in its address was captured: `https://logs.example/?q={incident_id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTemplate {
    /// The link's title.
    pub title: String,
    /// The link's address, with `{name}` for captured values.
    pub url: String,
}
