//! What somebody asks in words of their own.

use signpost::matching::{Index, IndexOptions, Silence};

use super::{library, place};

const DOCUMENTS: &[(&str, &str)] = &[
    (
        "arm.md",
        "# The arm crashes after an upgrade\n\nThe arm restarts all the time.\n\n## Upgrading from 4 to 5\n\nLoad the old map.\n\n\
         ## Upgrading from 5 to 6\n\nDraw a new map.\n",
    ),
    (
        "belt.md",
        "# The belt slips\n\nOil on the belt. Wipe it off and tighten the rollers.\n",
    ),
    (
        "lamp.md",
        "# A lamp is dark\n\n```\nlamp 4 of hall 2 gives no light: fuse blown\n```\n\nChange the fuse.\n",
    ),
    (
        "saw.md",
        "# The saw does not work\n\nLook at the saw first.\n\n## 1) HOST needs to be set\n\nName the rack.\n\n\
         ## 2) The blade is blunt\n\nSharpen it.\n",
    ),
    (
        "crew.md",
        "# A worker is missing\n\nThey left, and we ask around. It can't be helped: be kind to them.\n",
    ),
];

#[test]
fn a_question_finds_its_page_and_section_in_other_forms_of_the_words() {
    let library = library(DOCUMENTS);
    let index = Index::build(&library, &IndexOptions::default());
    let cases = [
        ("arms keep crashing since we upgraded", "arm.md"),
        ("my belts are slipping", "belt.md"),
        ("tightened roller", "belt.md"),
        (
            "how did you upgrade the arm from 5 to 6?",
            "arm.md#Upgrading from 5 to 6",
        ),
        // What is written in capitals is what the heading is about, and the title does not keep its sections silent.
        ("our saw stands still, host maybe?", "saw.md#1) HOST needs to be set"),
        // What holds a sentence together tells little.
        ("can't we tighten them?", "belt.md"),
        // Another form of a word is no typing error.
        ("it worked till noon", "saw.md"),
    ];
    for (question, expected) in cases {
        let outcome = index.search(question);
        let best = place(&library, outcome.best().expect("something comes near"));
        assert!(best.starts_with(expected), "{question}: {best}");
    }
}

#[test]
fn an_answer_can_say_why_and_a_near_miss_what_was_missing() {
    let library = library(DOCUMENTS);
    let index = Index::build(&library, &IndexOptions::default());

    let why = index.explain("lamp 9 of hall 1 gives no light: fuse blown", false);
    let best = &why.candidates[0];
    assert_eq!(
        (library.runbooks[best.topic.runbook].path.as_str(), best.silence),
        ("lamp.md", None)
    );
    assert!(best.bits >= best.needed && best.confidence >= why.threshold, "{best:?}");
    let added: f32 = best.reasons.iter().map(|reason| reason.added).sum();
    assert!((added - best.bits).abs() < 0.01, "the parts make the sum: {best:?}");

    let why = index.explain("no light in the kitchen", false);
    let best = &why.candidates[0];
    assert_eq!(best.silence, Some(Silence::Unsure));
    assert!(best.bits < best.needed, "{best:?}");
    let missing: Vec<&str> = best
        .reasons
        .iter()
        .flat_map(|reason| reason.missing.iter().map(String::as_str))
        .collect();
    assert!(missing.contains(&"blown") && !missing.contains(&"light"), "{missing:?}");
}
