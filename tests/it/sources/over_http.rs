//! A repository behind a server that wants a token, fails, redirects or hangs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::web::{Behaviour, GitServer};
use super::{Origin, Setup};

const TOKEN: &str = "sesame-opens-the-kiln";

fn basic(user: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{TOKEN}")))
}

/// Runs a test with a server of `origin/.git` below `/kilns`. What calls it blocks, so it runs on a thread of its own.
fn with_server(authorization: Option<&str>, test: impl FnOnce(&mut Setup, &Origin, &GitServer, &str) + Send) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let mut setup = Setup::new();
    let origin = Origin::new(&setup.path("served/kilns"));
    let server = GitServer::new(&setup.path("served"), authorization);
    let address = runtime.block_on(server.start());
    test(&mut setup, &origin, &server, &format!("http://{address}/kilns/.git"));
}

fn settings(setup: &Setup, url: &str, more: &str, lines: &str) {
    setup.runbooks(&format!(
        "{more}\n[[runbooks.sources]]\nid = \"kilns\"\ngit = {url:?}\n{lines}"
    ));
}

#[test]
fn a_token_is_sent_and_stored_nowhere() {
    with_server(Some(&basic("x-access-token")), |setup, origin, server, url| {
        let first = origin.documents([1]);
        settings(setup, url, "", "token_variable = \"KILN_TOKEN\"");
        setup.environment.push(("KILN_TOKEN", TOKEN.to_owned()));
        assert_eq!(setup.fetch(), (0, format!("kilns: now at {first}\n")));
        let second = origin.documents([2]);
        assert_eq!(setup.fetch(), (0, format!("kilns: now at {second}\n")));
        let seen = server.seen.lock().unwrap().clone();
        assert!(
            seen.iter()
                .all(|header| header.as_deref() == Some(&basic("x-access-token")))
        );
        let mut folders = vec![setup.path("state")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                    let is_told =
                        text.contains(TOKEN) || text.contains(&STANDARD.encode(format!("x-access-token:{TOKEN}")));
                    assert!(!is_told, "{}", path.display());
                }
            }
        }
    });
}

#[test]
fn a_token_can_come_from_a_file_with_a_user_of_its_own() {
    with_server(Some(&basic("kiln-reader")), |setup, origin, _, url| {
        let first = origin.documents([1]);
        let file = setup.path("token");
        std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
        let lines = format!("user = \"kiln-reader\"\ntoken_file = {:?}", file.display().to_string());
        settings(setup, url, "", &lines);
        assert_eq!(setup.fetch(), (0, format!("kilns: now at {first}\n")));
        std::fs::write(&file, "").unwrap();
        let (code, told) = setup.fetch();
        assert!(
            code == 2 && told.contains("runbooks.sources[kilns].token_file") && told.contains("empty"),
            "{told}"
        );
    });
}

#[test]
fn a_token_that_is_missing_or_wrong_is_told_and_not_repeated() {
    with_server(Some(&basic("x-access-token")), |setup, origin, _, url| {
        origin.documents([1]);
        settings(setup, url, "", "");
        let (code, told) = setup.fetch();
        assert!(code == 1 && told.contains("access is refused"), "{told}");
        settings(setup, url, "", "token_variable = \"KILN_TOKEN\"");
        let (code, told) = setup.fetch();
        assert!(
            code == 2 && told.contains("names KILN_TOKEN, which is not set"),
            "{told}"
        );
        setup.environment.push(("KILN_TOKEN", "wrong-kiln-token".to_owned()));
        let (code, told) = setup.fetch();
        assert!(
            code == 1 && told.contains("access is refused") && !told.contains("wrong-kiln-token"),
            "{told}"
        );
    });
}

#[test]
fn faults_of_a_server_are_told_and_its_state_is_kept() {
    with_server(None, |setup, origin, server, url| {
        let first = origin.documents([1]);
        settings(setup, url, "fetch_timeout = 2", "token_variable = \"KILN_TOKEN\"");
        setup.environment.push(("KILN_TOKEN", TOKEN.to_owned()));
        assert_eq!(setup.fetch().0, 0);
        let elsewhere = "http://127.0.0.1:9".to_owned();
        for (behaviour, expected) in [
            (
                Behaviour::Fails(404),
                "access is refused, or there is no such repository",
            ),
            (Behaviour::Fails(403), "access is refused"),
            (Behaviour::Fails(500), "git fetch: "),
            (Behaviour::Redirects(elsewhere), "redirects to another address"),
            (Behaviour::Hangs, "took longer than 2 seconds"),
        ] {
            server.behave(behaviour.clone());
            let (code, told) = setup.fetch();
            assert!(code == 1 && told.contains(expected), "{behaviour:?}: {told}");
            assert_eq!(setup.documents(), ["kiln-1.md"], "{behaviour:?}");
        }
        server.behave(Behaviour::Works);
        assert_eq!(setup.fetch(), (0, format!("kilns: unchanged at {first}\n")));
    });
}
