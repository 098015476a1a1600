//! Replies to messages: each collects its values and renders them through a template.

use std::collections::BTreeSet;

use minijinja::{Environment, UndefinedBehavior, Value, context};

use super::fill::{Captures, Filled, Filler};
use super::occurrences::OccurrenceLines;
use super::pieces::Pieces;
use super::{
    Audience, Labels, Reply, ResponderOptions, TemplateError, Templates, contacts, excerpt, labels, links, markdown,
    names, remainder, rows, steps, templates, values,
};
use crate::addresses::alert_links;
use crate::matching::{Evidence, Match, Outcome, SignatureKind};
use crate::runbook::{Block, BlockKind, Inline, Item, Library, Runbook, Topic, TopicId};

/// Most values of one placeholder that are shown.
const SEVERAL: usize = 8;
/// Most other errors of one message that are named.
const OTHERS: usize = 20;

/// Renderer of replies through the templates. Created once, used for every message.
#[derive(Debug)]
pub struct Responder {
    jinja: Environment<'static>,
    /// The embedded templates, for when one fails on values that its trial did not have. A missing value is empty in them:
    /// the rest of the reply is worth more than none.
    fallback: Environment<'static>,
    pub(super) options: ResponderOptions,
    pub(super) labels: Labels,
}

impl Responder {
    /// Loads the templates, `overrides` on top of the embedded ones, and tries each of them.
    ///
    /// # Errors
    ///
    /// Fails with the first template that does not work, and its line.
    pub fn new(overrides: Option<&Templates>, options: ResponderOptions) -> Result<Self, TemplateError> {
        let responder = Self {
            jinja: templates::load(overrides, UndefinedBehavior::Strict)?,
            fallback: templates::load(None, UndefinedBehavior::Chainable)?,
            options,
            labels: labels::load(overrides)?,
        };
        if overrides.is_some_and(|overrides| !overrides.is_empty()) {
            super::trial::run(&responder.jinja)?;
        }
        Ok(responder)
    }

    /// The reply to a message: the answer when something was recognised. When a person asked, there is always one: near
    /// misses, or "no runbook for this".
    pub fn answer(&self, library: &Library, outcome: &Outcome, asked: bool) -> Option<Reply> {
        if let Some(best) = outcome.matches.first() {
            return Some(self.matched(library, best, outcome.matches.get(1..).unwrap_or_default(), asked));
        }
        if !asked {
            return None;
        }
        Some(if outcome.near.is_empty() {
            self.nothing_found()
        } else {
            self.near_misses(library, outcome)
        })
    }

    /// The answer to a recognised error. It shows the best match and names the others.
    fn matched(&self, library: &Library, best: &Match, others: &[Match], asked: bool) -> Reply {
        let (Some(runbook), Some(topic)) = (library.runbook(best.topic), library.topic(best.topic)) else {
            return self.nothing_found();
        };
        let mut pieces = Pieces::default();
        let parts = self.parts(&mut pieces, runbook, topic, Some(best));
        let others: Vec<Value> = others
            .iter()
            .take(OTHERS)
            .map(|other| self.candidate(library, other))
            .collect();
        let found = self.match_values(library, best, &mut pieces);
        let values = context! {
            asked, others,
            ..minijinja::value::merge_maps([found, parts, self.topic_values(library, runbook, topic)])
        };
        self.reply("answer.md", &values, &pieces, Some((library, best.topic)))
    }

    /// Template values of a match: the lines, the signatures, and the links for captured values.
    pub(super) fn match_values(&self, library: &Library, matched: &Match, pieces: &mut Pieces) -> Value {
        let also: Vec<Value> = matched.also.iter().take(3).map(|id| self.place(library, *id)).collect();
        // A code or an alert names the error in a word, so it comes before stronger evidence.
        let mut reasons: Vec<&Evidence> = matched.evidence.iter().take(excerpt::QUOTED).collect();
        let is_link =
            |evidence: &Evidence| evidence.kind == SignatureKind::Pattern && evidence.signature.starts_with("http");
        reasons.sort_by_key(|evidence| {
            !is_link(evidence) && !matches!(evidence.kind, SignatureKind::Code | SignatureKind::Alert)
        });
        let reason = |evidence: &&Evidence| {
            let signature = values::shortened(&evidence.signature, excerpt::QUOTED_LINE);
            context! {
                line => evidence.line, signature, kind => values::kind(&evidence.kind), verbatim => is_verbatim(evidence),
                is_alert => is_called_alert(&evidence.text), is_link => is_link(evidence),
                is_alert_link => !alert_links(&evidence.text).is_empty(),
            }
        };
        let evidence: Vec<Value> = reasons.iter().map(reason).collect();
        let links = links::configured(&self.options.links, matched);
        context! {
            evidence, also,
            quoted => pieces.put(excerpt::quoted(matched)),
            quoted_line => pieces.put(excerpt::quoted_line(matched)),
            links => links.into_iter().map(|(title, url)| context! { title, url }).collect::<Vec<_>>(),
        }
    }

