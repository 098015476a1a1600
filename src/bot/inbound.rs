//! The way in: connections to Slack, or a port for its requests.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::start::InboundMode;
use super::tasks::Tasks;
use super::waiting::What;
use super::{Parts, Status};
use crate::net::Net;
use crate::slack::http_events::{self, Endpoint, Limits};
use crate::slack::inbound::Inbound;
use crate::slack::socket::Sockets;
use crate::slack::web::Web;

/// The parts of either mode.
pub(super) struct InboundConnections {
    pub(super) net: Net,
    pub(super) web: Arc<Web>,
    pub(super) way: InboundMode,
    /// For Slack's requests, in HTTP mode.
    pub(super) requests: Option<TcpListener>,
}

impl InboundConnections {
    /// Takes Slack's requests from now on, in HTTP mode. Gives the connections of Socket Mode, which are not opened yet.
    pub(super) fn open(self, parts: &Parts, tasks: &Tasks, inbound: Inbound) -> Option<Arc<Sockets>> {
        match self.way {
            InboundMode::Socket { app_token } => {
                let sockets = Sockets::new(self.net, self.web, inbound, parts.timing, app_token, None);
                Some(Arc::new(sockets))
            }
            InboundMode::Http { signing_secret } => {
                // By Slack's time: a wrong clock of this machine must not refuse everything.
                let time = Arc::clone(self.web.time()) as _;
                let endpoint = Endpoint::new(&signing_secret, inbound, time, Limits::default());
                if let Some(listener) = self.requests {
                    if let Ok(address) = listener.local_addr() {
                        info!(%address, "listening for Slack's requests");
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

/// Holds connections from now on; `first` is an address that was opened already.
pub(super) fn hold(parts: &Parts, tasks: &Tasks, sockets: &Arc<Sockets>, connections: u32, first: Option<String>) {
    sockets.begin_with(first);
    let status = Arc::clone(&parts.status);
    tasks.keep_shared("trouble", sockets, move |sockets, stop| {
        tell(sockets, Arc::clone(&status), stop)
    });
    for _ in 0..connections {
        tasks.keep_shared("socket", sockets, Sockets::hold);
    }
}

/// Shows in the health why no connection can be opened.
async fn tell(sockets: Arc<Sockets>, status: Arc<Status>, stop: CancellationToken) {
    let mut trouble = sockets.trouble();
    loop {
        let why = trouble.borrow_and_update().clone();
        status.set_reason(What::Slack, why);
        tokio::select! {
            () = stop.cancelled() => return,
            Ok(()) = trouble.changed() => {}
        }
    }
}
