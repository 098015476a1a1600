//! The Alert Bot speaks as monitoring does.

use super::*;

#[test]
fn every_shape_fires_and_resolves_within_slacks_limits() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let cases = [
            ("alertmanager", "[FIRING:2] PodCrash", "[RESOLVED] PodCrash"),
            ("grafana", "[FIRING:2] PodCrash", "[RESOLVED] PodCrash"),
            ("pagerduty", "Triggered #1207: PodCrash", "Resolved #1207: PodCrash"),
            ("datadog", "Triggered: [P2] PodCrash", "Recovered: [P2] PodCrash"),
            (
                "jenkins",
                "PodCrash - #1207 Failure after",
                "PodCrash - #1207 Back to normal after",
            ),
        ];
        for (shape, firing, resolved) in cases {
            for (status, expected) in [("firing", firing), ("resolved", resolved)] {
                let body = json!({"shape": shape, "status": status, "name": "PodCrash", "count": 2});
                let (code, told) = fixture.control("alert", body).await;
                assert_eq!(code, 200, "{told}");
                let told = event(&mut socket).await;
                assert_eq!(told["bot_id"], "B0ALERTBOT");
                assert_eq!(told["attachments"][0]["id"], 1);
                let whole = told.to_string();
                assert!(whole.contains(expected), "{shape} {status}: {whole}");
            }
        }
    });
}

#[test]
fn alertmanager_posts_under_its_name_with_slacks_colours() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        fixture.control("alert", json!({"channel": "support"})).await;
        let told = event(&mut socket).await;
        assert_eq!(
            (&told["subtype"], &told["username"], &told["text"]),
            (&json!("bot_message"), &json!("Alertmanager"), &json!(""))
        );
        assert_eq!(told["attachments"][0]["color"], "a30200");
        let resolved = json!({"channel": "support", "status": "resolved", "ts": told["ts"]});
        assert_eq!(fixture.control("alert", resolved).await.0, 200);
        let changed = event(&mut socket).await;
        assert_eq!(
            (&changed["subtype"], &changed["message"]["attachments"][0]["color"]),
            (&json!("message_changed"), &json!("2eb886"))
        );
        assert!(
            told["attachments"][0]["text"]
                .as_str()
                .unwrap()
                .contains("*alertname:* `Cartographer")
        );
    });
}
