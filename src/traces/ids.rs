//! Ids of traces, derived from what they are about.

use std::cell::Cell;

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

thread_local! {
    /// Ids of the first span of a trace, while it is begun.
    static FIRST: Cell<Option<(TraceId, SpanId)>> = const { Cell::new(None) };
}

/// The ids of a trace and of its first span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TraceIds {
    trace: TraceId,
    first: SpanId,
}

impl TraceIds {
    /// The ids for a key that may hold a message's id: two keys with the same message have the same trace.
    pub(super) fn of(key: &str) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, about(key).as_bytes());
        let bytes = digest.as_ref();
        let (mut trace, mut first) = ([0; 16], [0; 8]);
        // As many as it wants: the digest has 32 bytes.
        trace.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        let rest = bytes.iter().skip(trace.len());
        first.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Self {
            trace: TraceId::from_bytes(trace),
            first: SpanId::from_bytes(first),
        }
    }

    /// The first span, as the parent of another one.
    pub(super) fn parent(self) -> SpanContext {
        SpanContext::new(self.trace, self.first, TraceFlags::SAMPLED, true, TraceState::default())
    }

    /// Calls `begin`, and gives these ids to the span that it begins on this thread.
    pub(super) fn lend<T>(self, begin: impl FnOnce() -> T) -> T {
        FIRST.set(Some((self.trace, self.first)));
        let begun = begin();
        FIRST.set(None);
        begun
    }
}

/// The id of a message, `TEAM:CHANNEL:TS`, within a key; the key itself when it holds none.
pub(super) fn about(key: &str) -> &str {
    let mut starts = std::iter::once(0).chain(key.match_indices(':').map(|(at, _)| at + 1));
    starts
        .find_map(|start| {
            let rest = key.get(start..)?;
            let end = rest.match_indices(':').nth(2).map_or(rest.len(), |(at, _)| at);
            let id = rest.get(..end)?;
            let (place, ts) = id.rsplit_once(':')?;
            let (whole, part) = ts.split_once('.')?;
            let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            (place.contains(':') && is_number(whole) && is_number(part)).then_some(id)
        })
        .unwrap_or(key)
}

/// Random ids, except for the first span of a trace.
#[derive(Debug, Default)]
pub(super) struct Ids(RandomIdGenerator);

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        FIRST.get().map_or_else(|| self.0.new_trace_id(), |(trace, _)| trace)
    }

    fn new_span_id(&self) -> SpanId {
        FIRST.get().map_or_else(|| self.0.new_span_id(), |(_, first)| first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_about_a_message_has_its_trace() {
        let id = "T012:C345:1712345678.000100";
        for key in [
            id,
            "update:T012:C345:1712345678.000100:3",
            "trigger:signpost:T012:C345:1712345678.000100:2",
            "deleted:T012:C345:1712345678.000100",
        ] {
            assert_eq!(about(key), id, "{key}");
            assert_eq!(TraceIds::of(key), TraceIds::of(id), "{key}");
        }
        for key in [
            "",
            ":",
            "probe:5f0c",
            "a:b:c",
            "runbooks:2026-11-30:00ff",
            "C345:1712345678.000100",
        ] {
            assert_eq!(about(key), key);
        }
        assert_ne!(TraceIds::of("a"), TraceIds::of("b"));
    }
}
