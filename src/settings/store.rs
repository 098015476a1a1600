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
}

impl Store {
    /// How long what was answered is kept.
    pub fn retention(&self) -> Duration {
        Duration::from_secs(u64::from(self.retention_days) * 24 * 60 * 60)
    }

    pub(super) fn check(&self, layers: &Layers) -> Result<(), Error> {
        if self.path.as_os_str().is_empty() {
            return Err(layers.wrong("store.path", "is empty", "write the path of a file on a local disk"));
        }
        if !(1..=3650).contains(&self.retention_days) {
            let problem = format!("is {}", self.retention_days);
            return Err(layers.wrong("store.retention_days", problem, "write a number of days from 1 to 3650"));
        }
        Ok(())
    }
}
