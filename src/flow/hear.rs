//! The way in: connections to Slack, or a port for its requests.

use std::sync::Arc;

use tokio::net::TcpListener;
use tracing::info;

use super::Parts;
use super::start::Way;
use super::tasks::Tasks;
use crate::net::Net;
use crate::slack::door::Door;
use crate::slack::http_events::{self, Endpoint, Limits};
use crate::slack::socket::Sockets;
use crate::slack::web::Web;

/// What either mode needs.
pub(super) struct Ear {
    pub(super) net: Net,
    pub(super) web: Arc<Web>,
    pub(super) way: Way,
    /// For Slack's requests, in HTTP mode.
    pub(super) requests: Option<TcpListener>,
    /// Connections to hold, in Socket Mode.
    pub(super) connections: u32,
}

impl Ear {
    /// Begins to hear. Gives the connections of Socket Mode.
    pub(super) fn open(self, parts: &Parts, tasks: &Tasks, door: Door) -> Option<Arc<Sockets>> {
        match self.way {
            Way::Socket { app_token, url } => {
                let sockets = Sockets::new(self.net, self.web, door, parts.timing, app_token, url);
                let sockets = Arc::new(sockets);
                for _ in 0..self.connections {
                    tasks.keep_shared("socket", &sockets, Sockets::hold);
                }
                Some(sockets)
            }
            Way::Http { signing_secret } => {
                let endpoint = Endpoint::new(&signing_secret, door, Arc::clone(&parts.clock), Limits::default());
                if let Some(listener) = self.requests {
                    if let Ok(address) = listener.local_addr() {
                        info!(%address, "Slack's requests are taken");
                    }
                    let served = http_events::serve(listener, Arc::new(endpoint), tasks.stop.clone());
                    tasks.tracker.spawn(served);
                    parts.status.change(|status| status.listening = true);
                }
                None
            }
        }
    }
}
