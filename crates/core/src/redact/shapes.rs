//! Secrets recognised by their own shape: the tokens whose form their vendor documents or the rule sets of gitleaks,
//! detect-secrets and trufflehog describe.
//!
//! A distinctive beginning needs no word boundary before it, for a secret may be glued to its neighbour; and a length is
//! a minimum, for vendors lengthen their tokens.

use super::detectors::Detector;
use super::judgement;

/// Returns the detectors of shapes.
pub(super) fn all() -> Vec<Detector> {
    let mut all = clouds();
    all.extend(code_hosts());
    all.extend(monitoring());
    all.extend(services());
    all.extend(other_services());
    all.extend(webhooks());
    all.extend(hashes());
    all.push(encoded_key());
    all.push(prefixed());
    all
}

/// A private key in PEM as base64, even when its end is cut off: Kubernetes keeps files so, and `base64` breaks the lines. The
/// prefixes are those of the words before `PRIVATE KEY`, and of `PGP PRIVATE KEY BLOCK`; a certificate begins otherwise.
fn encoded_key() -> Detector {
    Detector::new(
        "private-key",
        &["ls0tls1crudjti"],
        concat!(
            r"LS0tLS1CRUdJTiB(?:SU0Eg|QUklWQVRF|FQyBQ|PUEVOU1NI|FTkNSWVBURUQ|EU0Eg|QR1AgUFJJVkFUR)[A-Za-z0-9+/]{20,}",
            r"(?:\r?\n[ \t>]*[A-Za-z0-9+/]{40,})*={0,2}"
        ),
    )
}

/// Beginnings of ids that vendors give to what is no secret: requests, events, files.
const ID_BEGINNINGS: &[&str] = &[
    "req", "evt", "pi", "ch", "cus", "sub", "in", "msg", "run", "thread", "asst", "file", "job", "task", "trace",
    "span", "sha1", "sha256", "sha384", "sha512", "md5", "h1", "seti", "txn", "re", "price", "acct", "cs", "chatcmpl",
    "resp", "call", "toolu", "batch", "id", "user", "org", "proj", "usr", "build", "deploy", "dpl", "snap", "vol",
    "img", "rid", "request", "session", "event", "order", "invoice", "plan", "wf", "node", "pod", "sig", "ref", "gen",
    "exec", "ssh",
];

/// A token of a vendor that is not known yet: a short prefix, and many letters of both cases with digits among them.
fn prefixed() -> Detector {
    Detector::new(
        "service-token",
        &["_", "-"],
        r"\b(?P<prefix>[a-z][a-z0-9]{1,11})(?:[_-][a-z0-9]{1,8}){0,2}[_-](?P<secret>[A-Za-z0-9]{30,})\b",
    )
    .when(|found, secret| {
        let count = |what: fn(&u8) -> bool| secret.bytes().filter(what).count();
        let prefix = found.name("prefix").map(|prefix| prefix.as_str()).unwrap_or_default();
        count(u8::is_ascii_digit) >= 3
            && count(u8::is_ascii_lowercase) >= 4
            && count(u8::is_ascii_uppercase) >= 4
            && !ID_BEGINNINGS.contains(&prefix)
    })
}

