//! The rows of buttons on a card: above the steps what can be done about the case, below them what goes on from the steps.

use super::act::CardAction;
use super::alternatives::Choice;
use super::answer::Responder;
use super::buttons::{button_row, menu_option, overflow, select};
use super::card::{Card, CardJob};
use super::labels::{BUTTON, filled, shortened};
use super::step_pages::{PageTurns, StepName, StepPages, fingerprint};
use super::{Audience, links, values};
use crate::addresses::AlertLinkKind;
use crate::runbook::{Block, Button, Library, MenuOption, Runbook, Topic, TopicId};

impl Responder {
    /// The row of actions of a case that people work on: it stands above the steps, however long they are.
    pub(super) fn action_row(
        &self,
        library: &Library,
        card: &Card<'_>,
        page: &PageTurns,
        jobs: &[&CardJob],
        choice: Choice<'_>,
        full_url: Option<&str>,
    ) -> Vec<Block> {
        let labels = &self.labels.buttons;
        let mut row: Vec<Button> = Vec::new();
        if card.private {
            row.push(Self::button(card, CardAction::Share, &labels.share, 8));
        }
        if !card.is_over() {
            let jobs = jobs.iter().enumerate();
            row.extend(jobs.map(|(at, job)| self.job_button(card, job, at)));
        }
        if card.is_over() {
            row.push(Self::button(card, CardAction::HideSteps, &labels.hide_steps, 0));
            row.push(Self::button(card, CardAction::Reopen, &labels.reopen, 1));
        } else {
            row.push(Self::button(card, CardAction::Fixed, &labels.fixed, 0));
            if card.audience == Audience::Internal {
                let escalate = Self::button(card, CardAction::Escalate, &labels.escalate, 3);
                let primary = card.standing == "not-helped";
                row.push(Button { primary, ..escalate });
            }
        }
        if let Some(from) = card.came_from {
            row.push(self.return_button(library, card, from, 9));
        }
        // One button is highlighted: the usual next action.
        let is_below = page.next.is_some() && jobs.is_empty() && !card.private;
        let is_chosen = row.iter().any(|button| button.primary) || is_below || !choice.question().is_empty();
        if let Some(first) = row.first_mut().filter(|_| !card.is_over() && !is_chosen) {
            first.primary = true;
        }
        row.extend(overflow(card.case, self.more(card, full_url)));
        button_row(row)
    }

