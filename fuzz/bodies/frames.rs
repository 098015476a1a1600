//! Any text is read as a frame of Socket Mode: an event, an interaction, or nothing.

use signpost::slack::decode::{self, Event, Frame, Identity};

/// Panics where the code does what it must not. Returns true when the text is a frame with an envelope.
pub fn run(input: &str) -> bool {
    let us = Identity {
        team_id: "T1".to_owned(),
        user_id: "U1".to_owned(),
        ..Identity::default()
    };
    let Some(Frame::Envelope(envelope)) = decode::frame(input) else {
        return false;
    };
    assert!(!envelope.keys().is_empty());
    if let Event::Message(message) = decode::event(&envelope.payload, &us) {
        // Whatever comes, a message has one key, which names its place.
        assert!(message.key().contains(&message.channel) && message.key().contains(&message.ts));
        assert!(message.id().contains(&message.ts));
        let _ = (
            message.answer_thread(),
            message.is_root(),
            message.is_empty(),
            message.unread_files().count(),
        );
    }
    let _ = decode::event_id(&envelope.payload);
    true
}
