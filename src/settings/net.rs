//! `[http]` and `[net]`: the HTTP server and network access.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::Error;
use super::layers::Layers;

/// Settings of the server for health and metrics.
#[derive(Debug, Clone, Deserialize)]
pub struct Http {
    /// Address and port; empty for no server.
    pub listen: String,
}

/// Settings of network access.
#[derive(Debug, Clone, Deserialize)]
pub struct NetSettings {
    /// Files with extra certificate authorities, PEM.
    pub ca_files: Vec<PathBuf>,
}

impl Http {
    /// Returns the address, if health and metrics are to be served.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.parse().ok()
    }

    pub(super) fn check(&self, layers: &Layers) -> Result<(), Error> {
        if self.listen.is_empty() || self.address().is_some() {
            return Ok(());
        }
        Err(layers.wrong(
            "http.listen",
            format!("is \"{}\"", self.listen),
            "use an address and a port such as \"127.0.0.1:8787\", or \"\" to serve nothing",
        ))
    }
}
