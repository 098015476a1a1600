//! The table of open connections: their maximum number, their time-outs, and the choice of the one to close when there
//! are too many.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Limits;

/// Age below which a connection is not evicted: a younger one may only be waiting for a turn on a busy machine.
pub(super) const SETTLED: Duration = Duration::from_millis(100);
/// Time limit for a refused peer to read the response and to close.
const CLOSING: Duration = Duration::from_secs(1);

/// Progress of the request on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// A head is incomplete: the first one, from the moment of the connection on, or a later one that has begun.
    Head,
    /// The head is complete, and nothing proves yet that the request is from Slack.
    Unverified,
    /// The signature is right; the request is being answered.
    Verified,
    /// Between two requests; the last one was verified.
    Idle,
    /// The request was refused; only the response is still to be read.
    Closing,
}

impl Phase {
    /// Returns true when an unverified caller can bring a connection into this phase.
    fn is_unverified(self) -> bool {
        matches!(self, Self::Head | Self::Unverified | Self::Closing)
    }
}

#[derive(Debug)]
struct ConnectionEntry {
    peer: IpAddr,
    phase: Phase,
    /// Start of the head, of the idle time or of the closing.
    since: Instant,
    /// Bytes held of an unverified body.
    bytes: usize,
    evicted: bool,
    /// Woken when the phase changes or the connection is evicted.
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct ConnectionTable {
    entries: HashMap<u64, ConnectionEntry>,
    next: u64,
}

/// All connections of a listener.
#[derive(Debug)]
pub(super) struct Connections {
    limits: Limits,
    table: Mutex<ConnectionTable>,
    /// Woken when a connection ends.
    pub(super) freed: Notify,
}

/// The entry of one connection, removed when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    connections: Arc<Connections>,
    id: u64,
    changed: Arc<Notify>,
}

impl Connections {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            table: Mutex::default(),
            freed: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, ConnectionTable> {
        self.table.lock()
    }

    /// Adds a connection, evicting another one where there are too many. `None` when none may be evicted yet: the
    /// caller waits and tries again.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr, now: Instant) -> Option<Slot> {
        let peer = network(peer);
        let mut table = self.lock();
        let own = |entry: &ConnectionEntry| entry.peer == peer && entry.phase.is_unverified();
        if table.count(own) >= self.limits.per_address {
            table.evict_oldest(now, own);
        }
        let full = table.count(|_| true) >= self.limits.connections;
        // Evicted connections hold their files until their tasks have run.
        let crowded = table.entries.len() >= 2 * self.limits.connections;
        if crowded || (full && !table.make_room(now)) {
            return None;
        }
        table.next += 1;
        let (id, changed) = (table.next, Arc::new(Notify::new()));
        table.entries.insert(
            id,
            ConnectionEntry {
                peer,
                phase: Phase::Head,
                since: now,
                bytes: 0,
                evicted: false,
                changed: Arc::clone(&changed),
            },
        );
        Some(Slot {
            connections: Arc::clone(self),
            id,
            changed,
        })
    }

    /// Evicts one connection, for example when the process has no file descriptor left.
    pub(super) fn make_room(&self) {
        self.lock().make_room(Instant::now());
    }
}

impl ConnectionTable {
    /// Number of connections that match and are not evicted.
    fn count(&self, of: impl Fn(&ConnectionEntry) -> bool) -> usize {
        self.entries
            .values()
            .filter(|entry| !entry.evicted && of(entry))
            .count()
    }

    /// Evicts an unverified connection, or else an idle one. Returns false when none may be evicted.
    fn make_room(&mut self, now: Instant) -> bool {
        let mut counts: HashMap<IpAddr, usize> = HashMap::new();
        for entry in self.entries.values() {
            if !entry.evicted && entry.phase.is_unverified() {
                *counts.entry(entry.peer).or_default() += 1;
            }
        }
        // The address with the most of them is first in line, so that one caller cannot push out everybody else.
        let most = counts.values().copied().max().unwrap_or_default();
        let crowding = |entry: &ConnectionEntry| entry.phase.is_unverified() && counts.get(&entry.peer) == Some(&most);
        if self.evict_oldest(now, crowding) || self.evict_oldest(now, |entry| entry.phase.is_unverified()) {
            return true;
        }
        // An idle connection was a proxy's or Slack's, so it stays while there is anything else to wait for.
        counts.is_empty() && self.evict_oldest(now, |entry| entry.phase == Phase::Idle)
    }

