//! An outcome becomes a [`Reply`], through `responses/templates`. Pure and platform-neutral.
//!
//! Wording and order live in the templates, which are Markdown with Jinja. Values are escaped for Markdown when they
//! are put in; big pieces (steps, evidence) are handed over as opaque marks and take their place as blocks after the
//! template's Markdown is parsed, so that nothing of a runbook is mangled on a round trip.

mod act;
mod address;
mod answer;
mod card;
mod contacts;
mod escalation;
mod excerpt;
mod facts;
mod fill;
mod home;
mod jobs;
pub mod labels;
mod links;
mod lists;
mod markdown;
mod names;
mod pieces;
mod rows;
mod run;
mod sheet;
mod steps;
mod talk;
mod templates;
mod text;
mod trial;
mod values;

use std::ops::Range;

use crate::runbook::Block;

pub use act::{ButtonPress, CardAction};
pub use address::{hidden_host, honest_label, without_direction};
pub use answer::Responder;
pub use card::{Card, CardJob};
pub use escalation::{Escalation, Marks};
pub use facts::{Connection, Listening, Missed, Pointer, Problems, StatusFacts};
pub use fill::is_fillable;
pub use home::{Ending, HomeFacts, RECENT, RecentMatch};
pub use jobs::{JobsFacts, Reason, RunLine, RunRefusal, Wanted};
pub use labels::Labels;
pub use lists::{CHOICES, NEAR_MISSES, RESULTS};
pub use names::show_command;
pub use run::{FoundError, RunCard, RunStage, Trouble};
pub use sheet::StepName;
pub use templates::{TemplateError, Templates};
pub use text::{plain_blocks, to_text, words};

/// What is posted, before an adapter gives it the platform's form.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reply {
    /// The blocks, in reading order. A heading that comes first is the reply's title.
    pub blocks: Vec<Block>,
    /// Where the full runbook can be read, when it is published.
    pub full_url: Option<String>,
    /// The blocks that may be left out at their end when a platform cannot show everything; the others always stay.
    pub body: Range<usize>,
    /// What is said in the place of blocks that were left out: how to see the rest.
    pub rest: Vec<Block>,
    /// What is said below a code block that had to be shortened.
    pub cut: Vec<Block>,
}

/// What a [`Responder`] needs to know besides its templates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Where the runbook folder is published: relative links and links to full runbooks are resolved against it.
    pub base_url: Option<String>,
    /// Links that take a captured value.
    pub links: Vec<LinkTemplate>,
}

/// A configured link, shown when every value in its address was captured: `https://logs.example/?q={incident_id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTemplate {
    /// What it is called.
    pub title: String,
    /// Its address, with `{name}` for captured values.
    pub url: String,
}
