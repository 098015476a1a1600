//! A secret in a text, and the kinds of secrets.

use std::ops::Range;

/// The kinds of secrets, the most telling first: where two detectors find the same, the first gives its name.
pub const KINDS: &[&str] = &[
    "private-key",
    "slack-token",
    "slack-webhook",
    "webhook",
    "github-token",
    "gitlab-token",
    "aws-access-key",
    "google-key",
    "azure-key",
    "jwt",
    "openshift-token",
    "package-registry-token",
    "stripe-key",
    "sendgrid-key",
    "twilio-key",
    "datadog-key",
    "new-relic-key",
    "pagerduty-key",
    "api-key",
    "vault-token",
    "service-token",
    "jenkins-token",
    "app-password",
    "password-hash",
    "authorization",
    "cookie",
    "url-password",
    "kubernetes-secret",
    "password",
    "session",
    "encoded-secret",
    "secret",
];

/// A secret in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Find {
    /// The bytes to remove.
    pub(super) range: Range<usize>,
    /// One of [`KINDS`].
    pub(super) kind: &'static str,
}

impl Find {
    pub(super) fn new(range: Range<usize>, kind: &'static str) -> Self {
        Self { range, kind }
    }

    /// Returns the place of the kind in [`KINDS`].
    pub(super) fn rank(&self) -> usize {
        KINDS.iter().position(|kind| *kind == self.kind).unwrap_or(KINDS.len())
    }
}
