//! `[store]`

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::Error;
use super::layers::Layers;

/// Where state is kept.
#[derive(Debug, Clone, Deserialize)]
pub struct Store {
    /// The SQLite file.
    pub path: PathBuf,
    /// Days after which what was answered is forgotten.
    pub retention_days: u32,
    /// Days after which an entry of the audit is forgotten.
    pub audit_days: u32,
}

impl Store {
    /// How long what was answered is kept.
    pub fn retention(&self) -> Duration {
        days(self.retention_days)
    }

    /// How long the audit is kept.
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
        Ok(())
    }
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 60 * 60)
}