fn clouds() -> Vec<Detector> {
    vec![
        Detector::new(
            "slack-token",
            &["xox", "xapp-"],
            r"(?:xox[a-z](?:\.xox[a-z])?-|xapp-)[A-Za-z0-9-]{10,}",
        ),
        Detector::new(
            "aws-access-key",
            &["akia", "asia", "abia", "acca", "absk", "bedrock-api-key-"],
            r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}|ABSK[A-Za-z0-9+/]{60,}={0,2}|bedrock-api-key-[A-Za-z0-9+/=_-]{20,}",
        ),
        Detector::new(
            "google-key",
            &["aiza", "ya29.", "gocspx-", "1//0", "4/0a", "goog1", ":apa91"],
            r"(?:AIza[0-9A-Za-z_-]{30,}|ya29\.[0-9A-Za-z_.-]{20,}|GOCSPX-[0-9A-Za-z_-]{20,}|\b1//0[0-9A-Za-z_-]{30,}|\b4/0A[0-9A-Za-z_-]{30,}|\bGOOG1[A-Z0-9]{30,}|\bAAAA[A-Za-z0-9_-]{7}:APA91[A-Za-z0-9_-]{60,})",
        ),
        Detector::new(
            "azure-key",
            &[
                "accountkey=",
                "sharedaccesskey=",
                "sig=",
                "q~",
                "azcs",
                "+astro",
                "azse",
                "jqqj9",
                "acdb",
                "aiot",
            ],
            r"(?i:(?:AccountKey|SharedAccessKey)=(?P<secret>[A-Za-z0-9+/]{20,}={0,2}))|[?&;](?:amp;)?sig=(?:[A-Za-z0-9%+/_-]{20,}={0,2})|[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}|[A-Za-z0-9+/]{30,}(?:\+ASt|AzSe|\+ACR|APIM|ACDb|AIoT)[A-Za-z0-9+/]{5,}={0,2}|[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{20,}",
        ),
        Detector::new(
            "jwt",
            &["eyj", "eya", "ewo"],
            r"e(?:yJ|yA|wo)[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,3}",
        ),
        Detector::new("openshift-token", &["sha256~"], r"sha256~[A-Za-z0-9_-]{20,}"),
        Detector::new(
            "service-token",
            &[
                "ltai", "akid", "ocid1.", "yc", "aqvn", "t1.9", "scw", "tskey-", "fo1_", "fm1", "fm2_", "rnd_",
                "railway", "vercel", "vcp_", "nfp_", "ibm_", "hcloud",
            ],
            r"(?:\bLTAI[A-Za-z0-9]{12,}|\bAKID[A-Za-z0-9]{28,}|\bYC[A-Za-z0-9_-]{38}\b|\bAQVN[A-Za-z0-9_-]{35,}|\bt1\.9[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{60,}|\bSCW[A-Z0-9]{17}\b|tskey-[a-z]+-[A-Za-z0-9]{8,}(?:-[A-Za-z0-9]+)?|\bfo1_[\w-]{30,}|\bfm(?:1[ar]|2)_[A-Za-z0-9+/]{40,}={0,3}|\brnd_[A-Za-z0-9]{20,}|\bvcp_[A-Za-z0-9]{20,}|\bnfp_[A-Za-z0-9]{30,})",
        ),
        Detector::new(
            "vault-token",
            &["hvs.", "hvb.", "hvr.", ".atlasv1.", "s."],
            r"(?:hv[sbr]\.[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{40,}|\bs\.[A-Za-z0-9]{24}\b)",
        )
        .when(|found, _| !found[0].starts_with("s.") || judgement::looks_random(&found[0][2..], 24)),
        Detector::new(
            "service-token",
            &["age-secret", "ops_ey", "a3-", "$ansible_vault"],
            r"(?:AGE-SECRET-KEY-1[0-9A-Z]{40,}|ops_ey[A-Za-z0-9+/_=-]{40,}|\bA3-[A-Z0-9]{6}-[A-Z0-9]{6}-?[A-Z0-9]{5}(?:-[A-Z0-9]{5}){3}\b)",
        ),
    ]
}

fn code_hosts() -> Vec<Detector> {
    vec![
        Detector::new(
            "github-token",
            &["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"],
            r"(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})",
        ),
        Detector::new(
            "gitlab-token",
            &[
                "glpat-",
                "glptt-",
                "gldt-",
                "glrt-",
                "glrtr-",
                "glsoat-",
                "glcbt-",
                "glft-",
                "glffct-",
                "glimt-",
                "glagent-",
                "gloas-",
                "glwt-",
                "gr1348941",
                "_gitlab_session",
            ],
            r"(?:gl(?:pat|ptt|dt|rt|rtr|soat|cbt|ft|ffct|imt|agent|oas|wt)-[A-Za-z0-9_.-]{16,}|GR1348941[\w-]{16,})",
        ),
        Detector::new(
            "package-registry-token",
            &[
                "npm_",
                "pypi-",
                "dckr_",
                "cio",
                "rubygems_",
                "oy2",
                "clojars_",
                "akcp",
                "cmvmd",
                "dop_",
                "hex_",
            ],
            r"(?:npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{50,}|dckr_[a-z]{2,5}_[A-Za-z0-9_-]{20,}|rubygems_[a-f0-9]{48}|\bcio[A-Za-z0-9]{32}\b|\boy2[a-z0-9]{43}\b|CLOJARS_[a-z0-9]{50,}|\bAKCp[A-Za-z0-9]{50,}|\bcmVmd[A-Za-z0-9]{50,})",
        ),
        Detector::new(
            "service-token",
            &[
                "atatt3", "atbb", "atctt3", "ccipat_", "ccipr", "bkua_", "bkaj_", "bkat_", "sgp_", "api-", "sntry",
                "squ_", "sqp_", "sqa_", "snyk_", "codecov", "figd_", "figo_",
            ],
            r"(?:AT(?:ATT|CTT)3[A-Za-z0-9_=-]{50,}|ATBB[A-Za-z0-9_=-]{24,}|CCIP(?:AT|RT)_[A-Za-z0-9_]{20,}|\bbk(?:ua|aj|at)_[a-f0-9]{32,}|\bsgp_(?:[a-fA-F0-9]{16}_|local_)?[a-fA-F0-9]{40}|\bAPI-[A-Z0-9]{26,}\b|sntry[suai]_[A-Za-z0-9+/=_-]{30,}|\bsq[upa]_[a-f0-9]{40}|\bsnyk_[a-z]+_[A-Za-z0-9._-]{20,}|\bfig[do]_[A-Za-z0-9_-]{30,})",
        ),
        Detector::new("jenkins-token", &["11"], r"\b11[0-9a-f]{32}\b"),
    ]
}