    /// The reply with a topic that somebody asked to see.
    pub fn show(&self, library: &Library, id: TopicId) -> Reply {
        let (Some(runbook), Some(topic)) = (library.runbook(id), library.topic(id)) else {
            return self.nothing_found();
        };
        let mut pieces = Pieces::default();
        let parts = self.parts(&mut pieces, runbook, topic, None);
        let cause = values::cause(&topic.causes);
        let shown = remainder::shown(runbook, topic, None, &cause);
        let mut rest = remainder::blocks(runbook, topic, shown, Audience::Internal);
        values::resolve(&mut rest, runbook, self.options.base_url.as_deref());
        let sections = self.sections(id, runbook, topic, library, &[]);
        let values = context! {
            sections, rest => pieces.put_body(rest),
            ..minijinja::value::merge_maps([parts, self.topic_values(library, runbook, topic)])
        };
        self.reply("show.md", &values, &pieces, Some((library, id)))
    }

    /// Template values of a runbook's topics, for a card of the whole runbook; without those `offered` already.
    pub(super) fn sections(
        &self,
        id: TopicId,
        runbook: &Runbook,
        topic: &Topic,
        library: &Library,
        offered: &[usize],
    ) -> Vec<Value> {
        let others = runbook.topics.iter();
        let others =
            others.filter(|other| topic.section == 0 && other.section != 0 && !offered.contains(&other.section));
        others
            .map(|other| {
                let section = other.section;
                self.place(library, TopicId { section, ..id })
            })
            .collect()
    }

    /// Template values of a topic: its names and addresses.
    pub(super) fn topic_values(&self, library: &Library, runbook: &Runbook, topic: &Topic) -> Value {
        let index = library
            .runbooks
            .iter()
            .position(|other| other.path == runbook.path)
            .unwrap_or_default();
        let whole = topic.section == 0;
        // A branch whose steps are in the reply anyway is not listed.
        let shown = steps::shown(&topic.steps);
        context! {
            title => if whole { &runbook.title } else { &topic.title },
            runbook => runbook.title.clone(),
            is_section => !whole,
            path => runbook.path.clone(),
            full_url => links::full(runbook, self.options.base_url.as_deref()),
            source => values::source(runbook, library.source(TopicId { runbook: index, section: 0 })),
            show_all => names::show_command(library, TopicId { runbook: index, section: 0 }),
            branches => topic.branches.iter().filter(|branch| !shown.contains(&branch.section)).map(|branch| context! {
                label => branch.label.clone(),
                show => names::show_command(library, TopicId { runbook: index, section: branch.section }),
            }).collect::<Vec<_>>(),
        }
    }

    /// Template values of a topic's cause, steps, contacts and places, with captured values filled into the commands.
    fn parts(&self, pieces: &mut Pieces, runbook: &Runbook, topic: &Topic, matched: Option<&Match>) -> Value {
        let base_url = self.options.base_url.as_deref();
        let mut filler = Filler::new(
            matched.map_or(&Captures::new(), |matched| &matched.captures),
            &topic.steps,
        );
        let mut cause = values::cause(&topic.causes);
        values::resolve(&mut cause, runbook, base_url);
        let todo = filler.steps(&topic.steps);
        let mut todo = steps::to_blocks(&todo, runbook, None);
        let has_steps = !todo.is_empty();
        if !has_steps {
            todo = excerpt::own_text(runbook, topic, &cause);
            filler.blocks(&mut todo);
        }
        let mut entry = matched.map_or_else(Vec::new, |matched| rows::entry(runbook, topic, matched, &[&todo]));
        values::resolve(&mut entry, runbook, base_url);
        if let Some(matched) = matched {
            rows::narrow(&mut todo, matched);
        }
        values::resolve(&mut todo, runbook, base_url);
        let entry = pieces.put(entry);
        let steps = pieces.put_body(todo);
        context! { steps, has_steps, entry, ..self.surroundings(pieces, (topic, matched), cause, &filler.filled, Audience::Internal) }
    }

