//! Wikis as sources of runbooks: Confluence in Atlassian's cloud (REST v2) and on one's own servers (Data Center, REST v1), and
//! [`notion`].
//!
//! A fetch lists the pages of the spaces, fetches the bodies that are new or changed, and writes each page as a file of HTML
//! into the [`crate::fetched`] state, in folders named after its parent pages:
//!
//! ```text
//! ID/bodies/PAGE-VERSION                   the body of a page, as the wiki stores it
//! ID/trees/…/OPS/Storage/Disk full_42.html the page 42 below the page "Storage"
//! ID/trees/…/.pages.json                   the pages that were listed
//! ```
//!
//! A fetch is bounded in time, number and size. Redirects are not followed, so that credentials stay with the server
//! that the settings name.

mod client;
mod confluence;
mod fetch;
pub mod notion;
mod pages;
mod storage;

pub use client::WikiAccount;
pub use confluence::Site;
pub use fetch::{Wiki, WikiLimits};
pub use notion::{Notion, NotionSite};

use std::time::Duration;

use crate::fetched::StateError;

/// Time for which a server is left alone that refuses the credentials: after several failed logins it locks the account.
const AFTER_REFUSAL: Duration = Duration::from_mins(15);

/// Reason why a wiki cannot be fetched. None holds a credential.
#[derive(Debug, thiserror::Error)]
pub enum WikiError {
    /// No connection can be set up.
    #[error("{0}")]
    Client(String),
    /// The wiki has no such space, or hides it.
    #[error("the wiki has no space `{0}`, or the account may not see it; check the key and the account's rights")]
    NoSpace(String),
    /// The credentials are refused.
    #[error("the wiki refuses the credentials (status 401); check user and token, which may have expired")]
    Unauthorized,
    /// The account has to solve a captcha first.
    #[error("the wiki asks for a captcha after failed logins; log in as this user in a browser, and check the token")]
    Captcha,
    /// The account lacks a right.
    #[error("the account may not read {0} (status 403); check its rights and the scopes of the token")]
    Forbidden(String),
    /// Something does not exist, or the account may not see it.
    #[error("the wiki has no {0} (status 404); check the address, the deployment and the account's rights")]
    Missing(String),
    /// A page or database of Notion does not exist, or is not shared with the connection.
    #[error(
        "Notion has no page or database `{0}`, or it is not shared with the connection; open it in Notion, and add the connection in \
         its menu under Connections"
    )]
    NotShared(String),
    /// The server asks for a longer wait than a fetch may take.
    #[error("the wiki limits requests for another {} seconds", .0.as_secs())]
    Limited(Duration),
    /// The server answers with an error, again and again.
    #[error("the wiki answers with status {0}")]
    Status(u16),
    /// The server sends to another address.
    #[error("the wiki redirects to another address; set the new one, because redirects are not followed")]
    Redirected,
    /// The server cannot be reached, or breaks the connection.
    #[error("the wiki cannot be reached: {0}")]
    Unreachable(String),
    /// The server answers with something else.
    #[error("the wiki answers with {0}")]
    Odd(&'static str),
    /// An answer is longer than allowed.
    #[error("the wiki answers with more than {0} bytes")]
    TooLong(usize),
    /// The fetch took too long.
    #[error(
        "fetching took longer than {} seconds (runbooks.fetch_timeout); {done} of {total} changed pages were fetched, and \
         the next fetch continues with the rest", .timeout.as_secs()
    )]
    TimedOut {
        /// The limit.
        timeout: Duration,
        /// Number of changed pages that were fetched.
        done: usize,
        /// Number of changed pages.
        total: usize,
    },
    /// The spaces have too many pages.
    #[error("the spaces have more than {0} pages; list fewer spaces")]
    TooManyPages(usize),
    /// The pages are too large together.
    #[error("together, the pages are larger than {0} megabytes (runbooks.fetch_megabytes)")]
    TooLarge(u64),
    /// The state folder cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
}

impl WikiError {
    /// Returns the time for which the server is to be left alone.
    pub fn wait(&self) -> Option<Duration> {
        match self {
            WikiError::Limited(wait) => Some(*wait),
            WikiError::Unauthorized | WikiError::Captcha => Some(AFTER_REFUSAL),
            _ => None,
        }
    }
}