fn monitoring() -> Vec<Detector> {
    vec![
        Detector::new(
            "datadog-key",
            &["ddapi", "pub", "ddog"],
            r"\bpub[0-9a-f]{32}\b|\bdd(?:api|app|og)_[A-Za-z0-9]{30,}",
        ),
        Detector::new(
            "new-relic-key",
            &["nrak-", "nrii-", "nrik-", "nrjs-", "nrra-", "nraa-", "nrsp-", "nral"],
            r"(?:NR(?:AK|II|IK|RA|AA|SP)-[A-Za-z0-9_-]{20,}|NRJS-[a-f0-9]{15,}|\b[0-9a-f]{32,36}NRAL\b)",
        ),
        Detector::new(
            "pagerduty-key",
            &["u+", "pdus+", "pdeu+", "pdus-", "r0"],
            r"(?:\bu\+[A-Za-z0-9_+-]{17,22}|pd(?:us|eu)[+-][A-Za-z0-9_+-]{16,})",
        ),
        Detector::new(
            "service-token",
            &[
                "glsa_",
                "glc_",
                "dt0",
                "hcaik_",
                "hcalk_",
                "hcbik_",
                "hcamk_",
                "hcaic_",
                "lin_api_",
                "lin_oauth_",
                "essu_",
                "phc_",
                "phx_",
                "phs_",
                "xaat-",
                "xapt-",
                "logz",
                "rollbar",
                "ico-",
                "api_org_",
            ],
            r"(?:glsa_[A-Za-z0-9]{20,}_[0-9a-fA-F]{8}|\bglc_[A-Za-z0-9+/=]{32,}|\bdt0[a-z][0-9]{2}\.[A-Za-z0-9]{8,}\.[A-Za-z0-9]{20,}|\bhc[ab][ilm][kc]_[A-Za-z0-9]{20,}|lin_(?:api|oauth)_[A-Za-z0-9]{32,}|\bessu_[A-Za-z0-9+/=_-]{30,}|\bph[cxs]_[A-Za-z0-9]{32,}|\bxa[ap]t-[0-9a-f-]{36}|\bico-[A-Za-z0-9]{32}|\bapi_org_[A-Za-z]{34})",
        ),
    ]
}

