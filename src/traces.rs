//! Spans of the work on messages, runs and pages, for OpenTelemetry. Without the feature `opentelemetry`, or while no
//! collector is configured, they cost nothing.
//!
//! All spans of one message belong to one trace, whose id is derived from the message's id. They find each other although
//! a message waits in the store in between, and whichever replica or process does the work. A span holds names, ids and
//! outcomes, each passed through [`crate::redact`], and never the text of a message.

use jiff::Timestamp;

#[cfg(feature = "opentelemetry")]
mod export;
#[cfg(feature = "opentelemetry")]
mod ids;
#[cfg(feature = "opentelemetry")]
mod otlp;

#[cfg(feature = "opentelemetry")]
pub use otlp::{Error, Exporting};

/// Returns true while spans are exported.
#[cfg(feature = "opentelemetry")]
pub fn is_on() -> bool {
    otlp::is_on()
}

/// Returns false: this build exports no spans.
#[cfg(not(feature = "opentelemetry"))]
pub const fn is_on() -> bool {
    false
}

/// A span under way, which ends when it is dropped.
#[derive(Debug, Default)]
#[must_use = "a span ends when it is dropped"]
pub struct TraceSpan {
    #[cfg(feature = "opentelemetry")]
    inner: Option<opentelemetry_sdk::trace::Span>,
}

#[cfg(feature = "opentelemetry")]
impl TraceSpan {
    /// Begins the first span of a trace, at the time when the work on it began; any other span of it when `key` says more than
    /// the id of a message, as that of an edit does. Begin it once for each key: its id is derived, too, so that all other
    /// spans can name it as their parent.
    pub fn first(name: &'static str, key: &str, since: Timestamp) -> Self {
        Self::begin(name, key, Some(since), true)
    }

    /// Begins a span of a trace. `key`: a message's id, or a key that holds one.
    pub fn new(name: &'static str, key: &str) -> Self {
        Self::begin(name, key, None, false)
    }

    /// Begins a span of a trace, at the time when the work on it began.
    pub fn since(name: &'static str, key: &str, since: Timestamp) -> Self {
        Self::begin(name, key, Some(since), false)
    }

    fn begin(name: &'static str, key: &str, since: Option<Timestamp>, is_first: bool) -> Self {
        Self {
            inner: otlp::begin(name, key, since, is_first),
        }
    }

    /// Sets an attribute.
    pub fn set(&mut self, name: &'static str, value: &str) {
        use opentelemetry::trace::Span as _;
        if let Some(span) = &mut self.inner {
            let value = signpost_core::redact::redact(value).into_owned();
            span.set_attribute(opentelemetry::KeyValue::new(name, value));
        }
    }

    /// Marks the work as failed, by the class of its error.
    pub fn fail(&mut self, class: &'static str) {
        use opentelemetry::trace::Span as _;
        if let Some(span) = &mut self.inner {
            span.set_status(opentelemetry::trace::Status::error(class));
        }
    }
}

#[cfg(not(feature = "opentelemetry"))]
impl TraceSpan {
    /// Begins no span, because this build exports none.
    pub fn first(_: &'static str, _: &str, _: Timestamp) -> Self {
        Self::default()
    }

    /// Begins no span, because this build exports none.
    pub fn new(_: &'static str, _: &str) -> Self {
        Self::default()
    }

    /// Begins no span, because this build exports none.
    pub fn since(_: &'static str, _: &str, _: Timestamp) -> Self {
        Self::default()
    }

    /// Sets nothing.
    pub fn set(&mut self, _: &'static str, _: &str) {}

    /// Marks nothing.
    pub fn fail(&mut self, _: &'static str) {}
}
