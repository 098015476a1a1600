//! `[store]`: the stored state.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use super::Error;
use super::layers::{Layers, variable};
use super::secrets;

/// Parameters that a URL may have. Others, such as a misspelt password, would be logged.
const PARAMETERS: &[&str] = &[
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// Settings of the store.
#[derive(Debug, Clone, Deserialize)]
pub struct StoreSettings {
    /// The SQLite file.
    pub path: PathBuf,
    /// URL of a PostgreSQL database, which takes the place of the file; empty: the file.
    pub url: SecretString,
    /// The file that holds the URL; empty: none.
    pub url_file: PathBuf,
    /// Days after which answers are deleted.
    pub retention_days: u32,
    /// Days after which entries of the audit log are deleted.
    pub audit_days: u32,
}

impl StoreSettings {
    /// Returns the URL of the PostgreSQL database; `None` when the store is the SQLite file.
    pub fn database(&self) -> Option<&SecretString> {
        Some(&self.url).filter(|url| !url.expose_secret().is_empty())
    }

    /// Time for which answers are kept.
    pub fn retention(&self) -> Duration {
        days(self.retention_days)
    }

    /// Time for which the audit log is kept.
    pub fn audit_retention(&self) -> Duration {
        days(self.audit_days)
    }

    pub(super) fn check(&self, layers: &Layers) -> Result<(), Error> {
        if self.path.as_os_str().is_empty() {
            return Err(layers.wrong("store.path", "is empty", "write the path of a file on a local disk"));
        }
        for (key, days) in [
            ("store.retention_days", self.retention_days),
            ("store.audit_days", self.audit_days),
        ] {
            if !(1..=3650).contains(&days) {
                return Err(layers.wrong(key, format!("is {days}"), "write a number of days from 1 to 3650"));
            }
        }
        let (url, is_in_file) = (
            !self.url.expose_secret().is_empty(),
            !self.url_file.as_os_str().is_empty(),
        );
        if (url || is_in_file) && layers.is_set("store.path") {
            let key = if url { "store.url" } else { "store.url_file" };
            return Err(layers.wrong(
                key,
                "is set together with store.path",
                "set only one of them: a PostgreSQL database or an SQLite file",
            ));
        }
        if url && layers.variable(&variable("store.url")).is_none() && has_password(self.url.expose_secret()) {
            return Err(layers.secret_in_file("store.url"));
        }
        check_url(layers, "store.url", &self.url)
    }

    /// Reads the URL from its file, if there is one.
    pub(super) fn take_url(&mut self, layers: &Layers) -> Result<(), Error> {
        if let Some(url) = secrets::read(layers, "store.url", &self.url_file)? {
            check_url(layers, "store.url_file", &url)?;
            self.url = url;
        }
        Ok(())
    }
}

/// Checks the URL of a PostgreSQL database that a person gave to a command.
///
/// # Errors
///
/// Returns an error when it is not such a URL. The error does not quote it.
pub fn database_url(text: &str) -> Result<SecretString, Error> {
    let url = SecretString::from(text);
    match wrong_url(text) {
        Some((problem, remedy)) => Err(Error::Value {
            place: "the arguments".to_owned(),
            key: "--to".to_owned(),
            problem,
            remedy,
        }),
        None => Ok(url),
    }
}

/// Checks that a URL, if there is one, is that of a PostgreSQL database. The error does not quote it.
fn check_url(layers: &Layers, key: &str, url: &SecretString) -> Result<(), Error> {
    match wrong_url(url.expose_secret()) {
        Some((problem, remedy)) if !url.expose_secret().is_empty() => Err(layers.wrong(key, problem, remedy)),
        _ => Ok(()),
    }
}

/// The fault of a URL and its remedy; `None` when it is the URL of a PostgreSQL database.
fn wrong_url(text: &str) -> Option<(String, String)> {
    const REMEDY: &str = "write a URL such as postgres://signpost@db.example.com/signpost";
    let Ok(url) = Url::parse(text) else {
        return Some(("is not a URL".to_owned(), REMEDY.to_owned()));
    };
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Some(("is not the URL of a PostgreSQL database".to_owned(), REMEDY.to_owned()));
    }
    let unknown = url
        .query_pairs()
        .find(|(name, _)| !PARAMETERS.contains(&name.as_ref()) && !name.starts_with("options["));
    unknown.map(|(name, _)| {
        (
            format!("has the unknown parameter `{name}`"),
            format!("the parameters are {}", PARAMETERS.join(", ")),
        )
    })
}

fn has_password(url: &str) -> bool {
    // What cannot be read may well hold one.
    Url::parse(url).map_or(url.contains('@'), |url| {
        // A password with a slash that is not escaped reads as a part of the path.
        let is_in_path = url.path().contains('@');
        is_in_path || url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password")
    })
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 60 * 60)
}