/// Tokens of payment, mail, machine learning and other services.
fn services() -> Vec<Detector> {
    vec![
        Detector::new(
            "stripe-key",
            &["k_live_", "k_test_", "k_prod_", "whsec_"],
            r"(?:[srp]k_(?:live|test|prod)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/]{24,}={0,2})",
        ),
        Detector::new("sendgrid-key", &["sg."], r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
        Detector::new("twilio-key", &["sk", "ac"], r"\b(?:SK|AC)[0-9a-f]{32}\b"),
        Detector::new("api-key", &["sk-", "sk_"], r"\b(?:sk|rk|pk)[-_][A-Za-z0-9_-]{20,}").when(|found, _| {
            let text = &found[0];
            let digits = text.chars().any(|c| c.is_ascii_digit());
            digits && (text.chars().any(|c| c.is_ascii_uppercase()) || judgement::is_key_material(&text[3..], 24))
                || text.len() > 48
        }),
        Detector::new(
            "api-key",
            &[
                "gsk_", "xai-", "pplx-", "r8_", "hf_", "nvapi-", "fw_", "tvly-", "pcsk_", "wandb", "esecret_", "key-",
                "together",
            ],
            r"(?:\bgsk_[A-Za-z0-9]{30,}|\bxai-[A-Za-z0-9]{40,}|pplx-[A-Za-z0-9]{32,}|\br8_[A-Za-z0-9]{30,}|\bhf_[A-Za-z0-9]{30,}|nvapi-[A-Za-z0-9_-]{40,}|\bfw_[A-Za-z0-9]{20,}|\btvly-[A-Za-z0-9-]{24,}|\bpcsk_[A-Za-z0-9_]{30,}|\besecret_[A-Za-z0-9]{20,}|\bkey-[0-9a-f]{32}\b)",
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
                "shptka_",
                ":aa",
                "hrku-",
                "-us",
                "xkeysib-",
                "xsmtpsib-",
                "pscale_",
                "pmak-",
                "pat",
                "ntn_",
                "secret_",
                "sq0",
                "eaaa",
                "eaac",
                "eaam",
                "eaab",
            ],
            concat!(
                r"(?:do[opr]_v1_[a-f0-9]{40,}|\bdapi[0-9a-f]{32}(?:-[0-9])?|shp(?:at|ca|pa|ss|tka)_[0-9a-fA-F]{32}|(?:\b|bot)[0-9]{8,10}:AA[A-Za-z0-9_-]{30,}",
                r"|HRKU-[A-Za-z0-9_-]{30,}|\b[0-9a-f]{32}-us[0-9]{1,2}\b|x(?:key|smtp)sib-[a-f0-9]{40,}-[A-Za-z0-9]{10,}|pscale_(?:tkn|oauth|pw)_[A-Za-z0-9_.=-]{20,}",
                r"|PMAK-[a-f0-9]{24}-[a-f0-9]{30,}|\bpat[A-Za-z0-9]{14}\.[a-f0-9]{40,}|\bpat-(?:na|eu)[0-9]-[a-f0-9-]{36}|\b(?:pat|sat)\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{20,}\.[A-Za-z0-9]{16,}",
                r"|\bntn_[A-Za-z0-9]{40,}|\bsecret_[A-Za-z0-9]{43}\b|\bsq0[a-z]{3}-[A-Za-z0-9_-]{20,}|\bEAAA[A-Za-z0-9_-]{56,}|\bEAA[A-Z][A-Za-z0-9]{60,})"
            ),
        ),
    ]
}

/// Tokens of services that fewer teams use.
fn other_services() -> Vec<Detector> {
    vec![Detector::new(
        "service-token",
        &[
            "dp.",
            "dps",
            "pul-",
            "pnu_",
            "rdme_",
            "tk-us-",
            "duffel_",
            "ezak",
            "eztk",
            "fio-u-",
            "flwseck",
            "shippo_",
            "sm_",
            "tfp_",
            "mmk",
            "lip_",
            "4b1d",
            "s-s4t2",
            "p8e-",
            "dnkey-",
            "access-",
            "v1.0-",
            "akua",
            "bearer",
            "live_",
            "test_",
            "prod_",
            "sbp_",
            "sb_secret",
            "sb_publish",
            "pk_",
            "sl.",
            "ngrok",
            "cfut_",
            "v2.local",
            "v4.local",
            "mapbox",
            "pk.ey",
            "sk.ey",
            "tk.ey",
            "amzn",
            "cfpat-",
            "prv",
        ],
        concat!(
            r"(?:\bdp\.[a-z]{2,6}\.(?:[a-z0-9_-]+\.)?[A-Za-z0-9]{30,}|\bpul-[a-f0-9]{40}|\bpn[ub]_[A-Za-z0-9]{30,}|\brdme_[a-z0-9]{60,}|\btk-us-[\w-]{40,}|duffel_(?:test|live)_[A-Za-z0-9_=-]{40,}",
            r"|\bEZ[AT]K[A-Za-z0-9]{50,}|fio-u-[A-Za-z0-9_=-]{60,}|FLWSECK(?:_TEST)?-[A-Za-z0-9]{12,}(?:-X)?|shippo_(?:live|test)_[a-fA-F0-9]{40}|\bsm_[aps]at_[A-Za-z0-9]{16,}|\btfp_[A-Za-z0-9_.=-]{40,}",
            r"|\b(?:live|test|prod)_(?:pub_)?[A-Fa-f0-9]{32,}|\b[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk\b|\b4b1d[A-Za-z0-9]{38}\b|\bs-s4t2(?:ud|af)-[a-f0-9]{64}|\bp8e-[A-Za-z0-9]{32}|\bdnkey-[A-Za-z0-9=_-]{20,}|\baccess-(?:sandbox|development|production)-[0-9a-f-]{36}",
            r"|\bv1\.0-[a-f0-9]{24}-[a-f0-9]{100,}|\bsbp_[a-f0-9]{40}|\bsb_secret_[A-Za-z0-9_-]{20,}|\bsl\.[A-Za-z0-9_=-]{100,}|\bv[24]\.local\.[A-Za-z0-9_-]{40,}|\b[spt]k\.ey[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{16,}|amzn\.mws\.[0-9a-f-]{36}|\bCFPAT-[A-Za-z0-9_-]{40,}",
            // Private keys of wallets.
            r"|\b[xyzt]prv[1-9A-HJ-NP-Za-km-z]{100,})"
        ),
    )]
}

