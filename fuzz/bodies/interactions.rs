//! Any payload is read as an interaction, and what its buttons and menus carry as actions.

use signpost::respond::ButtonPress;
use signpost::slack::decode::{self, Envelope, Frame, Identity, Interaction};

/// Panics where the code does what it must not. Returns true when the text is a frame with an envelope.
pub fn run(input: &str) -> bool {
    let us = Identity {
        team_id: "T1".to_owned(),
        user_id: "U1".to_owned(),
        ..Identity::default()
    };
    let Some(Frame::Envelope(envelope)) = decode::frame(input) else {
        let _ = (ButtonPress::read(input), ButtonPress::read_option(input, input));
        return false;
    };
    for kind in ["interactive", "slash_commands", ""] {
        let envelope = Envelope {
            kind: kind.to_owned(),
            ..envelope.clone()
        };
        match decode::interaction(&envelope, &us) {
            Interaction::Actions(actions) => {
                for action in &actions.actions {
                    let value = action.value.as_deref().unwrap_or_default();
                    let _ = (
                        ButtonPress::read(value),
                        ButtonPress::read_option(&action.block_id, value),
                    );
                }
            }
            Interaction::View(answer) => {
                let _ = (answer.id(), answer.view.value("p:A", "value"));
            }
            Interaction::Command(_) | Interaction::Shortcut(_) | Interaction::Unknown { .. } => {}
        }
    }
    true
}
