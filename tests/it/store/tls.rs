//! A PostgreSQL server that is reached over TCP with TLS.

use secrecy::SecretString;

use super::*;
use crate::postgres;

#[tokio::test]
async fn a_server_is_verified_by_name_and_authority_and_one_that_cannot_be_is_not_used() {
    let (server, url) = postgres::with_tls();
    let open = async |url: &str| Box::pin(Postgres::open(&SecretString::from(url.to_owned()))).await;
    let store = open(&url).await.unwrap();
    (&store as &dyn Store).check(at(0)).await.unwrap();
    let (plain, root) = url.split_once("&sslrootcert=").unwrap();
    let refused = [
        // The server takes nothing without TLS.
        plain.replace("verify-full", "disable"),
        // An authority that nobody named.
        plain.to_owned(),
        // Another name than the certificate's.
        url.replace("@localhost:", "@127.0.0.1:"),
        // Another authority: the certificate of the server itself is none.
        format!("{plain}&sslrootcert={}", root.replace("authority.pem", "missing.pem")),
    ];
    for url in refused {
        let refused = open(&url).await;
        assert!(matches!(refused, Err(Error::Unreachable { .. })), "{url}: {refused:?}");
    }
    // Without the name the authority is enough, as asked.
    let by_authority = url
        .replace("@localhost:", "@127.0.0.1:")
        .replace("verify-full", "verify-ca");
    open(&by_authority).await.unwrap();
    drop(store);
    postgres::end(server);
}
