//! Buttons of replies: one button, a row of them, and the replies that keep them.

use std::collections::BTreeMap;

use super::Reply;
use super::act::{ButtonPress, CardAction};
use super::answer::Responder;
use super::labels::{BUTTON, filled, shortened};
use super::markdown::block;
use crate::runbook::{Block, BlockKind, Button, Menu, MenuOption};

/// Most buttons in a row (Slack's limit).
const IN_ROW: usize = 25;
/// Most options of an overflow menu (Slack's limit).
const IN_OVERFLOW: usize = 5;
/// Most options of a select (Slack's limit).
const IN_SELECT: usize = 100;

impl Responder {
    /// A button that opens the form of a job, with the values given already.
    pub(super) fn form_button(
        &self,
        about: &str,
        (job, title): (&str, &str),
        line: Option<u32>,
        given: BTreeMap<String, String>,
        at: usize,
    ) -> Button {
        let act = CardAction::Form {
            job: job.to_owned(),
            line,
            given,
        };
        button(about, act, &filled(&self.labels.buttons.run_job, "title", title), at)
    }
}

/// A button for an action on a case or a run, `about`. `at` keeps the ids of equal actions in one message distinct.
pub(super) fn button(about: &str, act: CardAction, label: &str, at: usize) -> Button {
    Button {
        label: label.to_owned(),
        action: format!("signpost_{}_{at}", act.name()),
        // Of a run's buttons only the approval is highlighted, which a second person is asked for.
        primary: matches!(act, CardAction::Approve),
        value: ButtonPress::value(about, act.clone())
            .or_else(|| ButtonPress::value(about, act.without_values()))
            .unwrap_or_default(),
        url: None,
        menu: None,
    }
}

/// An option of a menu, for an action on the case of the menu. `None` when its value has no room.
pub(super) fn menu_option(act: &CardAction, label: &str) -> Option<MenuOption> {
    Some(MenuOption {
        label: shortened(label, BUTTON),
        value: ButtonPress::option(act)?,
        url: None,
    })
}

/// The menu "…" of a case; `None` without options.
pub(super) fn overflow(case: &str, options: Vec<MenuOption>) -> Option<Button> {
    menu(case, "", "signpost_more", options, IN_OVERFLOW, Menu::Overflow)
}

/// A list of a case to choose from; `None` without options.
pub(super) fn select(case: &str, label: &str, action: &str, options: Vec<MenuOption>) -> Option<Button> {
    menu(case, label, action, options, IN_SELECT, Menu::Select)
}

fn menu(
    case: &str,
    label: &str,
    action: &str,
    mut options: Vec<MenuOption>,
    most: usize,
    kind: fn(Vec<MenuOption>) -> Menu,
) -> Option<Button> {
    options.truncate(most);
    (!options.is_empty()).then(|| Button {
        label: label.to_owned(),
        action: action.to_owned(),
        value: case.to_owned(),
        url: None,
        primary: false,
        menu: Some(kind(options)),
    })
}

/// Returns a row of the buttons that have a value; no block when there are none.
pub(super) fn button_row(mut buttons: Vec<Button>) -> Vec<Block> {
    buttons.retain(|button| !button.value.is_empty());
    buttons.truncate(IN_ROW);
    if buttons.is_empty() {
        Vec::new()
    } else {
        vec![block(BlockKind::Buttons(buttons))]
    }
}

/// Keeps the buttons of a reply that is too long: only the blocks before them may be cut.
pub(super) fn keep_buttons(mut reply: Reply) -> Reply {
    let is_row = |block: &Block| matches!(block.kind, BlockKind::Buttons(_));
    if let Some(at) = reply.blocks.iter().position(is_row) {
        reply.body = 0..at;
    }
    reply
}
