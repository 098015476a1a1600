//! Snippets, several files, and files of other organisations.

use super::*;

#[test]
fn a_long_snippet_is_cut_in_the_message_and_whole_in_its_download() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let root = fixture.workspace.say(ADA, SUPPORT, "see").unwrap();
        event(&mut socket).await;
        let content = "line of a log\n".repeat(500);
        let upload = json!({
            "channel": "support", "title": "The log", "thread_ts": root,
            "files": [{"name": "a.log", "content": content}, {"name": "b.log", "content": "short"}],
        });
        let told = fixture.control("upload", upload).await.1;
        let shared = event(&mut socket).await;
        let file = &shared["files"][0];
        assert_eq!(
            (&shared["subtype"], &shared["thread_ts"]),
            (&json!("file_share"), &json!(root))
        );
        assert_eq!((&file["mode"], &file["title"]), (&json!("snippet"), &json!("The log")));
        assert_eq!(file["preview_is_truncated"], true);
        assert!(file["preview"].as_str().unwrap().len() <= 1000);
        assert_eq!(shared["files"][1]["preview"], "short");
        assert_eq!(told["file_ids"].as_array().unwrap().len(), 2);
        let url = file["url_private"].as_str().unwrap().to_owned();
        let get = || fixture.client.get(&url).bearer_auth(SIGNPOST_TOKEN).send();
        assert_eq!(get().await.unwrap().text().await.unwrap(), content);
        for (fault, status, expected) in [
            (json!({"kind": "html", "method": "url_private"}), 200, "<!DOCTYPE html>"),
            (
                json!({"kind": "404", "method": "url_private", "app": "Signpost"}),
                404,
                "404",
            ),
            (json!({"kind": "trickle", "ms": 20}), 200, "line of a log"),
            (
                json!({"kind": "error", "error": "token_revoked"}),
                200,
                "<!DOCTYPE html>",
            ),
        ] {
            fixture.workspace.fault(&fault).unwrap();
            let got = get().await.unwrap();
            assert_eq!(got.status().as_u16(), status, "{fault}");
            assert!(got.text().await.unwrap().contains(expected), "{fault}");
        }
    });
}

#[test]
fn a_strangers_file_has_to_be_asked_for() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        fixture
            .control("channel", json!({"name": "shared", "shared": true}))
            .await;
        let person = fixture
            .control("person", json!({"name": "eve", "stranger": true}))
            .await
            .1;
        let upload = json!({"channel": "shared", "name": "trace.txt", "content": "it broke", "user": "eve"});
        let told = fixture.control("upload", upload).await.1;
        let frame = frame(&mut socket).await;
        let shared = &frame["payload"]["event"];
        assert_eq!(frame["payload"]["is_ext_shared_channel"], true);
        assert_eq!(
            (&shared["user"], &shared["user_team"]),
            (&person["id"], &json!("T0STRANGER"))
        );
        let file = &shared["files"][0];
        assert_eq!((&file["mode"], file.get("url_private")), (&json!("file_access"), None));
        let whole = fixture
            .api(SIGNPOST_TOKEN, "files.info", json!({"file": told["file_id"]}))
            .await;
        assert_eq!(whole["file"]["preview"], "it broke");
        let public = fixture.workspace.say("eve", SUPPORT, "hi");
        assert!(public.is_err(), "strangers are in shared channels only: {public:?}");
    });
}
