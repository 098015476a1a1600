//! The context that all handlers of a bot share.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use super::Parts;
use super::assembly::Prepared;
use super::home_visitors::HomeVisitors;
use super::knowledge::KnowledgeHandle;
use super::on_call::OnCallDirectory;
use super::own_channels::OwnChannels;
use super::people::People;
use super::reading::MessageReader;
use super::rules::Rules;
use super::status::Status;
use super::trackers::TrackerDirectory;
use super::unknown_links::ToldLinks;
use crate::clock::Clock;
use crate::jobs::Registry;
use crate::respond::Responder;
use crate::settings::Settings;
use crate::slack::sender::Sender;
use crate::slack::web::{SlackTime, Web};
use crate::store::Store;

/// Shared dependencies of the handlers, one set per bot.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) store: Arc<dyn Store>,
    /// This machine's clock.
    pub(super) clock: Arc<dyn Clock>,
    /// Slack's time, for the age of messages.
    pub(super) slack_time: Arc<SlackTime>,
    /// The settings, the bot's identity, and the rules derived from both.
    pub(super) rules: Arc<Rules>,
    pub(super) knowledge: Arc<KnowledgeHandle>,
    pub(super) responder: Responder,
    pub(super) status: Arc<Status>,
    pub(super) web: Arc<Web>,
    pub(super) sender: Arc<Sender>,
    pub(super) people: People,
    pub(super) reading: MessageReader,
    /// The people on call, and the pagers.
    pub(super) on_call: OnCallDirectory,
    /// The trackers of issues.
    pub(super) trackers: TrackerDirectory,
    /// The channels that the bot is in.
    pub(super) own_channels: OwnChannels,
    /// The runbook links of alerts that the operators were told of.
    pub(super) told_links: ToldLinks,
    /// Recent visitors of the Home tab, to be told of changes.
    pub(super) home_visitors: HomeVisitors,
    /// Notified when the runbooks were read, or could not be.
    pub(super) runbooks_read: Notify,
    /// Wakes the inbox workers.
    pub(super) inbox: Notify,
    /// Wakes the delivery task.
    pub(super) outbox: Arc<Notify>,
    /// Wakes the task that sends pages and goes on with escalations.
    pub(super) calls: Notify,
    /// Wakes the task that creates issues.
    pub(super) issues: Notify,
    /// Tracker of every task of the bot.
    pub(super) tracker: TaskTracker,
}

impl Context {
    /// Creates the context of a bot.
    pub(super) fn new(settings: Settings, parts: &Parts, web: &Arc<Web>, prepared: Prepared) -> Self {
        let on_call = OnCallDirectory::new(&settings);
        let trackers = TrackerDirectory::new(&settings);
        let rules = Arc::new(Rules {
            us: prepared.us,
            settings,
        });
        Self {
            store: prepared.store,
            clock: Arc::clone(&parts.clock),
            slack_time: Arc::clone(web.time()),
            people: People::new(Arc::clone(web), parts.tracker.clone()),
            reading: MessageReader::new(Arc::clone(web), Arc::clone(&rules)),
            on_call,
            trackers,
            own_channels: OwnChannels::default(),
            told_links: ToldLinks::default(),
            rules,
            knowledge: prepared.knowledge,
            responder: prepared.responder,
            status: Arc::clone(&parts.status),
            sender: Arc::new(Sender::new(Arc::clone(web), parts.rates)),
            web: Arc::clone(web),
            home_visitors: HomeVisitors::default(),
            runbooks_read: Notify::new(),
            inbox: Notify::new(),
            outbox: Arc::new(Notify::new()),
            calls: Notify::new(),
            issues: Notify::new(),
            tracker: parts.tracker.clone(),
        }
    }

    /// The registered jobs.
    pub(super) fn registry(&self) -> &Registry {
        &self.rules.settings.jobs.registry
    }
}
