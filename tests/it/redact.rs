//! Tests of `redact`: what must go, what must stay. Token-like strings are put together at run time, so that no scanner
//! takes this file for a leak.

use proptest::prelude::*;
use signpost::redact::redact;

fn letters(count: usize) -> String {
    "aB3dE6gH9jK2mN5pQ8sT1vW4xY7z".chars().cycle().take(count).collect()
}

fn upper(count: usize) -> String {
    "A2B4C6D7E3F5G2H4".chars().cycle().take(count).collect()
}

fn hex(count: usize) -> String {
    "0a1b2c3d4e5f6789".chars().cycle().take(count).collect()
}

#[expect(clippy::too_many_lines, reason = "a table of one-line cases")]
/// Kind, text with `@@` for the secret, secret.
fn secrets() -> Vec<(&'static str, &'static str, String)> {
    let jwt = ["ey", "J", &letters(20), ".ey", "J", &letters(30), ".", &letters(40)].concat();
    vec![
        (
            "slack-token",
            "the bot has @@ now",
            format!("xo{}-1234567890-{}", "xb", letters(24)),
        ),
        (
            "slack-token",
            "user @@",
            format!("xo{}-1234567890-{}", "xp", letters(24)),
        ),
        (
            "slack-token",
            "app level: @@",
            format!("xa{}-1-A0123-{}", "pp", letters(40)),
        ),
        (
            "slack-webhook",
            "curl https://hooks.slack.com/@@",
            format!("ser{}/T0001/B0001/{}", "vices", letters(24)),
        ),
        (
            "github-token",
            "git clone with @@",
            format!("gh{}_{}", "p", letters(36)),
        ),
        (
            "github-token",
            "fine grained @@.",
            format!("github_{}_{}", "pat", letters(60)),
        ),
        ("gitlab-token", "@@", format!("gl{}-{}", "pat", letters(20))),
        (
            "aws-access-key",
            "aws_access_key_id = @@",
            format!("AK{}{}", "IA", upper(16)),
        ),
        ("aws-access-key", "aws_secret_access_key = @@", letters(40)),
        ("aws-access-key", "export AWS_SECRET_ACCESS_KEY=@@", letters(40)),
        ("google-key", "key @@ leaked", format!("AI{}{}", "za", letters(35))),
        (
            "azure-key",
            "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=@@;Suffix",
            format!("{}==", letters(86)),
        ),
        ("secret", "ibmcloud login --apikey @@ -r us-south", letters(44)),
        ("secret", "IBMCLOUD_API_KEY=@@", letters(44)),
        ("jwt", "token was @@", jwt),
        (
            "openshift-token",
            "oc login --token=@@",
            format!("sha{}~{}", "256", letters(43)),
        ),
        ("authorization", "Authorization: Bearer @@", letters(40)),
        ("authorization", "-H 'authorization: bearer @@'", letters(40)),
        ("authorization", "Authorization: Basic @@", format!("{}==", letters(22))),
        ("authorization", "\"Authorization\": \"Token @@\"", letters(40)),
        (
            "url-password",
            "clone https://robot:@@@git.example.com/x.git",
            letters(12),
        ),
        (
            "url-password",
            "postgres://app:@@@db.example.com:5432/app",
            "hunter2".to_owned(),
        ),
        ("password", "password=@@", "hunter2".to_owned()),
        ("password", "password: @@", "correcthorse".to_owned()),
        ("password", "  \"password\": \"@@\",", "correct horse".to_owned()),
        ("password", "DB_PASSWORD='@@'", "s3cr3t!".to_owned()),
        ("password", "mysql --password @@ -h db", "hunter2".to_owned()),
        ("password", "mysql --password=@@", "hunter2".to_owned()),
        ("password", "curl -u admin:@@ https://example.com", "hunter2".to_owned()),
        ("secret", "\"api_key\": \"@@\"", letters(24)),
        ("secret", "api-key: @@", letters(24)),
        ("secret", "X-Api-Key: @@", letters(24)),
        ("secret", "client_secret => '@@'", letters(24)),
        ("secret", "token=@@&region=eu", letters(24)),
        ("secret", "{\\\"apikey\\\":\\\"@@\\\"}", letters(24)),
        (
            "package-registry-token",
            "//registry.example.com/:_authToken @@",
            format!("npm{}{}", "_", letters(36)),
        ),
        (
            "package-registry-token",
            "twine: @@",
            format!("py{}-{}", "pi", letters(60)),
        ),
        ("stripe-key", "@@", format!("sk{}{}", "_live_", letters(24))),
        (
            "sendgrid-key",
            "@@",
            format!("S{}.{}.{}", "G", letters(22), letters(43)),
        ),
        ("twilio-key", "@@", format!("S{}{}", "K", hex(32))),
        ("vault-token", "VAULT @@", format!("hv{}.{}", "s", letters(24))),
        ("service-token", "@@", format!("do{}_{}", "p_v1", hex(64))),
        ("jenkins-token", "jenkins ada @@", format!("1{}{}", "1", hex(32))),
    ]
}

