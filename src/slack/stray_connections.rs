//! Detection of stray connections: Slack distributes events among all connections of an app, so one that nobody reads
//! silently swallows its share (python-slack-sdk#1940, bolt-js#2225). Only `hello` tells how many there are.

use std::time::Duration;

use jiff::Timestamp;

/// Time after which extra connections count as stray: those of a process that has just died linger for a while.
pub const LASTING: Duration = Duration::from_mins(5);

/// The action to take on the number of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrayVerdict {
    /// No action.
    Fine,
    /// The number is outdated: open a connection anew to be told again.
    Ask,
    /// This many connections are not ours.
    Alarm(u32),
}

/// Watches the number of the app's connections.
#[derive(Debug)]
pub struct StrayConnections {
    expected: u32,
    over: Option<Over>,
}

#[derive(Debug, Clone, Copy)]
struct Over {
    since: Timestamp,
    extra: u32,
    asked: bool,
    alarmed: bool,
}

impl StrayConnections {
    /// Creates a watch. `expected`: the number of connections that all replicas together hold.
    pub fn new(expected: u32) -> Self {
        Self { expected, over: None }
    }

    /// Notes the number of connections that a `hello` told. `overlap`: our own that are being left at this moment.
    pub fn hello(&mut self, now: Timestamp, connections: u32, overlap: u32) -> StrayVerdict {
        let extra = connections.saturating_sub(self.expected.saturating_add(overlap));
        if extra == 0 {
            // Connections that open at the same time are told different numbers, in no order: a smaller one proves
            // nothing unless it was asked for.
            self.over = self.over.filter(|over| !over.asked);
            return StrayVerdict::Fine;
        }
        let over = self.over.get_or_insert(Over {
            since: now,
            extra,
            asked: false,
            alarmed: false,
        });
        over.extra = extra;
        if over.asked && !over.alarmed && lasted(now, over.since) {
            over.alarmed = true;
            return StrayVerdict::Alarm(extra);
        }
        StrayVerdict::Fine
    }

    /// Returns true when there are no connections but ours.
    pub fn clear(&self) -> bool {
        self.over.is_none()
    }

    /// Notes that time has passed.
    pub fn tick(&mut self, now: Timestamp) -> StrayVerdict {
        match &mut self.over {
            Some(over) if !over.asked && lasted(now, over.since) => {
                over.asked = true;
                StrayVerdict::Ask
            }
            _ => StrayVerdict::Fine,
        }
    }
}

fn lasted(now: Timestamp, since: Timestamp) -> bool {
    now.duration_since(since) >= jiff::SignedDuration::try_from(LASTING).unwrap_or(jiff::SignedDuration::MAX)
}