    /// Evicts the matching connection that has stayed longest in its phase. Returns false when all of them are too
    /// young.
    fn evict_oldest(&mut self, now: Instant, of: impl Fn(&ConnectionEntry) -> bool) -> bool {
        let settled = |entry: &ConnectionEntry| now.saturating_duration_since(entry.since) >= SETTLED;
        self.evict(|entry| of(entry) && settled(entry))
    }

    fn evict(&mut self, of: impl Fn(&ConnectionEntry) -> bool) -> bool {
        let oldest = self
            .entries
            .values_mut()
            .filter(|entry| !entry.evicted && of(entry))
            .min_by_key(|entry| entry.since);
        let Some(entry) = oldest else { return false };
        entry.evicted = true;
        entry.bytes = 0;
        entry.changed.notify_one();
        metrics::counter!("signpost_slack_connections_evicted_total").increment(1);
        true
    }
}

impl Slot {
    /// The connection's current phase.
    pub(super) fn phase(&self) -> Phase {
        let table = self.connections.lock();
        table.entries.get(&self.id).map_or(Phase::Closing, |entry| entry.phase)
    }

    /// Enters a phase.
    pub(super) fn enter(&self, phase: Phase) {
        self.enter_at(phase, Instant::now());
    }

    fn enter_at(&self, phase: Phase, now: Instant) {
        let mut table = self.connections.lock();
        let Some(entry) = table.entries.get_mut(&self.id) else {
            return;
        };
        // A request is as old as its head, until it is verified or refused.
        if entry.phase != Phase::Head || phase != Phase::Unverified {
            entry.since = now;
        }
        entry.phase = phase;
        entry.bytes = 0;
        drop(table);
        self.changed.notify_one();
    }

    /// Notes that bytes arrived on an idle connection: the next head has begun.
    pub(super) fn received(&self) {
        if self.phase() == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// Counts bytes of an unverified body. Where all of them together exceed the limit, the oldest bodies are given up.
    pub(super) fn hold(&self, bytes: usize) {
        let mut table = self.connections.lock();
        if let Some(entry) = table.entries.get_mut(&self.id).filter(|entry| !entry.evicted) {
            entry.bytes += bytes;
        }
        let held = |table: &ConnectionTable| table.entries.values().map(|entry| entry.bytes).sum::<usize>();
        while held(&table) > self.connections.limits.unverified_bytes && table.evict(|entry| entry.bytes > 0) {}
    }

    /// Returns when the connection is evicted or out of time.
    pub(super) async fn expired(&self) {
        loop {
            let Some(deadline) = self.deadline() else { return };
            tokio::select! {
                () = self.changed.notified() => {}
                () = tokio::time::sleep_until(deadline) => {
                    // A change of phase at the same moment moves the deadline.
                    if self.deadline().is_none_or(|deadline| deadline <= Instant::now()) {
                        return;
                    }
                }
            }
        }
    }

    /// The connection's deadline; `None` when it is evicted.
    fn deadline(&self) -> Option<Instant> {
        let limits = self.connections.limits;
        let table = self.connections.lock();
        let entry = table.entries.get(&self.id).filter(|entry| !entry.evicted)?;
        let longest = match entry.phase {
            Phase::Head => limits.head,
            Phase::Idle => limits.idle,
            Phase::Closing => CLOSING,
            // The endpoint bounds both phases itself, as it can still send a response.
            Phase::Unverified => limits.head + limits.body + CLOSING,
            Phase::Verified => Duration::from_hours(1),
        };
        Some(entry.since + longest)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.connections.lock().entries.remove(&self.id);
        self.connections.freed.notify_one();
    }
}

/// The network that counts as one peer: an IPv4 address, or the /64 that an IPv6 host usually has to itself.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const SLACK: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const CALLER: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));

