//! Those who think, each with what it needs.

use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::Status;
use super::home::{Home, Visitors};
use super::interact::Interact;
use super::listen::{Listener, Unanswered};
use super::mind::Mind;
use super::people::People;
use super::reading::Reading;
use super::rules::Rules;
use super::talk::Talk;
use crate::clock::Clock;
use crate::slack::sender::Sender;
use crate::slack::web::Web;
use crate::store::Store;

/// What they share.
pub(super) struct Wits<'a> {
    pub(super) store: &'a Arc<dyn Store>,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) rules: &'a Arc<Rules>,
    pub(super) mind: &'a Arc<Mind>,
    pub(super) status: &'a Arc<Status>,
    pub(super) web: &'a Arc<Web>,
    pub(super) sender: &'a Arc<Sender>,
    pub(super) outbox: &'a Arc<Notify>,
}

impl Wits<'_> {
    /// Who answers interactions, who listens to messages, and who keeps the Home tabs.
    pub(super) fn gathered(&self) -> (Interact, Listener, Arc<Home>) {
        let people = Arc::new(People::new(Arc::clone(self.web)));
        let talk = Arc::new(Talk {
            store: Arc::clone(self.store),
            clock: Arc::clone(self.clock),
            mind: Arc::clone(self.mind),
            rules: Arc::clone(self.rules),
            status: Arc::clone(self.status),
            people: Arc::clone(&people),
        });
        let reading = Arc::new(Reading {
            web: Arc::clone(self.web),
            rules: Arc::clone(self.rules),
            links: Mutex::default(),
        });
        let home = Arc::new(Home {
            store: Arc::clone(self.store),
            clock: Arc::clone(self.clock),
            mind: Arc::clone(self.mind),
            people,
            reading: Arc::clone(&reading),
            sender: Arc::clone(self.sender),
            visitors: Visitors::default(),
        });
        let interact = Interact {
            store: Arc::clone(self.store),
            clock: Arc::clone(self.clock),
            rules: Arc::clone(self.rules),
            mind: Arc::clone(self.mind),
            talk: Arc::clone(&talk),
            reading: Arc::clone(&reading),
            sender: Arc::clone(self.sender),
            home: Arc::clone(&home),
            outbox: Arc::clone(self.outbox),
        };
        let listener = Listener {
            store: Arc::clone(self.store),
            clock: Arc::clone(self.clock),
            rules: Arc::clone(self.rules),
            mind: Arc::clone(self.mind),
            talk,
            reading,
            unanswered: Unanswered::default(),
        };
        (interact, listener, home)
    }
}
