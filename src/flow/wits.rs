//! Those who think, each with what it needs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use super::Status;
use super::home::{Home, Visitors};
use super::interact::Interact;
use super::listen::{Listener, Unanswered};
use super::mind::Mind;
use super::people::People;
use super::reading::{self, Downloads, Reading};
use super::rules::Rules;
use super::runs::{Memory, Pace, Runner};
use super::sweep::{self, Sweeper};
use super::talk::Talk;
use crate::clock::Clock;
use crate::jenkins::Client;
use crate::jobs::JenkinsId;
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
    pub(super) pace: Pace,
    pub(super) tracker: &'a TaskTracker,
}

/// All of them.
pub(super) struct Gathered {
    /// Answers interactions.
    pub(super) interact: Interact,
    /// Listens to messages.
    pub(super) listener: Listener,
    /// Keeps the Home tabs.
    pub(super) home: Arc<Home>,
    /// Runs jobs.
    pub(super) runner: Arc<Runner>,
    /// Removes what is too old from memory.
    pub(super) sweeper: Sweeper,
}

impl Wits<'_> {
    /// Puts them together.
    pub(super) fn gathered(&self, clients: HashMap<JenkinsId, Client>) -> Gathered {
        let people = Arc::new(People::new(Arc::clone(self.web)));
        let reading = Arc::new(Reading {
            web: Arc::clone(self.web),
            rules: Arc::clone(self.rules),
            links: Mutex::new(reading::links()),
            downloads: Downloads::default(),
        });
        let home = Arc::new(Home {
            store: Arc::clone(self.store),
            clock: Arc::clone(self.clock),
            mind: Arc::clone(self.mind),
            people: Arc::clone(&people),
            reading: Arc::clone(&reading),
            sender: Arc::clone(self.sender),
            visitors: Visitors::default(),
        });
        let runner = Arc::new(Runner {
            store: Arc::clone(self.store),
            clock: Arc::clone(self.clock),
            rules: Arc::clone(self.rules),
            mind: Arc::clone(self.mind),
            people: Arc::clone(&people),
            reading: Arc::clone(&reading),
            home: Arc::clone(&home),
            outbox: Arc::clone(self.outbox),
            clients,
            pace: self.pace,
            memory: Memory::default(),
            places: tokio::sync::Mutex::default(),
            tracker: self.tracker.clone(),
        });
        let talk = Arc::new(Talk {
            store: Arc::clone(self.store),
            clock: Arc::clone(self.clock),
            mind: Arc::clone(self.mind),
            rules: Arc::clone(self.rules),
            status: Arc::clone(self.status),
            people: Arc::clone(&people),
            runner: Arc::clone(&runner),
            tracker: self.tracker.clone(),
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
            runner: Arc::clone(&runner),
        };
        let unanswered = Arc::new(Unanswered::default());
        let sweeper = Sweeper {
            every: sweep::EVERY,
            what: vec![
                Arc::clone(&unanswered) as _,
                Arc::clone(&people) as _,
                Arc::clone(&reading) as _,
            ],
        };
        let listener = Listener {
            store: Arc::clone(self.store),
            clock: Arc::clone(self.clock),
            rules: Arc::clone(self.rules),
            mind: Arc::clone(self.mind),
            talk,
            reading,
            unanswered,
        };
        Gathered {
            interact,
            listener,
            home,
            runner,
            sweeper,
        }
    }
}
