//! What nobody may see is hidden raw, in base64 and in gzip; logs lose their escapes.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use signpost::jobs::masks::{Masks, secret_like};

#[test]
fn names_tell_secrets() {
    for (name, expected) in [
        ("iam_api_key", true),
        ("API-KEY", true),
        ("DEPLOY_TOKEN", true),
        ("password", true),
        ("CLUSTERID", false),
        ("KEYBOARD", false),
        ("BRANCH", false),
    ] {
        assert_eq!(secret_like(name), expected, "{name}");
    }
}

#[test]
fn a_value_is_hidden_however_it_is_wrapped() {
    let canary = ["Can", "ary-8f2", "Q"].concat();
    let mut masks = Masks::default();
    masks.hide(&canary);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(format!("key={canary}").as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    for text in [
        canary.clone(),
        format!("a {canary} b"),
        format!("a {} b", STANDARD.encode(&canary)),
        format!(
            "x: {}",
            STANDARD.encode(format!("iam_api_key = \"{canary}\"\nregion = \"us\""))
        ),
        format!("x: {}", URL_SAFE_NO_PAD.encode(format!("é? {canary} ..."))),
        format!("x: {}", STANDARD.encode(STANDARD.encode(format!("deep {canary}")))),
        format!("x: {}", STANDARD.encode(&packed)),
    ] {
        let shown = masks.mask(&text);
        assert!(
            shown.contains("[masked]") && !shown.contains(&canary),
            "{text} → {shown}"
        );
        for word in shown.split_whitespace() {
            let inner = STANDARD.decode(word).unwrap_or_default();
            assert!(!String::from_utf8_lossy(&inner).contains(&canary), "{shown}");
        }
    }
    // As `base64 FILE` prints it: the value lies across two lines.
    let long = STANDARD.encode(format!("{}{canary} and more", "x".repeat(50)));
    let (first, second) = long.split_at(76);
    let shown = masks.mask(&format!("data:\n{first}\n{second}\nend"));
    assert_eq!(shown, "data:\n[masked]\nend");
    assert_eq!(
        masks.mask("prod-wdc04-carrier107 is in us-east"),
        "prod-wdc04-carrier107 is in us-east"
    );
}