    /// Template values around a topic's steps: cause, contacts, places, and the values that were filled in.
    #[expect(
        clippy::unused_self,
        reason = "a part of an answer, called beside those that need the responder"
    )]
    pub(super) fn surroundings(
        &self,
        pieces: &mut Pieces,
        (topic, matched): (&Topic, Option<&Match>),
        cause: Vec<Block>,
        filled: &Filled,
        audience: Audience,
    ) -> Value {
        let (contacts, places) = match audience {
            Audience::Internal => (topic.contacts.as_slice(), topic.places.as_slice()),
            Audience::External => Default::default(),
        };
        let contacts: Vec<Value> = contacts::ordered(contacts, matched)
            .into_iter()
            .map(|contact| {
                context! {
                    team => contact.team, kind => values::kind(&contact.kind), name => contact.name, when => contact.when,
                    url => contact.url.as_deref().and_then(links::safe),
                }
            })
            .collect();
        let mut seen = BTreeSet::new();
        let places: Vec<Value> = places
            .iter()
            .filter_map(|place| Some((place, links::safe(&place.url)?)))
            .filter(|(_, url)| seen.insert(url.clone()))
            .take(6)
            .map(|(place, url)| context! { kind => values::kind(&place.kind), label => place.label.clone(), url })
            .collect();
        let lines = OccurrenceLines::of(matched, filled);
        context! {
            cause => pieces.put(cause),
            contacts, places,
            filled => filled_values(filled),
            filled_facts => pieces.put(filled_facts(filled)),
            several_facts => pieces.put(several_facts(&filled.several)),
            other_facts => pieces.put(several_facts(&lines.without(&filled.several))),
            ..lines.values()
        }
    }

    /// The first paragraph of a template, which is one sentence.
    pub(super) fn sentence(&self, template: &str, values: &Value) -> Vec<Inline> {
        let reply = self.reply(template, values, &Pieces::default(), None);
        let inlines = reply.blocks.into_iter().find_map(|block| match block.kind {
            BlockKind::Paragraph(inlines) => Some(inlines),
            _ => None,
        });
        inlines.unwrap_or_default()
    }

    pub(super) fn simple(&self, template: &str, values: &Value) -> Reply {
        self.reply(template, values, &Pieces::default(), None)
    }

    pub(super) fn reply(
        &self,
        template: &str,
        values: &Value,
        pieces: &Pieces,
        about: Option<(&Library, TopicId)>,
    ) -> Reply {
        let (blocks, body) = markdown::parse(&self.render(template, values), pieces);
        let mut reply = Reply {
            blocks,
            body,
            ..Reply::default()
        };
        if let Some((library, id)) = about {
            // The topic around a section that is none.
            let section = library.topic(id).map_or(id.section, |topic| topic.section);
            let id = TopicId { section, ..id };
            reply.full_url = library
                .runbook(id)
                .and_then(|runbook| links::full(runbook, self.options.base_url.as_deref()));
            let more = context! { full_url => reply.full_url.clone(), show => names::show_command(library, id) };
            reply.rest = markdown::parse(&self.render("rest.md", &more), pieces).0;
            reply.cut = markdown::parse(&self.render("cut.md", &more), pieces).0;
        }
        reply
    }

    pub(super) fn render(&self, template: &str, values: &Value) -> String {
        #[cfg(debug_assertions)]
        {
            let missing = templates::missing(&self.fallback, template, values);
            debug_assert!(missing.is_empty(), "{template} is given no {missing:?}");
        }
        templates::render(&self.jinja, template, values).unwrap_or_else(|error| {
            tracing::error!(reply.template = template, %error, "a reply template failed; the built-in one is used, without what it lacks");
            templates::render(&self.fallback, template, values).unwrap_or_default()
        })
    }
}

/// The values that were filled in, as facts.
fn filled_facts(filled: &Filled) -> Vec<Block> {
    facts(
        filled
            .values
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    )
}

/// The values among which a person must choose: a line for each placeholder.
fn several_facts(several: &Captures) -> Vec<Block> {
    let item = |(name, values): (&String, &Vec<String>)| {
        let mut inlines = vec![Inline::Code(name.clone())];
        for (at, value) in values.iter().take(SEVERAL).enumerate() {
            inlines.push(Inline::Text(if at == 0 { ": " } else { ", " }.to_owned()));
            inlines.push(Inline::Code(value.clone()));
        }
        if values.len() > SEVERAL {
            inlines.push(Inline::Text(", …".to_owned()));
        }
        Item {
            blocks: vec![markdown::block(BlockKind::Paragraph(inlines))],
            line: 0,
        }
    };
    let items: Vec<Item> = several.iter().map(item).collect();
    if items.is_empty() {
        return Vec::new();
    }
    vec![markdown::block(BlockKind::List {
        ordered: false,
        start: 1,
        items,
    })]
}

/// Names and their values, as facts; a value may be empty.
pub(super) fn facts<'v>(values: impl Iterator<Item = (&'v str, &'v str)>) -> Vec<Block> {
    let item = |(name, value): (&str, &str)| {
        let name = Inline::Code(name.to_owned());
        let inlines = if value.is_empty() {
            vec![name, Inline::Text(" (empty)".to_owned())]
        } else {
            vec![name, Inline::Text(" = ".to_owned()), Inline::Code(value.to_owned())]
        };
        Item {
            blocks: vec![markdown::block(BlockKind::Paragraph(inlines))],
            line: 0,
        }
    };
    let items: Vec<Item> = values.map(item).collect();
    if items.is_empty() {
        return Vec::new();
    }
    vec![Block {
        attrs: vec![markdown::FACTS.to_owned()],
        ..markdown::block(BlockKind::List {
            ordered: false,
            start: 1,
            items,
        })
    }]
}

fn filled_values(filled: &Filled) -> Vec<Value> {
    let values = filled.values.iter();
    values.map(|(name, value)| context! { name, value }).collect()
}

/// Returns true when a line calls what it names an alert: an exception has a name of the same form.
fn is_called_alert(line: &str) -> bool {
    let line = line.to_lowercase();
    ["alert", "firing", "severity"].iter().any(|word| line.contains(word))
}

/// Returns true when the line is the signature itself, so that quoting the line is enough.
fn is_verbatim(evidence: &Evidence) -> bool {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    letters(&evidence.text) == letters(&evidence.signature)
}