#[test]
fn every_kind_of_secret_is_replaced_by_its_mark() {
    for (kind, frame, secret) in secrets() {
        let text = frame.replace("@@", &secret);
        let clean = redact(&text);
        assert!(!clean.contains(&secret), "{kind} survives in {text:?}: {clean:?}");
        assert!(
            clean.contains(&format!("[redacted: {kind}]")),
            "no {kind} mark for {text:?}: {clean:?}"
        );
        assert_eq!(redact(&clean), clean, "not the same twice: {text:?}");
    }
}

#[test]
fn what_is_no_secret_stays() {
    let kept = [
        "the token is expired",
        "secret not found",
        "password: required",
        "Password: incorrect, try again",
        "password authentication failed for user \"app\"",
        "bx cs credentials-set --softlayer-username <user> --softlayer-api-key <API key>",
        "curl -H \"Authorization: Bearer $TOKEN\" https://example.com",
        "curl -H \"Authorization: Bearer <token>\" https://example.com",
        "export IBMCLOUD_API_KEY=${KEY}",
        "Incident ID: bc8feb57-c156-4643-b117-a695a0580063",
        "cluster_id = c1a2b3c4d0e5f6g7h8i9",
        "commit 3f46a980530c02043f46a980530c02043f46a980",
        "image@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "integrity sha512-ABCDabcd0123ABCDabcd0123ABCDabcd0123ABCDabcd0123ABCDabcd0123ABCDabcd0123ABCDabcd0123AQ==",
        "secret: my-app-tls",
        "secretName: registry-credentials-v2",
        "kubectl get secret default-token-x7k2p -n kube-system",
        "secretKeyRef: {name: db, key: password}",
        "The IAM token exchange request failed with the message: <message>",
        "alertname = CartographerIAMTokenExchangeErrors",
        "basic troubleshooting for bearer authentication",
        "Look for the IAM API key in the field `iam_api_key`",
        "in the artifacts look for `connector_getConnectorAPIKey.log`",
        "https://example.com:8443/path@here",
        "arn:aws:iam::111122223333:user/builder",
        "tokens: 1200",
        "error: unexpected token: }",
        "SyntaxError: Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
        "token: xxxxxxxxxxxx",
        "password=********",
        "api_key: YOUR_API_KEY",
        "--token-file /var/run/secrets/token1",
        "a risk-free task-abcdefghijklmnopqrstuvwxyz of disk-1",
    ];
    for text in kept {
        assert_eq!(redact(text), text);
    }
}

#[test]
fn a_private_key_goes_and_its_lines_stay() {
    let begin = format!("-----BEGIN RSA {} KEY-----", "PRIVATE");
    let end = format!("-----END RSA {} KEY-----", "PRIVATE");
    let text = format!("before\n{begin}\n{}\n{}\n{end}\nafter", letters(64), letters(64));
    let clean = redact(&text);
    assert_eq!(clean.lines().count(), text.lines().count());
    assert!(
        clean.contains("[redacted: private-key]") && !clean.contains(&letters(20)),
        "{clean}"
    );
    assert!(clean.starts_with("before\n") && clean.ends_with("\nafter"), "{clean}");
    assert_eq!(redact(&clean), clean);
    let torn = format!("{begin}\n{}", letters(64));
    assert!(!redact(&torn).contains(&letters(20)));
    let json = format!("{{\"private_key\": \"{begin}\\n{}\\n{end}\\n\"}}", letters(64));
    assert!(!redact(&json).contains(&letters(20)));
}

#[test]
fn a_long_text_takes_no_long_time() {
    let texts = [
        "password=".repeat(4_500),
        "a:".repeat(20_000),
        "https://a:".repeat(4_000),
        "eyJ".repeat(13_000),
    ];
    for text in texts {
        let _ = redact(&text);
    }
}

proptest! {
    #[test]
    fn any_text_is_redacted_once_and_for_all(text in "(?s).{0,400}") {
        let clean = redact(&text).into_owned();
        prop_assert_eq!(redact(&clean), clean.clone());
        prop_assert_eq!(clean.matches('\n').count(), text.matches('\n').count());
    }

    #[test]
    fn words_of_secrets_in_any_order_are_redacted_once_and_for_all(
        parts in prop::collection::vec(prop::sample::select(vec![
            "password", "=", ": ", "\"", "'", "token", "--", "secret", "Bearer ", "a1b2c3d4e5f6", "[redacted: secret]",
            "\n", " ", "https://", "user:", "@host", "key", "api_", "eyJ", ".", "-----BEGIN ", "PRIVATE KEY-----", "<x>", "\\",
        ]), 0..24),
    ) {
        let clean = redact(&parts.concat()).into_owned();
        prop_assert_eq!(redact(&clean), clean.clone());
    }

    #[test]
    fn no_neighbour_saves_a_secret(before in "[ -~]{0,12}", after in "[ -~]{0,12}") {
        for secret in [
            format!("gh{}_{}", "p", letters(36)),
            format!("xo{}-1234567890-{}", "xb", letters(24)),
            format!("AK{}{}", "IA", upper(16)),
            format!("AI{}{}", "za", letters(35)),
            format!("gl{}-{}", "pat", letters(20)),
        ] {
            let text = format!("{before}{secret}{after}");
            prop_assert!(!redact(&text).contains(&secret), "{}", text);
        }
    }
}
