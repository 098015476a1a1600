//! Outgoing connections: HTTP clients and WebSockets with time-outs, proxies and extra certificate authorities. All of
//! them are made here, so that HTTPS_PROXY, NO_PROXY and `net.ca_files` hold everywhere.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};
use tower_service::Service as _;

/// A WebSocket to a server.
pub type WebSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Largest message that a WebSocket accepts, in bytes. Slack's are far smaller.
const FRAME: usize = 8 * 1024 * 1024;

/// Settings of outgoing connections: TLS and the time limit.
#[derive(Debug, Clone)]
pub struct Net {
    tls: Arc<rustls::ClientConfig>,
    timeout: Duration,
}

/// Reasons why a connection cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of `net.ca_files` cannot be used.
    #[error("net.ca_files: {} contains no usable certificate: {cause}", .path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be created: {0}")]
    Client(#[source] reqwest::Error),
    /// The address of a WebSocket is invalid.
    #[error("the address of the WebSocket cannot be used")]
    Address,
    /// The server or the proxy cannot be reached.
    #[error("{host} cannot be reached: {cause}")]
    Unreachable {
        /// The server or the proxy.
        host: String,
        /// The cause.
        cause: std::io::Error,
    },
    /// The proxy opened no tunnel, or is not an `http://` one.
    #[error("the proxy {proxy} refused the connection to {host}: {answer}")]
    Proxy {
        /// The proxy.
        proxy: String,
        /// The server.
        host: String,
        /// The reason.
        answer: String,
    },
    /// The WebSocket handshake failed.
    #[error("the WebSocket handshake with {host} failed: {cause}")]
    Handshake {
        /// The server.
        host: String,
        /// The cause.
        cause: Box<tokio_tungstenite::tungstenite::Error>,
    },
    /// The WebSocket did not open in time.
    #[error("{host} did not respond in time")]
    Timeout {
        /// The server.
        host: String,
    },
}

/// The system's certificate authorities, read once. A machine without any can still reach a local workspace; TLS refuses
/// all other servers.
static SYSTEM: LazyLock<rustls::RootCertStore> = LazyLock::new(|| {
    let mut roots = rustls::RootCertStore::empty();
    let (_, unusable) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if unusable > 0 {
        tracing::debug!(unusable, "some of the system's certificates cannot be used");
    }
    roots
});

impl Net {
    /// Creates settings that trust the system's certificate authorities and those of the files. `timeout` limits the
    /// opening of a connection, and each HTTP request as a whole.
    ///
    /// # Errors
    ///
    /// Fails when a file cannot be used or TLS cannot be set up.
    pub fn new(ca_files: &[PathBuf], timeout: Duration) -> Result<Self, Error> {
        let mut roots = SYSTEM.clone();
        for path in ca_files {
            let bad = |cause: String| Error::Authority {
                path: path.clone(),
                cause,
            };
            let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
                .and_then(Iterator::collect::<Result<_, _>>)
                .map_err(|cause| bad(cause.to_string()))?;
            if certificates.is_empty() {
                return Err(bad("it has no PEM certificate".to_owned()));
            }
            for certificate in certificates {
                roots.add(certificate).map_err(|cause| bad(cause.to_string()))?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls: Arc::new(tls),
            timeout,
        })
    }

    /// Creates an HTTP client. It follows no redirects: an API does not move, and a token must not be sent elsewhere.
    ///
    /// # Errors
    ///
    /// Fails when the proxy settings of the environment make no sense.
    pub fn client(&self) -> Result<reqwest::Client, Error> {
        reqwest::Client::builder()
            .tls_backend_preconfigured((*self.tls).clone())
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("signpost/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.timeout)
            .timeout(self.timeout)
            .build()
            .map_err(Error::Client)
    }

    /// Opens a WebSocket, through the proxy of the environment when there is one.
    ///
    /// # Errors
    ///
    /// Fails when the address is invalid, or the WebSocket cannot be opened in time.
    pub async fn websocket(&self, url: &str) -> Result<WebSocket, Error> {
        let uri: Uri = url.parse().map_err(|_| Error::Address)?;
        let host = uri.host().ok_or(Error::Address)?.to_owned();
        let timeout = self.timeout;
        tokio::time::timeout(timeout, self.open(url, &uri, &host))
            .await
            .map_err(|_| Error::Timeout { host })?
    }

    async fn open(&self, url: &str, uri: &Uri, host: &str) -> Result<WebSocket, Error> {
        let secure = uri.scheme_str() == Some("wss");
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let stream = match proxy(secure, host, port)? {
            Some(proxy) => tunnel(&proxy, host, port).await?,
            None => connect(host, port).await?,
        };
        // Slack's frames are small; waiting to fill packets only delays answers.
        let _ = stream.set_nodelay(true);
        let connector = secure.then(|| Connector::Rustls(Arc::clone(&self.tls)));
        let config = WebSocketConfig::default()
            .max_message_size(Some(FRAME))
            .max_frame_size(Some(FRAME));
        tokio_tungstenite::client_async_tls_with_config(url, stream, Some(config), connector)
            .await
            .map(|(socket, _)| socket)
            .map_err(|cause| Error::Handshake {
                host: host.to_owned(),
                cause: Box::new(cause),
            })
    }
}

fn proxy(secure: bool, host: &str, port: u16) -> Result<Option<Intercept>, Error> {
    let scheme = if secure { "https" } else { "http" };
    let uri: Uri = format!("{scheme}://{host}:{port}/")
        .parse()
        .map_err(|_| Error::Address)?;
    Ok(Matcher::from_env().intercept(&uri))
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, Error> {
    // URLs have IPv6 addresses in brackets.
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    TcpStream::connect((bare, port))
        .await
        .map_err(|cause| Error::Unreachable {
            host: host.to_owned(),
            cause,
        })
}

/// Opens a tunnel to a host through an HTTP proxy.
async fn tunnel(proxy: &Intercept, host: &str, port: u16) -> Result<TcpStream, Error> {
    let refused = |answer: String| Error::Proxy {
        proxy: proxy.uri().authority().map(ToString::to_string).unwrap_or_default(),
        host: host.to_owned(),
        answer,
    };
    if proxy.uri().scheme_str() != Some("http") {
        return Err(refused("only proxies with an http:// address are supported".to_owned()));
    }
    let server: Uri = format!("http://{host}:{port}/").parse().map_err(|_| Error::Address)?;
    let mut tunnel = Tunnel::new(proxy.uri().clone(), HttpConnector::new());
    if let Some(authorization) = proxy.basic_auth() {
        tunnel = tunnel.with_auth(authorization.clone());
    }
    match tunnel.call(server).await {
        Ok(stream) => Ok(stream.into_inner()),
        Err(cause) => Err(refused(with_causes(&cause))),
    }
}

/// An error's message with those of all its causes.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}