/// Addresses that whoever knows them may post to.
fn webhooks() -> Vec<Detector> {
    vec![
        Detector::new(
            "slack-webhook",
            &["hooks.slack"],
            r"hooks\.slack(?:-gov)?\.com/(?P<secret>(?:services|workflows|triggers)/[A-Za-z0-9/_-]{16,})",
        ),
        Detector::new(
            "webhook",
            &[
                "/api/webhooks/",
                "webhookb2",
                "/incomingwebhook/",
                "hooks.zapier",
                "/hooks/",
                "logic.azure",
                "chat.googleapis",
            ],
            r"(?:discord(?:app)?\.com/api/webhooks/[0-9]+/(?P<secret>[A-Za-z0-9_-]{20,}))|(?:webhook\.office\.com/(?P<other>webhookb2/[A-Za-z0-9@/-]{32,}))|(?:/IncomingWebhook/[A-Za-z0-9/-]{32,})|hooks\.zapier\.com/hooks/catch/[A-Za-z0-9/]{8,}|/hooks/[a-z0-9]{26}\b",
        ),
    ]
}

/// Hashes of passwords, as password files and databases keep them.
fn hashes() -> Vec<Detector> {
    vec![
        Detector::new(
            "password-hash",
            &[
                "$1$", "$2a$", "$2b$", "$2y$", "$2x$", "$5$", "$6$", "$7$", "$8$", "$9$", "$y$", "$gy$", "$apr1$",
                "$argon2", "$scrypt", "$pbkdf2", "$p$", "$h$", "$s$", "$14$", "$md5", "$sha1$",
            ],
            r"\$(?:1|2[abxy]?|5|6|7|8|9|14|y|gy|apr1|argon2(?:id|i|d)|scrypt|pbkdf2[a-z0-9-]*|[PHS]|md5|sha1)\$[./A-Za-z0-9$=,+_-]{12,}",
        ),
        Detector::new(
            "password-hash",
            &[
                "sha}",
                "sha256}",
                "sha512}",
                "md5}",
                "crypt}",
                "pbkdf2_sha",
                "pbkdf2:sha",
                "scrypt:",
                "scram-sha",
                "bcrypt_sha",
                "argon2$",
                "md5$",
                "sha1$",
            ],
            r"(?i:\{(?:S?SHA(?:256|384|512)?|S?MD5|CRYPT|PBKDF2[A-Z0-9-]*)\}[A-Za-z0-9+/=$.]{12,}|pbkdf2[_:]sha[0-9]+[$:][0-9]+\$[A-Za-z0-9./+$=]{12,}|scrypt:[0-9:]+\$[A-Za-z0-9./+$=]{12,}|SCRAM-SHA-(?:1|256|512)\$[0-9]+:[A-Za-z0-9+/=$:]{12,})",
        ),
        Detector::new(
            "password-hash",
            &["aad3b435b51404ee", "31d6cfe0d16ae931", ":::"],
            r"(?i:\b[0-9a-f]{32}:[0-9a-f]{32}(?:\b|:::))",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles() {
        for detector in all() {
            assert!(detector.expression().is_some(), "{}", detector.kind);
        }
    }
}
