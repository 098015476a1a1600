//! A PostgreSQL server for tests: the one that SIGNPOST_TEST_POSTGRES names, else a private one that ends with this process.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// The private server; the script behind it ends when this process does, for its standard input is closed then.
static CLUSTER: OnceLock<(Child, String)> = OnceLock::new();

/// The URL of the server.
#[expect(clippy::disallowed_methods, reason = "tests find the server where tests/run says")]
pub(crate) fn server() -> String {
    if let Ok(url) = std::env::var("SIGNPOST_TEST_POSTGRES") {
        return url;
    }
    CLUSTER.get_or_init(|| start(&[])).1.clone()
}

/// Starts a private server. It ends when the standard input of the script behind it is closed.
fn start(arguments: &[&str]) -> (Child, String) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgres");
    let mut child = Command::new(script)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("postgres://"), "tests/postgres: {line}");
    (child, line.trim().to_owned())
}

/// A private server that takes only connections with TLS, and its URL, with the authority of its certificate. It ends with
/// [`end`].
pub(crate) fn with_tls() -> (Child, String) {
    start(&["--tls"])
}

/// Ends a private server.
pub(crate) fn end(mut server: Child) {
    drop(server.stdin.take());
    let _ = server.wait();
}

/// The URL of a new, empty database.
pub(crate) async fn database() -> SecretString {
    let server = server();
    let name = format!("test_{}", uuid::Uuid::new_v4().simple());
    let mut connection = PgConnection::connect(&server).await.unwrap();
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let mut url = url::Url::parse(&server).unwrap();
    url.set_path(&name);
    SecretString::from(url.to_string())
}
