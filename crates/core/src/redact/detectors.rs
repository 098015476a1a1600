//! Detectors of secrets. Shapes that vendors document come first, then secrets recognised by the text before them.

use std::sync::{LazyLock, OnceLock};

use regex::{Captures, Regex};

use super::assignment;

/// One kind of secret.
pub(super) struct Detector {
    /// The kind's name in the mark.
    pub(super) kind: &'static str,
    /// Texts of which one must occur for the expression to be tried, in any case.
    pub(super) literals: &'static [&'static str],
    /// The expression; its group `secret` is removed, or the whole match without such a group.
    pattern: &'static str,
    /// A final check of a match, given the match and the text.
    pub(super) holds: fn(&Captures<'_>, &str) -> bool,
    compiled: OnceLock<Option<Regex>>,
}

impl Detector {
    const fn new(kind: &'static str, literals: &'static [&'static str], pattern: &'static str) -> Self {
        Self {
            kind,
            literals,
            pattern,
            holds: |_, _| true,
            compiled: OnceLock::new(),
        }
    }

    const fn when(mut self, holds: fn(&Captures<'_>, &str) -> bool) -> Self {
        self.holds = holds;
        self
    }

    pub(super) fn expression(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| Regex::new(self.pattern).ok()).as_ref()
    }
}

/// All detectors, the most important first: where two find the same, the first gives its name. At most 64.
pub(super) static DETECTORS: LazyLock<Vec<Detector>> = LazyLock::new(|| {
    let mut all = shapes();
    all.extend(services());
    all.extend(contexts());
    all
});

/// Secrets recognised by their own shape. Those with a distinctive start need no word boundary before it, for a secret
/// may be glued to its neighbour.
fn shapes() -> Vec<Detector> {
    vec![
        Detector::new(
            "private-key",
            &["private key"],
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?P<secret>(?s:.*?))(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
        ),
        Detector::new(
            "slack-token",
            &["xox", "xapp-"],
            r"(?:xox[a-z](?:\.xox[a-z])?-|xapp-)[A-Za-z0-9-]{10,}",
        ),
        Detector::new(
            "slack-webhook",
            &["hooks.slack"],
            r"hooks\.slack(?:-gov)?\.com/(?P<secret>(?:services|workflows|triggers)/[A-Za-z0-9/_-]{16,})",
        ),
        Detector::new(
            "github-token",
            &["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"],
            r"(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})",
        ),
        Detector::new(
            "gitlab-token",
            &[
                "glpat-", "glptt-", "gldt-", "glrt-", "glsoat-", "glcbt-", "glft-", "glimt-", "glagent-", "gloas-",
            ],
            r"gl(?:pat|ptt|dt|rt|soat|cbt|ft|imt|agent|oas)-[A-Za-z0-9_.-]{20,}",
        ),
        Detector::new(
            "aws-access-key",
            &["akia", "asia", "abia", "acca"],
            r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
        ),
        Detector::new(
            "google-key",
            &["aiza", "ya29.", "gocspx-"],
            r"(?:AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,}|GOCSPX-[0-9A-Za-z_-]{20,})",
        ),
        Detector::new(
            "azure-key",
            &["accountkey=", "sharedaccesskey=", "sig=", "q~"],
            r"(?i:(?:AccountKey|SharedAccessKey)=(?P<secret>[A-Za-z0-9+/]{20,}={0,2}))|[?&;](?:amp;)?sig=(?:[A-Za-z0-9%+/_-]{20,}={0,2})|[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}",
        ),
        Detector::new(
            "jwt",
            &["eyj"],
            r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,3}",
        ),
    ]
}

