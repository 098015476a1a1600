//! Durable state: inbox and outbox.
