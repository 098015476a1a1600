//! Artifacts are read whole or not at all, and the token goes to Jenkins alone.

use axum::http::header::AUTHORIZATION;
use axum::response::IntoResponse as _;
use signpost::jenkins::Error;

use super::{Fake, JOB, client, html, job, local, moved};

#[test]
fn an_artifact_is_read_by_its_path_within_its_limit() {
    local(async {
        let fake = Fake::start(|_| "0123456789".into_response()).await;
        let client = client(&format!("{}/ci", fake.url), &[]);
        assert_eq!(
            client.artifact(&job(), 7, "out dir/a+b?.log", 10).await.unwrap(),
            b"0123456789"
        );
        assert_eq!(fake.seen()[0].uri, format!("/ci{JOB}/7/artifact/out%20dir/a+b%3F.log"));
        assert_eq!(
            client.artifact(&job(), 7, "a.log", 9).await,
            Err(Error::TooLarge { most: 9 })
        );
        for path in ["../7/api/json", "a/../../b", "", "/a", "a//b", "."] {
            assert_eq!(client.artifact(&job(), 7, path, 9).await, Err(Error::Path), "{path}");
        }
        assert_eq!(fake.seen().len(), 2);
    });
}

#[test]
fn one_without_a_length_is_cut_off_while_it_streams() {
    local(async {
        let fake = Fake::start(|_| {
            let chunks =
                futures_util::stream::iter((0..10_000).map(|_| Ok::<_, std::io::Error>([b'x'; 1024].to_vec())));
            axum::body::Body::from_stream(chunks).into_response()
        })
        .await;
        let read = client(&fake.url, &[]).artifact(&job(), 7, "a.log", 64 << 10).await;
        assert_eq!(read, Err(Error::TooLarge { most: 64 << 10 }));
    });
}

#[test]
fn the_token_goes_to_no_other_host() {
    local(async {
        let storage = Fake::start(|_| "stored".into_response()).await;
        let host = storage.url.trim_start_matches("http://").to_owned();
        let to = format!("{}/bucket/a.log?sig=x", storage.url);
        let jenkins = Fake::start(move |_| moved(302, &to)).await;
        let listed = client(&jenkins.url, &[&host]);
        assert_eq!(listed.artifact(&job(), 7, "a.log", 99).await.unwrap(), b"stored");
        assert!(jenkins.seen()[0].headers.contains_key(AUTHORIZATION));
        assert!(!storage.seen()[0].headers.contains_key(AUTHORIZATION));

        // The same machine on another port is another host.
        for hosts in [&[][..], &["127.0.0.1"], &["example.com"]] {
            let refused = client(&jenkins.url, hosts).artifact(&job(), 7, "a.log", 99).await;
            assert_eq!(refused, Err(Error::Elsewhere { host: host.clone() }), "{hosts:?}");
        }
        assert_eq!(storage.seen().len(), 1);
    });
}

#[test]
fn redirects_end_and_pages_are_no_artifacts() {
    local(async {
        let round = Fake::start(|seen| moved(302, &seen.uri)).await;
        assert_eq!(
            client(&round.url, &[]).artifact(&job(), 7, "a.log", 99).await,
            Err(Error::Redirects)
        );
        assert_eq!(round.seen().len(), 4);
        let file = Fake::start(|_| moved(302, "file:///etc/passwd")).await;
        assert!(matches!(
            client(&file.url, &[]).artifact(&job(), 7, "a.log", 99).await,
            Err(Error::Elsewhere { .. })
        ));
        let login = Fake::start(|_| html(200, "<title>Sign in</title>")).await;
        assert!(matches!(
            client(&login.url, &[]).artifact(&job(), 7, "a.log", 99).await,
            Err(Error::NotJenkins { .. })
        ));
        let gone = Fake::start(|_| html(404, "")).await;
        assert_eq!(
            client(&gone.url, &[]).artifact(&job(), 7, "a.log", 99).await,
            Err(Error::NotFound)
        );
    });
}