/// Tokens of package registries, payment, mail and other services, by their documented prefixes.
fn services() -> Vec<Detector> {
    vec![
        Detector::new("openshift-token", &["sha256~"], r"sha256~[A-Za-z0-9_-]{40,}"),
        Detector::new(
            "package-registry-token",
            &["npm_", "pypi-", "dckr_pat_", "cio", "rubygems_"],
            r"(?:npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,}|dckr_pat_[A-Za-z0-9_-]{20,}|rubygems_[a-f0-9]{48}|\bcio[A-Za-z0-9]{32}\b)",
        ),
        Detector::new(
            "stripe-key",
            &["k_live_", "k_test_", "whsec_"],
            r"(?:[srp]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9]{24,})",
        ),
        Detector::new("sendgrid-key", &["sg."], r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
        Detector::new("twilio-key", &["sk"], r"\bSK[0-9a-f]{32}\b"),
        Detector::new("api-key", &["sk-"], r"\bsk-[A-Za-z0-9_-]{20,}").when(|found, _| {
            let text = &found[0];
            text.chars().any(|c| c.is_ascii_digit()) && text.chars().any(|c| c.is_ascii_uppercase()) || text.len() > 48
        }),
        Detector::new(
            "vault-token",
            &["hvs.", "hvb.", "hvr.", ".atlasv1."],
            r"(?:hv[sbr]\.[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{50,})",
        ),
        Detector::new(
            "service-token",
            &[
                "_v1_",
                "dapi",
                "shpat_",
                "shpca_",
                "shppa_",
                "shpss_",
                "hf_",
                "glsa_",
                "glc_",
                "nrak-",
                "age-secret",
                "lin_api_",
                "atatt3",
                ":aa",
            ],
            concat!(
                r"(?:do[opr]_v1_[a-f0-9]{64}|\bdapi[0-9a-f]{32}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|\bhf_[A-Za-z0-9]{30,}",
                r"|glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}|\bglc_[A-Za-z0-9+/=]{32,}|NRAK-[A-Z0-9]{27}|AGE-SECRET-KEY-1[0-9A-Z]{50,}",
                r"|lin_api_[A-Za-z0-9]{32,}|ATATT3[A-Za-z0-9_=-]{50,}|\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33})"
            ),
        ),
        Detector::new("jenkins-token", &["11"], r"\b11[0-9a-f]{32}\b"),
    ]
}

/// Secrets recognised by the text before them.
fn contexts() -> Vec<Detector> {
    vec![
        Detector::new(
            "authorization",
            &["bearer", "basic", "authorization"],
            r#"(?i:\b(?P<scheme>bearer|basic)(?:\s+|%20))["']?(?P<secret>[A-Za-z0-9+/_.~=-]{8,})|(?i:\b(?:proxy-)?authorization["']?\s*[:=]\s*["']?)(?i:(?:token|digest|apikey|negotiate|bearer|basic)\s+)?(?P<plain>[A-Za-z0-9+/_.~=-]{16,})"#,
        )
        .when(assignment::is_authorization),
        Detector::new(
            "url-password",
            &["://"],
            r#"(?i:[a-z][a-z0-9+.-]{1,20})://[^\s/:@"'<>|]*:(?P<secret>[^\s/@"'<>|]+)@"#,
        )
        .when(assignment::is_secret_value),
        Detector::new("password", &["-u", "--user"], r#"(?:^|\s)(?:-u|--user)[ =]?["']?[A-Za-z0-9._@+-]{1,100}:(?P<secret>[^\s"'@:/]{3,})(?:["'\s]|$)"#)
            .when(assignment::is_secret_value),
        Detector::new(
            "password",
            assignment::PASSWORDS,
            r#"(?i:(?P<name>[A-Za-z0-9_.-]{0,60}?(?:password|passwd|passphrase|pwd|passwort)))(?P<sep>\\?["']?\]?\s{0,3}(?::=|=>|==?|:)\s{0,3}|\s{1,3})(?:\\?"(?P<dq>[^"\n\\]+)|\\?'(?P<sq>[^'\n\\]+)|(?P<bare>[^\s"'`,;&|()\\]+))"#,
        )
        .when(assignment::is_password),
        Detector::new(
            "secret",
            assignment::SECRETS,
            r#"(?i:(?P<name>[A-Za-z0-9_.-]{0,60}?(?:secret|token|api[_. -]?key|access[_-]?key|secret[_-]?key|private[_-]?key(?:[_-]?id)?|signing[_-]?key|encryption[_-]?key|master[_-]?key|auth[_-]?key|credential|credentials)))(?P<sep>\\?["']?\]?\s{0,3}(?::=|=>|==?|:)\s{0,3}|\s{1,3})(?:\\?"(?P<dq>[^"\n\\]+)|\\?'(?P<sq>[^'\n\\]+)|(?P<bare>[^\s"'`,;&|()\\]+))"#,
        )
        .when(assignment::is_secret),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles_and_there_is_a_bit_for_each() {
        assert!(DETECTORS.len() <= 64);
        for detector in DETECTORS.iter() {
            assert!(detector.expression().is_some(), "{}", detector.kind);
        }
    }
}
