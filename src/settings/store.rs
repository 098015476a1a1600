//! `[store]`: the stored state.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::Error;
use super::layers::Layers;

/// Settings of the store.
#[derive(Debug, Clone, Deserialize)]
pub struct StoreSettings {
    /// The SQLite file.
    pub path: PathBuf,
    /// Days after which answers are deleted.
    pub retention_days: u32,
    /// Days after which entries of the audit log are deleted.
    pub audit_days: u32,
}

impl StoreSettings {
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
        Ok(())
    }
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 60 * 60)
}