    fn connections(connections: usize, per_address: usize) -> Arc<Connections> {
        Arc::new(Connections::new(Limits {
            connections,
            per_address,
            unverified_bytes: 1_000,
            ..Limits::default()
        }))
    }

    fn is_evicted(slot: &Slot) -> bool {
        slot.deadline().is_none()
    }

    #[test]
    fn the_oldest_unverified_connection_makes_room_and_never_a_verified_one() {
        let all = connections(3, 3);
        let begun = Instant::now();
        let at = |steps: u32| begun + SETTLED * steps;
        let verified = all.enter(CALLER, at(0)).unwrap();
        verified.enter_at(Phase::Verified, at(0));
        let idle = all.enter(CALLER, at(0)).unwrap();
        idle.enter_at(Phase::Idle, at(0));
        let half = all.enter(CALLER, at(1)).unwrap();
        assert!(all.enter(SLACK, at(1)).is_none(), "what is young is left alone");
        let fresh = all.enter(SLACK, at(2)).unwrap();
        assert!(is_evicted(&half) && !is_evicted(&idle) && !is_evicted(&verified));
        fresh.enter_at(Phase::Verified, at(2));
        let next = all.enter(SLACK, at(2)).unwrap();
        assert!(is_evicted(&idle) && !is_evicted(&verified) && !is_evicted(&fresh));
        next.enter_at(Phase::Verified, at(2));
        assert!(all.enter(SLACK, at(9)).is_none(), "everybody in it is being answered");
        drop(verified);
        assert!(all.enter(SLACK, at(9)).is_some());
    }

    #[test]
    fn an_address_with_many_connections_pays_for_them_itself() {
        let all = connections(4, 3);
        let begun = Instant::now();
        let at = |steps: u32| begun + SETTLED * steps;
        let other = all.enter(SLACK, at(0)).unwrap();
        let many: Vec<Slot> = (1..4).map(|step| all.enter(CALLER, at(step)).unwrap()).collect();
        let more = all.enter(CALLER, at(5)).unwrap();
        assert!(is_evicted(&many[0]) && !is_evicted(&many[1]) && !is_evicted(&other));
        let slack = all.enter(SLACK, at(5)).unwrap();
        assert!(is_evicted(&many[1]) && !is_evicted(&other) && !is_evicted(&more) && !is_evicted(&slack));
    }

    #[test]
    fn bodies_that_are_too_much_together_cost_the_oldest_one() {
        let all = connections(9, 9);
        let begun = Instant::now();
        let slots = [0, 1, 2].map(|step| all.enter(CALLER, begun + SETTLED * step).unwrap());
        for slot in &slots {
            slot.enter(Phase::Unverified);
            slot.hold(450);
        }
        assert_eq!(slots.each_ref().map(is_evicted), [true, false, false]);
        let large = all.enter(CALLER, begun + SETTLED * 3).unwrap();
        large.enter(Phase::Unverified);
        large.hold(1_001);
        assert!(is_evicted(&large), "not even one may be too large");
    }

    #[test]
    fn a_head_has_seconds_and_an_idle_connection_longer_than_a_proxy_keeps_it() {
        let all = connections(9, 9);
        let begun = Instant::now();
        let slot = all.enter(CALLER, begun).unwrap();
        let left = |slot: &Slot| (slot.deadline().unwrap() - begun).as_secs();
        assert_eq!(left(&slot), 5);
        slot.enter_at(Phase::Idle, begun);
        assert_eq!(left(&slot), 75);
        slot.received();
        assert_eq!((slot.phase(), left(&slot)), (Phase::Head, 5));
        slot.received();
        slot.enter_at(Phase::Unverified, begun + Duration::from_secs(4));
        assert_eq!(left(&slot), 9, "counted from the start of the head");
    }

    #[test]
    fn an_ipv6_host_is_its_network() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::"));
        assert_ne!(of("2001:db8:1:2::"), of("2001:db8:1:3::"));
        assert_eq!(of("::ffff:192.0.2.1"), SLACK);
    }
}