    /// The row below the steps: the pages around them, the steps to mark, and the answer to their question.
    pub(super) fn step_row(
        &self,
        card: &Card<'_>,
        page: &PageTurns,
        jobs: &[&CardJob],
        (pages, choice): (&StepPages, Choice<'_>),
    ) -> Vec<Block> {
        let labels = &self.labels.buttons;
        let mut row: Vec<Button> = Vec::new();
        if let Some(at) = page.next {
            let next = Self::button(card, CardAction::Page { at }, &labels.next, 1);
            let is_elsewhere = !jobs.is_empty() || card.private || card.is_over() || card.standing == "not-helped";
            row.push(Button {
                primary: !is_elsewhere && choice.question().is_empty(),
                ..next
            });
        }
        if let Some(at) = page.back {
            row.push(Self::button(card, CardAction::Page { at }, &labels.back, 2));
        }
        if !card.is_over() {
            row.extend(select(
                card.case,
                &labels.mark_steps,
                "signpost_mark",
                self.marks(card, pages),
            ));
            let answered = Some(choice).filter(|choice| choice.question().is_empty());
            row.extend(answered.and_then(|choice| self.alternative_list(card, choice)));
        }
        button_row(row)
    }

    /// The sections to which the steps lead, when there are several: people find out which of them applies, and go on there.
    pub(super) fn branch_row(
        card: &Card<'_>,
        runbook: &Runbook,
        topic: &Topic,
        (shown, choice): (&[usize], Choice<'_>),
    ) -> Vec<Block> {
        let mut seen = vec![topic.section];
        let mut row: Vec<Button> = Vec::new();
        for branch in &topic.branches {
            if shown.contains(&branch.section) || seen.contains(&branch.section) {
                continue;
            }
            seen.push(branch.section);
            let key = section_key(runbook, branch.section);
            let label = shortened(&branch.label, BUTTON);
            row.push(Self::button(card, CardAction::Section { key }, &label, 40 + row.len()));
        }
        let is_asked = choice == Choice::None && !card.is_over() && (2..=BRANCHES).contains(&row.len());
        if is_asked { button_row(row) } else { Vec::new() }
    }

    /// The row of buttons that open the dashboard, the panel and the silence form of an alert. Nobody outside sees them.
    pub(super) fn alert_row(&self, card: &Card<'_>) -> Vec<Block> {
        let labels = &self.labels.buttons;
        let here = card.alert_links.iter().filter(|_| card.audience == Audience::Internal);
        let mut row: Vec<Button> = Vec::new();
        for (link, at) in here.zip(20..) {
            let label = match link.kind {
                Some(AlertLinkKind::Dashboard) => &labels.alert_dashboard,
                Some(AlertLinkKind::Panel) => &labels.alert_panel,
                Some(AlertLinkKind::Silence) => &labels.alert_silence,
                Some(AlertLinkKind::Runbook) | None => continue,
            };
            // A group of alerts has many links of a kind; one of each is a way in.
            let Some(url) = links::safe(&link.url).filter(|url| url.len() <= LONGEST_URL) else {
                continue;
            };
            if row.iter().all(|other| other.label != *label) {
                let button = Self::button(card, CardAction::Open, label, at);
                row.push(Button {
                    url: Some(url),
                    ..button
                });
            }
        }
        button_row(row)
    }

    /// The row of a case that is over: its steps are one click away.
    pub(super) fn folded_row(&self, card: &Card<'_>) -> Vec<Block> {
        let labels = &self.labels.buttons;
        let mut row = vec![
            Self::button(card, CardAction::ShowSteps, &labels.show_steps, 0),
            Self::button(card, CardAction::Reopen, &labels.reopen, 1),
        ];
        if card.private {
            row.push(Self::button(card, CardAction::Share, &labels.share, 8));
        }
        row.extend(self.export_menu(card));
        button_row(row)
    }

    /// The menu of a card without steps.
    pub(super) fn export_menu(&self, card: &Card<'_>) -> Option<Button> {
        overflow(card.case, self.export(card).into_iter().collect())
    }

    /// The option that uploads the case into its thread: for our own people, and where there is a thread.
    fn export(&self, card: &Card<'_>) -> Option<MenuOption> {
        let is_offered = card.audience == Audience::Internal && !card.private;
        is_offered.then(|| menu_option(&CardAction::Export, &self.labels.buttons.export))?
    }

    /// The options behind "…".
    fn more(&self, card: &Card<'_>, full_url: Option<&str>) -> Vec<MenuOption> {
        let labels = &self.labels.buttons;
        let mut acts: Vec<(CardAction, &str)> = Vec::new();
        match card.standing {
            "fixed" | "resolved" => {}
            "not-helped" => acts.extend([
                (CardAction::Reopen, labels.undo_did_not_help.as_str()),
                (CardAction::Wrong, labels.wrong_runbook.as_str()),
            ]),
            _ => acts.extend([
                (CardAction::NotHelped, labels.did_not_help.as_str()),
                (CardAction::Wrong, labels.wrong_runbook.as_str()),
            ]),
        }
        let mut options: Vec<MenuOption> = acts.iter().filter_map(|(act, label)| menu_option(act, label)).collect();
        options.extend(self.export(card));
        if let Some(url) = full_url.filter(|url| url.len() <= LONGEST_URL)
            && let Some(option) = menu_option(&CardAction::Open, &labels.open)
        {
            options.push(MenuOption {
                url: Some(url.to_owned()),
                ..option
            });
        }
        options
    }

    /// The steps to mark as done, in their own words and order; those that are done can be taken back. Of many steps, those
    /// of the page that is shown and the next ones.
    fn marks(&self, card: &Card<'_>, pages: &StepPages) -> Vec<MenuOption> {
        let labels = &self.labels.buttons;
        let option = |name: &StepName| {
            let step = name.key.clone();
            let (act, label) = if card.done.contains_key(&name.key) {
                (CardAction::Undo { step }, &labels.step_undo)
            } else {
                (CardAction::Done { step }, &labels.step_done)
            };
            menu_option(&act, &filled(label, "step", &name.label))
        };
        let all: Vec<(usize, MenuOption)> = (0..)
            .zip(pages.names())
            .filter(|(_, name)| name.is_step)
            .filter_map(|(place, name)| Some((place, option(name)?)))
            .collect();
        let size: usize = all.iter().map(|(_, option)| option_size(option)).sum();
        let is_long = all.len() > OPTIONS || size > LONGEST_LIST;
        let from = if is_long { pages.first_on_page(card.at) } else { 0 };
        let mut used = 0;
        let here = all.into_iter().filter(|(place, _)| *place >= from);
        let fitting = here.take_while(|(_, option)| {
            used += option_size(option);
            used <= LONGEST_LIST
        });
        fitting.take(OPTIONS).map(|(_, option)| option).collect()
    }

    /// The list of the runbook's other sections: those that the steps lead to first, in the steps' own words. `rest` is the
    /// page of what the card leaves out, which comes before them. Returns also the number of sections for which the list has
    /// no room.
    pub(super) fn section_menu(
        &self,
        card: &Card<'_>,
        runbook: &Runbook,
        topic: &Topic,
        (shown, rest): (&[usize], Option<usize>),
    ) -> (Vec<Block>, usize) {
        let mut seen = vec![topic.section];
        let labels = &self.labels.buttons;
        let more = if topic.section == 0 {
            &labels.more_of_runbook
        } else {
            &labels.more_of_section
        };
        let rest = rest.and_then(|at| menu_option(&CardAction::Page { at }, more));
        let mut options: Vec<MenuOption> = rest.into_iter().collect();
        let branches = topic
            .branches
            .iter()
            .map(|branch| (branch.section, branch.label.as_str()));
        let branches = branches.filter(|(section, _)| !shown.contains(section));
        // An alternative is chosen with its own button.
        let alternatives = topic.alternatives.iter().flat_map(|found| &found.list);
        let alternatives: Vec<&str> = alternatives.map(|one| one.label.as_str()).collect();
        let others = runbook.topics.iter().map(|other| {
            let label = if other.section == 0 {
                &runbook.title
            } else {
                &other.title
            };
            (other.section, label.as_str())
        });
        let (mut size, mut left_out) = (0, 0);
        for (section, label) in branches.chain(others) {
            let is_alternative = alternatives.contains(&label.trim().trim_end_matches(':'));
            if is_alternative || seen.contains(&section) {
                continue;
            }
            seen.push(section);
            let key = section_key(runbook, section);
            let option = menu_option(&CardAction::Section { key }, &values::shortened(label, 70));
            size += option.as_ref().map_or(0, option_size);
            // The list is in the order of the page, so nothing follows what does not fit.
            if left_out > 0 || options.len() >= OPTIONS || size > LONGEST_LIST {
                left_out += 1;
            } else {
                options.extend(option);
            }
        }
        let menu = select(
            card.case,
            &self.labels.buttons.other_sections,
            "signpost_sections",
            options,
        );
        (button_row(menu.into_iter().collect()), left_out)
    }

    /// Resolves the key of a section, as the list of sections gives it. `None` when the runbook no longer has it.
    pub fn section_of(library: &Library, runbook: TopicId, key: &str) -> Option<TopicId> {
        let document = library.runbook(runbook)?;
        let section = (0..document.sections.len()).find(|section| section_key(document, *section) == key)?;
        Some(TopicId { section, ..runbook })
    }
}

/// Most sections to which steps lead that get a button each.
const BRANCHES: usize = 4;
/// Most characters of an address behind a button or an option (Slack's limit).
const LONGEST_URL: usize = 3_000;
/// Most options in a list (Slack's limit).
const OPTIONS: usize = 100;
/// Most characters of a list: they count towards the message, which is to hold the steps.
const LONGEST_LIST: usize = 2_400;

fn option_size(option: &MenuOption) -> usize {
    option.label.chars().count() + option.value.chars().count()
}

/// The key of a section in a menu's option: unchanged as long as its heading is.
fn section_key(runbook: &Runbook, section: usize) -> String {
    let heading = runbook.sections.get(section).filter(|_| section != 0);
    let heading = heading.map(|found| found.heading.as_str()).unwrap_or_default();
    let nth = if section == 0 { 0 } else { runbook.nth(section) };
    format!("{:016x}", fingerprint(&format!("{}#{heading}#{nth}", runbook.path)))
}
